"""Random plans and random lives of cases under them, moment by moment; the same seed lives the same life."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from cases.edges import sent
from cases.fold import apply
from cases.follow import follow
from cases.judge import judge
from cases.lapse import lapses
from cases.model import Case, Event
from catalog.conditions import parse_condition
from catalog.text import Text
from forms.plan import Plan, PlannedEdge, RemovedField
from tests.cases.case_plans import a_given_field, a_leg, a_plan, a_slot, an_edge, at, filed
from tests.cases.case_years import CALENDAR

AUTHORITIES = frozenset({"上级机关"})
EFFECTS = ("stop", "continue", "ask", "void")
ENDINGS = ("leg.granted", "leg.granted", "leg.granted", "leg.refused", "leg.not_accepted")


def random_plan(dice: Random) -> Plan:
    numbers = [f"{n:02}" for n in range(1, 8)]
    legs = [a_leg(n, f"{dice.randint(0, 5)}wd", gives=[f"R{n}"], must_have=dice.random() < 0.3) for n in numbers]
    edges: list[PlannedEdge] = []
    slots, given = [], list[RemovedField]()
    for place, number in enumerate(numbers[1:], 1):
        for _ in range(dice.randint(0, 2)):
            above = dice.sample(numbers[:place], dice.randint(1, min(3, place)))
            kind = dice.choice(("before_start", "before_start", "before_decide", "before_deliver", "cancels"))
            on = {way: dice.choice(EFFECTS) for way in ("refused", "withdrawn", "lapsed", "voided", "unclear")}
            feeds = [f"R{above[0]}"] if kind.startswith("before_s") and dice.random() < 0.5 else []
            more: dict[str, Any] = {"within": "3nd"} if kind == "before_start" and dice.random() < 0.2 else {}
            if kind == "before_start" and dice.random() < 0.3:
                feeds = [*feeds, f"F{above[0]}"]
                more |= {"need": parse_condition(f"F{above[0]} == 'yes'"), "say": Text("用不着")}
                given.append(a_given_field(f"F{above[0]}", number, above[0]))
            edges.append(an_edge(number, " ".join(above), kind, dice.choice(("all", "ended", "any")), on=on,
                                 feeds=feeds, **more))
            slots += [a_slot(number, code, above[0]) for code in feeds if code.startswith("R")]
    return a_plan(legs, edges, slots, given)


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
            fields = {f"F{number}": dice.choice(("yes", "yes", "no"))}
            results = [{"name": "证", "material": f"R{number}", "fields": fields}]
            data = {"results": results, "reason_code": "R", "reason": "不符"}
            yield Event(dice.choice(ENDINGS), at(now), leg.department, number, data)


STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("leg.received", {"ref": "R-1"}), ("leg.accepted", {}), ("leg.in_review", {"step": "初审"}),
    ("leg.supplement_required", {"ask": "A1", "reason": "缺盖章", "limit": "5wd"}),
    ("leg.special_started", {"kind": "听证", "basis": "第45条"}), ("leg.special_ended", {"kind": "听证"}),
    ("leg.forwarded", {"to": "市级"}), ("leg.simulated", {"opinion": "同意"}), ("leg.remark", {"text": "请带原件"}),
    ("leg.delivered", {"mode": "邮寄"}),
    ("leg.extended", {"limit": "3wd", "reason": "现场复杂", "basis": "第42条", "approved_by": "局长"}),
    ("leg.corrected", {"what": {"state": "in_review", "void": True}, "authority": "上级机关"}),
    ("leg.corrected", {"what": {"void": True}, "authority": "上级机关"}),
    *(("leg.corrected", {"what": {"results": [{"name": "证", "fields": dict.fromkeys(
        (f"F{n:02}" for n in range(1, 8)), said)}]}, "authority": "上级机关"}) for said in ("yes", "no")),
)


@dataclass(frozen=True)
class Moment:
    """What happened to a case at one time, with the case before and after."""

    before: Case
    happened: tuple[Event, ...]
    after: Case
    now: datetime


def life(plan: Plan, dice: Random, talkative: bool = False) -> Iterator[Moment]:
    """The moments of a case from its filing on. Departments that are `talkative` say all there is to say, also what is
    late or contradicts; others only decide."""
    outcome = filed(plan)
    case, hours = outcome.case, 0.0
    for _ in range(60):
        hours += 20
        possible = [*next_events(case, dice, hours), *(_words(case, dice, hours) if talkative else ())]
        fresh: tuple[Event, ...] = lapses(case, at(hours), CALENDAR)
        if possible and dice.random() < 0.9:
            chosen = possible[0] if dice.random() < 0.3 else dice.choice(possible)
            judged = chosen.type not in ("leg.supplemented", "leg.withdraw_received", "leg.withdraw_requested")
            fresh = judge(case, chosen.leg or "", chosen, CALENDAR, AUTHORITIES).events if judged else (chosen,)
        then = case
        for event in fresh:
            then = apply(then, event)
        step = follow(then, at(hours), CALENDAR, fresh)
        yield Moment(case, (*fresh, *step.events), step.case, at(hours))
        case = step.case


def _words(case: Case, dice: Random, now: float) -> Iterator[Event]:
    """Any notice about any leg, some of them late."""
    for number, leg in case.legs.items():
        type_, data = dice.choice(STEPS)
        yield Event(type_, at(now - dice.choice((0, 0, 0, 30, 90))), leg.department, number, data)
