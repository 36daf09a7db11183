"""The figures of every day, counted beside everything else and kept: a report of any period is added up of them.

A city has a million cases a year: to count a year in a request would hold its thread for minutes. A day by itself takes
seconds. What was counted is looked at again when a decision of it is put right, when the calendar or the rules change,
and once a month all the same; what then comes to something else is told.
"""

from __future__ import annotations

import logging
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from cases.calendar_days import ONE_DAY, WorkCalendar
from desk.upkeep.refold import fingerprint
from oversight.pledges import Pledges
from oversight.report import Line, Report
from oversight.sheets import period_of, pledge_line
from store import days
from store.days import Counted, Kept
from store.encoding import stamp
from store.port import Database, Tx
from store.report import CaseCount, Period, cases_named, counting_in, erased_of, first_reference, unsettled

LOG = logging.getLogger("yijianshi.report")
RULES = "2"  # another number when a day is counted otherwise
PAGE = 200
SETTLED = timedelta(hours=1)  # after its end a day is over for every host, whatever its clock says
ROUND = timedelta(days=30)
SOONEST, REST_PER_CASE = timedelta(minutes=1), timedelta(milliseconds=20)  # a day that goes on is not counted all day
OVERLAP = timedelta(minutes=5)
DAYS_ALONE = 62  # of more days, months are added up


class Total(NamedTuple):
    """How many cases came on a day, or in a month that begins on it, and how many ended."""

    day: date
    filed: int
    ended: int


@dataclass(frozen=True, slots=True)
class Added:
    """What days added up to, and each of them alone (months of them where they are many); `uncounted`: how many of them
    were not counted yet; `until`: to when the one that goes on was."""

    report: Report
    totals: list[Total]
    pledges: list[Line]
    uncounted: int
    until: datetime | None


class Daily:
    """Counts days and adds them up."""

    def __init__(self, database: Database, calendar: WorkCalendar) -> None:
        self._database, self._calendar = database, calendar
        self._pledges = Pledges(database, calendar)
        self._by = f"{RULES}:{fingerprint(calendar)}"

    def go_on(self, now: datetime) -> bool:
        """Count the day that is due most, if one is, or else add up a month; whether another may be due. Called again
        and again by what sweeps."""
        with self._database.read() as tx:
            begin, today = _begin(tx), self._calendar.date_of(now)
            known = days.counted(tx, begin, today) if begin else {}
            due = self._due(begin, known, now) if begin else None
            before = next(iter(days.kept(tx, due, due)), None) if due else None
            month = self._unadded(tx, begin, known) if begin and due is None else None
            parts = days.kept(tx, month[0], _last_of(month[0])) if month else []
        if month is not None:
            whole = self._month(*month, parts)
            self._database.write(lambda tx: days.put(tx, whole, month=True))
        elif due is not None:
            made = self._count(due, before, now)
            if before is not None and self._over(before.counted):
                self._compare(due, before, made)
            self._database.write(lambda tx: days.put(tx, made))
        return due is not None or month is not None

    def added(self, first: date, last: date, now: datetime) -> Added:
        """What the days from the first to the last come to, as far as they have come and were counted."""
        last = min(last, self._calendar.date_of(now))
        with self._database.read() as tx:
            begin = _begin(tx)
            known = {day: one for day, one in days.counted(tx, first, last).items() if _readable(one)}
            found = list(self._parts(tx, (first, last), begin, known)) if begin else []
            pledges = [pair for one in found for pair in one.figures["pledges"]]
            erased = erased_of(tx, (line["leg"].rpartition("-")[0] for _, line in pledges))
        whole, totals = _sum(found)
        wanted = _days(max(first, begin), last) if begin else ()
        going = [one.at for one in known.values() if one.at is not None and not self._over(one)]
        # Those without a day come last, by when they were decided; as `flask pledges` lists them.
        ordered = sorted(pledges, key=lambda pair: (pair[1]["check_by"] is None, pair[0], pair[1]["leg"],
                                                    pair[1]["paper"]))
        return Added(whole, totals, [line for _, line in ordered if line["leg"].rpartition("-")[0] not in erased],
                     sum(day not in known for day in wanted), min(going, default=None))

    def _parts(self, tx: Tx, extent: tuple[date, date], begin: date, known: Mapping[date, Counted]) -> Iterator[Kept]:
        """What is added up: the days, or of many days those months that stand for their days as they were counted."""
        first, last = extent
        whole = days.months(tx, first, last) if (last - first).days > DAYS_ALONE else {}
        start = max(first, begin.replace(day=1))
        while start <= last:
            end = min(_last_of(start), last)
            newest = self._newest(max(start, begin), end, known)
            month = whole.get(start)
            if month is not None and end == _last_of(start) and newest is not None and month.at == newest:
                yield days.kept_month(tx, start)
            else:
                yield from (one for one in days.kept(tx, start, end) if _readable(one.counted))
            start = end + ONE_DAY

    def _newest(self, first: date, last: date, known: Mapping[date, Counted]) -> datetime | None:
        """When the last of these days was counted; None unless all were, and are over."""
        found = [known.get(day) for day in _days(first, last)]
        if not all(one is not None and one.at is not None and self._over(one) and one.by == self._by for one in found):
            return None
        return max((one.at for one in found if one is not None and one.at is not None), default=None)

    def _unadded(self, tx: Tx, begin: date, known: Mapping[date, Counted]) -> tuple[date, datetime] | None:
        """The first day of a month whose days were all counted, and one of them later than it was added up."""
        first, last = begin.replace(day=1), max(known, default=begin)
        there = days.months(tx, first, last)
        for start in (day for day in _days(first, last) if day.day == 1):
            newest = self._newest(max(start, begin), _last_of(start), known)
            if newest is not None and (start not in there or there[start].at != newest):
                return start, newest
        return None

    def _month(self, start: date, newest: datetime, found: list[Kept]) -> Kept:
        return Kept(Counted(start, newest, self._by, sum(one.counted.cases for one in found)),
                    {"report": _sum(found)[0].packed(),
                     "pledges": [pair for one in found for pair in one.figures["pledges"]]})

    def _due(self, begin: date, known: Mapping[date, Counted], now: datetime) -> date | None:
        """The latest day that is to be counted; else the one that was not looked at for longest, once a month."""
        today = self._calendar.date_of(now)
        due = next((day for day in reversed(list(_days(begin, today))) if self._is_due(known.get(day), now)), None)
        if due is not None:
            return due
        oldest = min(known.values(), key=lambda one: (one.at or now, one.day), default=None)
        return oldest.day if oldest and oldest.at and now - oldest.at >= ROUND else None

    def _is_due(self, one: Counted | None, now: datetime) -> bool:
        if one is None or one.at is None or one.by != self._by:
            return True
        return not self._over(one) and now - one.at >= max(SOONEST, one.cases * REST_PER_CASE)

    def _over(self, one: Counted) -> bool:
        """Whether the day was over when it was counted."""
        return one.at is not None and one.at >= self._period(one.day).end + SETTLED

    def _period(self, day: date) -> Period:
        return period_of(day, day, self._calendar.zone)

    def _count(self, day: date, before: Kept | None, now: datetime) -> Kept:
        """Count a day in short pages, and have counted again what corrections of this day changed of others."""
        period, report, pledges = self._period(day), Report(), list[tuple[str, Line]]()
        seen = before.counted.at if before is not None else None
        with self._database.read() as tx:
            references = counting_in(tx, period)
            moved = unsettled(tx, seen - OVERLAP if seen else period.start, period)
        for found in self._pages(references):
            report.add(found, period)
            pledges += [(stamp(one.by or one.decided_at), pledge_line(one, self._calendar.zone))
                        for one in self._pledges.of(found, period)]
        again = {self._calendar.date_of(at) for at in moved}
        if again:
            self._database.write(lambda tx: days.count_again(tx, again))
        return Kept(Counted(day, now, self._by, len(references)), {"report": report.packed(), "pledges": pledges})

    def _pages(self, references: list[str]) -> Iterator[list[CaseCount]]:
        for first in range(0, len(references), PAGE):
            with self._database.read() as tx:
                page = cases_named(tx, references[first:first + PAGE])
            yield page

    def _compare(self, day: date, before: Kept, made: Kept) -> None:
        """A day that nothing was known to have changed comes to what it came to before, or somebody should know."""
        if before.counted.by == self._by and _told(before.figures) != _told(made.figures):
            LOG.warning("the figures of %s were counted again and came to something else", day)


def _told(figures: Mapping[str, object]) -> object:
    """What is compared: what was erased since has no pledges any more."""
    return figures["report"]


def _readable(one: Counted) -> bool:
    """Whether a day was counted by these rules; what others kept may be of another shape."""
    return one.by.partition(":")[0] == RULES


def _sum(found: Iterable[Kept]) -> tuple[Report, list[Total]]:
    """What parts come to together, and the cases of each."""
    whole, totals = Report(), list[Total]()
    for one in found:
        made = Report.opened(one.figures["report"])
        whole.take(made)
        totals.append(Total(one.counted.day, sum(line.filed for line in made.bundles.values()),
                            sum(line.ended for line in made.bundles.values())))
    return whole, totals


def _last_of(day: date) -> date:
    """The last day of the month of a day."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _begin(tx: Tx) -> date | None:
    """The day of the first case."""
    found = first_reference(tx)
    return None if found is None else date.fromisoformat(found[:8])


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += ONE_DAY
