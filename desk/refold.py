"""When the calendar changed, the stored dates of open cases are counted anew, page by page, beside everything else."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime

from cases.due import Dates
from desk.book import Book
from desk.faults import told
from desk.outgoing import dated_row
from desk.premises import Premises
from store import legs, marks, operating
from store.errors import StoreClosed, StoreUnavailable
from store.legs import LegRow
from store.operating import OpenCase
from store.port import Tx

LOG = logging.getLogger("yijianshi.refold")
PAGE = 100
COUNTED_BY, REACHED = "dates.calendar", "dates.reached"
RULES = "2"  # another number when code counts stored dates differently


class Refolder:
    """Keeps the dates that legs are found by true to the calendar in force."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book
        self._calendar = fingerprint(premises)

    def step(self, now: datetime) -> bool:
        """Count a page of open cases anew if their dates were counted by another calendar; whether more are left."""
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
        """Store the dates of a case as they are counted now."""
        known = self._book.fresh(reference)
        dates = Dates(known.case, self._premises.calendar, now)
        changed = [row for number, before in known.legs.items()
                   if (row := dated_row(known, number, dates)) != before]
        self._premises.database.write(lambda tx: _set_due(tx, changed))
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


def fingerprint(premises: Premises) -> str:
    """What the days of the calendar in force come to, in one word."""
    calendar = premises.calendar
    years = [(number, sorted(year.off), sorted(year.made_up), year.provisional)
             for number, year in sorted(calendar.years.items())]
    return hashlib.sha256(repr((RULES, str(calendar.zone), years, calendar.office)).encode()).hexdigest()


def _after(reached: str, calendar: str) -> OpenCase:
    """Where the last page ended; at the beginning if it was counted by another calendar."""
    by, edition, reference = reached.split(" ") if reached else ("", "", "")
    return OpenCase(edition, reference) if by == calendar else OpenCase("", "")


def _set_due(tx: Tx, rows: list[LegRow]) -> None:
    for row in rows:
        legs.set_due(tx, row)
