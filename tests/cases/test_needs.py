"""A leg that needs something of what an earlier one gives: it starts, or ends as not needed, as the results say."""

from typing import Any

import pytest

from cases.fold import replay
from cases.follow import follow
from cases.judge import judge
from cases.model import Case, CaseState, Event, LegState
from cases.news import Fresh, pieces
from cases.outcome import case_state
from catalog.conditions import parse_condition
from catalog.dictionary import FieldType
from catalog.text import Text
from forms.plan import RemovedField
from tests.cases.case_plans import WHY, a_given_field, a_leg, a_plan, an_edge, at, filed, happen, ours, say
from tests.cases.case_years import CALENDAR

S = LegState
SAY = "护理补贴只发给一级、二级"


def case_of(need: str = "grade == 'one' or grade == 'two'", kind: FieldType = "choice", **more: Any) -> Case:
    """01 gives a grade; 02 needs it to be one of two, 03 takes it whatever it is, 04 follows 02."""
    edge = an_edge("02", "01", feeds=["grade"], need=parse_condition(need), say=Text(SAY), **more)
    given = a_given_field("grade", "02", "01")
    plan = a_plan([a_leg("01"), a_leg("02", must_have=True), a_leg("03"), a_leg("04")],
                  [edge, an_edge("03", "01"), an_edge("04", "02")],
                  removed_fields=[RemovedField("grade", given.name, given.askers, WHY, ("01",), kind)])
    return filed(plan).case


def grant(case: Case, grade: Any, hours: float = 1, leg: str = "01") -> Case:
    fields = {} if grade is None else {"grade": grade}
    return say(case, leg, "leg.granted", hours, results=[{"name": "证", "fields": fields}])[0]


def correct(case: Case, grade: str, hours: float) -> Case:
    what = {"results": [{"name": "证", "fields": {"grade": grade}}]}
    notice = Event("leg.corrected", at(hours), "dept-01", "01", {"what": what, "authority": "上级机关"})
    verdict = judge(case, "01", notice, CALENDAR, frozenset({"上级机关"}))
    assert verdict.kind == "applied", verdict
    return happen(case, *verdict.events)[0]


@pytest.mark.parametrize(("need", "kind", "given", "state"), [
    ("grade == 'one' or grade == 'two'", "choice", "two", "queued"),
    ("grade == 'one' or grade == 'two'", "choice", "three", "not_needed"),
    ("not grade == 'one'", "choice", "one", "not_needed"), ("'a' in grade", "many", ["a", "b"], "queued"),
    ("'a' in grade", "many", ["b"], "not_needed"), ("'a' in grade", "many", "a", "queued"),
    ("grade", "yes_no", True, "queued"), ("grade", "yes_no", False, "not_needed"),
    ("grade <= 2", "integer", "2", "queued"), ("grade <= 2", "integer", 3, "not_needed"),
    ("grade <= 2", "integer", "二", "queued"), ("grade >= 2026-01-01", "date", "2025-12-31", "not_needed"),
    ("grade >= 2026-01-01", "datetime", "2026-01-01T08:00", "queued"),
])
def test_what_arrives_decides_whether_the_leg_starts(need: str, kind: FieldType, given: Any, state: str) -> None:
    case = grant(case_of(need, kind), given)
    assert case.legs["02"].state == state
    assert case.legs["03"].state is S.QUEUED


@pytest.mark.parametrize("given", [None, " ", {"a": 1}])
def test_what_was_not_given_is_left_to_the_department_that_follows(given: Any) -> None:
    assert grant(case_of(), given).legs["02"].state is S.QUEUED


def test_a_leg_that_is_not_needed_says_why_holds_nobody_up_and_costs_the_case_nothing() -> None:
    before = case_of()
    case = grant(before, "three")
    assert (case.legs["02"].state, case.legs["02"].reason) == (S.NOT_NEEDED, SAY)
    assert case.legs["04"].state is S.QUEUED
    assert case.legs["02"].started_at is None
    for leg in ("03", "04"):
        case = grant(case, None, 5, leg)
    assert case_state(case) is CaseState.FINISHED
    history = [event for leg in case.legs.values() for event in leg.history]
    assert replay(case.reference, case.plan, case.filed_at, history) == case
    told = [piece for piece in pieces(case, [Fresh(9, "02", "leg.not_needed")]) if piece.leg == "02"]
    assert [(one.kind, one.text) for one in told] == [("stopped", "“事项02”不再办理（不需办理），请查看原因")]


def test_other_legs_above_are_not_waited_for_once_it_is_known() -> None:
    plan = case_of().plan
    edges = (*plan.edges, an_edge("02", "03"))
    case = grant(filed(a_plan(plan.legs, edges, removed_fields=plan.removed_fields)).case, "three")
    assert case.legs["02"].state is S.NOT_NEEDED


def test_a_grant_whose_results_come_later_is_judged_when_they_come() -> None:
    case = say(case_of(), "01", "leg.granted", 1)[0]
    assert case.legs["02"].state is S.QUEUED  # nobody can tell that more is to come
    case = say(case, "01", "leg.granted", 2, results=[{"name": "证", "fields": {"grade": "three"}}])[0]
    assert case.legs["02"].state is S.NOT_NEEDED


def test_a_correction_ends_what_nobody_has_yet_and_stops_what_is_at_work_but_not_what_is_decided() -> None:
    stuck = correct(grant(case_of(), "two"), "three", 3)
    assert stuck.legs["02"].state is S.NOT_NEEDED
    case = ours(grant(case_of(), "two"), "02", "leg.sending", 2)[0]
    at_work = say(ours(case, "02", "leg.sent", 2)[0], "02", "leg.accepted", 3)[0]
    stopped = correct(at_work, "three", 4)
    leg = stopped.legs["02"]
    assert (leg.state, leg.withdrawing, leg.stopped, leg.reason) == (S.ACCEPTED, True, "not_needed", SAY)
    again = correct(correct(stopped, "two", 5), "three", 6)
    assert again.legs["02"].rounds == {"withdrawal": 1}
    assert ours(again, "02", "leg.withdraw_received", 7)[0].legs["02"].state is S.WITHDRAWN
    decided = correct(grant(at_work, None, 4, "02"), "three", 5)
    assert decided.legs["02"].state is S.GRANTED


def test_a_correction_does_not_bring_back_what_has_ended() -> None:
    case = correct(grant(case_of(), "three"), "two", 3)
    assert case.legs["02"].state is S.NOT_NEEDED
    assert follow(case, at(9), CALENDAR).events == ()


def test_each_row_is_judged_by_its_own_result() -> None:
    edges = [an_edge(f"02.{n}", f"01.{n}", feeds=["grade"], need=parse_condition("grade == 'one'"), say=Text(SAY))
             for n in (1, 2)]
    askers = tuple(asker for n in (1, 2) for asker in a_given_field("grade", f"02.{n}", "").askers)
    given = RemovedField("grade", Text("等级"), askers, WHY, ("01.1", "01.2"), "choice")
    case = filed(a_plan([a_leg(f"{kind}.{n}") for kind in ("01", "02") for n in (1, 2)], edges,
                        removed_fields=[given])).case
    case = grant(grant(case, "one", 1, "01.1"), "three", 2, "01.2")
    assert [case.legs[f"02.{n}"].state for n in (1, 2)] == [S.QUEUED, S.NOT_NEEDED]
