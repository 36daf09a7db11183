"""What happens seldom: old editions, drafts thrown away, poisoned messages, full memories, missing offices."""

import json
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from catalog.text import Text
from connectors.base import Answer
from desk import book, errors
from desk.applicants.afterwards import Withdrawal
from desk.applicants.lookups import numbers
from desk.desk import Desk
from desk.hearing.notices import Incoming
from desk.sending.letters import Correspondence, Letters
from desk.sending.recording import Came
from desk.upkeep import sweeps
from desk.values import Reviewed
from dispatch.retry import Then
from store import leases, messages
from tests.desk.conftest import NOW
from tests.desk.filings import CONSENT, FORM, SITUATION, small_filing

ROOM = {"water-group": 4, "power-grid": 4}


def in_force(premises, **changes):
    """A desk after the utilities bundle was changed."""
    bundles = dict(premises.catalog.bundles)
    bundles["utilities"] = replace(bundles["utilities"], **changes)
    return Desk(replace(premises, catalog=replace(premises.catalog, bundles=MappingProxyType(bundles))))


def test_an_old_edition_is_answered_with_what_is_asked_differently_now(desk, premises):
    shown = desk.edition("utilities")
    desk.intake.file("somebody", small_filing(), "key-1", NOW)
    entries = premises.catalog.bundles["utilities"].entries
    fewer = in_force(premises, entries=tuple(entry for entry in entries if entry.matter != "power-supply"))
    with pytest.raises(errors.EditionChanged) as changed:
        fewer.intake.file("somebody", small_filing(edition=shown), "key-2", NOW)
    difference = changed.value.more["difference"]
    assert difference["matters_gone"] == ["供电报装"]
    assert "fields_gone" in difference
    assert "matters_added" not in difference


def test_a_changed_edition_leaves_a_draft_and_files_it_as_it_is_now(desk, premises):
    draft = desk.drafts.open("somebody", "utilities", SITUATION, NOW)
    desk.drafts.save("somebody", draft.id, {"form": FORM}, NOW)
    later = in_force(premises, name=Text("水电气网联合报装(新)"))
    assert later.drafts.read("somebody", draft.id, NOW).edition == later.edition("utilities") != draft.edition
    with pytest.raises(errors.EditionChanged):
        later.submit_draft("somebody", draft.id, CONSENT, NOW, Reviewed(edition=draft.edition))
    assert later.submit_draft("somebody", draft.id, CONSENT, NOW).edition == later.edition("utilities")


def test_a_draft_can_be_thrown_away_until_it_is_filed(desk):
    thrown = desk.drafts.open("somebody", "utilities", {}, NOW)
    desk.drafts.drop("somebody", thrown.id, NOW)
    with pytest.raises(errors.UnknownDraft):
        desk.drafts.read("somebody", thrown.id, NOW)
    kept = desk.drafts.open("somebody", "utilities", SITUATION, NOW)
    desk.drafts.save("somebody", kept.id, {"form": FORM}, NOW)
    with pytest.raises(errors.UnknownDraft):
        desk.drafts.drop("else", kept.id, NOW)
    receipt = desk.submit_draft("somebody", kept.id, CONSENT, NOW)
    for act in (lambda: desk.drafts.drop("somebody", kept.id, NOW),
                lambda: desk.drafts.save("somebody", kept.id, {"form": {"floor_area": 1}}, NOW)):
        with pytest.raises(errors.DraftFiled):
            act()
    assert desk.submit_draft("somebody", kept.id, {"agreed": True, "version": "2"}, NOW) == receipt


def test_a_region_without_an_office_is_named_before_anything_is_filed(desk, premises):
    nobody = replace(premises, deployment=replace(premises.deployment, bodies=MappingProxyType({})))
    with pytest.raises(errors.NobodyThere, match="窗口"):
        Desk(nobody).intake.file("somebody", small_filing(), "key-1", NOW)
    assert desk.cases_of("somebody", NOW)[0] == []


@pytest.mark.parametrize("unreadable", [False, True])
def test_a_case_whose_messages_cannot_be_written_stops_no_other_and_waits_for_a_person(
        desk, opened, monkeypatch, caplog, unreadable):
    bad = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    good = desk.intake.file("somebody", small_filing(), "key-2", NOW)
    data, about = Correspondence.data, Letters.about

    def broken_data(self, leg, type_, more):
        if self._known.row.reference == bad.reference:
            raise KeyError(leg)
        return data(self, leg, type_, more)

    def broken_about(self, known, now):
        if known.row.reference == bad.reference:
            raise KeyError(known.row.plan)
        return about(self, known, now)

    monkeypatch.setattr(*(Letters, "about", broken_about) if unreadable else (Correspondence, "data", broken_data))
    left = {claim.outgoing.leg for claim in desk.claim(ROOM, NOW)}
    assert left == {f"{good.reference}-01", f"{good.reference}-03"}
    with opened.db.read() as tx:
        assert {message.state for message in messages.of_case(tx, bad.reference)} == {"stuck"}
    assert "KeyError at test_corners.py:" in caplog.text
    states = {leg["state"] for leg in desk.case_view("somebody", bad.reference, NOW)["legs"]}
    assert states == ({"queued"} if unreadable else {"stuck"})


def test_a_frozen_letter_that_cannot_be_opened_keeps_no_other_case_waiting(desk, opened):
    bad = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    good = desk.intake.file("somebody", small_filing(), "key-2", NOW)
    again = Then("send", NOW)
    desk.record([Came(claim, Answer("again", status=503), again) for claim in desk.claim(ROOM, NOW)], NOW)
    opened.db.write(lambda tx: tx.run("update bodies set body = x'00' where reference = :r", r=bad.reference))
    left = desk.claim(ROOM, NOW)
    assert {(claim.outgoing.leg, claim.attempt) for claim in left} == {
        (f"{good.reference}-01", 2), (f"{good.reference}-03", 2)}
    with opened.db.read() as tx:
        assert {message.state for message in messages.of_case(tx, bad.reference)} == {"due"}


def test_one_lost_lease_does_not_take_the_other_messages_of_its_case_along(desk, opened, monkeypatch):
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    due = leases.due

    def due_and_moved(tx, wanted):
        found = due(tx, wanted)
        lost = [item for item in found if item.message.leg == "03"]
        opened.db.write(lambda tx: (leases.begin(tx, lost, ()), leases.settle_all(
            tx, [(item, leases.Outcome("due", "not_sent", next_at=NOW)) for item in lost], NOW)))
        return found

    monkeypatch.setattr(leases, "due", due_and_moved)
    assert [claim.id.leg for claim in desk.claim(ROOM, NOW)] == ["01"]
    with opened.db.read() as tx:
        sent = {message.leg: message.state for message in messages.of_case(tx, receipt.reference)}
    assert sent == {"01": "leased", "03": "due"}


def test_a_full_memory_forgets_the_oldest_case_and_reads_it_again(desk, monkeypatch):
    monkeypatch.setattr(book, "REMEMBERED_CASES", 1)
    first = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    second = desk.intake.file("somebody", small_filing(), "key-2", NOW)
    assert list(desk._book._kept) == [second.reference]
    for claim in desk.claim(ROOM, NOW):
        desk.record([Came(claim, Answer("received", ref="A-1"), Then("done"))], NOW)
    for receipt in (first, second):
        legs = desk.case_view("somebody", receipt.reference, NOW)["legs"]
        assert {leg["state"] for leg in legs} == {"received"}


def test_a_case_that_somebody_looked_at_is_forgotten_after_those_that_nobody_needed(desk, monkeypatch):
    monkeypatch.setattr(book, "REMEMBERED_CASES", 2)
    first, second, third = (desk.intake.file("somebody", small_filing(), f"key-{n}", NOW).reference for n in range(3))
    desk.case_view("somebody", second, NOW)
    fourth = desk.intake.file("somebody", small_filing(), "key-4", NOW).reference
    assert list(desk._book._kept) == [second, fourth]
    assert {first, third}.isdisjoint(desk._book._kept)


def test_a_list_pushes_no_case_that_is_worked_on_out_of_memory(desk, monkeypatch):
    monkeypatch.setattr(book, "REMEMBERED_CASES", 2)
    monkeypatch.setattr(book, "LOOKED_AT", 1)
    filed = [desk.intake.file("somebody", small_filing(), f"key-{n}", NOW).reference for n in range(4)]
    assert {case["reference"] for case in desk.cases_of("somebody", NOW)[0]} == set(filed)
    assert list(desk._book._kept) == filed[2:]
    assert len(desk._book._looked) == 1


@pytest.mark.parametrize(("legs", "error"), [
    (("77",), errors.UnknownLeg), (("01", "77"), errors.UnknownLeg), ((), errors.NotNow),
])
def test_only_open_legs_of_the_case_can_be_withdrawn(desk, legs, error):
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    with pytest.raises(error):
        desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal(legs, "改期"), "w1", NOW)


def test_a_state_that_cannot_be_used_is_kept_whole_beside_the_receipt(desk, opened):
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    for claim in desk.claim(ROOM, NOW):
        said = Answer("received", ref="A-1", state="granted", data={"results": 7}) if claim.id.leg == "01" else \
            Answer("received", data={"state": "in_review"}, strange="unknown_state")
        desk.record([Came(claim, said, Then("done"))], NOW)
    legs = desk.case_view("somebody", receipt.reference, NOW)["legs"]
    assert {leg["state"] for leg in legs} == {"received"}
    with opened.db.read() as tx:
        assert {row["code"] for row in tx.rows("select code from quarantine")} == {"malformed", "unknown_state"}


def test_a_paper_of_a_row_is_looked_up_with_that_rows_number(desk, premises):
    catalog = premises.catalog
    plan = desk.plan("transport-company", catalog.bundles["transport-company"].figures, NOW)
    by_row = [line for line in plan.removed_materials
              if line.row is not None and line.source and line.source.kind == "sharing"]
    assert by_row
    answers = {"vehicles": [{"vin": "V-1", "invoice_no": "I-1"}, {"vin": "V-2", "invoice_no": "I-2"}]}
    found = [numbers(plan, line.row, line.source, answers) for line in by_row if line.row < 2]
    assert {value for one in found for value in one.values()} <= {"V-1", "V-2", "I-1", "I-2"}
    assert all(found)


def test_a_case_that_cannot_be_swept_keeps_time_from_no_other(desk, opened, monkeypatch, caplog):
    first, second = (desk.intake.file("somebody", small_filing(), key, NOW) for key in ("key-1", "key-2"))
    for claim in desk.claim(ROOM, NOW):
        desk.record([Came(claim, Answer("received", ref="A-1"), Then("done"))], NOW)
    for receipt in (first, second):
        said = {"type": "leg.supplement_required", "timestamp": NOW.isoformat(), "data": {
            "leg": f"{receipt.reference}-01", "ask": "a1", "reason": "缺附图", "limit": "5wd", "materials": ["BL01"]}}
        desk.notices.take(Incoming("water-group", f"m-{receipt.reference}", json.dumps(said).encode(), said), NOW)
    broken, lapse = min(first.reference, second.reference), sweeps.lapses

    def lapses(case, now, calendar):
        if case.reference == broken:
            raise ValueError("示例甲的材料")
        return lapse(case, now, calendar)

    monkeypatch.setattr(sweeps, "lapses", lapses)
    later = NOW + timedelta(days=60)
    assert desk.sweep(later) > later
    assert "ValueError at test_corners.py" in caplog.text
    assert "示例甲" not in caplog.text
    ended = {receipt.reference: desk.case_view("somebody", receipt.reference, later)["legs"][0]["state"]
             for receipt in (first, second)}
    assert ended == {broken: "supplement_required", max(first.reference, second.reference): "terminated"}


def test_a_leg_named_twice_is_withdrawn_once(desk):
    receipt = desk.intake.file("somebody", small_filing(), "key-twice", NOW)
    leg = receipt.legs[0].leg.removeprefix(f"{receipt.reference}-")
    desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal((leg, leg, receipt.legs[0].leg), "改期"), "w1",
                             NOW)
    found = next(one for one in desk.case_view("somebody", receipt.reference, NOW)["legs"] if one["leg"] == leg)
    assert [line["type"] for line in found["timeline"]].count("leg.withdraw_requested") == 1


def test_the_day_expected_at_filing_stays_while_the_expected_day_moves(desk):
    receipt = desk.intake.file("somebody", small_filing(), "key-day", NOW)
    then = desk.expected_at_filing("somebody", receipt.reference)
    assert then["due"] == desk.case_view("somebody", receipt.reference, NOW)["expected"]["due"]
    later = NOW + timedelta(days=10)
    assert desk.case_view("somebody", receipt.reference, later)["expected"]["due"] > then["due"]
    assert desk.expected_at_filing("somebody", receipt.reference) == then
    assert "示例科技有限公司" in desk.about("somebody", receipt.reference)
