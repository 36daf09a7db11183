"""When a limit ends: days, hours and months counted one by one, with pauses, over the working-day calendar.

Conventions (民法典 第201条; 行政许可法 第45、82条): the day of the event is not counted; a limit in days ends with the
last second of its last day; a day counts only if the clock runs at its end; hours, minutes and office hours are
counted to the second without the paused time; a month ends on the same day of the month, in a shorter one on its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from cases.calendar_days import ONE_DAY, WorkCalendar
from cases.errors import EndlessLimit
from catalog.evaluate import moved
from catalog.limits import Limit

LONGEST_WALK_DAYS = 15_000
LATEST_START_YEAR = 9_000
REMEMBERED = 8_192
_SECONDS = {"h": 3600, "wh": 3600, "min": 60}


@dataclass(frozen=True, slots=True)
class Span:
    """A closed interval in which a clock stands; `why` is shown on the days it costs. An open pause has no span:
    close it at the moment of looking (`cases.due` does) to get the earliest possible end."""

    start: datetime
    end: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of the count: whether it counted, and why or why not, in Chinese."""

    date: date
    counted: bool
    why: str


@dataclass(frozen=True, slots=True)
class Due:
    """The end of a limit, day by day. `provisional`: a counted day lies in a year whose calendar is not announced."""

    due: datetime
    provisional: bool
    days: tuple[DayLine, ...]


def explain(start: datetime, limit: Limit, pauses: Sequence[Span], calendar: WorkCalendar) -> Due:
    """When `limit` from `start` ends, with every day of the count.

    `start` must carry an offset; the answer is in the calendar's zone. `pauses` may overlap; their union is taken.
    Raises `EndlessLimit` when the pauses, or a start thousands of years away, push the end out of reach.
    """
    if start.year > LATEST_START_YEAR:
        raise EndlessLimit(f"起始日 {start.date()} 太远，无法计算；请检查年份")
    spans = union(pauses) if pauses else ()
    if limit.unit in _SECONDS:
        return _by_seconds(start, _length(limit), limit.unit == "wh", spans, calendar)
    return _by_days(calendar.date_of(start), limit, spans, calendar)


def warn_at(start: datetime, limit: Limit, pauses: Sequence[Span], calendar: WorkCalendar) -> datetime:
    """When little is left of the limit: at most one day or a quarter of it, whichever is more.

    In days that is the beginning of the last (or of the last quarter of the) days that count; a limit in hours or
    minutes warns in its last quarter, since a day would be more than the whole.
    """
    if limit.unit in _SECONDS:
        three_quarters = _length(limit) * 3 / 4
        return _by_seconds(start, three_quarters, limit.unit == "wh", union(pauses), calendar).due
    counted = [line.date for line in explain(start, limit, pauses, calendar).days if line.counted]
    left = max(1, len(counted) // 4)
    return max(start.astimezone(calendar.zone), calendar.start_of(counted[-left]))


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time as intervals that neither touch nor overlap, ascending; empty ones are gone."""
    merged: list[Span] = []
    for span in sorted((s for s in spans if s.start < s.end), key=lambda s: (s.start, s.end)):
        last = merged[-1] if merged else None
        if last is None or span.start > last.end:
            merged.append(span)
        elif span.end > last.end:
            merged[-1] = Span(last.start, span.end, _joined(last.why, span.why))
    return tuple(merged)


def as_json(due: Due) -> dict[str, object]:
    """The shape that `flask due --json` prints (contract 1)."""
    return {
        "due": due.due.isoformat(), "provisional": due.provisional,
        "days": [{"date": line.date.isoformat(), "counted": line.counted, "why": line.why} for line in due.days],
    }


def _joined(first: str, second: str) -> str:
    return "、".join(dict.fromkeys(part for why in (first, second) for part in why.split("、") if part))


def _pause_words(pause: Span) -> str:
    return f"暂停：{pause.why}" if pause.why else "暂停计时"


@lru_cache(maxsize=REMEMBERED)
def _by_days(first: date, limit: Limit, spans: tuple[Span, ...], calendar: WorkCalendar) -> Due:
    """Limits in days depend on the day of the start alone, so most counts of a case were made before."""
    left = (moved(first, 1, limit) - first).days if limit.unit == "mo" else limit.amount
    if left == 0:
        return _same_day(first, limit.unit == "wd", spans, calendar)
    lines, provisional = [DayLine(first, False, "起算当日，不计入")], False
    days = _days_after(first)
    while left:
        counts, why, guessed = _day_counts(day := next(days), limit.unit == "wd", spans, calendar)
        lines.append(DayLine(day, counts, why))
        provisional = provisional or guessed
        left -= counts
    return Due(calendar.end_of(lines[-1].date), provisional, tuple(lines))


def _same_day(first: date, working: bool, spans: tuple[Span, ...], calendar: WorkCalendar) -> Due:
    """A limit of nothing ends on its own day, or on the first day on which the clock runs at the end; in working
    days also on the first that is worked, since nobody sits there before."""
    lines: list[DayLine] = []
    day, days, provisional = first, _days_after(first), False
    while not (count := _day_counts(day, working, spans, calendar))[0]:
        lines.append(DayLine(day, False, count[1]))
        provisional = provisional or count[2]
        day = next(days)
    return Due(calendar.end_of(day), provisional or count[2], (*lines, DayLine(day, True, "当日办结")))


def _day_counts(day: date, working: bool, spans: Sequence[Span], calendar: WorkCalendar) -> tuple[bool, str, bool]:
    """Whether `day` counts, why, and whether that rests on a provisional year."""
    pause = _paused_at_end_of(day, spans, calendar)
    if not working:
        return pause is None, "自然日" if pause is None else _pause_words(pause), False
    kind = calendar.day(day)
    if not kind.works:
        return False, kind.why, kind.provisional
    return pause is None, kind.why if pause is None else _pause_words(pause), kind.provisional


def _paused_at_end_of(day: date, spans: Sequence[Span], calendar: WorkCalendar) -> Span | None:
    midnight = calendar.start_of(day + ONE_DAY)
    return next((s for s in spans if s.start < midnight <= s.end), None)


def _days_after(first: date) -> Iterator[date]:
    for count in range(1, LONGEST_WALK_DAYS):
        yield first + timedelta(days=count)
    raise EndlessLimit(f"从 {first} 起数不到时限的结束日；请检查起始日和暂停区间")


def _length(limit: Limit) -> timedelta:
    return timedelta(seconds=limit.amount * _SECONDS[limit.unit])


def _by_seconds(
    start: datetime, left: timedelta, office: bool, spans: Sequence[Span], calendar: WorkCalendar
) -> Due:
    day = calendar.date_of(start)
    lines: list[DayLine] = []
    provisional = False
    days = _days_after(day)
    while True:
        kind = calendar.day(day)
        provisional = provisional or (office and kind.provisional)
        used, end = _use_day(left, _running(start, day, office, spans, calendar))
        left -= used
        lines.append(DayLine(day, used > timedelta(0), _hours_why(used, kind.why if office else "连续计时")))
        if end is not None:
            return Due(end.astimezone(calendar.zone), provisional, tuple(lines))
        day = next(days)


def _running(
    start: datetime, day: date, office: bool, spans: Sequence[Span], calendar: WorkCalendar
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of `day` in which the clock runs, in order."""
    whole = ((calendar.start_of(day), calendar.start_of(day + ONE_DAY)),)
    for opens, shuts in calendar.office_hours(day) if office else whole:
        begin, closes = max(opens, start).astimezone(UTC), shuts.astimezone(UTC)  # seconds, not wall time
        for span in spans:
            if span.end <= begin or span.start >= closes:
                continue
            if span.start > begin:
                yield begin, span.start
            begin = span.end
        if begin <= closes:
            yield begin, closes


def _use_day(left: timedelta, parts: Iterable[tuple[datetime, datetime]]) -> tuple[timedelta, datetime | None]:
    """How much of `left` these parts use up, and the moment at which nothing is left, if it comes."""
    used = timedelta(0)
    for begin, end in parts:
        if end - begin >= left - used:
            return left, begin + (left - used)
        used += end - begin
    return used, None


def _hours_why(used: timedelta, why: str) -> str:
    minutes, seconds = divmod(int(used.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "小时"), (minutes, "分"), (seconds, "秒"))
    text = "".join(f"{amount}{name}" for amount, name in parts if amount)
    return f"{why}，计{text}" if text else f"{why}，不计时"
