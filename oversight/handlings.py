"""What an applicant may rate: each leg that a department has dealt with to its end, and the case as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cases.calendar_days import WorkCalendar
from cases.clock import explain
from cases.model import LegState
from catalog.limits import Limit
from store.cases import CaseRow
from store.legs import LegRow
from store.ratings import Rating

# What a department has dealt with. What was taken back, or ended by a rule, nobody dealt with to an end.
HANDLED = frozenset({
    LegState.GRANTED, LegState.DELIVERED, LegState.REFUSED, LegState.NOT_ACCEPTED, LegState.TERMINATED,
})
# As long as one may ask for an administrative review (行政复议法 第20条): who lives with the result can still say how
# it went, and what went wrong can still be found out.
WINDOW = Limit(60, "nd")


@dataclass(frozen=True, slots=True)
class Handling:
    """Something that was, is or will be open for a rating: a leg, or the whole case (an empty leg, an empty office).

    `ended_at` None: it has not ended; `until` is the last moment for a rating; `rating` what was given.
    """

    leg: str
    office: str
    ended_at: datetime | None
    until: datetime | None
    rating: Rating | None

    def open(self, now: datetime) -> bool:
        """Whether it can be rated now."""
        return self.rating is None and self.until is not None and now <= self.until


def handlings(case: CaseRow, legs: Iterable[LegRow], ratings: Iterable[Rating],
              calendar: WorkCalendar) -> Iterator[Handling]:
    """The whole case first, then its legs by their numbers."""
    given = {rating.leg: rating for rating in ratings}
    yield _handling("", "", case.closed_at, given.get(""), calendar)
    for row in legs:
        ended = (row.closed_at or row.since) if row.state in HANDLED else None
        yield _handling(row.leg, row.office, ended, given.get(row.leg), calendar)


def _handling(leg: str, office: str, ended: datetime | None, rating: Rating | None,
              calendar: WorkCalendar) -> Handling:
    until = None if ended is None else explain(ended, WINDOW, (), calendar).due
    return Handling(leg, office, ended, until, rating)
