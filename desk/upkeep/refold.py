"""When the calendar or the rules changed, open cases are folded and counted anew, page by page, beside everything else.

What the new rules let follow is done then: a leg that only the old ones kept standing goes on.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime

from cases.calendar_days import WorkCalendar
from cases.due import Dates
from cases.follow import follow
from desk.book import Book
from desk.faults import told
from desk.known import Known
from desk.premises import Premises
from desk.sending.outgoing import dated_row
from store import legs, marks, operating, tallies
from store.errors import StoreClosed, StoreUnavailable
from store.legs import LegRow
from store.operating import OpenCase
from store.port import Tx

LOG = logging.getLogger("yijianshi.refold")
PAGE = 100
COUNTED_BY, REACHED = "dates.calendar", "dates.reached"
RULES = "8"  # another number when code counts stored dates differently, or comes to other states by the same events


class Refolder:
    """Keeps the rows that legs are found by true to the calendar and the rules in force."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book
        self._calendar = fingerprint(premises.calendar)

    def step(self, now: datetime) -> bool:
        """Count a page of open cases anew if they were counted by another calendar or other rules; whether more are
        left."""
        with self._premises.database.read() as tx:
            counted_by, reached = marks.get(tx, COUNTED_BY), marks.get(tx, REACHED)
            if counted_by is not None and counted_by.value == self._calendar:
                return False
            page = operating.open_cases(tx, _after(reached.value if reached else "", self._calendar), PAGE)
        for case in page:
            self._isolated(case.reference, now)
        self._premises.database.write(lambda tx: self._went_on(tx, page, now))
        return bool(page)

    def case(self, reference: str, now: datetime) -> None:
        """Store the rows of a case as they are folded and counted now, once all that follows by now has happened."""
        calendar = self._premises.calendar
        self._book.advance(reference, lambda case: follow(case, now, calendar).events, now)
        known = self._book.fresh(reference)
        dates = Dates(known.case, calendar, now)
        changed = [row for number, before in known.legs.items()
                   if (row := dated_row(known, number, dates)) != before]
        self._premises.database.write(lambda tx: _store(tx, known, changed, now))
        self._book.forget(reference)

    def _isolated(self, reference: str, now: datetime) -> None:
        try:
            self.case(reference, now)
        except (StoreUnavailable, StoreClosed):
            raise
        except Exception as fault:  # noqa: BLE001  # one bad case must not keep its dates from all the others
            LOG.error("the dates of a case are not counted anew: %s", told(fault))

    def _went_on(self, tx: Tx, page: list[OpenCase], now: datetime) -> None:
        if page:
            marks.put(tx, REACHED, f"{self._calendar} {page[-1].edition} {page[-1].reference}", now)
        else:
            marks.put(tx, COUNTED_BY, self._calendar, now)
            marks.drop(tx, REACHED)


def fingerprint(calendar: WorkCalendar) -> str:
    """What the days of the calendar in force come to, in one word."""
    years = [(number, sorted(year.off), sorted(year.made_up), year.provisional)
             for number, year in sorted(calendar.years.items())]
    return hashlib.sha256(repr((RULES, str(calendar.zone), years, calendar.office)).encode()).hexdigest()


def _after(reached: str, calendar: str) -> OpenCase:
    """Where the last page ended; at the beginning if it was counted by another calendar."""
    by, edition, reference = reached.split(" ") if reached else ("", "", "")
    return OpenCase(edition, reference) if by == calendar else OpenCase("", "")


def _store(tx: Tx, known: Known, rows: list[LegRow], now: datetime) -> None:
    written = [row for row in rows if legs.refold(tx, row, known.legs[row.leg])]
    tallies.note(tx, known.row.bundle, known.legs, written, now)
