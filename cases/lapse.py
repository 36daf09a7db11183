"""What time alone ends: requests that nobody answered by their day, and followers that waited longer than allowed.

Each has a last moment. `lapses` gives what is past it at `now`; `last_moment` says when to look at a leg again, so that
a case that waits costs nothing until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cases.calendar_days import WorkCalendar
from cases.clock import explain
from cases.edges import edges_to, over
from cases.feeds import kind_of
from cases.model import Ask, Case, Event, Leg
from cases.states import UNSENT, WORK

PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class _Limited:
    """Something of a leg that lasts until `last` and then ends by the event `type` with `data`; `final`: the leg ends
    with it."""

    last: datetime
    type: str
    data: Mapping[str, Any]
    final: bool = False


def lapses(case: Case, now: datetime, calendar: WorkCalendar) -> tuple[Event, ...]:
    """What time alone has ended: asks past their day, and followers that waited longer than `within` allows. Of a leg
    that ends by it nothing else: it is told once."""
    found: list[Event] = []
    for number in case.legs:
        past = [one for one in _limited(case, number, calendar) if now > one.last]
        last = [one for one in past if one.final][:1]
        found += [Event(one.type, now, PLATFORM, number, one.data) for one in last or past]
    return tuple(found)


def last_moment(case: Case, number: str, calendar: WorkCalendar) -> datetime | None:
    """The first moment after which `lapses` has something for this leg; None if nothing limits it."""
    return min((one.last for one in _limited(case, number, calendar)), default=None)


def _limited(case: Case, number: str, calendar: WorkCalendar) -> Iterator[_Limited]:
    leg = case.legs[number]
    for ask in () if over(leg) else leg.asks:
        if ask.open and not ask.overdue and ask.until is not None:
            reason = f"没有在 {ask.until} 前{'补交' if ask.deferred else '补正'}：{ask.reason}"
            end = calendar.end_of(date.fromisoformat(ask.until))
            final = ask.by == "department" and leg.state in WORK
            yield _Limited(end, "leg.lapsed", {"ask": ask.id, "reason": reason, **_promised(ask)}, final)
    if leg.state in UNSENT:
        yield from _waiting(case, leg, calendar)


def _promised(ask: Ask) -> dict[str, Any]:
    """Of a paper that was to follow: which, until when; its department is told."""
    papers = [{"material": kind_of(entry["material"]), "name": entry["name"]} for entry in ask.materials]
    return {"until": ask.until, "materials": papers} if ask.deferred else {}


def _waiting(case: Case, leg: Leg, calendar: WorkCalendar) -> Iterator[_Limited]:
    for index, edge in edges_to(case, leg.leg):
        key = f"{index}:late"
        if edge.within is None or key in leg.settled:
            continue
        ended = [case.legs[target].decided_at or case.legs[target].closed_at for target in edge.targets]
        known = [at for at in ended if at is not None]
        if known and len(known) == len(ended):
            data = {"edge": key, "of": edge.targets[0], "reason": f"超过衔接期限 {edge.within.words}"}
            yield _Limited(explain(max(known), edge.within, (), calendar).due, "leg.start_lapsed", data)
