"""The dated scenario of the domain notes (Appendix B), and what moves a date, a light, the case's expected day."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from cases.due import schedule
from cases.edges import planned
from cases.fold import apply
from cases.judge import Verdict, judge
from cases.lights import light
from cases.model import Case, Event, LegState
from cases.outcome import case_state, next_actor
from cases.stalled import stalls_at
from cases.urges import is_stalled
from cases.words import line
from forms.plan import Plan
from tests.cases.case_plans import T0, a_leg, a_plan, an_edge, at, filed, ours, say
from tests.cases.case_years import CALENDAR, SHANGHAI

S = LegState
LIMITS = {"01": 2, "02": 3, "03": 3, "04": 3, "05": 2, "06": 1, "07": 1, "08": 1, "09": 2, "10": 2, "11": 3, "12": 2,
          "13": 3, "14": 3, "15": 3, "16": 3, "17": 1}
PLANS = "01 03 04 05 06 07"


def utilities() -> Plan:
    legs = [a_leg(number, f"{days}wd", statutory="20wd") for number, days in LIMITS.items()]
    edges = [an_edge(number, "08") for number in ("01", "02", "03", "04", "05", "06", "07", "17")]
    edges += [an_edge(number, PLANS, join="ended") for number in ("09", "10", "11", "12", "13", "14", "15", "16")]
    return a_plan(legs, [*edges, an_edge("12", "10", "before_decide")])


def on(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-{text}").replace(tzinfo=SHANGHAI)


def due_days(case: Case, now: str) -> dict[str, str]:
    return {n: f"{d.due:%m-%d}" if d.due else "" for n, d in schedule(case, CALENDAR, on(now)).legs.items()}


def expected(case: Case, now: str) -> str:
    return f"{schedule(case, CALENDAR, on(now)).expected.due:%m-%d}"


def colour(case: Case, leg: str, now: str) -> str:
    return light(case.legs[leg], planned(case, leg), schedule(case, CALENDAR, on(now)).legs[leg], on(now)).colour


def accepted_all(case: Case, legs: str, when: str) -> Case:
    for leg in legs.split():
        case = say(case, leg, "leg.accepted", on(when))[0]
    return case


def granted_all(case: Case, legs: str, when: str) -> Case:
    for leg in legs.split():
        case = say(case, leg, "leg.granted", on(when), results=[])[0]
    return case


FILED = filed(utilities(), on("09-25T20:00")).case
SURVEY = say(FILED, "08", "leg.accepted", on("09-26T10:00"))[0]
PLANNING = accepted_all(granted_all(SURVEY, "08", "09-28T16:00"), "01 02 03 04 05 06 07 17", "09-28T17:00")
PERMITS = accepted_all(granted_all(PLANNING, PLANS, "10-09T15:00"), "09 10 11 12 13 14 15 16", "10-09T16:00")


def test_the_promise_of_the_whole_runs_from_the_day_of_acceptance() -> None:
    dates = schedule(SURVEY, CALENDAR, on("09-26T10:00"))
    assert f"{dates.expected.promised:%m-%d}" == "10-13" and dates.legs["08"].due == on("09-28T23:59:59")


def test_the_expected_day_before_anything_is_done_is_the_longest_chain() -> None:
    dates = schedule(SURVEY, CALENDAR, on("09-26T10:00"))
    assert f"{dates.expected.due:%m-%d}" == "10-13" and dates.expected.chain[0] == "08"
    assert len(dates.expected.chain) == 3 and "之后" in dates.expected.why
    assert not dates.legs["11"].started and dates.legs["11"].waits_for == ("01", "03", "04", "05", "06", "07")


def test_legs_after_the_survey_are_due_as_dated() -> None:
    days = due_days(PLANNING, "09-28T17:00")
    assert {n: days[n] for n in ("06", "07", "01", "05", "02", "03", "04", "17")} == {
        "06": "09-29", "07": "09-29", "01": "09-30", "05": "09-30", "02": "10-09", "03": "10-09", "04": "10-09",
        "17": "09-29",
    }
    assert [days[n] for n in ("09", "10", "12", "11", "13", "16")] == ["10-11"] * 3 + ["10-13"] * 3
    assert expected(PLANNING, "09-28T17:00") == "10-13"


def test_permits_are_due_as_dated_once_the_plans_are_closed() -> None:
    days = due_days(PERMITS, "10-09T17:00")
    assert [days[n] for n in ("09", "10", "12")] == ["10-11"] * 3
    assert {days[n] for n in ("11", "13", "14", "15", "16")} == {"10-13"}


def test_a_supplement_moves_its_leg_and_the_case_and_the_page_says_why() -> None:
    ask = Event("leg.supplement_required", on("09-29T10:00"), "dept-03", "03",
                {"ask": "A1", "reason": "缺总平面图", "limit": "5wd"})
    verdict = judge(PLANNING, "03", ask, CALENDAR)
    assert verdict.events[-1].data["until"] == "2025-10-13"
    case = say(PLANNING, "03", "leg.supplement_required", on("09-29T10:00"), **verdict.events[-1].data)[0]
    assert colour(case, "03", "10-10T09:00") == "grey" and next_actor(case, "03").kind == "applicant"
    assert case_state(case) == "needs_applicant"
    assert "补正" in schedule(case, CALENDAR, on("10-10T09:00")).expected.why
    assert schedule(case, CALENDAR, on("10-10T09:00")).legs["03"].answer_by == "2025-10-13"
    case = ours(case, "03", "leg.supplemented", on("10-11T11:00"), ask="A1")[0]
    assert due_days(case, "10-11T12:00")["03"] == "10-14" and expected(case, "10-11T12:00") == "10-17"


def test_a_special_procedure_stops_the_clock_for_its_days() -> None:
    case = say(PERMITS, "11", "leg.special_started", on("10-10T09:00"), kind="政府批准", basis="第45条")[0]
    assert colour(case, "11", "10-14T09:00") == "grey"
    case = say(case, "11", "leg.special_ended", on("10-15T09:00"), kind="政府批准")[0]
    assert due_days(case, "10-15T10:00")["11"] == "10-17" and expected(case, "10-15T10:00") == "10-17"
    days = {d.date.day: d for d in schedule(case, CALENDAR, on("10-15T10:00")).legs["11"].days}
    assert [days[n].counted for n in (10, 11, 12, 13, 14, 15)] == [False] * 5 + [True]
    assert days[13].why == "暂停：特别程序"


LONGER = {"reason": "现场复杂", "basis": "行政许可法第42条", "approved_by": "局长"}
BY_LAW = a_plan([a_leg("01", "5wd", statutory="20wd"), a_leg("02", "5wd"), replace(a_leg("03"), promised=None)])
TAKEN = accepted_all(filed(BY_LAW, on("09-25T20:00")).case, "01 02 03", "09-26T10:00")


def extend(case: Case, leg: str, when: str, **said: str) -> Verdict:
    return judge(case, leg, Event("leg.extended", on(when), f"dept-{leg}", leg, {**LONGER, **said}), CALENDAR)


def test_a_lawful_extension_moves_the_end_of_the_leg_and_what_pauses_afterwards_moves_it_on() -> None:
    verdict = extend(TAKEN, "02", "09-29T09:00", limit="3wd")
    assert (due_days(TAKEN, "09-29T10:00")["02"], verdict.events[-1].data["ends"]) == ("10-10", "2025-10-14")
    case = apply(TAKEN, verdict.events[-1])
    assert due_days(case, "09-29T10:00")["02"] == "10-14" and expected(case, "09-29T10:00") == "10-14"
    assert [colour(case, "02", when) for when in ("10-11T09:00", "10-14T09:00", "10-15T09:00")] == [
        "white", "yellow", "red"]
    assert line(verdict.events[-1], planned(case, "02")) == "依法延长办理期限：到2025年10月14日，现场复杂"
    paused = say(say(case, "02", "leg.special_started", on("10-11T09:00"), kind="听证", basis="第46条")[0], "02",
                 "leg.special_ended", on("10-13T09:00"), kind="听证")[0]
    assert due_days(paused, "10-13T10:00")["02"] == "10-15"
    by_day = extend(TAKEN, "02", "09-29T09:00", until="2025-10-14").events[-1]
    assert (by_day.data["adds"], due_days(apply(TAKEN, by_day), "09-29T10:00")["02"]) == ("3wd", "10-14")


@pytest.mark.parametrize(("leg", "when", "said", "code"), [
    ("01", "09-29T09:00", {"limit": "26wd"}, "extension_too_long"), ("01", "09-29T09:00", {"limit": "25wd"}, ""),
    ("02", "09-29T09:00", {"limit": "26wd"}, ""), ("01", "10-11T09:00", {"limit": "5wd"}, "extension_late"),
    ("03", "09-29T09:00", {"limit": "5wd"}, "extension_unfit"),
    ("01", "09-29T09:00", {"until": "2025-10-10"}, "extension_unfit"),
    ("01", "09-29T09:00", {"limit": "0wd"}, "extension_unfit"),
])
def test_no_extension_goes_beyond_the_law_comes_too_late_or_extends_nothing(
    leg: str, when: str, said: dict[str, str], code: str,
) -> None:
    assert extend(TAKEN, leg, when, **said).code == code


def test_a_leg_is_extended_once_and_once_more_after_a_correction_has_reopened_it() -> None:
    case = apply(TAKEN, extend(TAKEN, "02", "09-29T09:00", limit="3wd").events[-1])
    assert extend(case, "02", "09-29T09:00", limit="3wd").kind == "known"
    assert extend(case, "02", "09-30T09:00", limit="2wd").code == "extended_before"
    case = say(case, "02", "leg.refused", on("09-30T10:00"), reason_code="R", reason="x")[0]
    assert extend(case, "02", "10-01T09:00", limit="2wd").code == "after_final"
    case = apply(case, Event("leg.corrected", on("10-09T09:00"), "dept-02", "02", {"what": {"state": "in_review"}}))
    assert due_days(case, "10-09T10:00")["02"] == "10-14"
    assert extend(case, "02", "10-09T11:00", limit="2wd").kind == "applied"


def test_a_forwarded_leg_is_grey_and_never_overdue_but_its_standing_has_an_end() -> None:
    case = say(PERMITS, "14", "leg.forwarded", on("10-10T09:00"), to="市级园林主管部门")[0]
    assert case.legs["14"].state is S.FORWARDED and colour(case, "14", "12-01T09:00") == "grey"
    assert next_actor(case, "14").name == "市级园林主管部门"
    assert [is_stalled(case, "14", on(when), CALENDAR) for when in ("11-06T09:00", "11-07T09:00")] == [False, True]


@pytest.mark.parametrize(("type_", "said", "from_"), [
    ("leg.special_started", {"kind": "听证", "basis": "x"}, "2025-11-06"),
    ("leg.simulated", {"opinion": "x"}, "2025-11-06"),
    ("leg.special_started", {"kind": "听证", "basis": "x", "expected_end": "2025-12-01"}, "2025-12-01"),
    ("leg.forwarded", {"to": "市级", "expected_end": "2025-10-13"}, "2025-10-13"),
    ("leg.special_started", {"kind": "听证", "basis": "x", "expected_end": "1970-01-01"}, "2025-11-06"),
    ("leg.special_started", {"kind": "听证", "basis": "x", "expected_end": "2025-10-10"}, "2025-10-10"),
    ("leg.special_started", {"kind": "听证", "basis": "x", "expected_end": "9999-12-31"}, "2026-10-10"),
    ("leg.supplement_required", {"ask": "A", "reason": "x"}, "2025-11-06"),
    ("leg.supplement_required", {"ask": "A", "reason": "x", "until": "2025-10-20"}, None), ("leg.in_review", {}, None),
])
def test_what_stands_has_stood_too_long_after_its_own_day_or_after_twenty_working_days(
    type_: str, said: dict[str, str], from_: str | None,
) -> None:
    case = apply(PERMITS, Event(type_, on("10-10T09:00"), "dept-14", "14", said))
    at = stalls_at(case, "14", CALENDAR, on_paper=False)
    assert (at and f"{at:%Y-%m-%d}") == from_


def test_what_is_to_be_handed_over_on_paper_is_owed_after_ten_working_days() -> None:
    given = {"results": [{"name": "证"}]}
    case = say(PERMITS, "14", "leg.granted", on("10-10T09:00"), **given)[0]
    assert stalls_at(case, "14", CALENDAR, on_paper=True) == on("10-23T23:59:59")
    assert stalls_at(case, "14", CALENDAR, on_paper=False) is None
    assert stalls_at(granted_all(PERMITS, "14", "10-10T09:00"), "14", CALENDAR, on_paper=True) is None
    assert not is_stalled(case, "14", on("12-01T09:00"), CALENDAR), "the applicant asks where it is, and urges nothing"
    handed = say(case, "14", "leg.delivered", on("10-13T09:00"), mode="post")[0]
    assert stalls_at(handed, "14", CALENDAR, on_paper=True) is None


def test_a_refusal_without_acceptance_has_the_acceptance_made_up_and_a_second_finish_is_known() -> None:
    case = granted_all(PLANNING, PLANS, "10-09T15:00")
    refused = Event("leg.refused", on("10-10T09:00"), "dept-12", "12", {"reason_code": "R", "reason": "交通组织不足"})
    assert [e.type for e in judge(case, "12", refused).events if e.filled] == ["leg.received", "leg.accepted"]
    again = Event("leg.granted", on("10-09T15:00"), "dept-01", "01", {"results": []})
    assert judge(case, "01", again).kind == "known"


def test_a_leg_that_may_not_decide_yet_moves_with_the_one_above_and_stays_white() -> None:
    case = say(PERMITS, "10", "leg.special_started", on("10-10T09:00"), kind="听证", basis="第46条")[0]
    assert due_days(case, "10-20T09:00")["12"] == due_days(case, "10-20T09:00")["10"] == "10-21"
    assert colour(case, "12", "10-20T09:00") == "white" and next_actor(case, "12").kind == "leg"
    dates = schedule(case, CALENDAR, on("10-20T09:00")).legs["12"]
    assert (dates.waits_for, dates.bound_by) == (("10",), "10")
    late = schedule(PERMITS, CALENDAR, on("10-14T09:00")).legs
    assert late["12"].due == late["10"].finish == on("10-14T23:59:59")


@pytest.mark.parametrize(("leg", "now", "colour_then"), [
    ("09", "10-10T09:00", "white"), ("09", "10-11T09:00", "yellow"), ("09", "10-12T00:00", "red"),
    ("08", "10-12T00:00", "green"), ("11", "10-11T09:00", "white"), ("11", "10-13T00:00", "yellow"),
])
def test_the_light_turns_yellow_on_the_last_day_and_red_after_it(leg: str, now: str, colour_then: str) -> None:
    assert colour(PERMITS, leg, now) == colour_then


def one(**more: Any) -> Case:
    return filed(a_plan([a_leg("01", **more)])).case


def test_a_longer_limit_warns_in_its_last_quarter_and_hours_in_theirs() -> None:
    case = say(one(promised="20wd"), "01", "leg.accepted", T0)[0]
    dates = schedule(case, CALENDAR, T0).legs["01"]
    assert dates.yellow_at is not None and f"{dates.due:%m-%d} {dates.yellow_at:%m-%d}" == "10-30 10-24"
    case = say(one(promised="4h"), "01", "leg.accepted", T0)[0]
    assert schedule(case, CALENDAR, T0).legs["01"].yellow_at == at(3)


def test_a_department_that_is_silent_for_five_working_days_has_accepted_on_receipt() -> None:
    case = say(one(), "01", "leg.received", T0)[0]
    early, late = (schedule(case, CALENDAR, on(day)).legs["01"] for day in ("10-09T09:00", "10-13T09:00"))
    assert (early.started, late.started, late.due) == (False, True, on("09-30T23:59:59"))
    assert colour(case, "01", "10-10T09:00") == "yellow" and colour(case, "01", "10-13T09:00") == "red"


def test_an_offer_of_ours_breaks_no_silence_of_the_department_but_its_own_request_does() -> None:
    case = say(one(), "01", "leg.received", T0)[0]
    offered = apply(case, Event("leg.tolerated", T0, "platform", "01", {"ask": "01-K20", "reason": "后补"}))
    assert schedule(offered, CALENDAR, on("10-13T09:00")).legs["01"].started
    asked = say(case, "01", "leg.supplement_required", T0, ask="a1", reason="缺图", limit="5wd")[0]
    assert not schedule(asked, CALENDAR, on("10-13T09:00")).legs["01"].started


def test_a_publicity_period_is_the_least_and_pauses_do_not_stretch_it() -> None:
    case = say(one(promised="5nd", wait="20nd"), "01", "leg.accepted", T0)[0]
    dates = schedule(case, CALENDAR, T0).legs["01"]
    assert dates.wait_until == dates.due == on("10-16T23:59:59")


def test_a_date_in_an_unannounced_year_is_provisional_through_the_chain() -> None:
    plan = a_plan([a_leg("01", "3wd"), a_leg("02", "3nd")], [an_edge("02", "01", "before_decide")])
    start = datetime(2026, 12, 30, 9, tzinfo=SHANGHAI)
    case = say(filed(plan, start).case, "01", "leg.accepted", start)[0]
    dates = schedule(case, CALENDAR, start)
    assert dates.legs["01"].provisional and dates.legs["02"].provisional and dates.expected.provisional


def test_a_leg_without_limits_has_no_date_and_the_case_says_so() -> None:
    plan = a_plan([a_leg("01")])
    bare = a_plan([plan.legs[0].__class__("01", "m", plan.legs[0].name, "d", plan.legs[0].name, plan.legs[0].why)])
    dates = schedule(filed(bare).case, CALENDAR, T0)
    assert dates.legs["01"].due is None and dates.expected.due is None and dates.expected.why


STATES: list[tuple[str, str, str]] = [
    ("..", "", "filed"), ("a.", "", "in_progress"), ("gg", "", "finished"), ("gr", "", "partly_finished"),
    ("gr", "02", "not_granted"), ("rr", "", "not_granted"), ("ww", "", "withdrawn"), ("gw", "", "partly_finished"),
    ("rw", "", "not_granted"), ("g.", "", "in_progress"), ("s.", "", "needs_applicant"),
    ("rg", "02", "partly_finished"), ("gw", "02", "partly_finished"), ("gw", "01", "partly_finished"),
]


@pytest.mark.parametrize(("ends", "must_have", "state"), STATES)
def test_the_case_state_is_derived_from_its_legs(ends: str, must_have: str, state: str) -> None:
    case = filed(a_plan([a_leg(n, must_have=n == must_have) for n in ("01", "02")])).case
    notices: dict[str, tuple[str, dict[str, Any]]] = {
        "a": ("leg.accepted", {}), "g": ("leg.granted", {"results": []}),
        "r": ("leg.refused", {"reason_code": "R", "reason": "x"}),
        "s": ("leg.supplement_required", {"ask": "A", "reason": "x", "limit": "5wd"}),
    }
    for leg, end in zip(("01", "02"), ends, strict=True):
        if end == "w":
            case = ours(case, leg, "leg.withdraw_requested", 1, why="applicant")[0]
        elif end != ".":
            type_, data = notices[end]
            case = say(case, leg, type_, 1, **data)[0]
    assert case_state(case) == state


def test_the_next_actor_is_named_at_every_stage() -> None:
    case = FILED
    assert (next_actor(case, "08").kind, next_actor(case, "01").kind) == ("platform", "leg")
    assert next_actor(case, "01").name == "事项08"
    assert next_actor(SURVEY, "08").name == "部门08"
    assert next_actor(say(granted_all(SURVEY, "08", "09-28T16:00"), "08", "leg.delivered", on("09-29T09:00"),
                          mode="电子")[0], "08").kind == "none"
