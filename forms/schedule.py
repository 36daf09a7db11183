"""When each leg would end if everybody used the whole promise: working days, or natural days where units are mixed.

finish = max(start + limit, finish of the `before_decide` predecessors); a leg starts at the end of the day its last
`before_start` predecessor closed (language 2.10). The longest chain is read back from the last finish.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from catalog.dictionary import CalendarYear
from catalog.evaluate import moved
from catalog.limits import HOURS_A_DAY, Limit
from forms.order import timing
from forms.plan import PlannedEdge

_SAME_DAY: Final = Limit(0, "wd")
_NO_CALENDAR_DAY: Final = date(2026, 1, 5)
_FRIDAY: Final = 4


@dataclass(frozen=True, slots=True)
class Link:
    """One timing link of a leg: whom it waits for and how."""

    targets: tuple[str, ...]
    decide: bool = False
    any_one: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Start and finish of every leg in days after filing, the longest chain in order, and its length."""

    start: Mapping[str, int]
    finish: Mapping[str, int]
    chain: tuple[str, ...]
    days: int


Ends = Callable[[int, Limit], int]


def in_working_days(limits: Iterable[Limit]) -> bool:
    """Whether working days suffice: every limit is in working days, office hours, or zero."""
    return all(limit.unit in {"wd", "wh"} or not limit.amount for limit in limits)


def working_end(start: int, limit: Limit) -> int:
    """The working day on which a limit in working days or office hours ends."""
    return start + (math.ceil(limit.amount / HOURS_A_DAY) if limit.unit == "wh" else limit.amount)


class Days:
    """Natural days after a first day, laid on the calendar. Years without an entry have weekends off only."""

    def __init__(self, years: Mapping[int, CalendarYear], today: date | None) -> None:
        self.off = frozenset(day for year in years.values() for day in year.days_off)
        self.worked = frozenset(day for year in years.values() for day in year.make_up_days)
        first = today or (date(min(years), 1, 1) if years else _NO_CALENDAR_DAY)
        while today is None and not self.works(first):
            first += timedelta(days=1)
        self.first = first

    def works(self, day: date) -> bool:
        """Whether `day` is a working day."""
        text = day.isoformat()
        return text in self.worked or (day.weekday() <= _FRIDAY and text not in self.off)

    def end(self, start: int, limit: Limit) -> int:
        """The day, counted from the first, on which a limit that starts on day `start` ends."""
        day = self.first + timedelta(days=start)
        if limit.unit == "mo":
            return (moved(day, 1, limit) - self.first).days
        if limit.unit in {"wd", "wh"}:
            return self._worked(day, working_end(0, limit))
        parts = {"nd": 1, "h": 24, "min": 24 * 60}[limit.unit]
        return start + math.ceil(limit.amount / parts)

    def _worked(self, day: date, amount: int) -> int:
        while amount:
            day += timedelta(days=1)
            amount -= self.works(day)
        return (day - self.first).days


def ends_by(
    limits: Iterable[Limit], years: Mapping[int, CalendarYear], today: date | None,
) -> tuple[Ends, Literal["wd", "nd"]]:
    """How to add a limit to a day, and in which unit days are then counted."""
    if in_working_days(limits):
        return working_end, "wd"
    return Days(years, today).end, "nd"


def links_of(edges: tuple[PlannedEdge, ...]) -> dict[str, list[Link]]:
    """The timing links of each leg from the planned edges."""
    links: dict[str, list[Link]] = {}
    for edge in timing(edges):
        link = Link(edge.targets, edge.kind == "before_decide", edge.join == "any")
        links.setdefault(edge.leg, []).append(link)
    return links


def schedule(limits: Mapping[str, Limit | None], links: Mapping[str, list[Link]], ends: Ends) -> Schedule:
    """Lay the legs out; `limits` has every leg in file order. A ring (refused by the checker) is cut at its end."""
    start: dict[str, int] = {}
    finish: dict[str, int] = {}
    above: dict[str, str | None] = {}
    for leg in _sorted(limits, links):
        start[leg], above[leg] = _latest(leg, links, finish, decide=False)
        finish[leg] = ends(start[leg], limits[leg] or _SAME_DAY)
        held, holder = _latest(leg, links, finish, decide=True)
        if holder is not None and held > finish[leg]:
            finish[leg], above[leg] = held, holder
    last = max(limits, key=lambda leg: finish[leg], default=None)
    chain: list[str] = []
    while last is not None:
        chain.append(last)
        last = above[last]
    return Schedule(start, finish, tuple(reversed(chain)), max(finish.values(), default=0))


def _latest(
    leg: str, links: Mapping[str, list[Link]], finish: Mapping[str, int], *, decide: bool,
) -> tuple[int, str | None]:
    day, holder = 0, None
    for link in links.get(leg, ()):
        known = [target for target in link.targets if target in finish and target != leg]
        if link.decide is decide and known:
            choice = (min if link.any_one else max)(known, key=lambda target: finish[target])
            if holder is None or finish[choice] > day:
                day, holder = finish[choice], choice
    return day, holder


def _sorted(limits: Mapping[str, Limit | None], links: Mapping[str, list[Link]]) -> list[str]:
    """Legs so that each follows all it waits for, without recursion: chains may be a thousand long."""
    waiting = {
        leg: {target for link in links.get(leg, ()) for target in link.targets if target in limits and target != leg}
        for leg in limits
    }
    followers: dict[str, list[str]] = {leg: [] for leg in limits}
    for leg, targets in waiting.items():
        for target in targets:
            followers[target].append(leg)
    ready = [leg for leg in limits if not waiting[leg]]
    done: list[str] = []
    for leg in ready:
        done.append(leg)
        for follower in followers[leg]:
            waiting[follower].discard(leg)
            if not waiting[follower]:
                ready.append(follower)
    placed = set(done)
    return done + [leg for leg in limits if leg not in placed]
