"""The longest chain of many outcomes of one bundle, fast: only presence, limits and timing edges are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from catalog.bundle import Edge, Entry
from catalog.limits import Limit
from forms.answers import Known
from forms.choose import Selection, members_of
from forms.legs import Leg, legs_of
from forms.schedule import Link, ends_by, schedule

_NOTHING: Final = Limit(0, "wd")


@dataclass(frozen=True, slots=True)
class OutcomeLeg:
    """What of a leg matters for time: its matter, row, promise and old promise."""

    matter: str
    number: str
    each: str | None
    row: int | None
    promised: Limit
    before: Limit


@dataclass(frozen=True, slots=True)
class Outcome:
    """The legs one part of a bundle can come to."""

    legs: tuple[OutcomeLeg, ...]


def outcome_of(selection: Selection, known: Known) -> Outcome:
    """The outcome of one selection."""
    return Outcome(tuple(_leg(leg) for leg in legs_of(selection, known)))


def _leg(leg: Leg) -> OutcomeLeg:
    planned = leg.planned
    promised = planned.promised or planned.statutory or planned.wait or _NOTHING
    return OutcomeLeg(planned.matter, planned.leg, planned.each, planned.row, promised, planned.before or promised)


@dataclass(frozen=True, slots=True)
class _Wait:
    """One authored edge, its target as matters."""

    members: tuple[str, ...]
    decide: bool = False
    first: bool = False
    any_one: bool = False


class Chains:
    """Both longest chains of any outcome of one bundle."""

    def __init__(self, known: Known) -> None:
        bundle = known.bundle
        self.known = known
        self.now = {
            entry.matter: [self._wait(edge) for edge in entry.after if edge.kind in {"before_start", "before_decide"}]
            for entry in bundle.entries
        }
        self.old = self._old_waits() if bundle.before_after else self.now
        limits = [
            limit for matter in known.matters.values()
            for rows in (matter.limits, *(variant.limits or () for variant in matter.variants)) for row in rows
            for limit in (row.promised or row.statutory or row.wait, row.before) if limit is not None
        ]
        self.ends, self.unit = ends_by(limits, known.catalog.calendar, known.today)
        self.now_order, self.old_order = _order(self.now), _order(self.old)
        self.alike = {entry.matter: self._place(entry) for entry in bundle.entries} if self.unit == "wd" else {}

    def _wait(self, edge: Edge) -> _Wait:
        members = members_of(edge.target, self.known)
        return _Wait(members, edge.kind == "before_decide", edge.join == "first", edge.join == "any")

    def _old_waits(self) -> dict[str, list[_Wait]]:
        waits: dict[str, list[_Wait]] = {entry.matter: [] for entry in self.known.bundle.entries}
        for follower, targets in self.known.bundle.before_after.items():
            for matter in members_of(follower, self.known):
                waits.setdefault(matter, []).extend(_Wait(members_of(target, self.known)) for target in targets)
        return waits

    def _place(self, entry: Entry) -> object:
        """Where a matter stands in both orders; matters of equal place are told apart by their limits alone."""
        matter = entry.matter
        follows = [
            (number, follower, index, wait) for number, waits in enumerate((self.now, self.old))
            for follower, rows in waits.items() for index, wait in enumerate(rows) if matter in wait.members
        ]
        special = any(wait.first or wait.any_one or follower == matter for _, follower, _, wait in follows)
        if entry.each is not None or special:
            return matter
        return tuple(self.now[matter]), tuple(self.old[matter]), tuple(place[:3] for place in follows)

    def reduced(self, outcome: Outcome) -> Outcome:
        """The outcome with only the slowest of the legs that stand in the same place: the others lengthen no chain."""
        slowest: dict[object, OutcomeLeg] = {}
        for leg in outcome.legs:
            place = self.alike.get(leg.matter, leg.number)
            place = leg.number if place == leg.matter else place
            other = slowest.get(place)
            slowest[place] = leg if other is None else self._slower(leg, other)
        return Outcome(tuple(slowest.values()))

    def _slower(self, one: OutcomeLeg, other: OutcomeLeg) -> OutcomeLeg:
        slower = one if self.ends(0, one.promised) > self.ends(0, other.promised) else other
        before = max((one.before, other.before), key=lambda limit: self.ends(0, limit))
        return replace(slower, before=before)

    def days(self, combination: Iterable[Outcome]) -> tuple[int, int]:
        """The longest chain now and before, in `unit` days."""
        by_matter: dict[str, list[OutcomeLeg]] = {}
        for outcome in combination:
            for leg in outcome.legs:
                by_matter.setdefault(leg.matter, []).append(leg)
        now = {leg.number: leg.promised for legs in by_matter.values() for leg in legs}
        old = {leg.number: leg.before for legs in by_matter.values() for leg in legs}
        after = self._longest(by_matter, self.now, self.now_order, now)
        return after, self._longest(by_matter, self.old, self.old_order, old)

    def _longest(
        self, by_matter: Mapping[str, list[OutcomeLeg]], waits: Mapping[str, list[_Wait]], order: list[str],
        limits: Mapping[str, Limit],
    ) -> int:
        finish: dict[str, int] = {}
        longest = 0
        for matter in order:
            for leg in by_matter.get(matter, ()):
                start = held = 0
                for wait in waits.get(matter, ()):
                    days = [finish[number] for number in _targets(wait, leg, by_matter) if number in finish]
                    day = (min(days) if wait.any_one else max(days)) if days else 0
                    start, held = (start, max(held, day)) if wait.decide else (max(start, day), held)
                finish[leg.number] = max(self.ends(start, limits[leg.number]), held)
                longest = max(longest, finish[leg.number])
        return longest

    def chain(self, combination: Iterable[Outcome]) -> tuple[str, ...]:
        """The numbers of the legs on the longest chain now."""
        legs = [leg for outcome in combination for leg in outcome.legs]
        by_matter: dict[str, list[OutcomeLeg]] = {}
        for leg in legs:
            by_matter.setdefault(leg.matter, []).append(leg)
        links = {
            leg.number: [
                Link(tuple(_targets(wait, leg, by_matter)), wait.decide, wait.any_one) for wait in self.now[leg.matter]
            ]
            for leg in legs
        }
        return schedule({leg.number: leg.promised for leg in legs}, links, self.ends).chain

    def exceeds(self, days: int, promise: Limit) -> bool:
        """Whether a chain is longer than the promise for the whole."""
        if self.unit == "wd" and promise.unit not in {"wd", "wh"}:
            return False  # working days against natural days: only a calendar could tell, and it differs by the day
        return days > self.ends(0, promise)


def _targets(wait: _Wait, leg: OutcomeLeg, by_matter: Mapping[str, list[OutcomeLeg]]) -> list[str]:
    found: list[str] = []
    for member in wait.members:
        for other in by_matter.get(member, ()):
            paired = leg.each is not None and other.each == leg.each
            if other.number != leg.number and (not paired or other.row == leg.row):
                found.append(other.number)
        if found and wait.first:
            break
    return found


def _order(waits: Mapping[str, list[_Wait]]) -> list[str]:
    """Matters so that each follows those it waits for; a ring keeps file order."""
    done: dict[str, None] = {}

    def visit(matter: str, above: frozenset[str]) -> None:
        if matter in done or matter in above or matter not in waits:
            return
        for wait in waits[matter]:
            for member in wait.members:
                visit(member, above | {matter})
        done[matter] = None

    for matter in waits:
        visit(matter, frozenset())
    return list(done)
