"""Operators take legs to another office on pages and by command: first they see what that would do, then it is done."""

import html
import json
import re

import pytest

from connectors.base import Answer
from desk.staff import transfers
from tests.ops.conftest import OFFICES, answered, file, received, say, state
from tests.pages.client import controls
from tests.staff.test_operators import acts

WEST = """  power-west: {department: power, name: 供电西区公司, region: "370203", path: /west,
               secrets: ["env:OFFICE_SECRET"]}
"""


@pytest.fixture
def offices(deployment):
    """The power company has a second office; the water company none."""
    (deployment.folder / "offices.yaml").write_text(OFFICES + WEST)


@pytest.fixture
def there(offices, opened):
    """An operator at a portal whose offices have both legs of a case; water's and power's."""
    with opened() as (home, clerk):
        receipt, = file(home)
        received(home)
        yield home, clerk, *(leg.leg for leg in receipt.legs)


def test_a_leg_goes_to_another_office_once_what_that_does_was_shown_and_confirmed(there):
    home, clerk, _, power = there
    clerk.get(f"/staff/legs/{power}")
    clerk.get(f"/staff/transfers?leg={power}")
    assert "转给别的单位办理" in clerk.text and power in clerk.page
    asked = (("legs", power), ("to", "power-west"), ("basis", "successor"), ("reason", "营业部撤并"))
    clerk.send("/staff/transfers", *asked)
    assert all(words in clerk.text for words in ("把 1 件转给供电西区公司？", "会通知原单位停办", "原因：营业部撤并"))
    assert "另一类部门" not in clerk.text
    assert acts(home) == []
    clerk.send("/staff/transfers", *asked, ("confirmed", "1"))
    assert "已转办 1 件，由供电西区公司接着办" in clerk.text
    assert acts(home) == [("transfer", "operator", "营业部撤并")]
    assert state(home, power) == "queued"
    clerk.get(f"/staff/legs/{power}")
    assert "供电公司 · 编号" in clerk.text and "供电西区公司 · 编号" in clerk.text


def test_all_of_an_office_goes_and_what_has_to_wait_is_listed_with_its_reason(there):
    home, clerk, _, _ = there
    file(home, subject="another")
    home.desk.claim({"power-office": 9}, home.clock.now())
    asked = (("office", "power-office"), ("to", "power-west"), ("reason", "营业部撤并"))
    clerk.send("/staff/transfers", *asked)
    assert "把 1 件转给供电西区公司？" in clerk.text
    assert "1 件：正在送达原单位，或送达结果不明；请等结果出来再转" in clerk.text
    clerk.send("/staff/transfers", *asked, ("confirmed", "1"))
    assert "已转办 1 件，1 件没有转" in clerk.text
    clerk.send("/staff/transfers", *asked, ("unanswered", "1"), ("confirmed", "1"))
    assert "已转办 1 件，由供电西区公司接着办" in clerk.text
    clerk.send("/staff/transfers", *asked)
    assert "没有可以转的件" in clerk.text


def test_many_go_in_parts_and_each_part_leads_to_the_next(there, monkeypatch):
    home, clerk, *_ = there
    file(home, subject="another")
    received(home)
    monkeypatch.setattr(transfers, "AT_ONCE", 1)
    asked = (("office", "power-office"), ("to", "power-west"), ("reason", "营业部撤并"))
    clerk.send("/staff/transfers", *asked, ("confirmed", "1"))
    assert len(acts(home)) == 1 and "看下一批" in clerk.text
    for _ in ("looked at", "done"):
        clerk.send("/staff/transfers", *(pair for pair in controls(clerk.page) if pair[0] != "csrf_token"))
    assert len(acts(home)) == 2 and "看下一批" not in clerk.text


@pytest.mark.parametrize(("fields", "says"), [
    ((("to", "power-west"), ("reason", "撤并")), "二者选一"),
    ((("legs", "X-01"), ("to", "power-west"), ("reason", "撤并")), "没有这些分办件"),
    ((("office", "power-office"), ("reason", "撤并")), "没有单位"),
    ((("office", "power-office"), ("to", "power-west"), ("reason", "")), "原因"),
])
def test_what_cannot_be_transferred_is_said_and_what_was_filled_in_stays(there, fields, says):
    home, clerk, *_ = there
    clerk.send("/staff/transfers", *fields)
    assert (clerk.status, says in clerk.text) == (422, True)
    assert acts(home) == []


def test_the_command_tries_moves_and_says_what_stays(deployment, offices):
    with deployment.house() as home:
        receipt, = file(home)
        answered(home, Answer("received", ref="A-1"))
        power = receipt.legs[1].leg
    move = ("legs", "transfer", "--from", "power-office", "--to", "power-west", "--reason", "营业部撤并")
    assert f"{power}  power-office → power-west  " in deployment.ok(*move, "--dry-run")
    assert "将转 1 件，没有转 0 件" in deployment.ok(*move, "--dry-run")
    assert "已转 1 件，没有转 0 件" in deployment.ok(*move)
    assert "共 0 件" in deployment.ok(*move)
    done = deployment.flask("legs", "transfer", power, "--to", "power-west", "--reason", "再转一次", "--json")
    assert (done.exit_code, json.loads(done.output)[0]["why"]) == (1, "已经在这个单位")
    assert deployment.flask("legs", "transfer", "--to", "power-west", "--reason", "x").exit_code == 1
    assert "未送达 0 条" in deployment.ok("legs")
    wrong = deployment.flask("legs", "transfer", power, "--to", "water-offic", "--reason", "写错了")
    assert (wrong.exit_code, "没有单位 water-offic" in wrong.output) == (1, True)
    deployment.ok("verify")


def test_a_department_that_says_whose_business_a_leg_is_does_not_end_it_and_an_operator_moves_it(there):
    home, clerk, _, power = there
    said = {"reason_code": "N1", "reason": "不属于本单位职权范围", "belongs_to": "供电西区公司"}
    assert say(home, power, "leg.not_accepted", "power-office", **said) == "quarantined"
    assert state(home, power) == "received"
    clerk.get("/staff/strange")
    entry = re.search(r"/staff/strange/[^\"]+", clerk.page)[0]
    clerk.get(entry)
    assert "转走后这一条自动了结" in clerk.text
    clerk.get(html.unescape(re.search(r"/staff/transfers\?[^\"]+", clerk.page)[0]))
    assert re.search(r'value="misdirected" checked', clerk.page) and power in clerk.page
    clerk.send("/staff/transfers", ("legs", power), ("to", "power-west"), ("basis", "misdirected"),
               ("reason", "属地不对"), ("confirmed", "1"))
    assert [action for action, *_ in acts(home)] == ["transfer", "quarantine.transfer"]
    clerk.get(entry)
    assert "转办：属地不对" in clerk.text


def test_where_nobody_else_is_competent_the_same_notice_is_applied_as_a_refusal(there):
    home, clerk, _, power = there
    said = {"reason_code": "N1", "reason": "不属于本单位职权范围", "belongs_to": "省级主管部门"}
    say(home, power, "leg.not_accepted", "power-office", **said)
    clerk.get("/staff/strange")
    entry = re.search(r"/staff/strange/[^\"]+", clerk.page)[0]
    clerk.get(entry)
    clerk.send(entry, ("decision", "apply"), ("reason", "本市没有别的单位能办"), ("confirmed", "1"))
    assert state(home, power) == "not_accepted"
