"""How a city measures a period: what came, what was decided, in time or late, at the first go or after more papers,
and how long people waited. Counted anew from what happened, each share with its numerator and denominator.

A leg counts where its department first decided on it; a case where its last leg ended. Days are natural days from the
filing on, as people wait them; whether something was in time goes by its own clock, with working days and pauses.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from oversight.figures import Share
from store import endings
from store.report import GRANTED, NOT_ACCEPTED, REFUSED, CaseCount, LegCount, Period

DAY = timedelta(days=1)
Line = dict[str, int | float | str | None]


@dataclass
class Waits:
    """How long was waited, in days."""

    days: list[float] = field(default_factory=list)

    def add(self, start: datetime, end: datetime) -> None:
        """One more."""
        self.days.append((end - start) / DAY)

    def line(self) -> Line:
        """Mean, median, and within how many days nine of ten were through; None where nobody waited."""
        ordered = sorted(self.days)
        nine_tenths = ordered[-(-len(ordered) * 9 // 10) - 1] if ordered else None
        return {name: None if value is None else round(value, 1) for name, value in (
            ("mean_days", statistics.fmean(ordered) if ordered else None),
            ("median_days", statistics.median(ordered) if ordered else None), ("p90_days", nine_tenths))}


@dataclass
class Legs:
    """What is counted of legs, of one office or matter."""

    filed: int = 0
    decided: int = 0
    how: dict[str, int] = field(default_factory=dict)
    at_first: int = 0
    asked: int = 0
    on_time: int = 0
    late: int = 0
    corrected: int = 0
    waits: Waits = field(default_factory=Waits)

    def add(self, leg: LegCount, period: Period) -> None:
        """Count a leg as far as it lies in the period."""
        self.filed += period.start <= leg.filed_at < period.end
        if leg.decided_at is None or not period.start <= leg.decided_at < period.end:
            return
        self.decided += 1
        self.how[leg.how] = self.how.get(leg.how, 0) + 1
        self.at_first += leg.how == GRANTED and leg.asked == 0
        self.asked += leg.asked > 0
        self.corrected += leg.corrected > 0
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
                "corrected": self.corrected, **self.waits.line()}


@dataclass
class Cases:
    """What is counted of cases, of one bundle."""

    filed: int = 0
    ended: int = 0
    how: dict[str, int] = field(default_factory=dict)
    waits: Waits = field(default_factory=Waits)

    def add(self, case: CaseCount, period: Period) -> None:
        """Count a case as far as it lies in the period."""
        self.filed += period.start <= case.filed_at < period.end
        if case.closed_at is not None and period.start <= case.closed_at < period.end:
            self.ended += 1
            self.how[case.ended_as or ""] = self.how.get(case.ended_as or "", 0) + 1
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

    bundles: Mapping[str, Cases]
    offices: Mapping[str, Legs]
    matters: Mapping[str, Legs]


def report(found: Iterable[CaseCount], period: Period) -> Report:
    """Count a period; `found` may have more than lies in it."""
    bundles: dict[str, Cases] = {}
    offices: dict[str, Legs] = {}
    matters: dict[str, Legs] = {}
    for case in found:
        bundles.setdefault(case.bundle, Cases()).add(case, period)
        for leg in case.legs:
            for name, table in ((leg.office, offices), (leg.matter, matters)):
                table.setdefault(name, Legs()).add(leg, period)
    return Report(bundles, offices, matters)


class Counted(Protocol):
    """What a table has of one id."""

    def line(self) -> Line:
        """The counts by name."""


def lines(table: Mapping[str, Counted], name: Callable[[str], str]) -> list[Line]:
    """A table as lines by id, each with its name first; what had nothing to count is left out."""
    made = ((id_, counted.line()) for id_, counted in sorted(table.items()))
    return [{"id": id_, "name": name(id_), **line} for id_, line in made
            if any(isinstance(value, int) and value for value in line.values())]
