"""Urges by those who watch: a supervisor with a reason, and the platform by itself on every working day."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from cases import urges
from cases.due import Dates
from cases.model import Case, Event
from desk.applicants.afterwards import ONCE_A_DAY
from desk.book import Book, Wish
from desk.errors import NotNow, UnknownLeg
from desk.faults import told
from desk.premises import Premises
from desk.staff.acts import Act
from desk.writing import Beside
from store import marks, overseeing
from store.errors import StoreUnavailable
from store.legs import LegRow
from store.overseeing import After

LOG = logging.getLogger("yijianshi.urges")
ROUND = "urges.round"
PAGE = 200  # what one sweep urges at most: a backlog reaches departments over hours and not in one burst
TOGETHER = 20  # cases in one commit: their locks are held meanwhile


class Urging:
    """Urges of supervisors and of the platform; those of applicants are at `desk/applicants/afterwards.py`."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def by_supervisor(self, leg: str, act: Act, now: datetime) -> None:
        """Urge a leg (its public id) that its department is working on."""
        reference, _, number = leg.rpartition("-")
        by, calendar = f"{urges.SUPERVISOR}:{act.by}", self._premises.calendar

        def decide(case: Case) -> Sequence[Event]:
            if number not in case.legs:
                raise UnknownLeg
            if not urges.is_worked_on(case, number):
                raise NotNow("现在不该部门办理：还没有送到、在等申请人或已经办结；请刷新页面查看。")
            if urges.urged_by(case.legs[number], by, now, calendar):
                raise NotNow(ONCE_A_DAY)
            return (urges.urge(case.legs[number], now, by, act.reason),)

        self._book.advance(reference, decide, now, lambda tx: act.record(tx, "urge", leg, now, {}))

    def go_round(self, now: datetime) -> None:
        """Urge the next late legs of today's round, the longest overdue first; nothing outside office hours.

        The round goes by the index of due dates from where the last sweep ended, so that legs that are not late cost
        nothing. Where two hosts meet, or one begins anew, the history of a leg says that it was urged today.
        """
        calendar = self._premises.calendar
        today = calendar.date_of(now)
        hours = calendar.office_hours(today)
        if not hours or not hours[0][0] <= now < hours[-1][1]:
            return
        with self._premises.database.read() as tx:
            reached = marks.get(tx, ROUND)
            page = overseeing.late(tx, now, _after(reached.value if reached else "", str(today)), PAGE)
        if not page:
            return
        for some in _groups(page):
            self._urge(some, now)
        last = page[-1]
        assert last.due_at is not None
        then = "|".join((str(today), *After.of(last.due_at, last.reference, last.leg)))
        self._premises.database.write(lambda tx: marks.put(tx, ROUND, then, now))

    def _urge(self, some: dict[str, list[str]], now: datetime) -> None:
        wishes = [Wish(reference, partial(self._decide, numbers, now), Beside) for reference, numbers in some.items()]
        for wish, fault in zip(wishes, self._book.advance_all(wishes, now), strict=True):
            self._book.forget(wish.reference)  # late cases lie still: they would push those at work out of memory
            if isinstance(fault, StoreUnavailable):
                raise fault
            if fault is not None:
                LOG.error("a late case is not urged: %s", told(fault))

    def _decide(self, numbers: Sequence[str], now: datetime, case: Case) -> Sequence[Event]:
        dates, calendar = Dates(case, self._premises.calendar, now), self._premises.calendar
        return [urges.urge(leg, now, urges.PLATFORM) for leg in (case.legs[number] for number in numbers)
                if urges.is_late(dates, leg.leg) and urges.is_taken(leg)
                and not urges.urged_by(leg, urges.PLATFORM, now, calendar)]


def _after(reached: str, today: str) -> After:
    """Where today's round has come to; its beginning if the last one was another day's."""
    day, *place = reached.split("|")
    return After(*place) if day == today else After()


def _groups(page: Sequence[LegRow]) -> Iterator[dict[str, list[str]]]:
    """The late legs by case, as many cases together as go into one commit."""
    found: dict[str, list[str]] = {}
    for row in page:
        found.setdefault(row.reference, []).append(row.leg)
    names = list(found)
    for first in range(0, len(names), TOGETHER):
        yield {name: found[name] for name in names[first:first + TOGETHER]}
