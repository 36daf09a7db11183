"""Whole lives of random cases: nothing starts too early or is stuck, everything ends, the fold can be replayed."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from cases.due import schedule
from cases.edges import ending, over, sent, standing
from cases.fold import apply, begin, replay, timeline, together
from cases.follow import follow
from cases.judge import judge
from cases.lapse import lapses
from cases.lights import light
from cases.model import Case, CaseState, Event, LegState
from cases.outcome import case_state, is_final, next_actor
from forms.plan import Plan, PlannedEdge
from tests.cases.case_plans import T0, a_leg, a_plan, a_slot, an_edge, at, filed
from tests.cases.case_years import CALENDAR

EFFECTS = ("stop", "continue", "ask", "void")
ENDINGS = ("leg.granted", "leg.granted", "leg.granted", "leg.refused", "leg.not_accepted")


def random_plan(dice: Random) -> Plan:
    numbers = [f"{n:02}" for n in range(1, 8)]
    legs = [a_leg(n, f"{dice.randint(0, 5)}wd", gives=[f"R{n}"], must_have=dice.random() < 0.3) for n in numbers]
    edges: list[PlannedEdge] = []
    slots = []
    for place, number in enumerate(numbers[1:], 1):
        for _ in range(dice.randint(0, 2)):
            above = dice.sample(numbers[:place], dice.randint(1, min(3, place)))
            kind = dice.choice(("before_start", "before_start", "before_decide", "before_deliver", "cancels"))
            on = {way: dice.choice(EFFECTS) for way in ("refused", "withdrawn", "lapsed", "voided", "unclear")}
            feeds = [f"R{above[0]}"] if kind.startswith("before_s") and dice.random() < 0.5 else []
            more = {"within": "3nd"} if kind == "before_start" and dice.random() < 0.2 else {}
            edges.append(an_edge(number, " ".join(above), kind, dice.choice(("all", "ended", "any")), on=on,
                                 feeds=feeds, **more))
            slots += [a_slot(number, code, above[0]) for code in feeds]
    return a_plan(legs, edges, slots)


def next_events(case: Case, dice: Random, now: float) -> Iterator[Event]:
    """What somebody could do now, at random; what nobody does lapses with time."""
    for number, leg in case.legs.items():
        asks = [a for a in leg.asks if a.answered_at is None and not a.lapsed]
        if asks and dice.random() < 0.4:
            yield Event("leg.supplemented", at(now), "applicant", number, {"ask": asks[0].id})
        elif leg.withdrawing:
            yield Event("leg.withdraw_received", at(now), "platform", number)
            yield Event("leg.withdraw_confirmed", at(now), leg.department, number)
        elif sent(leg) and dice.random() < 0.3:
            yield Event("leg.withdraw_requested", at(now), "applicant", number, {"why": "applicant"})
        elif sent(leg):
            data = {"results": [{"name": "证", "material": f"R{number}"}], "reason_code": "R", "reason": "不符"}
            yield Event(dice.choice(ENDINGS), at(now), leg.department, number, data)


def live(plan: Plan, dice: Random) -> tuple[Case, list[Event]]:
    outcome = filed(plan)
    case, log, hours = outcome.case, list(outcome.events), 0.0
    for _ in range(60):
        hours += 20
        possible = list(next_events(case, dice, hours))
        fresh: tuple[Event, ...] = lapses(case, at(hours), CALENDAR)
        if possible and dice.random() < 0.9:
            chosen = possible[0] if dice.random() < 0.3 else dice.choice(possible)
            judged = chosen.type not in ("leg.supplemented", "leg.withdraw_received", "leg.withdraw_requested")
            fresh = judge(case, chosen.leg or "", chosen).events if judged else (chosen,)
        for event in fresh:
            case = apply(case, event)
        step = follow(case, at(hours), CALENDAR, fresh)
        case = step.case
        log += [*fresh, *step.events]
        check(case, at(hours))
    return case, log


def check(case: Case, now: object) -> None:
    """Every moment: no leg left before its turn, every open leg has somebody who acts, a second look adds nothing, and
    what was carried along from earlier moments is what a fresh look finds."""
    assert follow(case, T0, CALENDAR).events == ()
    anew = replace(case)
    assert not anew.worked_out
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
    case, log = live(plan, dice)
    assert is_final(case), {n: (leg.state, next_actor(case, n)) for n, leg in case.legs.items()}
    assert case_state(case) in {CaseState.FINISHED, CaseState.PARTLY_FINISHED, CaseState.NOT_GRANTED,
                                CaseState.WITHDRAWN}
    assert replay(case.reference, plan, case.filed_at, log) == case
    assert together(begin(case.reference, plan, case.filed_at), log) == case
    dates = schedule(case, CALENDAR, at(2000))
    for number, leg in case.legs.items():
        assert light(leg, dates.legs[number], at(2000)).colour in {"green", "grey"}
        assert all(event.leg == number for event in timeline(leg))
