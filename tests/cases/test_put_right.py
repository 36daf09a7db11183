"""A result that its department puts right reaches whoever was given the wrong one, once, and nobody else."""

from typing import Any

import pytest

from cases.edges import satisfied
from cases.fold import replay
from cases.follow import follow
from cases.judge import judge
from cases.model import Case, Event, LegState
from cases.outcome import next_actor
from forms.plan import Plan
from tests.cases.case_plans import a_given_field, a_leg, a_plan, a_slot, an_edge, at, filed, happen, ours, say
from tests.cases.case_years import CALENDAR

FIRST = {"material": "permit", "name": "许可证", "number": "P-1", "fields": {"no": "7"}}
OTHER = {"material": "map", "name": "红线图", "number": "M-1"}


def granted() -> Case:
    """Leg 01 gave a permit with a number and a map; 02 was filed with both, 03 had been at work, 04 waits for 03."""
    plan = a_plan(
        [a_leg("01", gives=["permit", "map"]), *(a_leg(n) for n in ("02", "03", "04"))],
        [an_edge("02", "01", feeds=["K24", "K25"]), an_edge("03", "01", "before_decide", feeds=["K24", "no"]),
         an_edge("04", "01 03", feeds=["K24"])],
        [a_slot("02", "K24", "01", taken="permit"), a_slot("02", "K25", "01", taken="map"),
         a_slot("03", "K24", "01", "later", "permit"), a_slot("04", "K24", "01", taken="permit")],
        [a_given_field("no", "03", "01")],
    )
    case = say(filed(plan).case, "01", "leg.granted", 1, results=[FIRST, OTHER])[0]
    return ours(case, "02", "leg.sending", 2)[0]


def correct(case: Case, hours: float, **what: Any) -> tuple[Case, list[tuple[str, list[str], bool]]]:
    """The case after a correction of leg 01, and what its followers are told: leg, flows, whether put right."""
    event = Event("leg.corrected", at(hours), "dept-01", "01", {"what": what, "authority": "复核"})
    verdict = judge(case, "01", event, CALENDAR, frozenset({"复核"}))
    assert verdict.kind == "applied"
    case, outcome = happen(case, *verdict.events)
    assert follow(case, at(hours + 1), CALENDAR).outbox == ()
    return case, [(m.leg, m.data.get("keys", []), m.data.get("corrected", False)) for m in outcome.outbox]


def test_whoever_has_the_wrong_result_gets_the_right_one_and_who_waits_gets_it_with_the_filing() -> None:
    case, told = correct(granted(), 3, results=[{**FIRST, "number": "P-2"}, OTHER])
    assert told == [("02", ["K24<01#1"], True), ("03", ["K24<01#1", "no<01#1"], True)]
    case, outcome = say(case, "03", "leg.granted", 6, results=[])
    assert [(m.type, m.leg, m.data["with"]) for m in outcome.outbox] == [("leg.filed", "04", ["K24<01#1"])]
    history = [event for leg in case.legs.values() for event in leg.history]
    assert replay(case.reference, case.plan, case.filed_at, history) == case


def test_a_second_correction_is_told_too_and_one_that_changes_nothing_is_not() -> None:
    case, _ = correct(granted(), 3, results=[{**FIRST, "number": "P-2"}, OTHER])
    case, told = correct(case, 4, results=[{**FIRST, "number": "P-2"}, OTHER], reason="说明有误")
    assert told == []
    case, told = correct(case, 5, results=[FIRST, OTHER])
    assert told == [("02", ["K24<01#3"], True), ("03", ["K24<01#3", "no<01#3"], True)]


def test_only_the_paper_that_changed_is_told() -> None:
    _, told = correct(granted(), 3, results=[FIRST, {**OTHER, "number": "M-2"}])
    assert told == [("02", ["K25<01#1"], True)]


def test_who_has_decided_is_not_told() -> None:
    case = say(granted(), "02", "leg.granted", 3, results=[])[0]
    _, told = correct(case, 4, results=[{**FIRST, "number": "P-2"}, OTHER])
    assert [leg for leg, _, _ in told] == ["03"]


@pytest.mark.parametrize("void", [False, True])
@pytest.mark.parametrize("number", ["P-1", "P-9"])
def test_a_leg_that_is_granted_anew_tells_all_of_it(number: str, void: bool) -> None:
    case, told = correct(granted(), 3, state="in_review", void=void)
    assert (case.legs["01"].state, told) == (LegState.IN_REVIEW, [])
    case, outcome = say(case, "01", "leg.granted", 5, results=[{**FIRST, "number": number}, OTHER])
    assert [key for m in outcome.outbox if m.leg == "03" for key in m.data["keys"]] == ["K24<01#1", "no<01#1"]


@pytest.mark.parametrize("later", ["leg.granted", "leg.corrected"])
def test_results_that_come_again_after_there_were_none_are_told(later: str) -> None:
    case, _ = correct(granted(), 3, state="in_review", void=True)
    case, outcome = say(case, "01", "leg.granted", 4, results=[])
    assert [m.type for m in outcome.outbox if m.leg == "03"] == []
    if later == "leg.granted":
        outcome = say(case, "01", later, 5, results=[FIRST])[1]
        told = [(m.leg, m.data["keys"]) for m in outcome.outbox]
    else:
        told = [(leg, keys) for leg, keys, _ in correct(case, 5, results=[FIRST])[1]]
    assert ("03", ["K24<01#1", "no<01#1"]) in told


def asking(kind: str) -> Plan:
    """Two legs of which the second asks its applicant for K24 where the first does not give it."""
    ask = {"refused": "ask", "voided": "ask"}
    return a_plan([a_leg("01", gives=["K24"]), a_leg("02")], [an_edge("02", "01", kind, feeds=["K24"], on=ask)],
                  [a_slot("02", "K24", "01")])


def open_asks(case: Case) -> list[str]:
    return [ask.id for ask in case.legs["02"].asks if ask.open]


@pytest.mark.parametrize("kind", ["before_start", "before_decide"])
def test_nobody_is_asked_any_more_for_what_a_refusal_that_was_put_right_brings(kind: str) -> None:
    case = filed(asking(kind)).case
    case = ours(case, "02", "leg.sent", 0.5)[0] if kind == "before_decide" else case
    case = say(case, "01", "leg.refused", 1, reason="看错了")[0]
    assert open_asks(case) == ["02-e0"]
    case, told = correct(case, 2, state="granted", results=[{"material": "K24", "number": "1"}])
    assert open_asks(case) == [] and not any(pause.end is None for pause in case.legs["02"].pauses)
    assert told == ([("02", ["K24<01"], False)] if kind == "before_decide" else [("02", [], False)])
    state = LegState.SENT if kind == "before_decide" else LegState.QUEUED
    assert (case.legs["02"].state, case.legs["02"].added) == (state, ("K24<01",))
    assert ours(case, "02", "leg.lapsed", 500, ask="02-e0")[0].legs["02"].state is state


def test_a_leg_above_that_decides_anew_is_waited_for_again_and_asked_about_again_if_it_fails_again() -> None:
    case = say(filed(asking("before_start")).case, "01", "leg.refused", 1, reason="看错了")[0]
    case, _ = correct(case, 2, state="in_review")
    assert (open_asks(case), case.legs["02"].state) == ([], LegState.WAITING)
    case = say(case, "01", "leg.refused", 3, reason="确实不行")[0]
    assert (open_asks(case), case.legs["02"].state) == (["02-e0"], LegState.HELD)
    assert not satisfied(case, 0) and next_actor(case, "02").kind == "applicant"
    case = ours(case, "02", "leg.supplemented", 4, ask="02-e0", materials={"K24": ["f1"]})[0]
    assert case.legs["02"].state is LegState.QUEUED


def test_what_was_granted_without_the_paper_asked_for_is_still_asked() -> None:
    case = say(filed(asking("before_start")).case, "01", "leg.refused", 1, reason="看错了")[0]
    case, _ = correct(case, 2, state="granted")
    assert (open_asks(case), case.legs["02"].state) == (["02-e0"], LegState.HELD)
