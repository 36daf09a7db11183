"""The page that answers a department's ask: rows as on the form, files that stay, nothing sent by half."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pikepdf
import pytest
from flask import Flask, render_template
from playwright.sync_api import Browser, Page, expect

from connectors.base import Answer
from desk.hearing.notices import Incoming
from desk.sending.claims import Claim
from desk.sending.recording import Came
from dispatch.retry import Then
from tests.pages.client import Visitor, let_see
from tests.pages.test_rows import TREES, column, trees
from tests.pages.test_words import file, fill, start
from tests.pages.walk import ask_again
from web.pages.inputs import Input, with_value
from web.wiring import NAME, House

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 500
Chosen = tuple[str, str, bytes]


def pdf() -> bytes:
    """A document of one empty page."""
    made, kept = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    made.save(kept)
    return kept.getvalue()


def press(visitor: Visitor, *fields: tuple[str, str], files: tuple[Chosen, ...] = ()) -> None:
    """Send the page at hand as a browser sends it, with the files chosen on it."""
    given: dict[str, list[Any]] = {"csrf_token": re.findall(r'name="csrf-token" content="([^"]+)"', visitor.page),
                                   "key": re.findall(r'name="key" value="([^"]+)"', visitor.page)}
    for name, value in fields:
        given.setdefault(name, []).append(value)
    for code, called, content in files:
        given.setdefault(f"file.{code}", []).append((io.BytesIO(content), called))
    answer = visitor.client.post(visitor.at, data=given, content_type="multipart/form-data", buffered=True)
    visitor.page, visitor.status = answer.get_data(as_text=True), answer.status_code


def kept(visitor: Visitor) -> list[tuple[str, str]]:
    """The files that the page carries on."""
    return re.findall(r'name="(kept\.[^"]+)" value="([^"]+)"', visitor.page)


class Asked:
    """A filed case; the first of its legs to leave, a permit to dig, asks for trees and two papers."""

    def __init__(self, app: Flask, visitor: Visitor) -> None:
        self.house: House = app.extensions[NAME]
        self.reference = file(visitor, **TREES)
        self.fields: list[dict[str, str]] = [{"field": "trees", "name": "树木清单"}]
        self.materials = [{"material": "X1", "name": "现状图"}, {"material": "X2", "name": "方案"}]

    def ask(self) -> str:
        """Let the department ask; the address of the page."""
        return self.ask_all()[0]

    def ask_all(self) -> list[str]:
        """Let every department that has a leg by now ask; the addresses of the pages."""
        desk, now = self.house.desk, self.house.clock.now()
        claims = desk.claim(dict.fromkeys(self.house.catalog.departments, 64), now)
        desk.record([Came(claim, Answer("received"), Then("done")) for claim in claims], now)
        return [self._asked(claim, now) for claim in claims if claim.id.reference == self.reference]

    def _asked(self, claim: Claim, now: datetime) -> str:
        leg = f"{self.reference}-{claim.id.leg}"
        data = {"leg": leg, "ask": "a1", "reason": "请补齐", "limit": "5wd", "fields": self.fields,
                "materials": self.materials}
        said = {"type": "leg.supplement_required", "timestamp": now.isoformat(), "data": data}
        self.house.desk.notices.take(Incoming(claim.body.id, f"m-{leg}", json.dumps(said).encode(), said), now)
        return f"/cases/{self.reference}/legs/{claim.id.leg}/asks/a1"


@pytest.fixture
def asked(app: Flask, visitor: Visitor) -> Asked:
    """A filed case."""
    return Asked(app, visitor)


def test_an_ask_for_rows_begins_with_a_row_and_another_one_sends_nothing(visitor: Visitor, asked: Asked) -> None:
    asked.materials = []
    at = visitor.get(asked.ask())
    assert column(visitor, "species") == [""]
    press(visitor, *trees("甲木"), ("do", "add:trees"))
    assert (visitor.status, column(visitor, "species")) == (200, ["甲木", ""])
    press(visitor, *trees("甲木", "乙木"), ("do", "drop:trees:0"))
    assert column(visitor, "species") == ["乙木"]
    press(visitor, *trees("甲木"), ("do", "look"))
    assert column(visitor, "species") == ["甲木"]
    assert "这次补充已经" not in visitor.text
    press(visitor, *trees("甲木", "乙木"), ("do", "send"))
    assert visitor.status == 303
    visitor.get(at)
    assert "这次补充已经提交" in visitor.text


def test_rows_that_lack_a_column_are_not_sent_but_named(visitor: Visitor, asked: Asked) -> None:
    asked.materials = []
    at = visitor.get(asked.ask())
    press(visitor, *trees("甲木"), ("trees.1.species", "乙木"), ("do", "send"))
    assert visitor.status == 422
    assert '<a href="#f-trees-1-dbh">' in visitor.page
    assert '<a href="#f-trees-0' not in visitor.page
    visitor.get(at)
    assert "提交补充" in visitor.text, "the ask is still open"


def test_a_refused_file_is_told_at_its_paper_and_costs_no_other_file(visitor: Visitor, asked: Asked) -> None:
    visitor.get(asked.ask())
    press(visitor, *trees("甲木"), ("do", "send"),
          files=(("X1", "好的.pdf", pdf()), ("X2", "照片.heic", HEIC)))
    assert visitor.status == 422
    assert visitor.page.count('class="govuk-error-message"') == 1
    assert "请打开照片截一张图" in visitor.text, "what is to be done on that telephone"
    assert '<a href="#p-X2">' in visitor.page
    assert "好的.pdf" in visitor.text
    assert column(visitor, "species") == ["甲木"]
    assert [name for name, _ in kept(visitor)] == ["kept.X1"]
    press(visitor, *trees("甲木"), *kept(visitor), ("do", "send"),
          files=(("X2", "方案.pdf", pdf()),))
    assert visitor.status == 303, visitor.text
    for said in (True, False):
        visitor.get(f"/cases/{asked.reference}")
        assert ("补充已提交" in visitor.text) is said, "it is said once"


def test_files_that_are_too_much_at_once_lead_back_to_the_ask_which_says_so_once(
    visitor: Visitor, asked: Asked,
) -> None:
    at = visitor.get(asked.ask())
    answer = visitor.client.post(at, data=b"--x\r\n", content_type="multipart/form-data; boundary=x",
                                 environ_overrides={"CONTENT_LENGTH": "57000000"}, follow_redirects=False)
    assert (answer.status_code, answer.location) == (303, at)
    for said in (True, False):
        visitor.get(at)
        assert ("一共约 57 MB，一次最多发送 50 MB" in visitor.text) is said
    assert "先上传选好的文件" in visitor.text


def test_one_bad_file_among_good_ones_of_a_paper_does_not_send_the_rest(visitor: Visitor, asked: Asked) -> None:
    asked.fields, asked.materials = [], asked.materials[:1]
    at = visitor.get(asked.ask())
    press(visitor, ("do", "send"), files=(("X1", "好的.pdf", pdf()), ("X1", "照片.heic", HEIC)))
    assert (visitor.status, len(kept(visitor))) == (422, 1)
    visitor.get(at)
    assert "提交补充" in visitor.text, "the ask is still open"


def test_a_file_that_was_taken_can_be_taken_away_again(visitor: Visitor, asked: Asked) -> None:
    visitor.get(asked.ask())
    press(visitor, ("do", "upload"))
    assert (visitor.status, visitor.text.count("还没有上传，请选择文件")) == (422, 4), "nothing was chosen"
    press(visitor, ("do", "upload"), files=(("X1", "一.pdf", pdf()), ("X1", "二.pdf", pdf())))
    assert (visitor.status, "还没有上传" in visitor.text) == (200, False)
    (name, first), (_, second) = kept(visitor)
    press(visitor, (name, first), (name, second), ("do", f"away:X1:{first}"))
    assert kept(visitor) == [(name, second)]


def test_a_file_of_somebody_else_is_not_carried_on(app: Flask, visitor: Visitor, asked: Asked) -> None:
    at = asked.ask()
    foreign = asked.house.desk.keep_file("somebody else", ("密.pdf", "application/pdf"), [pdf()],
                                         asked.house.clock.now()).file
    visitor.get(at)
    press(visitor, ("kept.X1", foreign), ("kept.X1", "0" * 32), ("do", "look"))
    assert visitor.status == 200
    assert kept(visitor) == []
    assert "密.pdf" not in visitor.page


@pytest.fixture
def still(browser: Browser) -> Iterator[Page]:
    """A page of the browser that is shown what the test renders."""
    found = browser.new_page()
    yield found
    found.close()


def test_an_ask_and_its_answer_are_each_said_once_for_who_does_not_see_the_page_change(
    visitor: Visitor, asked: Asked, still: Page,
) -> None:
    asked.materials = []
    let_see(still, visitor)
    still.clock.install()
    still.goto(f"http://portal.test/cases/{asked.reference}")
    aloud = still.locator("[data-changes]")
    ask_again(still)
    expect(aloud).to_be_empty()
    visitor.get(asked.ask())
    ask_again(still)
    expect(aloud).to_have_text(re.compile("^[^。]+需要您补充。$"))
    still.evaluate("() => { document.querySelector('[data-changes]').textContent = '' }")
    ask_again(still)
    expect(aloud).to_be_empty()
    press(visitor, *trees("甲木"), ("do", "send"))
    ask_again(still)
    expect(aloud).to_have_text("这个办件现在：办理中。")


def test_while_an_ask_is_open_no_day_is_promised(visitor: Visitor, asked: Asked) -> None:
    asked.materials = []
    day = r"\d{4}年\d{1,2}月\d{1,2}日"
    case = f"/cases/{asked.reference}"
    visitor.get(case)
    assert re.search(f"预计全部办完 {day} 按最长的一条路计算", visitor.text)
    at = asked.ask()
    visitor.get(case)
    assert re.search(f"预计全部办完 最早 {day} 等您补充的这段时间不算，补充后顺延", visitor.text)
    told = visitor.client.get(f"/api{case}").json
    standing = {leg["leg"] for leg in told["legs"] if leg["earliest"]}
    assert told["expected"]["earliest"] and standing, "a program is told too"
    assert all(leg["paused"] or not standing.isdisjoint(leg["waits_for"]) for leg in told["legs"] if leg["earliest"])
    visitor.get("/cases")
    assert re.search(f"最早 {day} 办完（有事项暂停计时，恢复后顺延）", visitor.text)
    visitor.get(at)
    press(visitor, *trees("甲木"), ("do", "send"))
    visitor.get(case)
    assert re.search(f"预计全部办完 {day}", visitor.text)


def test_enter_on_the_page_of_an_ask_only_looks(app: Flask, still: Page) -> None:
    rows = with_value(Input("trees", "trees", "树木清单", "rows", inner=(Input("kind", "kind", "树种", "text"),)),
                      [{"kind": "甲木"}, {"kind": "乙木"}])
    leg = {"leg": "01", "name": "示例", "instance": ""}
    with app.test_request_context():
        page = render_template("answer.html", view={"reference": "R", "bundle_name": "示例"}, ask={"open": True},
                               leg=leg, inputs=[rows], papers=[], problems=[], key="k")
    still.route("**/*", lambda route: route.fulfill(body=page, content_type="text/html"))
    still.goto("http://ask.invalid/")
    with still.expect_request(lambda request: request.method == "POST") as sent:
        still.locator("[name='trees.1.kind']").press("Enter")
    assert re.search(r'name="do"\s+look', sent.value.post_data or "")


def test_what_was_brought_for_one_department_is_offered_where_another_asks_for_the_same(
    visitor: Visitor, asked: Asked,
) -> None:
    asked.fields, asked.materials = [], [{"material": "X1", "name": "现状图"}]
    asked.reference = file(visitor)
    first, second = asked.ask_all()[:2]
    visitor.get(first)
    press(visitor, ("do", "send"), files=(("X1", "现状图.pdf", pdf()),))
    assert visitor.status == 303
    visitor.get(second)
    (name, again), = kept(visitor)
    assert "要求补充时传过的 现状图.pdf" in visitor.text and 'type="file"' in visitor.page
    press(visitor, (name, again), ("do", "look"))
    assert "已上传" in visitor.text and "要求补充时传过的" not in visitor.text
    press(visitor, *kept(visitor), ("do", "send"))
    assert visitor.status == 303


def test_a_paper_that_may_follow_is_promised_with_its_day_and_what_comes_of_it_before_filing_and_after(
        app: Flask, visitor: Visitor) -> None:
    situation = {**app.extensions[NAME].catalog.bundles["utilities"].figures, "services": ["drain"]}
    draft = start(visitor, "utilities", "sample-enterprise", **situation)
    fill(visitor, draft)
    visitor.get(f"/drafts/{draft}/materials")
    brought = re.search(rf'action="(/drafts/{draft}/[^"]*K20[^"]*)"[^>]*>.*?name="file" value="([^"]+)"', visitor.page)
    assert brought is not None
    visitor.send(brought[1], ("file", brought[2]))
    visitor.get(f"/drafts/{draft}/review")
    assert "先办后补的材料 排水水质检测报告 提交以后 2个工作日内补上" in visitor.text
    assert "部门会知道，可以不予办理；补上以前，您办别的事不能再先办后补" in visitor.text
    edition = re.search(r'name="edition" value="([^"]+)"', visitor.page)
    assert edition is not None
    reference = visitor.send(f"/drafts/{draft}/submit", ("edition", edition[1])).split("/")[2]
    visitor.get(f"/cases/{reference}")
    asks = re.search(rf'/cases/{reference}/legs/[^"]+/asks/[^"]+K20', visitor.page)
    assert asks is not None
    visitor.get(asks[0])
    assert "办理时限照常计算" in visitor.text and "这段时间不计入办理时限" not in visitor.text
