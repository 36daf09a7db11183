"""Small plans for the tests of `cases`: only what the life of a case reads of a plan is filled in."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from cases.fold import apply, begin
from cases.follow import Consequences, follow, opening
from cases.judge import judge
from cases.model import Case, Event
from catalog.limits import parse_limit
from catalog.matter import Gives
from catalog.text import Text
from forms.counts import Count2, Figures
from forms.papers.planned import MaterialSlot
from forms.plan import FieldAsker, Plan, PlannedEdge, PlannedLeg, RemovedField
from forms.reason import Reason
from tests.cases.case_years import SHANGHAI

T0 = datetime(2025, 9, 26, 9, tzinfo=SHANGHAI)
WHY = Reason("chosen", "您选择了它")
STOP = {"refused": "stop", "withdrawn": "stop", "lapsed": "stop", "voided": "ask", "unclear": "stop"}
ZERO = Count2(0, 0)
NO_FIGURES = Figures(ZERO, ZERO, 0, 0, 0, 0, 0, 0, ZERO, ZERO, None, None, ())


def a_leg(leg: str, promised: str = "3wd", **more: Any) -> PlannedLeg:
    matter = f"matter-{leg[:2]}"
    limits = {key: parse_limit(more.pop(key)) for key in ("statutory", "wait") if key in more}
    gives = Gives(materials=tuple(more.pop("gives", ())))
    return PlannedLeg(
        leg, matter, Text(f"事项{leg}"), f"dept-{leg[:2]}", Text(f"部门{leg[:2]}"), WHY,
        promised=parse_limit(promised), gives=gives, **limits, **more,
    )


def an_edge(leg: str, targets: str, kind: Any = "before_start", join: Any = "all", **more: Any) -> PlannedEdge:
    on = {**STOP, **more.pop("on", {})}
    within = parse_limit(more.pop("within")) if "within" in more else None
    return PlannedEdge(leg, tuple(targets.split()), kind, join, tuple(more.pop("feeds", ())), within, on, **more)


def a_slot(leg: str, key: str, by: str, obtained: Any = "result", taken: str | None = None) -> MaterialSlot:
    return MaterialSlot(leg, key, Text(f"材料{key}"), obtained, taken, tuple(by.split()))


def a_given_field(code: str, leg: str, by: str) -> RemovedField:
    return RemovedField(code, Text(f"字段{code}"), (FieldAsker(leg, f"matter-{leg}", code),), WHY, (by,))


def a_plan(
    legs: Iterable[PlannedLeg], edges: Iterable[PlannedEdge] = (), slots: Iterable[MaterialSlot] = (),
    removed_fields: Iterable[RemovedField] = (), promised: str = "7wd",
) -> Plan:
    return Plan(
        "sample", Text("示例"), "0", {}, (), tuple(legs), (), tuple(edges), (), (), tuple(removed_fields), (), (),
        tuple(slots), (), NO_FIGURES, promised=parse_limit(promised),
    )


def filed(plan: Plan, at: datetime = T0) -> Consequences:
    return opening(begin("2509260001", plan, at), "applicant")


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def say(case: Case, leg: str, type_: str, when: datetime | float, **data: Any) -> tuple[Case, Consequences]:
    """A notice by the leg's department: judged, folded and followed; the case must take it."""
    moment = when if isinstance(when, datetime) else at(when)
    verdict = judge(case, leg, Event(type_, moment, case.legs[leg].department, leg, data))
    assert verdict.kind == "applied", (type_, verdict)
    return happen(case, *verdict.events)


def ours(case: Case, leg: str, type_: str, when: datetime | float, **data: Any) -> tuple[Case, Consequences]:
    """An event of ours: folded and followed."""
    moment = when if isinstance(when, datetime) else at(when)
    return happen(case, Event(type_, moment, "platform", leg, data))


def happen(case: Case, *events: Event) -> tuple[Case, Consequences]:
    for event in events:
        case = apply(case, event)
    outcome = follow(case, events[-1].at, None, events)
    return outcome.case, outcome
