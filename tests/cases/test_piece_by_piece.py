"""Folding one event more, and dating only what may have moved, come to the same as doing all of it again."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.due import Dates, same_dates, schedule
from cases.fold import add, apply, begin, comes_last, fold_leg, in_order, replay, timeline
from cases.follow import at_rest, follow
from cases.model import Event, Leg, LegState
from cases.states import NOTICES
from tests.cases.case_plans import T0, at, filed
from tests.cases.case_years import CALENDAR
from tests.cases.lives import life, random_plan
from tests.cases.sequences import EVENTS, STRANGE

BOUNDED = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
FOLDED = [told for told in (*EVENTS, *STRANGE) if told[0] != "leg.approved"]


def _event(told: tuple[str, dict[str, object]], hours: int, seq: int | None) -> Event:
    name, data = told
    noted = name in NOTICES and seq
    return Event(name, at(hours), "somebody", "01", {**data, "seq": seq} if noted else data)


HISTORIES = st.lists(
    st.builds(_event, st.sampled_from(FOLDED), st.integers(0, 8), st.one_of(st.none(), st.integers(1, 6))), max_size=12)


@BOUNDED
@given(HISTORIES)
def test_a_leg_folded_event_by_event_is_the_leg_folded_whole(history: Sequence[Event]) -> None:
    leg = blank = Leg("01", "matter-01", "dept-01", LegState.WAITING)
    for length, event in enumerate(history, 1):
        known = tuple(history[:length])
        whole, steps = fold_leg(blank, known)
        last = comes_last(leg, event)
        assert not last or in_order(known)[-1] is event
        leg, fresh = add(leg, event)
        assert (leg, leg.history) == (whole, known)
        assert fresh == (steps[-1:] if last else steps)
        assert timeline(leg) == tuple(e for step in steps for e in (*step.filled, step.event))


def test_a_case_followed_moment_by_moment_is_the_case_of_its_log() -> None:
    late = 0
    for seed in range(25):
        dice = Random(seed)
        plan = random_plan(dice)
        log = list(filed(plan).events)
        for moment in life(plan, dice, talkative=True):
            late += sum(not comes_last(moment.before.legs[e.leg or ""], e) for e in moment.happened)
            log += moment.happened
            assert replay(moment.after.reference, plan, T0, log) == moment.after
    assert late, "some notices came out of their order"


BEGINNINGS: tuple[dict[str, object], ...] = (
    {"state": "queued"}, {"state": "waiting"}, {"state": "queued"}, {"with": ["K1"]}, {"with": ["K2"]}, {},
    {"state": "queued", "with": ["K3"]}, {"edge": "2"}, {"state": ["queued"]}, {"state": "waiting"},
)


def test_each_leg_begins_in_its_own_way_however_alike_the_others_are() -> None:
    for seed in range(25):
        plan = random_plan(Random(seed))
        log = [Event("leg.created", at(place % 3), "platform", line.leg, BEGINNINGS[(seed + place) % len(BEGINNINGS)])
               for place, line in enumerate(plan.legs)]
        whole, piece = replay("R1", plan, T0, log), begin("R1", plan, T0)
        for event in log:
            piece = apply(piece, event)
        assert whole == piece
        assert [leg.history for leg in whole.legs.values()] == [(event,) for event in log]


@pytest.mark.parametrize("seed", range(25))
def test_no_date_moves_where_nothing_that_dates_are_made_of_changed(seed: int) -> None:
    dice = Random(seed)
    still = moved = 0
    for moment in life(random_plan(dice), dice, talkative=True):
        before, after = (Dates(case, CALENDAR, moment.now) for case in (moment.before, moment.after))
        touched = {number for number, leg in moment.after.legs.items()
                   if not same_dates(moment.before.legs[number], leg)}
        spread = touched.union(*(moment.after.plan.parts[number].below for number in touched))
        for number in moment.after.legs:
            if number not in spread:
                still += 1
                assert after.of(number) == before.of(number), (number, [e.type for e in moment.happened])
        moved += len(spread)
        whole = schedule(moment.after, CALENDAR, moment.now)
        asked_backwards = {number: after.of(number) for number in reversed(moment.after.legs)}
        assert asked_backwards == whole.legs
    assert still > moved > 0


@pytest.mark.parametrize("seed", range(25))
def test_nothing_follows_where_no_rule_reads_what_changed(seed: int) -> None:
    dice = Random(seed)
    rested = 0
    for moment in life(random_plan(dice), dice, talkative=True):
        case = moment.before
        for event in [e for e in moment.happened if not e.filled][:1]:
            case = apply(case, event)
        if all(at_rest(moment.before.legs[number], leg) for number, leg in case.legs.items()):
            rested += 1
            assert follow(case, moment.now, CALENDAR).events == ()
    assert rested


def test_what_follows_of_the_legs_near_those_that_moved_is_what_follows_of_all() -> None:
    followed = 0
    for seed in range(60):
        dice = Random(seed)
        for moment in life(random_plan(dice), dice, talkative=True):
            case = moment.before
            for event in [e for e in moment.happened if not e.filled][:1]:
                case = apply(case, event)
            moved = [number for number, leg in case.legs.items() if not at_rest(moment.before.legs[number], leg)]
            whole = follow(case, moment.now, CALENDAR)
            assert follow(case, moment.now, CALENDAR, (), moved) == whole
            followed += len(whole.events) if moved else 0
    assert followed
