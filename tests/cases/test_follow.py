"""What follows from what: releases, consequences of an ending above, papers that flow, messages to departments."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cases.edges import effect_of, withheld
from cases.fold import apply, begin
from cases.follow import follow, opening
from cases.judge import judge
from cases.lapse import lapses, last_moment
from cases.model import Case, Event, LegState
from cases.outcome import next_actor
from cases.stalled import owed_since
from catalog.dictionary import Spec
from catalog.limits import Limit
from catalog.text import Text
from forms.papers.planned import MaterialLine
from forms.plan import PlannedEdge
from forms.reason import Reason
from tests.cases.case_plans import a_given_field, a_leg, a_plan, a_slot, an_edge, at, filed, happen, ours, say
from tests.cases.case_years import CALENDAR

S = LegState


def states(case: Case) -> str:
    return " ".join(f"{number}:{leg.state}" for number, leg in case.legs.items())


def grant(case: Case, leg: str, hours: float, **data: Any) -> Case:
    return say(case, leg, "leg.granted", hours, results=data.pop("results", []), **data)[0]


def refuse(case: Case, leg: str, hours: float) -> Case:
    return say(case, leg, "leg.refused", hours, reason_code="R1", reason="不符合条件")[0]


def test_legs_without_predecessor_are_queued_and_the_others_wait() -> None:
    outcome = filed(a_plan([a_leg("01"), a_leg("02"), a_leg("03")],
                           [an_edge("02", "01"), an_edge("03", "01", "before_decide")]))
    assert states(outcome.case) == "01:queued 02:waiting 03:queued"
    assert [(m.type, m.leg) for m in outcome.outbox] == [("leg.filed", "01"), ("leg.filed", "03")]
    assert outcome.case.legs["01"].started_at == at(0) and outcome.case.legs["02"].started_at is None


@pytest.mark.parametrize(("join", "endings", "after"), [
    ("all", "g.", "waiting"), ("all", "gg", "queued"), ("all", "gr", "voided"), ("all", ".r", "voided"),
    ("ended", "g.", "waiting"), ("ended", "gr", "queued"), ("ended", "rg", "queued"), ("ended", "rr", "voided"),
    ("any", "g.", "queued"), ("any", "r.", "waiting"), ("any", "rg", "queued"), ("any", "rr", "voided"),
])
def test_joins_release_or_fail_as_the_edge_says(join: str, endings: str, after: str) -> None:
    case = filed(a_plan([a_leg("01"), a_leg("02"), a_leg("03")], [an_edge("03", "01 02", join=join)])).case
    for leg, ending in zip(("01", "02"), endings, strict=True):
        case = {"g": grant, "r": refuse}[ending](case, leg, 5) if ending != "." else case
    assert case.legs["03"].state == after


@pytest.mark.parametrize(("effect", "unsent", "at_work", "decided"), [
    ("stop", "voided", "accepted", "granted"), ("continue", "queued", "accepted", "granted"),
    ("ask", "held", "accepted", "granted"), ("void", "voided", "accepted", "granted"),
])
def test_an_ending_above_does_below_what_the_table_says(effect: str, unsent: str, at_work: str, decided: str) -> None:
    on = {"refused": effect}
    plan = a_plan([a_leg(n) for n in ("01", "02", "03", "04")], [
        an_edge("02", "01", on=on, feeds=["K1"]), an_edge("03", "01", "before_decide", on=on, feeds=["K1"]),
        an_edge("04", "01", "before_decide", on=on, feeds=["K1"]),
    ])
    case = say(filed(plan).case, "03", "leg.accepted", 1)[0]
    case = grant(case, "04", 2, results=[{"name": "许可证"}])
    case, outcome = say(case, "01", "leg.refused", 3, reason_code="R1", reason="不符合条件")
    assert [case.legs[n].state for n in ("02", "03", "04")] == [unsent, at_work, decided]
    expected = {
        "stop": [("leg.withdrawn", "03")], "continue": [("leg.filed", "02")], "ask": [],
        "void": [("leg.withdrawn", "03"), ("leg.withdrawn", "04")],
    }
    assert sorted((m.type, m.leg) for m in outcome.outbox) == expected[effect]
    assert follow(case, at(4)).events == ()


def test_a_stopped_leg_ends_when_its_department_has_received_the_command() -> None:
    plan = a_plan([a_leg("01"), a_leg("02")], [an_edge("02", "01", "before_decide")])
    case = say(filed(plan).case, "02", "leg.in_review", 1, step="初审")[0]
    case = refuse(case, "01", 2)
    assert (case.legs["02"].state, case.legs["02"].withdrawing, case.legs["02"].stopped) == (S.IN_REVIEW, True, "stop")
    case, _ = ours(case, "02", "leg.withdraw_received", 3)
    assert case.legs["02"].state is S.WITHDRAWN


def test_a_revoked_result_is_void_once_the_department_has_the_command() -> None:
    plan = a_plan([a_leg("01"), a_leg("02")], [an_edge("02", "01", "before_decide", on={"refused": "void"})])
    case = grant(filed(plan).case, "02", 1, results=[{"name": "许可证"}])
    assert case.legs["02"].decided_early
    case = refuse(case, "01", 2)
    assert case.legs["02"].revoking and not case.legs["02"].decided_early
    case, _ = ours(case, "02", "leg.withdraw_received", 3)
    assert case.legs["02"].state is S.GRANTED and case.legs["02"].results[0].void


def test_our_request_holds_the_leg_until_it_is_answered() -> None:
    plan = a_plan([a_leg("01"), a_leg("02")], [an_edge("02", "01", on={"refused": "ask"}, feeds=["K14"])],
                  [a_slot("02", "K14", "01")])
    case = refuse(filed(plan).case, "01", 2)
    ask = case.legs["02"].asks[0]
    assert (case.legs["02"].state, ask.by, ask.materials[0]["name"]) == (S.HELD, "platform", "材料K14")
    case, outcome = ours(case, "02", "leg.supplemented", 5, ask=ask.id, materials={"K14": []})
    assert case.legs["02"].state is S.QUEUED and case.legs["02"].started_at == at(5)
    assert [m.type for m in outcome.outbox] == ["leg.filed"]


def test_silence_to_our_request_stops_the_leg_and_to_the_department_terminates_it() -> None:
    plan = a_plan([a_leg("01"), a_leg("02"), a_leg("03")], [an_edge("02", "01", on={"refused": "ask"}, feeds=["K14"])])
    case, _ = say(filed(plan).case, "03", "leg.supplement_required", 1, ask="A1", reason="缺盖章", limit="5wd",
                  until="2025-10-11")
    case, _ = ours(case, "01", "leg.urged", 1)
    refused = judge(case, "01", Event("leg.refused", at(2), "dept-01", "01", {"reason_code": "R1", "reason": "不符"}))
    for event in refused.events:
        case = apply(case, event)
    case = follow(case, at(2), CALENDAR).case
    assert case.legs["02"].asks[0].until == "2025-10-10"
    assert lapses(case, at(24), CALENDAR) == ()
    case, outcome = happen(case, *lapses(case, at(24 * 40), CALENDAR))
    assert case.legs["02"].state is S.VOIDED
    assert case.legs["03"].state is S.TERMINATED and case.legs["03"].asks[0].lapsed
    assert ("leg.withdrawn", "03") in [(m.type, m.leg) for m in outcome.outbox]


def test_a_department_is_told_once_that_its_leg_ended_however_much_of_it_was_not_answered() -> None:
    case = say(with_an_offer(""), "02", "leg.supplement_required", 1, ask="a1", reason="缺图", limit="5wd",
               until="2025-10-11")[0]
    case = say(case, "02", "leg.supplement_required", 2, ask="a2", reason="缺章", limit="5wd", until="2025-10-11")[0]
    case, _ = ours(case, "02", "leg.withdraw_requested", 3, why="applicant", reason="不办了")
    case, outcome = happen(case, *lapses(case, at(24 * 60), CALENDAR))
    assert case.legs["02"].state is S.TERMINATED and all(ask.lapsed for ask in case.legs["02"].asks)
    assert [(m.type, m.data["ask"], m.data.get("why")) for m in outcome.outbox] == [("leg.withdrawn", "a1", None)]


def test_a_result_reaches_the_waiting_leg_with_its_filing_and_the_running_leg_as_a_message() -> None:
    plan = a_plan(
        [a_leg("01", gives=["permit"]), a_leg("02"), a_leg("03")],
        [an_edge("02", "01", feeds=["K24"]), an_edge("03", "01", "before_decide", feeds=["K24", "no"])],
        [a_slot("02", "K24", "01", taken="permit"), a_slot("03", "K24", "01", "later", "permit")],
        [a_given_field("no", "03", "01")],
    )
    case = filed(plan).case
    case, outcome = say(case, "01", "leg.granted", 4, results=[
        {"material": "permit", "name": "规划许可证", "number": "P-1", "fields": {"no": "7"}}])
    filing, added = sorted(outcome.outbox, key=lambda m: m.type)
    assert (filing.type, filing.leg, filing.data["with"]) == ("leg.filed", "02", ["K24<01"])
    assert (added.type, added.leg, added.data["fields"]) == ("leg.material_added", "03", {"no": "7"})
    assert added.data["materials"] == [{"material": "K24", "name": "规划许可证", "number": "P-1", "stands_for": "K24"}]
    assert follow(case, at(5)).outbox == ()


def test_a_refused_must_have_among_all_of_stops_its_siblings() -> None:
    plan = a_plan(
        [a_leg("02.1", must_have=True), a_leg("02.2", must_have=True), a_leg("02.3", must_have=True), a_leg("04")],
        [an_edge("04", "02.1 02.2 02.3")],
    )
    case = say(filed(plan).case, "02.2", "leg.accepted", 1)[0]
    case = refuse(case, "02.1", 2)
    assert states(case) == "02.1:refused 02.2:accepted 02.3:voided 04:voided"
    assert case.legs["02.2"].withdrawing


def test_a_leg_that_only_serves_others_is_not_needed_once_they_all_failed() -> None:
    plan = a_plan([a_leg("10"), a_leg("11"), a_leg("12"), a_leg("13")], [
        an_edge("12", "10 11", "cancels"), an_edge("12", "13"),
    ])
    case = refuse(filed(plan).case, "10", 1)
    assert case.legs["12"].state is S.WAITING
    case = refuse(case, "11", 2)
    assert case.legs["12"].state is S.NOT_NEEDED


def test_a_follower_that_waits_longer_than_within_lapses() -> None:
    plan = a_plan([a_leg("01"), a_leg("02"), a_leg("03")],
                  [an_edge("03", "01", within="5nd"), an_edge("03", "02")])
    case = grant(filed(plan).case, "01", 1)
    assert lapses(case, at(24 * 4), CALENDAR) == ()
    case, _ = happen(case, *lapses(case, at(24 * 6), CALENDAR))
    assert case.legs["03"].state is S.VOIDED and case.legs["03"].reason is not None


def test_a_cascade_reaches_the_end_of_the_chain() -> None:
    plan = a_plan([a_leg(f"{n:02}") for n in range(1, 6)], [an_edge(f"{n + 1:02}", f"{n:02}") for n in range(1, 5)])
    case = refuse(filed(plan).case, "01", 1)
    assert states(case) == "01:refused 02:voided 03:voided 04:voided 05:voided"


def test_withdrawal_ends_an_unsent_leg_at_once_and_asks_the_department_of_a_sent_one() -> None:
    plan = a_plan([a_leg("01"), a_leg("02")], [an_edge("02", "01")])
    case = say(filed(plan).case, "01", "leg.received", 1)[0]
    case, first = ours(case, "02", "leg.withdraw_requested", 2, why="applicant", reason="不办了")
    case, second = ours(case, "01", "leg.withdraw_requested", 2, why="applicant", reason="不办了")
    assert states(case) == "01:received 02:withdrawn" and first.outbox == ()
    assert [m.type for m in second.outbox] == ["leg.withdrawn"]
    case, _ = ours(case, "01", "leg.withdraw_received", 3)
    assert case.legs["01"].state is S.RECEIVED and case.legs["01"].withdrawing
    case, _ = say(case, "01", "leg.withdraw_confirmed", 4)
    assert case.legs["01"].state is S.WITHDRAWN


def test_a_tolerated_paper_is_asked_for_later_and_holds_nothing_up() -> None:
    why, limit = Reason("asked", "x"), Limit(2, "wd")
    paper = MaterialLine("K20", "K20", Text("水质检测"), ("01",), why, Spec(), tolerable=limit)
    plan = replace(a_plan([a_leg("01"), a_leg("02")]), materials=(paper,))
    outcome = opening(begin("R", plan, at(0)), "applicant", later=["K20"], calendar=CALENDAR)
    ask = outcome.case.legs["01"].asks[0]
    assert (outcome.case.legs["01"].state, ask.until, ask.by) == (S.QUEUED, "2025-09-29", "platform")
    case, _ = say(outcome.case, "01", "leg.accepted", 1)
    late, outcome = happen(case, *lapses(case, at(24 * 30), CALENDAR))
    assert late.legs["01"].state is S.ACCEPTED and late.legs["01"].asks[0].overdue and late.legs["01"].asks[0].open
    assert [(m.type, m.data["until"], m.data["materials"]) for m in outcome.outbox] == [
        ("leg.material_overdue", "2025-09-29", [{"material": "K20", "name": "水质检测"}])]
    assert lapses(late, at(24 * 60), CALENDAR) == () and last_moment(late, "01", CALENDAR) is None, "once is enough"
    assert owed_since(late, "01", CALENDAR) == CALENDAR.end_of(date(2025, 9, 29))
    brought, outcome = ours(late, "01", "leg.supplemented", 24 * 31, ask=ask.id, materials={"K20": ["f1"]})
    assert [m.type for m in outcome.outbox] == ["leg.material_added"] and owed_since(brought, "01", CALENDAR) is None
    decided, _ = say(late, "01", "leg.refused", 24 * 31, reason_code="R", reason="没有补齐")
    assert owed_since(decided, "01", CALENDAR) is None, "its department has drawn the consequence"
    # Told that its leg has ended, the department would confirm no withdrawal, and the leg would stand for ever.
    leaving, _ = ours(case, "01", "leg.withdraw_requested", 2, why="applicant", reason="不办了")
    leaving, outcome = happen(leaving, *lapses(leaving, at(24 * 30), CALENDAR))
    assert leaving.legs["01"].withdrawing and leaving.legs["01"].asks[0].overdue and outcome.outbox == ()
    case, outcome = ours(case, "01", "leg.supplemented", 5, ask=ask.id, materials={"K20": ["f1"]})
    assert [m.type for m in outcome.outbox] == ["leg.material_added"]


def with_an_offer(hold: str) -> Case:
    """A leg that may bring K20 later and needs the result of another, which is `refused` or not decided."""
    why, limit = Reason("asked", "x"), Limit(20, "wd")
    paper = MaterialLine("K20", "K20", Text("水质检测"), ("02",), why, Spec(), tolerable=limit)
    edges = [an_edge("02", "01", on={"refused": "ask"})] if hold else []
    plan = replace(a_plan([a_leg("01"), a_leg("02")], edges), materials=(paper,))
    case = opening(begin("R", plan, at(0)), "applicant", later=["K20"], calendar=CALENDAR).case
    return refuse(case, "01", 1) if hold else case


def test_a_held_leg_waits_for_its_hold_alone_and_its_clock_with_it() -> None:
    case = with_an_offer("refused")
    offer, hold = case.legs["02"].asks
    assert states(case) == "01:refused 02:held" and (offer.holds, hold.holds) == (False, True)
    brought, outcome = ours(case, "02", "leg.supplemented", 2, ask=offer.id)
    assert brought.legs["02"].state is S.HELD and outcome.outbox == ()
    case, outcome = ours(case, "02", "leg.supplemented", 2, ask=hold.id)
    assert case.legs["02"].state is S.QUEUED and [m.type for m in outcome.outbox] == ["leg.filed"]
    assert case.legs["02"].pauses[0].end == at(2) and case.legs["02"].asks[0].open


def test_an_open_offer_leaves_the_states_of_the_departments_procedures_alone() -> None:
    case = say(with_an_offer(""), "02", "leg.supplement_required", 1, ask="a1", reason="缺图", limit="5wd")[0]
    case = ours(case, "02", "leg.supplemented", 2, ask="a1")[0]
    assert case.legs["02"].state is S.SUPPLEMENTED
    case = say(case, "02", "leg.special_started", 3, kind="听证", basis="第45条")[0]
    assert say(case, "02", "leg.special_ended", 4, kind="听证")[0].legs["02"].state is S.IN_REVIEW
    case = say(case, "02", "leg.supplement_required", 3.5, ask="a2", reason="缺图", limit="5wd")[0]
    case = say(case, "02", "leg.special_started", 3.7, kind="鉴定", basis="第45条")[0]
    assert say(case, "02", "leg.special_ended", 4, kind="鉴定", ask="a2")[0].legs["02"].state is S.SUPPLEMENT_REQUIRED


def test_an_offer_that_lapses_stops_nothing_even_where_a_result_was_revoked() -> None:
    plan = a_plan([a_leg("01"), a_leg("02")], [an_edge("02", "01", feeds=["K14"], on={"voided": "continue"})],
                  [a_slot("02", "K14", "01")])
    case = say(grant(filed(plan).case, "01", 1, results=[{"material": "K14"}]), "02", "leg.accepted", 2)[0]
    case = say(case, "02", "leg.in_review", 3, step="初审")[0]
    case = apply(case, Event("leg.corrected", at(3), "d", "01", {"what": {"void": True}, "authority": "上级"}))
    case = follow(case, at(3), CALENDAR).case
    assert [ask.holds for ask in case.legs["02"].asks] == [False]
    case, outcome = happen(case, *lapses(case, at(24 * 30), CALENDAR))
    assert case.legs["02"].asks[0].lapsed and outcome.events == () and not case.legs["02"].withdrawing


def test_results_that_are_handed_out_together_wait_for_each_other() -> None:
    plan = a_plan([a_leg("01"), a_leg("02")], [an_edge("02", "01", "before_deliver", on={"refused": "continue"})])
    case = grant(filed(plan).case, "02", 1)
    assert withheld(case, "02") == ("01",) and next_actor(case, "02").kind == "leg"
    case, outcome = say(case, "01", "leg.refused", 2, reason_code="R", reason="x")
    assert withheld(case, "02") == () and outcome.events == ()


def test_a_result_revoked_above_is_asked_about_below() -> None:
    plan = a_plan([a_leg("01"), a_leg("02")], [an_edge("02", "01", feeds=["K14"])], [a_slot("02", "K14", "01")])
    case = grant(filed(plan).case, "01", 1, results=[{"material": "K14", "name": "图"}])
    case = say(case, "02", "leg.accepted", 2)[0]
    case = apply(case, Event("leg.corrected", at(3), "d", "01", {"what": {"void": True}, "authority": "上级"}))
    case = follow(case, at(3), CALENDAR).case
    assert case.legs["01"].state is S.GRANTED and case.legs["02"].state is S.ACCEPTED
    assert case.legs["02"].asks[0].by == "platform" and case.legs["02"].pauses[0].kind == "held"
    case, _ = ours(case, "02", "leg.supplemented", 5, ask=case.legs["02"].asks[0].id)
    assert case.legs["02"].pauses[0].end == at(5)


def test_a_check_that_is_unclear_has_its_own_consequence() -> None:
    plan = a_plan([a_leg("01", kind="check"), a_leg("02")], [an_edge("02", "01", on={"unclear": "continue"})])
    case, _ = say(filed(plan).case, "01", "leg.refused", 1, reason_code="unclear", reason="查不清")
    assert case.legs["02"].state is S.QUEUED


@pytest.mark.parametrize(("kind", "upstream", "effect"), [
    ("before_start", "refused", "stop"), ("before_deliver", "refused", "continue"), ("before_decide", "voided", "ask"),
])
def test_an_edge_without_a_word_has_the_default_of_the_language(kind: Any, upstream: Any, effect: str) -> None:
    assert effect_of(PlannedEdge("02", ("01",), kind, "all"), upstream) == effect
