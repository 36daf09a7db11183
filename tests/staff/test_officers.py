"""Officers of an office without a system work on our pages: they open, ask, decide; each act is a notice of theirs."""

import base64
import io
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest

from app import create_app
from bench.applicant import CATALOG
from bench.inside import Inside
from desk.applicants.afterwards import Supply
from desk.staff.acts import Act
from desk.upkeep.late_scans import _condemned
from sandbox.demo_secrets import ensure_secrets
from store import audit, notices
from store.uploads import uncleared
from tests.ops.conftest import PNG, file, received, state
from tests.pages.client import Visitor, controls
from tests.store.lists import DESK, changed_list
from web.staff.result_forms import LOST

OFFICER = "officer-water-office"
REASON = ("reason_code", "B02"), ("reason", "不在供水范围内")


@pytest.fixture
def at_desk(at_the_pages, opened):
    """The portal, an officer of the water company at its pages, and the legs of one filing: water's and power's."""
    with opened(OFFICER) as (home, clerk):
        receipt, = file(home)
        yield home, clerk, *(leg.leg for leg in receipt.legs)


def open_(clerk, leg):
    clerk.get("/staff/arrivals")
    clerk.send(f"/staff/work/{leg}/open")


def form(clerk):
    """What the forms of the page carry: its token and how far the leg's history goes."""
    kept = dict(controls(clerk.page))
    return ("token", kept["token"]), ("seen", kept["seen"])


def do(clerk, leg, act, *fields, carried=None):
    """Fill in an act and send it."""
    named = [(f"{act}.{name}", value) for name, value in fields]
    return clerk.send(f"/staff/work/{leg}/acts/{act}", *(carried or form(clerk)), *named)


def offers(clerk):
    return re.findall(r'id="act-(\w+)"', clerk.page)


def strange(home):
    with home.database.read() as tx:
        return notices.unsettled(tx)


def audited(home):
    with home.database.read() as tx:
        return [(entry.actor, entry.action, entry.target) for entry in audit.entries(tx)]


def test_a_new_leg_is_listed_and_nothing_of_it_is_told_before_it_is_opened(at_desk):
    home, clerk, water, power = at_desk
    clerk.get("/staff/")
    assert clerk.at == "/staff/inbox"
    assert "待办 1 件，其中新到或有新情况 1 件" in clerk.text
    assert (water in clerk.text, power in clerk.text, "示例项目" in clerk.text) == (True, False, False)
    clerk.get(f"/staff/work/{water}")
    assert ("示例项目" in clerk.text, offers(clerk)) == (False, [])
    assert state(home, water) == "queued"
    seen = home.desk.case_view("somebody", water.rpartition("-")[0], home.clock.now())["legs"]
    assert [(leg["next_actor"], leg["state_name"]) for leg in seen] == [
        ("department", "已到部门，等部门查收"), ("platform", "即将送达部门")], "the applicant knows for whom it waits"


def test_opening_counts_as_received_and_shows_what_the_matter_asks_and_nothing_else(at_desk):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    assert clerk.at == f"/staff/work/{water}"
    assert state(home, water) == "received"
    told = ("项目名称 示例项目", "统一社会信用代码 91370200163562681G", "联系电话 13800138000", "面积 12 平方米",
            "图.png")
    assert all(word in clerk.text for word in told)
    assert audited(home) == [(OFFICER, "leg.opened", water)]
    clerk.get("/staff/arrivals")
    assert "没有新到的件" in clerk.text


def test_the_papers_open_and_those_of_others_do_not(at_desk):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    paper = re.search(r'href="(/api/files/[^"]+)"', clerk.page)
    assert clerk.client.get(paper[1]).data == PNG
    other = home.desk.keep_file("somebody-else", ("b.png", "image/png"), [PNG], home.clock.now())
    assert clerk.client.get(f"/api/files/{other.file}").status_code == 404


def test_what_an_officer_sees_stands_in_the_audit_log_and_once_an_hour(at_desk):
    home, clerk, water, _ = at_desk
    clerk.get(f"/staff/work/{water}")
    open_(clerk, water)
    paper = re.search(r'href="(/api/files/([^"]+))"', clerk.page)
    for _ in range(2):
        clerk.get(f"/staff/work/{water}")
        clerk.client.get(paper[1])
    assert audited(home) == [(OFFICER, "leg.opened", water), (OFFICER, "file.seen", paper[2])]
    for hours in (0.5, 2, 2.5):
        home.desk.sights.leg(OFFICER, water, home.clock.now() + timedelta(hours=hours))
    assert audited(home)[2:] == [(OFFICER, "leg.seen", water)]


def test_a_leg_goes_its_way_from_acceptance_to_hand_over_at_the_pages(at_desk):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    clerk.client.post(f"/staff/work/{water}/acts/accepted", content_type="multipart/form-data", buffered=True, data={
        "csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', clerk.page)[1], **dict(form(clerk)),
        "accepted.ref": "GS-17", "accepted.document.name": "受理通知书", "accepted.document.number": "水受〔2026〕3号",
        "accepted.document.file": (io.BytesIO(PNG), "受理.png")})
    clerk.get(f"/staff/work/{water}")
    assert "文书 受理通知书 水受〔2026〕3号" in clerk.text
    assert ("已受理，开始计时" in clerk.text, "GS-17" in clerk.text, state(home, water)) == (True, True, "accepted")
    assert "accepted" not in offers(clerk)
    do(clerk, water, "in_review", ("step", "现场勘察"))
    do(clerk, water, "extended", ("days", "2"), ("reason", "现场复杂"), ("basis", "第42条"), ("approved_by", "局长"))
    assert ("extended" in offers(clerk), "2个工作日，局长批准：现场复杂" in clerk.text) == (False, True)
    do(clerk, water, "simulated", ("opinion", "同意"))
    assert state(home, water) == "simulated"
    do(clerk, water, "fee", ("amount", "120.5"), ("basis", "示例收费标准"))
    clerk.client.post(f"/staff/work/{water}/acts/granted", content_type="multipart/form-data", buffered=True, data={
        "csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', clerk.page)[1], **dict(form(clerk)),
        "granted.0.on": "yes", "granted.0.number": "2026-17", "granted.0.from": "2026-12-01",
        "granted.0.for_ever": "yes", "granted.0.file": (io.BytesIO(PNG), "协议.png")})
    clerk.get(f"/staff/work/{water}")
    assert state(home, water) == "granted"
    reference, _, number = water.rpartition("-")
    shown = next(leg for leg in home.desk.case_view("somebody", reference, home.clock.now())["legs"]
                 if leg["leg"] == number)
    result, = shown["results"]
    assert (result["material"], result["number"], result["valid_to"]) == ("agreement", "2026-17", "长期")
    assert [one["name"] for one in result["files"]] == ["协议.png"]
    assert shown["fees"][0]["amount"] == "120.5"
    assert [(one["name"], one["number"], one["files"][0]["name"]) for one in shown["documents"]] == [
        ("受理通知书", "水受〔2026〕3号", "受理.png")]
    clerk.get("/staff/done")
    assert (water in clerk.text, "等送达" in clerk.text) == (True, True)
    clerk.get(f"/staff/work/{water}")
    do(clerk, water, "delivered", ("mode", "post"), ("carrier", "邮政"), ("tracking", "EMS-17"))
    assert (state(home, water), offers(clerk)) == ("delivered", ["remark"])
    assert "邮寄送达，邮政，EMS-17" in clerk.text
    assert [action for _, action, _ in audited(home)] == [
        "leg.opened", "leg.accepted", "leg.in_review", "leg.extended", "leg.simulated", "leg.fee",
        "leg.granted", "leg.delivered"]


def test_the_applicant_answers_what_is_asked_and_the_answer_comes_as_news(at_desk):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    do(clerk, water, "supplement_required", ("materials", "drawing"), ("fields", "area"), ("reason", "图纸不清"),
       ("days", "5"), ("unit", "wd"))
    assert state(home, water) == "supplement_required"
    reference, _, number = water.rpartition("-")
    now = home.clock.now()
    ask, = next(leg["asks"] for leg in home.desk.case_view("somebody", reference, now)["legs"] if leg["leg"] == number)
    assert ([one["name"] for one in ask["materials"]], [one["name"] for one in ask["fields"]]) == (["图纸"], ["面积"])
    paper = home.desk.keep_file("somebody", ("新图.png", "image/png"), [PNG], now)
    answer = Supply(number, ask["id"], {"area": 99}, {"drawing": (paper.file,)})
    home.desk.afterwards.supplement("somebody", reference, answer, "answer", now)
    clerk.get("/staff/arrivals")
    assert (water in clerk.text, "有新情况" in clerk.text) == (True, True)
    clerk.send(f"/staff/work/{water}/open")
    assert ("新图.png" in clerk.text, "面积 99 平方米" in clerk.text) == (True, True)
    clerk.get("/staff/arrivals")
    assert "没有新到的件" in clerk.text


@pytest.mark.parametrize(("act", "fields", "says"), [
    ("not_accepted", (("reason_code", "B02"),), "理由：必填"),
    ("supplement_required", (("days", "很快"),), "请勾选或写明要补的材料或内容"),
    ("supplement_required", (("fields", "area"), ("reason", "面积不符"), ("days", "很快")), "请填 1–400 的整数"),
    ("fee", (("amount", "很多"), ("basis", "示例标准")), "请写成以元为单位的数字"),
    ("granted", (("0.on", "yes"), ("0.to", "明年"), ("0.number", "N-1")), "没有截止日的勾选“长期有效”"),
    ("accepted", (("ref", "GS\x1b[2J"),), "本单位编号：含有不可见的控制字符"),
    ("remark", (("text", "响铃\x07"),), "含有不可见的控制字符"),
])
def test_what_is_wrong_is_said_at_once_with_all_that_was_typed(at_desk, act, fields, says):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    do(clerk, water, act, *fields)
    assert (clerk.status, says in clerk.text) == (422, True)
    kept = dict(controls(clerk.page))
    assert all(kept.get(f"{act}.{name}") == value or value in clerk.page for name, value in fields)
    assert (strange(home), state(home, water)) == ([], "received")


def test_a_second_press_of_the_same_form_has_one_effect_and_another_text_none(at_desk):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    carried = form(clerk)
    for _ in range(2):
        do(clerk, water, "remark", ("text", "请周五到场"), carried=carried)
        assert clerk.at == f"/staff/work/{water}"
    assert clerk.text.count("请周五到场") == 1
    do(clerk, water, "remark", ("text", "请周六到场"), carried=carried)
    assert (clerk.status, "已经提交过一次" in clerk.text) == (409, True)
    assert "请周六到场" in clerk.page
    assert strange(home) == []


def kept_by_a_press(clerk, leg):
    """The file of a grant that was pressed with a day that is none; it is kept, and the grant is not done."""
    answer = clerk.client.post(f"/staff/work/{leg}/acts/granted", buffered=True, data={
        "csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', clerk.page)[1], **dict(form(clerk)),
        "granted.0.on": "yes", "granted.0.to": "明年", "granted.0.file": (io.BytesIO(PNG), "协议.png")})
    return re.search(r'name="granted.0.kept" value="([^"]+)"', answer.text)[1]


def test_a_grant_with_a_file_from_an_earlier_press_is_the_same_when_it_is_sent_twice(at_desk):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    kept = kept_by_a_press(clerk, water)
    clerk.get(f"/staff/work/{water}")
    carried = form(clerk)
    for _ in range(2):
        do(clerk, water, "granted", ("0.on", "yes"), ("0.number", "N-1"), ("0.kept", kept), carried=carried)
        assert (clerk.status, state(home, water)) == (200, "granted")


def test_of_two_officers_the_second_is_told_what_the_first_did(at_desk):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    stale = form(clerk)
    clerk.get(f"/staff/work/{water}")  # the other one's
    do(clerk, water, "accepted")
    do(clerk, water, "not_accepted", *REASON, carried=stale)
    assert (clerk.status, "又有了新的进展" in clerk.text, "不在供水范围内" in clerk.page) == (409, True, True)
    assert (state(home, water), strange(home)) == ("accepted", [])


@pytest.mark.parametrize("act", ["accepted", "delivered", "special_ended", "withdraw_confirmed"])
def test_what_is_not_offered_is_not_done_and_fills_no_quarantine(at_desk, act):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    do(clerk, water, "accepted")
    do(clerk, water, act, ("mode", "post"), ("kind", "听证"))
    assert clerk.status == 409
    assert (state(home, water), strange(home)) == ("accepted", [])


def test_a_decision_that_was_a_slip_is_put_right_by_whom_the_list_names(at_the_pages, deployment, opened):
    listed = deployment.folder / "offices.yaml"
    named = listed.read_text().replace("connector: desk", "connector: desk, settings: {authorities: 供水复核科}")
    listed.write_text(named)
    with opened(OFFICER) as (home, clerk):
        water = file(home)[0].legs[0].leg
        open_(clerk, water)
        assert "corrected" not in offers(clerk)
        do(clerk, water, "refused", *REASON)
        do(clerk, water, "corrected", ("state", "in_review"), ("authority", "供水复核科"))
        assert (clerk.status, state(home, water)) == (422, "refused"), "the reason is missing"
        do(clerk, water, "corrected", ("state", "in_review"), ("authority", "过路人"), ("reason", "点错了"))
        assert (clerk.status, state(home, water)) == (409, "refused"), "nobody of the list"
        do(clerk, water, "corrected", ("state", "in_review"), ("authority", "供水复核科"), ("reason", "点错了"))
        assert ("已更正，这件重新办理" in clerk.text, state(home, water)) == (True, "in_review")
        assert "已更正：改为办理中，点错了" in clerk.text
        assert {"granted", "refused"} <= set(offers(clerk))


def test_nothing_of_another_office_is_there(at_desk):
    _, clerk, water, power = at_desk
    open_(clerk, water)
    carried = form(clerk)
    for path in (f"/staff/work/{power}", f"/staff/work?leg={power}", "/staff/work?leg=X", "/staff/work/X-01"):
        clerk.get(path)
        assert clerk.status == 404, path
    for path in (f"/staff/work/{power}/open", f"/staff/work/{power}/acts/accepted",
                 f"/staff/work/{water}/acts/approved"):
        clerk.get("/staff/inbox")
        clerk.send(path, *carried)
        assert clerk.status == 404, path
    assert clerk.get(f"/staff/work?leg=%20{water.lower()}") == f"/staff/work/{water}"
    assert clerk.get(f"/staff/work/{water}/acts/accepted") == f"/staff/work/{water}", "as after a refusal, opened again"


def test_an_officer_chooses_to_be_told_of_work_and_the_lists_say_while_nobody_is(
        at_the_pages, opened, monkeypatch, tmp_path):
    (tmp_path / "gateway").write_text(f"whsec_{base64.b64encode(b'message gateway.' * 2).decode()}")
    monkeypatch.setenv("YJS_GATEWAY", "http://127.0.0.1:9/news")
    monkeypatch.setenv("YJS_GATEWAY_SECRET", str(tmp_path / "gateway"))
    monkeypatch.setenv("YJS_GATEWAY_MOBILE", "on")
    with opened(OFFICER) as (home, clerk):
        clerk.get("/staff/inbox")
        assert "还没有人收到来件提醒" in clerk.text
        clerk.get("/staff/bells")
        assert ("现在有 0 人收提醒" in clerk.text, "09:00–12:00、13:00–17:00" in clerk.text) == (True, True)
        clerk.send("/staff/bells", ("wanted", "on"), ("agreed", "on"), ("mobile", "110"))
        assert (clerk.status, "应为 11 位手机号" in clerk.text, 'value="110"' in clerk.page) == (422, True, True)
        clerk.send("/staff/bells", ("wanted", "on"), ("agreed", "on"), ("mobile", "138 0013 8000"))
        assert ("会提醒您" in clerk.text, "现在有 1 人收提醒" in clerk.text) == (True, True)
        assert 'value="13800138000"' in clerk.page
        clerk.get("/staff/inbox")
        assert "还没有人收到来件提醒" not in clerk.text
        clerk.send("/staff/bells")
        assert ("不再提醒您" in clerk.text, "现在有 0 人收提醒" in clerk.text) == (True, True)
        assert audited(home) == [(OFFICER, "bell.set", "water-office")] * 2


def test_an_office_with_a_system_of_its_own_reads_and_does_not_act(at_the_pages, opened):
    with opened("officer-power-office") as (home, clerk):
        receipt, = file(home)
        power = receipt.legs[1].leg
        clerk.get(f"/staff/work/{power}")
        assert clerk.status == 404  # it is on its way
        received(home)
        clerk.get("/staff/inbox")
        assert ("用自己的系统办理" in clerk.text, power in clerk.text) == (True, True)
        clerk.get(f"/staff/work/{power}")
        assert ("项目名称 示例项目" in clerk.text, "面积" in clerk.text, offers(clerk)) == (True, False, [])
        clerk.send(f"/staff/work/{power}/acts/accepted", ("token", "0" * 32), ("seen", "9"))
        assert (clerk.status, state(home, power)) == (409, "received")


@contextmanager
def portal_where(tmp_path, office):
    """A portal on the shipped definitions where one office has no system; its inside, and an officer there."""
    changed = changed_list(tmp_path, office, DESK)
    (tmp_path / "keys").mkdir(mode=0o700)
    ensure_secrets(changed, tmp_path / "keys")
    app = create_app({"YJS_ENV": "test", "YJS_DATA": str(tmp_path / "data"),
                      "YJS_KEYS": str(tmp_path / "keys" / "keys"), "YJS_SECRETS": str(tmp_path / "keys"),
                      "YJS_DEPARTMENTS": str(changed)})
    there, clerk = Inside(app), Visitor(app)
    clerk.sign_in(f"officer-{office}")
    yield there, clerk
    there.house.close()


@pytest.fixture
def at_the_police(tmp_path):
    """An officer of the police, who give a newborn child its number, at our pages; the leg."""
    with portal_where(tmp_path, "police") as (there, clerk):
        yield clerk, _born(there)


def _born(there):
    now = there.house.clock.now()
    hospital, police, *_ = there.file(CATALOG.bundles["newborn"].figures, "one", now, "newborn").legs
    there.deliver(now)
    born = [{"material": "ID04", "name": "出生医学证明", "fields": {"birth_cert_no": "Q370000001"}}]
    there.say("hospital", hospital.leg, "leg.granted", there.house.clock.now(), results=born)
    return police.leg


def test_rows_are_found_row_by_row_and_read_as_a_table_by_whoever_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.inside.SUBJECT", "sample-administrator")
    with portal_where(tmp_path, "traffic-police") as (there, clerk):
        now, situation = there.house.clock.now(), CATALOG.bundles["bankruptcy-check"].figures
        receipt = there.file({**situation, "look_for": ["vehicles"]}, "one", now, "bankruptcy-check")
        leg = receipt.legs[0].leg
        open_(clerk, leg)
        plate, state_ = "given.vehicles_found.{}.found_plate", "given.vehicles_found.{}.found_state"
        one = (("0.on", "yes"), ("0.number", "查0001"), (plate.format(0), "鲁B12345"), (state_.format(0), "pledged"))
        clerk.send(f"/staff/work/{leg}/acts/granted", *form(clerk), *((f"granted.{name}", said) for name, said in one),
                   ("do", "add:granted.given.vehicles_found"))
        kept = dict(controls(clerk.page))
        assert (clerk.status, kept[f"granted.{plate.format(0)}"], f"granted.{plate.format(1)}" in kept) == (
            200, "鲁B12345", True)
        do(clerk, leg, "granted", *one, (plate.format(1), "12"))
        assert (clerk.status, "号牌" in clerk.text) == (422, True)
        do(clerk, leg, "granted", *one, (plate.format(1), "鲁B12346"))
        assert (clerk.status, "已办结，等送达" in clerk.text) == (200, True)
        clerk.sign_in("sample-administrator")
        clerk.get(f"/cases/{receipt.reference}")
        table, = re.findall(r"<caption[^>]*>(名下机动车[^<]*)<", clerk.page)
        assert (table, "鲁B12346" in clerk.text, "已抵押" in clerk.text) == ("名下机动车（2）", True, True)
        found, = re.findall(r'data-label="查到什么"[^>]*>([^<]*)<', clerk.page)
        assert found == "名下机动车：2 条", "the report says what was found without opening each part"
        clerk.get(f"/cases/{receipt.reference}/report")
        facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", clerk.page))
        assert (facts["破产企业名称"], facts["案号"]) == ("示例旧机械有限公司", "(2026)示例破1号")
        assert "共 1 项，都有结果" in clerk.text and "编号 查0001" in clerk.text and "鲁B12346" in clerk.text


def test_a_field_that_goes_on_to_other_offices_has_to_be_filled_in_by_its_type(at_the_police):
    clerk, leg = at_the_police
    open_(clerk, leg)
    assert ("前面的事项给出的" in clerk.text, "Q370000001" in clerk.text) == (True, True)
    for number, says in (("", "必填，后面的部门要用"), ("123", "应为 18 位")):
        do(clerk, leg, "granted", ("0.on", "yes"), ("given.child_id", number))
        assert (clerk.status, says in clerk.text) == (422, True)
    do(clerk, leg, "granted", ("0.on", "yes"), ("given.child_id", "11010519491231002X"))
    assert (clerk.status, "已办结，等送达" in clerk.text) == (200, True)


def test_a_form_with_too_much_in_its_files_says_so_and_changes_nothing(at_the_pages, monkeypatch, opened):
    monkeypatch.setenv("YJS_UPLOAD_LIMIT", "1000000")
    with opened(OFFICER) as (home, clerk):
        water = file(home)[0].legs[0].leg
        open_(clerk, water)
        token = re.search(r'name="csrf_token" value="([^"]+)"', clerk.page)[1]
        answer = clerk.client.post(f"/staff/work/{water}/acts/granted", follow_redirects=True, buffered=True, data={
            "csrf_token": token, **dict(form(clerk)), "granted.0.file": (io.BytesIO(b"x" * 4_000_000), "a.pdf")})
        assert "选的文件一共约 4 MB" in answer.text
        assert state(home, water) == "received"


def test_while_the_service_is_paused_nothing_is_opened_or_done(at_desk):
    home, clerk, water, _ = at_desk
    clerk.get("/staff/inbox")
    home.desk.operations.pause(Act("somebody", "检修"), home.clock.now())
    clerk.send(f"/staff/work/{water}/open")
    assert (clerk.status, state(home, water)) == (503, "queued")


def test_an_officer_is_told_of_a_file_in_which_something_was_found_before_the_grant(at_desk):
    home, clerk, water, _ = at_desk
    open_(clerk, water)
    kept = kept_by_a_press(clerk, water)
    now = home.clock.now()
    home.database.write(lambda tx: (uncleared.add(tx, kept, now), _condemned(tx, kept, "Eicar", now)))
    clerk.get(f"/staff/work/{water}")
    do(clerk, water, "granted", ("0.on", "yes"), ("0.number", "N-1"), ("0.kept", kept))
    assert (clerk.status, LOST in clerk.text, state(home, water)) == (422, True, "received")
