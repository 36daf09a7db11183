"""A clerk at a counter files for a person who came there, who has no account and no telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from sources.samples import sample_paper
from store import audit, cases, files
from store.audit import Wanted
from store.port import Tx
from store.uploads import uncleared
from store.visits import visits
from tests.pages.client import Visitor
from web.wiring import NAME, House

BUNDLE = "utilities"
POWER = (("services", "power"), ("outside_line", "no"), ("filer", "legal_rep"))
OLD = {"name": "示例老人", "paper": "id_card", "number": "370202195001019978", "checked": "reader", "why": "present"}
RETIREE = {**OLD, "name": "示例丙", "number": "370202196604059930"}
SCAN = sample_paper("签了字的纸")[2]


@pytest.fixture
def clerk(app: Flask) -> Iterator[Visitor]:
    """A clerk at the counter of the hall, who attends to nobody afterwards."""
    made = Visitor(app)
    made.sign_in("counter")
    yield made
    made.get("/staff/counter")
    made.send("/staff/counter/end")


@pytest.fixture
def home(app: Flask) -> House:
    """The inside of the application."""
    found: House = app.extensions[NAME]
    return found


def receive(clerk: Visitor, **said: str) -> str:
    """Begin to attend to somebody; where that led."""
    clerk.get("/staff/counter")
    return clerk.send("/staff/counter/visits", *said.items())


def begin(clerk: Visitor) -> str:
    """From the questions to the draft."""
    clerk.get(f"/bundles/{BUNDLE}/questions")
    for name, value in POWER:
        assert clerk.at.endswith(f"/questions/{name}"), clerk.at
        clerk.send(clerk.at, (name, value))
    seen = re.search(r'name="seen" value="([^"]+)"', clerk.page)
    assert seen is not None
    found = re.match("/drafts/[0-9a-f]+", clerk.send(f"/bundles/{BUNDLE}/start", ("seen", seen[1])))
    assert found is not None
    return found[0]


def fill(clerk: Visitor) -> str:
    """A draft in which all is filled in and agreed to, on its last page."""
    draft = begin(clerk)
    clerk.send(f"{draft}/sample-form")
    clerk.get(f"{draft}/materials")
    clerk.send(f"{draft}/sample-papers")
    consent(clerk, draft)
    clerk.send(f"{draft}/sample-papers")  # what was not found by then
    clerk.get(f"{draft}/review")
    return draft


def consent(clerk: Visitor, draft: str) -> None:
    """Bring what the person has signed, without which nothing goes on."""
    clerk.get(f"{draft}/consent")
    shown = re.search(r'name="shown" value="([^"]+)"', clerk.page)
    assert shown is not None
    agreed = {"shown": shown[1], "agreed": "yes", "sensitive": "yes"}
    clerk.send(f"{draft}/consent", *agreed.items())
    assert clerk.at.endswith("/consent") and "由本人（或受托人）签字" in clerk.text
    assert clerk.attach(f"{draft}/consent", "同意书.pdf", SCAN, "scan", agreed).endswith("/review"), clerk.text


def submit(clerk: Visitor, draft: str) -> str:
    """File it with what was signed; the path of the case."""
    marks = dict(re.findall(r'name="(edition|seen)" value="([^"]+)"', clerk.page))
    clerk.send(f"{draft}/submit", *marks.items())
    assert (clerk.status, "签字的申请表扫描件" in clerk.text) == (422, True), "a signature is asked for"
    receipt = clerk.attach(f"{draft}/submit", "申请表.pdf", SCAN, "scan", marks)
    assert receipt.endswith("/receipt"), unescape(clerk.text)
    return receipt.removesuffix("/receipt")


def logged(home: House, action: str) -> list[audit.Entry]:
    """What the audit log has of an action, the latest first."""
    with home.database.read() as tx:
        day, now = timedelta(days=1), home.clock.now()
        return audit.listed(tx, Wanted(now - day, now + day, action=action), None)[0]


def test_a_clerk_files_for_somebody_without_an_account_who_finds_it_at_home_later(
    app: Flask, clerk: Visitor, home: House,
) -> None:
    receive(clerk, **RETIREE)
    assert clerk.at == "/" and "正在为 示** 代办" in clerk.text and "示例丙" not in clerk.text
    case = submit(clerk, fill(clerk))
    assert "由政务服务大厅综合窗口代为提交" in clerk.text and "打印回执" in clerk.text
    reference = case.rpartition("/")[2]
    desk, now = home.desk, home.clock.now()
    person, = {entry.target for entry in logged(home, "visit.open") if entry.actor == "counter"}
    view = desk.case_view(person, reference, now)
    assert view["counter"]["name"] == "政务服务大厅综合窗口"
    did = logged(home, "visit.act")
    assert {(entry.actor, entry.target) for entry in did} == {("counter", person)}
    assert {"新建申请", "附上示例材料", "登记本人签字的同意", "提交申请"} <= {entry.data["reason"] for entry in did}
    clerk.get("/staff/counter")
    assert "正在为 示** 代办" in clerk.text and "示例丙" not in clerk.text and "窗口替您办过" not in clerk.text
    assert reference in clerk.text and "水电气网联合报装 · 示**" in clerk.text
    clerk.send("/staff/counter/end")
    assert clerk.at == "/staff/counter" and "已结束" in clerk.text
    clerk.get(case)
    assert clerk.at == "/staff/counter" and "先登记来的是谁" in clerk.text, "without the person nothing is shown"
    owner = Visitor(app)
    owner.sign_in("sample-retiree")
    owner.get(case)
    assert owner.status == 200 and "政务服务大厅综合窗口的窗口人员代为提交" in owner.text
    owner.get("/cases")
    assert "政务服务大厅综合窗口：本人到场，读卡核对" in owner.text and "请拨打 12345" in owner.text


def test_who_came_in_anothers_place_shows_a_mandate_whose_scan_stays_with_the_case_and_with_no_department(
    clerk: Visitor, home: House,
) -> None:
    sent = {**OLD, "why": "proxy", "proxy_name": "示例女儿", "proxy_paper": "id_card",
            "proxy_number": "370202198503029926"}
    receive(clerk, **sent)
    assert (clerk.status, "请上传委托书" in clerk.text) == (422, True)
    assert clerk.attach("/staff/counter/visits", "委托书.pdf", SCAN, "mandate", sent) == "/"
    assert "正在为 示** 代办（受托人到场）" in clerk.text
    draft = fill(clerk)
    with home.database.read() as tx:
        owner = visits.get(tx, logged(home, "visit.open")[0].data["visit"]).subject
    signed = home.desk.drafts.read(owner, draft.rpartition("/")[2], home.clock.now()).consent["paper"]

    def condemn(tx: Tx) -> None:
        uncleared.add(tx, signed, home.clock.now())
        uncleared.condemn(tx, signed, "示例病毒")

    home.database.write(condemn)
    marks = dict(re.findall(r'name="(edition|seen)" value="([^"]+)"', clerk.page))
    clerk.attach(f"{draft}/submit", "申请表.pdf", SCAN, "scan", marks)
    assert (clerk.status, "签了字的同意书已经用不了" in clerk.text) == (422, True)
    consent(clerk, draft)
    clerk.get(f"{draft}/review")
    reference = submit(clerk, draft).rpartition("/")[2]
    with home.database.read() as tx:
        kept = cases.get(tx, reference).body["counter"]["scans"]
        held = {row.file: row.name for row in files.of_case(tx, reference)}
    assert {name: held[file] for name, (file,) in kept.items()} == {
        "application": "申请表.pdf", "consent": "同意书.pdf", "mandate": "委托书.pdf"}
    legs = home.desk.intake.receipt(cases_owner(home, reference), reference).legs
    told = home.desk._letters.about(home.desk._book.fresh(reference), home.clock.now())
    assert told.files_for(legs[0].department).isdisjoint(file for names in kept.values() for file in names)


def cases_owner(home: House, reference: str) -> str:
    """Whose a case is."""
    with home.database.read() as tx:
        return cases.get(tx, reference).subject


@pytest.mark.parametrize(("said", "told"), [
    ({"number": "370202195001019973"}, "身份证"),
    ({"name": ""}, "请照证件填写姓名"), ({"why": ""}, "来的是本人还是受托人"),
    ({**RETIREE, "name": "示例张三"}, "登记的不是这个姓名"),
])
def test_nobody_is_attended_to_whose_paper_says_something_else(clerk: Visitor, said: dict[str, str], told: str) -> None:
    receive(clerk, **{**OLD, **said})
    assert (clerk.status, told in clerk.text) == (422, True), clerk.text
    assert "正在为" not in clerk.text


def test_what_is_the_persons_alone_no_clerk_reaches(clerk: Visitor) -> None:
    receive(clerk, **OLD)
    for path in ("/mandates", "/account", "/account/close", "/news", "/news/preferences", "/agreements", "/api/cases",
                 "/api/drafts", "/staff/audit"):
        clerk.get(path)
        assert (path, clerk.status) == (path, 403)
    clerk.send("/account/close", ("sure", "yes"))
    assert clerk.status == 403
    clerk.get(f"/bundles/{BUNDLE}")
    assert "替" not in re.findall(r"<h1.*?</h1>", clerk.page)[0] and 'href="/mandates"' not in clerk.page


def test_a_visit_that_rested_is_over_and_a_page_from_before_does_nothing_for_the_next_person(
    clerk: Visitor, home: House,
) -> None:
    receive(clerk, **OLD)
    draft = begin(clerk)
    page, visit = clerk.page, logged(home, "visit.open")[0].data["visit"]
    home.database.write(lambda tx: visits.go_on(tx, visit, home.clock.now()))
    clerk.send(f"{draft}/drop")
    assert (clerk.at, "先登记来的是谁" in clerk.text, "正在为" in clerk.text) == ("/staff/counter", True, False)
    home.database.write(lambda tx: visits.purge(tx, home.clock.now()))
    with home.database.read() as tx:
        assert visits.get(tx, visit).how == visits.IDLE
    receive(clerk, **RETIREE)
    clerk.page = page
    clerk.send(f"/bundles/{BUNDLE}/start", ("seen", "x"))
    assert clerk.status == 400, "nothing begins for another person out of an old page"
    clerk.get(draft)
    assert clerk.status == 404


def test_signing_out_ends_the_visit(clerk: Visitor, home: House) -> None:
    receive(clerk, **OLD)
    clerk.send("/logout")
    with home.database.read() as tx:
        last = visits.counted(tx, home.clock.now() - timedelta(days=1), home.clock.now() + timedelta(days=1))[-1]
        assert visits.get(tx, last["visit"]).how == visits.SIGNED_OUT
    clerk.sign_in("counter")
    clerk.get("/cases")
    assert clerk.at == "/staff/counter"
