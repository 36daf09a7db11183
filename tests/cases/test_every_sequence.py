"""All sequences of up to six events: each event is applied, known or refused with a stable code, and nothing breaks."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta

from cases.edges import over, unsent
from cases.fold import stay
from cases.follow import follow
from cases.judge import QUARANTINE, judge
from cases.lapse import last_moment
from cases.model import Event, Leg, LegState
from cases.outcome import next_actor, open_asks
from cases.states import AT_WORK, FINAL, NOTICES, OURS, OUT, OVER, TRANSFERRED, UNSENT, Reply
from cases.words import STATE_NAMES
from tests.cases.case_plans import T0, at
from tests.cases.case_years import CALENDAR
from tests.cases.sequences import EVENTS, LONGEST, STRANGE, Taken, every_leg, every_step, facts, meet, walked

S = LegState
DONE = {"applied", "known"}
KEPT_ONCE_KNOWN = ("received_at", "accepted_at", "sent_at", "ref")


def told(taken: Taken) -> list[str]:
    """The story of a step, for the report of a failure."""
    return [e.type for e in (*taken.before.history, taken.event)]


def test_every_sequence_of_up_to_six_events_of_all_types_is_covered() -> None:
    assert {name for name, _ in EVENTS} == NOTICES | set(OURS)
    covered = [ends.total() for ends in walked().reached]
    assert covered == [len(EVENTS) ** length for length in range(LONGEST + 1)]
    assert walked().answers.total() == len(EVENTS) ** LONGEST
    assert {facts_[0] for facts_ in walked().cases} == set(LegState)


def test_legs_that_the_walk_takes_for_one_answer_every_event_alike() -> None:
    compared = [here for here in walked().reached[4] if walked().cases[here][1:]]
    assert len(compared) > len(walked().reached[4]) / 4
    for here in compared:
        for told_, (taken, there) in zip(EVENTS, walked().steps[here], strict=True):
            other = meet(walked().cases[here][1], told_, at(LONGEST + 1))
            assert (other.answer, facts(other.after)) == (taken.answer, there), (told(taken), told(other))


def test_each_event_is_applied_known_or_refused_with_a_stable_code() -> None:
    allowed = {True: DONE | set(QUARANTINE), False: {"applied", Reply.IGNORED.value}}
    for taken in every_step():
        assert taken.answer in allowed[taken.event.type in NOTICES], told(taken)
        if taken.answer != "applied":
            assert taken.after == taken.before, told(taken)


def test_no_final_state_is_left_but_by_a_correction_from_authority() -> None:
    left = {(taken.before.state, taken.event.type) for taken in every_step()
            if taken.before.state in FINAL and taken.after.state is not taken.before.state}
    assert {event for _, event in left} == {"leg.corrected"}
    assert {state for state, _ in left} == FINAL - {S.VOIDED, S.NOT_NEEDED}


def test_every_open_leg_says_who_acts_next_and_a_closed_leg_asks_nobody() -> None:
    for case in every_leg():
        leg = case.legs["01"]
        actor = next_actor(case, "01")
        assert STATE_NAMES[leg.state] and (actor.kind == "none") == (leg.state in FINAL), leg
        if leg.state in FINAL or open_asks(leg):
            assert actor.kind == ("none" if leg.state in FINAL else "applicant")
            assert over(leg) or last_moment(case, "01", CALENDAR) is not None, "the applicant's turn has an end"
        else:
            assert actor.kind == ("platform" if leg.state in OUT | UNSENT else "department"), leg


def test_a_leg_that_waits_for_nobody_is_released_and_nothing_else_is_stirred_twice() -> None:
    for case in every_leg():
        stirred = follow(case, at(LONGEST + 1), CALENDAR)
        assert stirred.case.legs["01"].state is not S.WAITING
        assert follow(stirred.case, at(LONGEST + 1), CALENDAR).events == ()


def test_what_is_counted_or_known_never_goes_back() -> None:
    for taken in every_step():
        before, after = taken.before, taken.after
        assert after.history[:len(before.history)] == before.history
        if taken.event.type == TRANSFERRED:
            continue
        assert _no_less(before.rounds, after.rounds) and after.seq >= before.seq, told(taken)
        assert not before.reached or after.reached or (
            taken.event.type == "leg.message_refused" and before.state in OUT), told(taken)
        for name in KEPT_ONCE_KNOWN:
            assert getattr(before, name) in (None, getattr(after, name)), (name, told(taken))


def _no_less(before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    return all(after.get(what, 0) >= count for what, count in before.items())


def sound(leg: Leg) -> bool:
    """A closed leg has its time, nothing stands or is asked once all is over, a decision has its time and acceptance,
    a request has its ask; what holds a leg is a request of ours and no offer."""
    ended = all(p.end is not None for p in leg.pauses) and not any(a.open for a in leg.asks)
    decided = leg.decided_at is not None and leg.accepted_at is not None
    return (
        (leg.closed_at is not None) == (leg.state in FINAL)
        and (ended or not over(leg)) and (decided or leg.state not in {S.GRANTED, S.DELIVERED, S.REFUSED})
        and all(p.end is None or p.end >= p.start for p in leg.pauses)
        and (leg.state is not S.SUPPLEMENT_REQUIRED or any(a.open and a.by == "department" for a in leg.asks))
        and (leg.state is not S.HELD or any(a.answered_at is None and a.holds for a in leg.asks))
    )


def test_every_leg_is_sound_after_every_sequence() -> None:
    for case in every_leg():
        leg = case.legs["01"]
        assert sound(leg), ([e.type for e in leg.history], {f.name: getattr(leg, f.name) for f in fields(leg)})


def test_what_contradicts_is_unknown_or_has_no_authority_breaks_no_leg_either() -> None:
    codes = {}
    for here in walked().steps:
        for strange in STRANGE:
            taken = meet(walked().cases[here][0], strange, at(LONGEST))
            codes.setdefault(strange[0], set()).add(taken.answer)
            assert taken.answer in DONE | set(QUARANTINE) and sound(taken.after), told(taken)
            lawful = strange[0] == "leg.corrected" and taken.answer == "applied"
            assert lawful or taken.before.state not in FINAL or taken.after.state is taken.before.state, told(taken)
    assert codes["leg.approved"] == {"not_a_notice"}
    assert codes["leg.supplement_required"] >= {"applied", "ask_changed", "after_final", "not_sent"}
    assert "beyond_authority" in codes["leg.corrected"] and "contradiction" in codes["leg.granted"]


def test_a_copy_of_any_notice_is_known_whatever_came_in_between() -> None:
    for case in every_leg():
        for said in stay(case.legs["01"]):
            if said.type in NOTICES:
                copy = meet(case, (said.type, said.data), said.at)
                assert (copy.answer, copy.after) == ("known", case.legs["01"]), told(copy)


def test_a_notice_that_comes_late_never_undoes_an_ending() -> None:
    answers = set()
    for here in (here for here in walked().reached[4] if here[0] in FINAL):
        case = walked().cases[here][0]
        for told_ in (e for e in EVENTS if e[0] in NOTICES and e[0] != "leg.corrected"):
            for moment in (T0 + timedelta(minutes=1), at(2.5)):
                taken = meet(case, told_, moment)
                assert taken.answer in DONE | set(QUARANTINE) and sound(taken.after), told(taken)
                assert taken.after.state is taken.before.state, told(taken)
                answers.add(taken.answer)
    assert answers >= {"applied", "known", "contradiction", "after_final"}


def test_an_open_leg_can_go_to_another_office_which_begins_with_nothing_and_of_an_ended_one_nothing_moves() -> None:
    for taken in (taken for taken in every_step() if taken.event.type == TRANSFERRED):
        before, after = taken.before, taken.after
        if before.state in OVER:
            assert (taken.answer, after) == ("ignored", before), told(taken)
        elif before.state in UNSENT:
            moved = before.but(office="dept-02", left=(*before.left, "dept-01"), since=after.since)
            assert after == moved, told(taken)
        else:
            assert (after.state, after.office, after.left[-1]) == (S.QUEUED, "dept-02", "dept-01"), told(taken)
            assert unsent(after) and after.ref is None and after.received_at is None, told(taken)
            assert after.accepted_at == (T0 if taken.event.data["clock"] else None), told(taken)
            assert not any(a.open and a.by == "department" for a in after.asks), told(taken)
            assert [a.id for a in after.asks if a.open] == [a.id for a in before.asks if a.open], told(taken)
            ours = [[a for a in leg.asks if a.by == "platform" and a.holds] for leg in (before, after)]
            assert ours[0] == ours[1] and (bool(ours[0]) or all(p.end is not None for p in after.pauses)), told(taken)


def test_what_an_office_says_of_a_leg_that_has_left_it_is_put_aside_and_moves_nothing() -> None:
    for case in (case for case in every_leg() if case.legs["01"].office is not None):
        for name in NOTICES:
            verdict = judge(case, "01", Event(name, at(LONGEST + 1), "department:dept-01", "01", {}), CALENDAR)
            assert (verdict.kind, verdict.code) == ("quarantined", "transferred")


def test_a_department_can_decide_whatever_it_has_even_after_a_correction_reopened_it() -> None:
    ends = {"leg.granted": S.GRANTED, "leg.refused": S.REFUSED, "leg.delivered": S.DELIVERED}
    decisions = [taken for taken in every_step() if taken.before.state in AT_WORK and taken.event.type in ends]
    assert {taken.answer for taken in decisions} == {"applied"}
    for taken in decisions:
        assert taken.after.state is ends[taken.event.type]
        assert taken.after.state is not S.GRANTED or any(not r.void for r in taken.after.results), told(taken)
