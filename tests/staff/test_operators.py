"""Operators see on pages what did not arrive, settle it there, and every act is in the audit log."""

import html
import re
from datetime import timedelta

import pytest

from connectors.base import Answer
from desk.upkeep.guard import FAULT
from store import audit, marks
from store.lanes import Lane, put
from store.uploads import uncleared
from tests.ops.conftest import STUCK, answered, file, received, say, state
from tests.pages.client import controls
from web.staff import undelivered


def acts(home):
    with home.database.read() as tx:
        return [(entry.action, entry.actor, entry.data["reason"]) for entry in audit.entries(tx)]


@pytest.fixture
def stuck(opened):
    """An operator at a portal where water refused a filing and power's outcome needs a person; the two legs."""
    with opened() as (home, clerk):
        receipt, = file(home)
        answered(home, Answer("refused", status=422, reason="缺少字段 ydfh"), offices=["water-office"])
        answered(home, Answer("unknown", status=504, detail="timeout"), STUCK, offices=["power-office"])
        yield home, clerk, *(leg.leg for leg in receipt.legs)


def test_who_signs_in_begins_at_the_first_page_of_the_own_role(opened):
    with opened() as (_, clerk):
        assert clerk.at == "/staff/health"
        assert "我的办件" not in clerk.text


def test_what_did_not_arrive_is_listed_with_its_reason_and_found_by_its_office(stuck):
    _, clerk, water, power = stuck
    clerk.get("/staff/health")
    assert "没有送达部门 2 条" in clerk.text
    clerk.get("/staff/undelivered")
    assert all(word in clerk.text for word in (water, power, "缺少字段 ydfh", "部门系统拒收", "等人处理", "试过 1 次"))
    clerk.get("/staff/undelivered?office=power-office")
    assert (water in clerk.text, power in clerk.text) == (False, True)


def test_nothing_is_sent_again_before_what_that_does_was_shown_and_confirmed(stuck):
    home, clerk, water, power = stuck
    clerk.get("/staff/undelivered")
    shown = [("shown", value) for name, value in controls(clerk.page) if name == "shown"]
    clerk.send("/staff/undelivered", *shown, ("all", "1"), ("how", "same"), ("reason", "部门已修复"))
    assert "原样重发 2 条？" in clerk.text
    chosen = [("key", f"{leg}:leg.filed:1") for leg in (water, power)]
    clerk.send("/staff/undelivered", *chosen, ("how", "same"), ("reason", "部门已修复"))
    assert "原样重发 2 条？" in clerk.text
    assert "请先向部门核实确实没有收到" in clerk.text  # power does not honour keys
    assert (state(home, water), acts(home)) == ("stuck", [])
    clerk.send("/staff/undelivered", *chosen, ("how", "same"), ("reason", "部门已修复"), ("confirmed", "1"))
    assert "已安排重发 2 条" in clerk.text
    assert acts(home) == [("retry", "operator", "部门已修复")] * 2
    received(home)
    assert (state(home, water), state(home, power)) == ("received", "received")


@pytest.mark.parametrize(("fields", "status", "says"), [
    ((("how", "same"), ("reason", "已修复")), 422, "请先选中"),
    ((("key", "POWER"), ("how", "same"), ("reason", "")), 422, "原因"),
    ((("key", "POWER"), ("how", "corrected"), ("reason", "内容有误")), 409, "以免重复立案"),
    ((("key", "X-01:leg.filed:1"), ("how", "same"), ("reason", "已修复")), 409, "没有未送达的消息"),
])
def test_what_cannot_be_sent_again_is_said_and_changes_nothing(stuck, fields, status, says):
    home, clerk, _, power = stuck
    clerk.get("/staff/undelivered")
    filled = ((name, value.replace("POWER", f"{power}:leg.filed:1")) for name, value in fields)
    clerk.send("/staff/undelivered", *filled)
    assert clerk.status == status
    assert says in clerk.text
    assert acts(home) == []


def test_a_leg_shows_every_attempt_and_is_found_by_its_number(stuck):
    _, clerk, water, power = stuck
    assert clerk.get(f"/staff/legs?leg=%20{power.lower()}") == f"/staff/legs/{power}"
    assert all(word in clerk.text for word in ("发送：结果不明 · HTTP 504", "timeout", "等人处理"))
    clerk.get(f"/staff/legs/{water}")
    assert "发送：被拒收 · HTTP 422" in clerk.text
    clerk.get("/staff/legs/nothing-01")
    assert clerk.status == 404


def test_a_list_turns_page_by_page_from_where_the_last_one_ended(stuck, monkeypatch):
    _, clerk, *legs = stuck
    monkeypatch.setattr(undelivered, "AT_ONCE", 1)
    seen = []
    page = "/staff/undelivered?office="
    while page:
        clerk.get(page)
        seen.append([leg for leg in legs if leg in clerk.text])
        link = re.search(r'href="([^"]+)" rel="next"', clerk.page)
        page = link and html.unescape(link[1])
    assert seen == [[leg] for leg in sorted(legs)]
    assert "回到第一页" in clerk.text
    clerk.get("/staff/undelivered?after=~%7C~%7C~%7C~%7C9")
    assert "这一页没有了" in clerk.text
    clerk.get("/staff/undelivered?after=nonsense")
    assert legs[0] in clerk.text


@pytest.fixture
def strange(opened):
    """An operator where water granted a leg that it had refused; the leg and the entry's page."""
    with opened() as (home, clerk):
        receipt, = file(home)
        received(home)
        leg = receipt.legs[0].leg
        say(home, leg, "leg.refused", later=2, reason_code="R1", reason="不符合规划")
        say(home, leg, "leg.granted", later=3, results=[{"material": "agreement", "name": "供水协议"}])
        clerk.get("/staff/strange")
        found = re.search(r"/staff/strange/[^\"]+", clerk.page)
        assert found is not None
        yield home, clerk, leg, found[0]


def test_what_a_department_said_is_shown_for_a_reason_and_the_look_is_recorded(strange):
    home, clerk, _, page = strange
    clerk.get(page)
    assert "相矛盾" in clerk.text
    assert "供水协议" not in clerk.text
    clerk.send(f"{page}/look", ("reason", ""))
    assert (clerk.status, acts(home)) == (422, [])
    clerk.send(f"{page}/look", ("reason", "核实"))
    assert "供水协议" in clerk.text
    assert acts(home) == [("quarantine.show", "operator", "核实")]


def test_a_strange_notice_is_put_away_in_two_steps(strange):
    home, clerk, leg, page = strange
    clerk.get(page)
    clerk.send(page, ("decision", "apply"), ("reason", "部门确认"))
    assert clerk.status == 409
    assert "什么都没有改动" in clerk.text
    clerk.send(page, ("decision", "discard"), ("reason", "部门确认误发"))
    assert "还没有改动" in clerk.text
    assert acts(home) == []
    clerk.send(page, ("decision", "discard"), ("reason", "部门确认误发"), ("confirmed", "1"))
    assert "没有待处理的异常回告" in clerk.text
    assert acts(home) == [("quarantine.discarded", "operator", "部门确认误发")]
    clerk.get(page)
    assert "部门确认误发" in clerk.text
    assert state(home, leg) == "refused"


def test_the_service_is_paused_and_goes_on_from_the_page(opened):
    with opened() as (home, clerk):
        clerk.send("/staff/pause", ("do", "pause"), ("reason", " "), ("confirmed", "1"))
        assert (clerk.status, home.desk.operations.paused()) == (422, None)
        clerk.send("/staff/pause", ("do", "pause"), ("reason", "检修"), ("confirmed", "1"))
        assert "服务已暂停 ：检修" in clerk.text
        since = home.desk.operations.paused().at
        clerk.send("/staff/pause", ("do", "pause"), ("reason", "检修延长"), ("confirmed", "1"))
        assert (home.desk.operations.paused().value, home.desk.operations.paused().at) == ("检修延长", since)
        clerk.send("/staff/pause", ("do", "resume"), ("reason", "检修完毕"), ("confirmed", "1"))
        assert home.desk.operations.paused() is None
        assert acts(home) == [("pause", "operator", "检修"), ("pause", "operator", "检修延长"),
                              ("resume", "operator", "检修完毕")]


def test_an_office_that_is_left_alone_is_named_and_a_part_that_is_the_same_is_not_sent_again(opened):
    with opened() as (home, clerk):
        now = home.clock.now()
        lane = Lane("power-office", "power", 3, now + timedelta(minutes=5), "401", now)
        home.database.write(lambda tx: put(tx, lane))
        home.database.write(lambda tx: uncleared.add(tx, "a file", now))
        home.database.write(lambda tx: marks.put(tx, f"{FAULT}seals", "OSError at disk.py:1", now))
        clerk.get("/staff/health")
        assert "封存审计链" in clerk.text and "OSError at disk.py:1" in clerk.text
        assert "待查病毒" in clerk.text and "带它们的消息等着" in clerk.text
        assert "供电公司" in clerk.text
        assert "连续 3 次失败（401）" in clerk.text
        assert "其余 1 个单位没有等待的消息" in clerk.text
        first = clerk.client.get("/staff/health/live")
        again = clerk.client.get("/staff/health/live", headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code) == (200, 304)
        assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "no-store"


def test_a_page_beyond_the_list_a_reason_of_signs_and_an_address_that_is_none_are_no_fault(stuck):
    _, clerk, _, _ = stuck
    for path in ("/staff/undelivered", "/staff/strange"):
        clerk.get(f"{path}?page={'9' * 30}")
        assert clerk.status == 200
    clerk.send("/staff/pause", ("reason", "检修\x1b[2J"))
    assert (clerk.status, "不可见的控制字符" in clerk.text) == (422, True)
    stranger = clerk.client.application.test_client()
    assert stranger.post("/staff/pause", headers={"Referer": "http://["}).location == "/login?unsaved=1"
    asked = stranger.get("/staff/health/live", headers={"HX-Request": "true", "HX-Current-URL": "http://["})
    assert (asked.status_code, asked.headers["HX-Redirect"]) == (401, "/login")
