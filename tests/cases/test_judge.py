"""Notices in any order, any number of copies, early, late, contradictory: the same end state, or a person's desk."""

from itertools import permutations, product
from typing import Any

import pytest

from cases.errors import UnknownEvent, UnknownLeg
from cases.fold import apply, begin, replay
from cases.judge import judge
from cases.model import Case, Event, Leg, LegState
from cases.states import FINAL, NOTICES
from tests.cases.case_plans import T0, a_leg, a_plan, at, filed
from tests.cases.case_years import CALENDAR

S = LegState
PLAN = a_plan([a_leg("01", gives=["permit"]), a_leg("02", wait="20nd", promised="20nd")])
RESULT = {"material": "permit", "name": "许可证", "number": "P-1"}
ASK: dict[str, Any] = {"ask": "A1", "reason": "缺盖章", "limit": "5wd"}


def notice(type_: str, hours: float, seq: int | None = None, **data: Any) -> Event:
    return Event(type_, at(hours), "dept-01", "01", {**data, **({"seq": seq} if seq else {})})


def take(case: Case, *events: Event) -> Case:
    for event in events:
        if event.type in NOTICES:
            for told in judge(case, "01", event, CALENDAR, frozenset({"上级机关"})).events:
                case = apply(case, told)
        else:
            case = apply(case, event)
    return case


def ours(type_: str, hours: float, **data: Any) -> Event:
    return Event(type_, at(hours), "platform", "01", data)


SENT = take(filed(PLAN).case, ours("leg.sent", 0.1))
PLAIN = [notice("leg.received", 1, 1), notice("leg.accepted", 2, 2), notice("leg.in_review", 3, 3, step="初审"),
         notice("leg.in_review", 30, 4, step="复审"), notice("leg.granted", 50, 6, results=[RESULT]),
         notice("leg.delivered", 60, 9, mode="邮寄")]
ROUNDS = [notice("leg.received", 1, 1), notice("leg.supplement_required", 2, 2, **ASK), notice("leg.accepted", 26, 3),
          notice("leg.special_started", 30, 5, kind="听证", basis="第45条"),
          notice("leg.special_ended", 90, 6, kind="听证"),
          notice("leg.refused", 99, 7, reason_code="R1", reason="不符合条件")]
UNNUMBERED = [notice("leg.accepted", 2), notice("leg.forwarded", 3, to="市级"),
              notice("leg.fee", 4, amount="10", basis="x"),
              notice("leg.remark", 5, text="请带原件"), notice("leg.granted", 50, results=[RESULT]),
              notice("leg.delivered", 60, mode="自取")]
GAPS = [notice("leg.in_review", 9, 2, step="初审"), notice("leg.special_ended", 20, 3, kind="听证"),
        notice("leg.supplement_required", 25, 4, **ASK), notice("leg.simulated", 30, 5, opinion="同意"),
        notice("leg.granted", 40, 6, results=[RESULT]), notice("leg.fee", 41, 7, amount="1", basis="x")]
SAME_MOMENT = [notice(t, 5, **d) for t, d in (
    ("leg.received", {}), ("leg.accepted", {}), ("leg.in_review", {"step": "初审"}), ("leg.remark", {"text": "好"}),
    ("leg.granted", {"results": [RESULT]}), ("leg.delivered", {"mode": "电子"}))]


@pytest.mark.parametrize(("events", "end"), [
    (PLAIN, "delivered"), (ROUNDS, "refused"), (UNNUMBERED, "delivered"), (GAPS, "granted"), (SAME_MOMENT, "delivered"),
], ids=["plain", "rounds", "unnumbered", "gaps", "same moment"])
def test_all_720_orders_of_six_notices_give_the_same_leg(events: list[Event], end: str) -> None:
    straight = take(SENT, *events).legs["01"]
    assert straight.state == end
    for order in permutations(events):
        assert take(SENT, *order).legs["01"] == straight, [e.type for e in order]


@pytest.mark.parametrize("events", [PLAIN, ROUNDS, UNNUMBERED, GAPS])
def test_copies_change_nothing_and_are_known(events: list[Event]) -> None:
    case = SENT
    for event in events:
        case = take(case, event)
        for _ in range(2):
            assert judge(case, "01", event, CALENDAR).kind == "known"
    assert take(case, *events, *reversed(events)) == case
    assert len(case.legs["01"].asks) <= 1


def test_replaying_all_events_is_the_same_as_applying_them_one_by_one() -> None:
    outcome = filed(PLAN)
    events = [*outcome.events, ours("leg.sent", 0.1), *ROUNDS, notice("leg.received", 1, filled=True)]
    one_by_one = begin("2509260001", PLAN, T0)
    for event in events:
        one_by_one = apply(one_by_one, event)
    assert replay("2509260001", PLAN, T0, events) == one_by_one


def test_steps_that_a_department_left_out_are_made_up_and_marked() -> None:
    verdict = judge(SENT, "01", notice("leg.granted", 5, results=[RESULT]))
    assert [(e.type, e.filled) for e in verdict.events] == [
        ("leg.received", True), ("leg.accepted", True), ("leg.granted", False)]
    late = take(take(SENT, *verdict.events), notice("leg.accepted", 3))
    assert (late.legs["01"].accepted_at, late.legs["01"].received_at) == (at(3), at(3))


@pytest.mark.parametrize("state", ["leg.sending", "leg.outcome_unknown", "leg.stuck", "leg.again"])
def test_a_notice_before_the_answer_to_the_push_stands_whatever_the_answer_is(state: str) -> None:
    early = take(filed(PLAN).case, ours("leg.sending", 0), notice("leg.accepted", 0.5))
    assert take(early, ours(state, 1)).legs["01"].state is S.ACCEPTED


def test_a_confirmed_withdrawal_counts_though_it_was_said_before_we_noted_the_receipt() -> None:
    told = take(filed(PLAN).case, ours("leg.sending", 0), ours("leg.withdraw_requested", 1), notice("leg.received", 3),
                ours("leg.withdraw_received", 3))
    verdict = judge(told, "01", notice("leg.withdraw_confirmed", 2))
    assert verdict.kind == "applied"
    assert take(told, *verdict.events).legs["01"].state is S.WITHDRAWN


REFUSED = notice("leg.refused", 9, 5, reason_code="R1", reason="不符合条件")
GRANTED = notice("leg.granted", 9, 5, results=[RESULT])


@pytest.mark.parametrize(("before", "event", "code"), [
    ([GRANTED], notice("leg.refused", 10, 6, reason_code="R", reason="x"), "contradiction"),
    ([GRANTED], notice("leg.refused", 8, 4, reason_code="R", reason="x"), "contradiction"),
    ([REFUSED], notice("leg.granted", 10, 6, results=[]), "contradiction"),
    ([REFUSED], notice("leg.in_review", 10, 6, step="x"), "after_final"),
    ([REFUSED], notice("leg.delivered", 10, 6, mode="x"), "contradiction"),
    ([GRANTED], notice("leg.in_review", 10, 6, step="x"), "after_final"),
    ([GRANTED], notice("leg.granted", 10, 6, results=[{"name": "另一证"}]), "contradiction"),
    ([GRANTED], notice("leg.granted", 9, 5, results=[{"name": "另一证"}]), "contradiction"),
    ([notice("leg.supplement_required", 2, 2, **ASK)], notice("leg.supplement_required", 3, 3, ask="A1", reason="别的"),
     "ask_changed"),
    ([notice("leg.fee", 2, 2, amount=1, basis="甲")], notice("leg.fee", 3, 2, amount=2, basis="乙"), "seq_reused"),
    ([], notice("leg.withdraw_confirmed", 2), "not_requested"),
    ([], notice("leg.corrected", 2, what={"state": "refused"}, authority="过路人"), "beyond_authority"),
    ([], notice("leg.approved", 2), "not_a_notice"),
    ([ours("leg.withdraw_requested", 1), notice("leg.withdraw_confirmed", 2)], notice("leg.granted", 3, results=[]),
     "after_final"),
])
def test_what_cannot_be_believed_is_put_aside(before: list[Event], event: Event, code: str) -> None:
    case = take(SENT, *before)
    verdict = judge(case, "01", event, CALENDAR, frozenset({"上级机关"}))
    assert (verdict.kind, verdict.code) == ("quarantined", code) and verdict.text and not verdict.events


def test_a_leg_that_was_never_sent_and_an_unknown_leg_take_no_notice() -> None:
    waiting = begin("2509260001", PLAN, T0)
    assert judge(waiting, "01", notice("leg.accepted", 1)).code == "not_sent"
    with pytest.raises(UnknownLeg):
        judge(waiting, "77", notice("leg.accepted", 1))
    with pytest.raises(UnknownEvent):
        apply(waiting, ours("leg.invented", 1))


def test_a_decision_during_a_running_publicity_period_is_put_aside() -> None:
    case = filed(PLAN).case
    for hours, kind in ((24 * 19, "quarantined"), (24 * 21, "applied")):
        event = Event("leg.granted", at(hours), "dept-02", "02", {"results": []})
        assert judge(case, "02", event, CALENDAR).kind == kind


def test_only_a_correction_by_authority_leaves_a_final_state() -> None:
    case = take(SENT, GRANTED, notice("leg.delivered", 20, 7, mode="x"))
    corrected = take(case, notice("leg.corrected", 30, 9, what={"state": "refused", "void": True, "reason": "复核不符"},
                                  authority="上级机关"))
    leg = corrected.legs["01"]
    assert (leg.state, leg.reason, leg.results[0].void) == (S.REFUSED, "复核不符", True)


REOPENED = notice("leg.corrected", 20, 8, what={"state": "in_review", "void": True}, authority="上级机关")


def test_a_leg_that_a_correction_reopened_is_decided_anew_even_in_the_same_words() -> None:
    again = notice("leg.granted", 30, 9, results=[RESULT])
    leg = take(SENT, GRANTED, REOPENED, again).legs["01"]
    assert (leg.state, leg.decided_at, [r.void for r in leg.results]) == (S.GRANTED, at(30), [False])
    assert judge(take(SENT, GRANTED, REOPENED, again), "01", again, CALENDAR).kind == "known"
    assert take(SENT, GRANTED, REOPENED, GRANTED).legs["01"].state is S.IN_REVIEW


def test_a_correction_names_only_what_a_department_decides() -> None:
    for state in ("queued", "waiting", "supplement_required", "stuck"):
        case = take(SENT, notice("leg.corrected", 5, what={"state": state}, authority="上级机关"))
        assert case.legs["01"].state is S.SENT
    granted = take(SENT, notice("leg.supplement_required", 2, 2, **ASK),
                   notice("leg.corrected", 5, 3, what={"state": "granted"}, authority="上级机关")).legs["01"]
    assert (granted.state, granted.accepted_at, granted.decided_at) == (S.GRANTED, at(5), at(5))
    assert all(a.lapsed for a in granted.asks) and all(p.end == at(5) for p in granted.pauses)


LATE_WORD = notice("leg.remark", 4, text="请带原件")


@pytest.mark.parametrize(("before", "late"), [
    ([notice("leg.supplement_required", 2, **ASK), LATE_WORD, ours("leg.lapsed", 300, ask="A1")],
     notice("leg.accepted", 3)),
    ([notice("leg.received", 1), LATE_WORD, ours("leg.withdraw_requested", 5, why="stop"),
      ours("leg.withdraw_received", 6)], notice("leg.granted", 3, results=[RESULT])),
], ids=["lapsed", "stopped"])
def test_a_notice_overtaken_by_another_never_reopens_a_leg_that_we_closed(before: list[Event], late: Event) -> None:
    case = take(SENT, *before)
    assert case.legs["01"].state in FINAL
    assert judge(case, "01", late, CALENDAR).code == "contradiction"


def test_an_answer_to_a_withdrawal_counts_even_if_the_department_clock_is_behind() -> None:
    asked = take(SENT, notice("leg.received", 1), ours("leg.withdraw_requested", 1.1))
    case = take(asked, notice("leg.withdraw_confirmed", 0.5))
    assert case.legs["01"].state is S.WITHDRAWN
    case = take(asked, notice("leg.withdraw_rejected", 2))
    assert case.legs["01"].state is S.RECEIVED and not case.legs["01"].withdrawing


def test_a_supplement_runs_its_round_and_the_clock_stands_meanwhile() -> None:
    case = take(SENT, notice("leg.accepted", 1, 1), notice("leg.supplement_required", 2, 2, **ASK))
    leg = case.legs["01"]
    assert (leg.state, leg.back_to, leg.asks[0].until) == (S.SUPPLEMENT_REQUIRED, S.ACCEPTED, "2025-10-10")
    case = take(case, ours("leg.supplemented", 30, ask="A1"))
    leg = case.legs["01"]
    assert (leg.state, leg.pauses[0].start, leg.pauses[0].end) == (S.SUPPLEMENTED, at(2), at(30))
    assert take(case, notice("leg.in_review", 40, 3, step="复审")).legs["01"].state is S.IN_REVIEW


def test_two_open_asks_need_two_answers() -> None:
    case = take(SENT, notice("leg.supplement_required", 2, 2, **ASK),
                notice("leg.supplement_required", 3, 3, ask="A2", reason="缺图"), ours("leg.supplemented", 5, ask="A1"))
    assert case.legs["01"].state is S.SUPPLEMENT_REQUIRED and case.legs["01"].pauses[0].end is None
    case = take(case, ours("leg.supplemented", 6, ask="A2"))
    assert case.legs["01"].state is S.SUPPLEMENTED and all(p.end == at(6) for p in case.legs["01"].pauses)


SAMPLES = [
    notice("leg.received", 1), notice("leg.accepted", 2), notice("leg.supplement_required", 3, **ASK),
    notice("leg.special_started", 4, kind="k", basis="b"), notice("leg.granted", 6, results=[RESULT]),
    notice("leg.refused", 7, reason_code="R", reason="x"), notice("leg.delivered", 8, mode="x"),
    notice("leg.withdraw_confirmed", 9), ours("leg.withdraw_requested", 5), ours("leg.outcome_unknown", 5),
]


def check(leg: Leg) -> None:
    """A closed leg has its time, a pause ends after it began and with the leg, a decision has its acceptance."""
    if leg.state in FINAL:
        assert leg.closed_at is not None and all(p.end is not None for p in leg.pauses)
    assert all(p.end is None or p.end >= p.start for p in leg.pauses)
    assert leg.state not in {S.GRANTED, S.REFUSED} or leg.accepted_at is not None
    assert leg.state is not S.SUPPLEMENT_REQUIRED or any(a.answered_at is None for a in leg.asks)


def test_every_sequence_of_three_notices_judged_keeps_the_invariants() -> None:
    for events in product(SAMPLES, repeat=3):
        case, before = SENT, S.SENT
        for event in events:
            case = take(case, event)
            leg = case.legs["01"]
            check(leg)
            assert before not in FINAL or leg.state is before, [e.type for e in events]
            before = leg.state
