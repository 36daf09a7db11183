"""The report over several results (报告): what it says while parts are awaited, of parts without a result, and to an
agent whom results are not shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from bench.inside import Inside
from desk.agents.mandates import Wish
from tests.pages.client import Visitor

OWNER, AGENT = "sample-administrator", "sample-retiree"
CHECK = {"insolvency_kind": "bankruptcy", "look_for": ["vehicles", "land"]}
PLATE = "鲁B12345"


@pytest.fixture
def owner(app: Flask) -> Visitor:
    """Who asks what a bankrupt company has."""
    made = Visitor(app)
    made.sign_in(OWNER)
    return made


@pytest.fixture
def agent(app: Flask, owner: Visitor) -> Visitor:
    """Who files for them, and may look at no result."""
    made = Visitor(app)
    made.sign_in(AGENT)
    inside = Inside(app)
    now, mandates = inside.house.clock.now(), inside.desk.mandates
    until = (now + timedelta(days=30)).date()
    mandates.give(OWNER, Wish(mandates.show_code(AGENT, now)[0], until, acts=("file",)), "give-report", now)
    return made


def filed_by_the_agent(there: Inside, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reference of a case of two parts."""
    monkeypatch.setattr("bench.inside.SUBJECT", AGENT)
    now = there.house.clock.now()
    whole = there.filing({**CHECK, "filer": "agent"}, now, "bankruptcy-check")
    form = {name: value for name, value in whole.form.items() if not name.startswith("mandate_")}
    papers = {key: names for key, names in whole.materials.items() if key != "AU01"}
    filing = replace(whole, form=form, materials=papers, on_behalf_of=OWNER, situation=CHECK)
    return there.desk.intake.file(AGENT, filing, "report-1", now).reference


def test_a_report_says_what_is_awaited_what_there_is_not_and_shows_no_agent_what_is_the_principals(
    app: Flask, owner: Visitor, agent: Visitor, monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = Inside(app)
    now = there.house.clock.now
    reference = filed_by_the_agent(there, monkeypatch)
    page = f"/cases/{reference}/report"
    there.deliver(now())
    cars, land = (leg["department"] for leg in there.desk.case_view(OWNER, reference, now())["legs"])
    found = {"vehicles_found": [{"found_plate": PLATE, "found_state": "pledged"}]}
    result = {"material": "debtor_vehicles_result", "name": "机动车核查结果", "number": "查0001",
              "valid_from": "2026-03-04", "fields": found}
    assert there.say(cars, f"{reference}-02", "leg.granted", now(), results=[result]) == "applied"
    owner.get(page)
    assert "还有 1 项没有结果，这一份还不完整" in owner.text
    assert there.say(land, f"{reference}-03", "leg.refused", now(), reason_code="R1",
                     reason="裁定书看不清") == "applied"
    owner.get(page)
    assert "共 2 项， 其中 1 项没有结果或者已经失效 ，原因见下" in owner.text
    assert "原因：裁定书看不清" in owner.text and PLATE in owner.text and "编号 查0001" in owner.text
    assert "由代看" not in owner.text
    for path in (page, f"/cases/{reference}"):
        agent.get(path)
        assert "示例辛自己查看和下载" in agent.text and "只写有没有结果" in agent.text
        assert [one for one in (PLATE, "查0001", "3月4日") if one in agent.text] == []
    there.desk.sweep(now())
    told = {who: [one.text for one in there.desk.inbox.page(who, None, now())[0] if one.reference == reference]
            for who in (OWNER, AGENT)}
    assert [text for text in told[OWNER] if "查看结果" in text]
    assert [text for text in told[AGENT] if "查看结果" in text or "打个分" in text] == []
    assert len(told[AGENT]) == len(told[OWNER]) - 1 == 3, "granted, refused, ended; its owner hears of the filing too"
