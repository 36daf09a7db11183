"""How a city measures a period: what came, what was decided, in time or late, at the first go or after more papers,
and how long people waited. Counted anew from what happened, each share with its numerator and denominator.

A leg counts where its department first decided on it; a case where its last leg ended. Days are natural days from the
filing on, as people wait them, told apart by hours; whether something was in time goes by its own clock,
with working days and pauses. What several periods came to can be added up: it is what the whole of them comes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Protocol

from oversight.figures import Share
from store import endings
from store.report import GRANTED, NOT_ACCEPTED, REFUSED, CaseCount, LegCount, Period

HOUR = timedelta(hours=1)
A_DAY = 24  # of them
Line = dict[str, int | float | str | None]


@dataclass
class Waits:
    """How long was waited: how often so many hours, and all seconds together."""

    hours: Counter[int] = field(default_factory=Counter)
    seconds: int = 0

    def add(self, start: datetime, end: datetime) -> None:
        """One more."""
        self.hours[round((end - start) / HOUR)] += 1
        self.seconds += round((end - start).total_seconds())

    def line(self) -> Line:
        """Mean, median, and within how many days nine of ten were through; None where nobody waited."""
        count = self.hours.total()
        if not count:
            return dict.fromkeys(("mean_days", "median_days", "p90_days"))
        middle = (self._at((count - 1) // 2) + self._at(count // 2)) / 2
        return {"mean_days": round(self.seconds / count / 86_400, 1), "median_days": round(middle / A_DAY, 1),
                "p90_days": round(self._at(-(-count * 9 // 10) - 1) / A_DAY, 1)}

    def _at(self, place: int) -> int:
        """The wait at a place of all in order, from 0 on."""
        passed = 0
        for wait, times in sorted(self.hours.items()):
            passed += times
            if place < passed:
                return wait
        raise IndexError(place)

    def take(self, other: Waits) -> None:
        """Add what another period came to."""
        self.hours.update(other.hours)
        self.seconds += other.seconds

    def packed(self) -> Any:
        """As JSON."""
        return [self.seconds, *(number for pair in sorted(self.hours.items()) for number in pair)]

    @classmethod
    def opened(cls, packed: Any) -> Waits:
        """What `packed` gave."""
        seconds, *flat = packed
        return cls(Counter(dict(zip(flat[::2], flat[1::2], strict=True))), seconds)


class Figures:
    """What is counted of something, each figure a number, numbers by name, or waits; all of them can be added up."""

    def take(self, other: Figures) -> None:
        """Add what another period came to."""
        for name in _names(self):
            mine, more = getattr(self, name), getattr(other, name)
            if isinstance(mine, int):
                setattr(self, name, mine + more)
            elif isinstance(mine, Waits):
                mine.take(more)
            else:
                mine.update(more)

    def packed(self) -> dict[str, Any]:
        """As JSON, without what is nothing."""
        found = {name: getattr(self, name) for name in _names(self)}
        return {name: value.packed() if isinstance(value, Waits) else value for name, value in found.items()
                if value and value != Waits()}

    def fill(self, packed: Mapping[str, Any]) -> None:
        """Set what `packed` gave."""
        for name, value in packed.items():
            old = getattr(self, name)
            made = Waits.opened(value) if isinstance(old, Waits) else Counter(value) if isinstance(old, dict) else value
            setattr(self, name, made)


def _names(figures: Any) -> list[str]:
    return [one.name for one in fields(figures)]


@dataclass
class Legs(Figures):
    """What is counted of legs, of one office or matter."""

    filed: int = 0
    decided: int = 0
    how: Counter[str] = field(default_factory=Counter)
    at_first: int = 0
    asked: int = 0
    on_time: int = 0
    late: int = 0
    corrected: int = 0
    beyond: int = 0
    waits: Waits = field(default_factory=Waits)

    def add(self, leg: LegCount, period: Period) -> None:
        """Count a leg as far as it lies in the period."""
        self.filed += period.start <= leg.filed_at < period.end
        if leg.decided_at is None or not period.start <= leg.decided_at < period.end:
            return
        self.decided += 1
        self.how[leg.how] += 1
        self.at_first += leg.how == GRANTED and leg.asked == 0
        self.asked += leg.asked > 0
        self.corrected += leg.corrected > 0
        self.beyond += leg.beyond > 0
        self.waits.add(leg.filed_at, leg.decided_at)
        if leg.due_at is not None:
            self.late += leg.decided_at > leg.due_at
            self.on_time += leg.decided_at <= leg.due_at

    def line(self) -> Line:
        """The counts by name."""
        return {"filed": self.filed, "decided": self.decided,
                **{name: self.how.get(how, 0) for name, how in (
                    ("granted", GRANTED), ("refused", REFUSED), ("not_accepted", NOT_ACCEPTED))},
                "at_first": self.at_first, "at_first_percent": Share(self.at_first, self.decided).percent,
                "asked": self.asked, "asked_percent": Share(self.asked, self.decided).percent,
                "on_time": self.on_time, "late": self.late,
                "on_time_percent": Share(self.on_time, self.on_time + self.late).percent,
                "corrected": self.corrected, "beyond": self.beyond, **self.waits.line()}


@dataclass
class Cases(Figures):
    """What is counted of cases, of one bundle."""

    filed: int = 0
    ended: int = 0
    how: Counter[str] = field(default_factory=Counter)
    waits: Waits = field(default_factory=Waits)

    def add(self, case: CaseCount, period: Period) -> None:
        """Count a case as far as it lies in the period."""
        self.filed += period.start <= case.filed_at < period.end
        if case.closed_at is not None and period.start <= case.closed_at < period.end:
            self.ended += 1
            self.how[case.ended_as or ""] += 1
            self.waits.add(case.filed_at, case.closed_at)

    def line(self) -> Line:
        """The counts by name."""
        on_time, late = self.how.get(endings.ON_TIME, 0), self.how.get(endings.LATE, 0)
        return {"filed": self.filed, "ended": self.ended, "on_time": on_time, "late": late,
                "on_time_percent": Share(on_time, on_time + late).percent,
                "undecided": self.how.get(endings.UNDECIDED, 0), **self.waits.line()}


@dataclass(frozen=True)
class Report:
    """The three tables of a period, each by id."""

    bundles: dict[str, Cases] = field(default_factory=dict)
    offices: dict[str, Legs] = field(default_factory=dict)
    matters: dict[str, Legs] = field(default_factory=dict)

    def add(self, found: Iterable[CaseCount], period: Period) -> None:
        """Count cases as far as they lie in the period; `found` may have more than lies in it."""
        for case in found:
            self.bundles.setdefault(case.bundle, Cases()).add(case, period)
            for leg in case.legs:
                for name, table in ((leg.office, self.offices), (leg.matter, self.matters)):
                    table.setdefault(name, Legs()).add(leg, period)

    def take(self, other: Report) -> None:
        """Add what another period came to."""
        for id_, cases in other.bundles.items():
            self.bundles.setdefault(id_, Cases()).take(cases)
        for mine, more in ((self.offices, other.offices), (self.matters, other.matters)):
            for id_, legs in more.items():
                mine.setdefault(id_, Legs()).take(legs)

    def packed(self) -> dict[str, Any]:
        """As JSON, without what is nothing."""
        tables: Mapping[str, Mapping[str, Figures]] = vars(self)
        return {name: {id_: packed for id_, one in table.items() if (packed := one.packed())}
                for name, table in tables.items()}

    @classmethod
    def opened(cls, packed: Mapping[str, Any]) -> Report:
        """What `packed` gave."""
        made = cls()
        for name, kind in (("bundles", Cases), ("offices", Legs), ("matters", Legs)):
            for id_, figures in packed[name].items():
                one = getattr(made, name)[id_] = kind()
                one.fill(figures)
        return made


def report(found: Iterable[CaseCount], period: Period) -> Report:
    """Count a period; `found` may have more than lies in it."""
    made = Report()
    made.add(found, period)
    return made


class Counted(Protocol):
    """What a table has of one id."""

    def line(self) -> Line:
        """The counts by name."""


def lines(table: Mapping[str, Counted], called: Callable[[str], Mapping[str, str]]) -> list[Line]:
    """A table as lines by id, each with what that is `called` first; what had nothing to count is left out."""
    made = ((id_, counted.line()) for id_, counted in sorted(table.items()))
    return [{"id": id_, **called(id_), **line} for id_, line in made
            if any(isinstance(value, int) and value for value in line.values())]
