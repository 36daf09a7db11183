"""The tracking page for whoever holds a receipt: guesses are counted as in the API, nothing of it is stored."""

from __future__ import annotations

import re
from datetime import date

import pytest

from bench.inside import Inside
from desk.reference import new_reference
from tests.pages.client import Visitor
from tests.pages.test_words import file

WIDE = str.maketrans({chr(sign): chr(sign + 0xFEE0) for sign in range(0x21, 0x7F)})


def test_wrong_codes_on_the_page_are_counted_by_reference_however_it_is_spelled(visitor: Visitor) -> None:
    visitor.client.environ_base["REMOTE_ADDR"] = "192.0.2.8"
    reference, statuses = new_reference(date(2026, 3, 2)), []
    visitor.get("/track")
    for spelled in [reference, reference.lower(), f" {reference}", f"{reference[:8]}-{reference[8:]}", reference,
                    reference]:
        visitor.send("/track", ("reference", spelled), ("code", "WRONG123"))
        statuses.append(visitor.status)
    assert statuses == [404] * 5 + [429]


def test_codes_typed_in_full_width_or_pasted_with_spaces_find_the_case(visitor: Visitor) -> None:
    visitor.get(f"/cases/{file(visitor)}/receipt")
    reference, code = re.findall(r'<span class="code">([^<]+)<', visitor.page)
    visitor.get("/track")
    visitor.send("/track", ("reference", f"　{reference[:8]} {reference[8:].translate(WIDE)}\t"),
                 ("code", code.lower().translate(WIDE)))
    assert visitor.at == f"/track/{reference}"


def test_the_masked_page_is_never_stored(visitor: Visitor) -> None:
    answer = visitor.client.get(f"/track/{new_reference(date(2026, 3, 2))}")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_leg_that_nobody_needs_is_counted_apart_from_what_is_done(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.inside.SUBJECT", "sample-disabled")
    there = Inside(visitor.client.application)
    now, changed = there.house.clock.now(), {
        "card_need": "replace", "card_region": "370202", "replace_reason": "changed", "guarded": False,
        "wants": ["living", "nursing"], "filer": "self"}
    receipt = there.file(changed, "one", now, "disability")
    there.deliver(now)
    there.say(receipt.legs[0].department, receipt.legs[0].leg, "leg.granted", now, results=[{
        "material": "ID07", "fields": {"disability_card_no": "37020219900512993741", "disability_grade": "four"}}])
    visitor.sign_in("sample-disabled")
    visitor.get(f"/cases/{receipt.reference}")
    assert "1 项已办成，1 项不需办理，共 3 项" in visitor.text
    assert "这次评定的等级不是" in visitor.text
    visitor.get(f"/cases/{receipt.reference}/report")
    assert visitor.status == 404, "it makes no report"


def test_a_case_leads_to_a_new_draft_of_its_answers_and_a_running_one_is_pointed_out(visitor: Visitor) -> None:
    reference = file(visitor)
    visitor.get(f"/cases/{reference}")
    visitor.send(f"/cases/{reference}/anew")
    draft = visitor.at.split("/")[2]
    assert visitor.at == f"/drafts/{draft}/plan" and f"办件 {reference} 填过的内容" in visitor.text
    visitor.get(f"/drafts/{draft}/review")
    assert f"受理编号 {reference}" in visitor.text and "就不用再提交" in visitor.text
