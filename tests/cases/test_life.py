"""Whole lives of random cases: nothing starts too early or is stuck, everything ends, the fold can be replayed."""

from dataclasses import replace
from random import Random

import pytest

from cases.due import schedule
from cases.edges import ending, over, sent, standing
from cases.fold import apply_all, begin, replay, timeline
from cases.follow import follow
from cases.lights import light
from cases.model import Case, CaseState, LegState
from cases.outcome import case_state, is_final, next_actor
from tests.cases.case_plans import T0, at, filed
from tests.cases.case_years import CALENDAR
from tests.cases.lives import life, random_plan


def check(case: Case) -> None:
    """Every moment: no leg left before its turn, every open leg has somebody who acts, a second look adds nothing, and
    what was carried along from earlier moments is what a fresh look finds."""
    assert follow(case, T0, CALENDAR).events == ()
    anew = replace(case)
    assert not anew.stands
    assert [standing(case, index) for index in range(len(case.plan.edges))] == \
        [standing(anew, index) for index in range(len(case.plan.edges))]
    for number, leg in case.legs.items():
        actor = next_actor(case, number)
        assert over(leg) or actor.kind != "none"
        assert leg.state is not LegState.WAITING or actor.kind in {"leg", "applicant"}, (number, leg)
        assert not over(leg) or all(a.answered_at or a.lapsed for a in leg.asks)
        if sent(leg) and leg.started_at is not None and not leg.settled:
            above = [e for e in case.plan.edges if e.leg == number and e.kind == "before_start" and e.join == "all"]
            assert all(ending(case, t) in ("granted", "not_needed", "voided") for e in above for t in e.targets)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_case_lives_to_its_end(seed: int) -> None:
    dice = Random(seed)
    plan = random_plan(dice)
    case, log = filed(plan).case, list(filed(plan).events)
    for moment in life(plan, dice):
        case, log = moment.after, [*log, *moment.happened]
        check(case)
    assert is_final(case), {n: (leg.state, next_actor(case, n)) for n, leg in case.legs.items()}
    assert case_state(case) in {CaseState.FINISHED, CaseState.PARTLY_FINISHED, CaseState.NOT_GRANTED,
                                CaseState.WITHDRAWN}
    assert replay(case.reference, plan, case.filed_at, log) == case
    assert apply_all(begin(case.reference, plan, case.filed_at), log) == case
    dates = schedule(case, CALENDAR, at(2000))
    for number, leg in case.legs.items():
        assert light(leg, plan.parts[number].line, dates.legs[number], at(2000)).colour in {"green", "grey"}
        assert all(event.leg == number for event in timeline(leg))
