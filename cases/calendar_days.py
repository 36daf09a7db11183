"""Which days are worked: years of the working-day calendar in one zone, with office hours.

Rules: 行政许可法 第82条 (days are working days without statutory holidays); the yearly notice of the State Council
(make-up days 调休 are working days). A year that nobody has announced is counted with weekends only and marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from catalog.dictionary import CalendarYear
from catalog.limits import OFFICE_HOURS

ONE_DAY = timedelta(days=1)
_WEEKEND = ("周一", "周二", "周三", "周四", "周五", "周六休息", "周日休息")


@dataclass(frozen=True, slots=True)
class DayKind:
    """What a day is: worked or not, why in Chinese, and whether its year is only provisional."""

    works: bool
    why: str
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class _Year:
    off: frozenset[str]
    made_up: frozenset[str]
    provisional: bool


@dataclass(frozen=True, slots=True, eq=False)
class WorkCalendar:
    """The calendar that limits are counted by: known years, the zone whose midnights end a day, office hours.

    `office` are the worked hours of a working day, ascending; a limit in `wh` counts exactly these (by default seven
    hours a day), it is never converted into days. Make one with `work_calendar`.
    """

    zone: tzinfo
    years: Mapping[int, _Year] = field(default_factory=dict)
    office: tuple[tuple[time, time], ...] = OFFICE_HOURS

    def day(self, day: date) -> DayKind:
        """What `day` is. A year without data is weekends only and provisional, never silently Monday to Friday."""
        year = self.years.get(day.year)
        weekend = day.weekday() >= 5
        if year is None:
            return DayKind(not weekend, _WEEKEND[day.weekday()] if weekend else "工作日(该年放假安排未公布)", True)
        text = day.isoformat()
        if text in year.made_up:
            return DayKind(True, "调休上班日", year.provisional)
        if weekend:
            return DayKind(False, _WEEKEND[day.weekday()], year.provisional)
        if text in year.off:
            return DayKind(False, "法定节假日", year.provisional)
        return DayKind(True, "工作日", year.provisional)

    def works(self, day: date) -> bool:
        """Whether `day` is a working day."""
        return self.day(day).works

    def date_of(self, instant: datetime) -> date:
        """The day in the calendar's zone on which `instant` falls."""
        return instant.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """Midnight at which `day` begins."""
        return datetime.combine(day, time(0), self.zone)

    def end_of(self, day: date) -> datetime:
        """The last second of `day`: the moment a limit counted in days ends."""
        return datetime.combine(day, time(23, 59, 59), self.zone)

    def office_hours(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The worked intervals of `day`, empty when it is not worked."""
        if not self.works(day):
            return ()
        return tuple((datetime.combine(day, a, self.zone), datetime.combine(day, b, self.zone)) for a, b in self.office)


def work_calendar(
    years: Iterable[CalendarYear], zone: tzinfo, office: tuple[tuple[time, time], ...] = OFFICE_HOURS
) -> WorkCalendar:
    """The calendar over these years of the catalog, in this zone."""
    known = {
        y.year: _Year(frozenset(y.days_off), frozenset(y.make_up_days), y.provisional) for y in years
    }
    return WorkCalendar(zone, known, office)
