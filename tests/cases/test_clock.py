"""Limits against the vectors of the domain notes, the edge cases of the law, and an independent slow counter."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.calendar_days import work_calendar
from cases.clock import Span, as_json, explain, union
from cases.errors import BadInstant, EndlessLimit
from cases.instants import read_instant, read_pause
from catalog.limits import Limit, parse_limit
from forms.schedule import working_end
from tests.cases.case_years import CALENDAR, SHANGHAI, YEARS


def due(start: str, limit: str, *pauses: str) -> str:
    spans = [read_pause(p, SHANGHAI) for p in pauses]
    return explain(read_instant(start, SHANGHAI), parse_limit(limit), spans, CALENDAR).due.isoformat()[:16]


@pytest.mark.parametrize(("start", "limit", "end"), [
    ("2025-09-26", "7wd", "2025-10-13"), ("2025-09-27", "1wd", "2025-09-28"), ("2025-09-30", "1wd", "2025-10-09"),
    ("2025-10-11", "1wd", "2025-10-13"), ("2025-01-20", "20wd", "2025-02-21"), ("2026-02-10", "5wd", "2026-02-24"),
    ("2025-09-26T23:59:59", "0wd", "2025-09-26"), ("2025-09-27", "0wd", "2025-09-28"),
    ("2025-09-28", "0wd", "2025-09-28"), ("2025-10-01", "0wd", "2025-10-09"), ("2026-11-22T22:45", "0wd", "2026-11-23"),
    ("2025-09-27", "0nd", "2025-09-27"),
    ("2025-09-26", "20nd", "2025-10-16"), ("2025-09-26", "45nd", "2025-11-10"),
    ("2025-01-31", "1mo", "2025-02-28"), ("2024-01-31", "1mo", "2024-02-29"), ("2025-11-30", "3mo", "2026-02-28"),
    ("2025-12-15", "12mo", "2026-12-15"), ("2025-09-26", "0mo", "2025-09-26"),
])
def test_limits_in_days_and_months_end_on_the_known_day(start: str, limit: str, end: str) -> None:
    assert due(start, limit) == f"{end}T23:59"


@pytest.mark.parametrize(("start", "limit", "end"), [
    ("2025-09-26T16:00", "4h", "2025-09-26T20:00"), ("2025-09-26T23:50", "30min", "2025-09-27T00:20"),
    ("2025-09-26T16:00", "4wh", "2025-09-28T12:00"), ("2025-09-30T16:00", "4wh", "2025-10-09T12:00"),
    ("2025-09-26T09:00", "3wh", "2025-09-26T12:00"), ("2025-09-26T12:30", "1wh", "2025-09-26T14:00"),
    ("2025-09-26T20:00", "7wh", "2025-09-28T17:00"), ("2025-09-26T10:00", "0h", "2025-09-26T10:00"),
])
def test_hours_run_through_and_office_hours_only_while_the_office_is_open(start: str, limit: str, end: str) -> None:
    assert due(start, limit) == end


@pytest.mark.parametrize(("start", "limit", "pauses", "end"), [
    ("2025-10-09", "3wd", ["2025-10-10..2025-10-15"], "2025-10-17T23:59"),
    ("2025-09-28", "3wd", ["2025-09-29T10:00..2025-10-11T15:00"], "2025-10-14T23:59"),
    ("2025-10-09", "3wd", ["2025-10-10..2025-10-14", "2025-10-13..2025-10-15"], "2025-10-17T23:59"),
    ("2025-10-09", "3wd", ["2025-10-10T09:00..2025-10-10T17:00"], "2025-10-13T23:59"),
    ("2025-10-09", "0wd", ["2025-10-09T10:00..2025-10-12T10:00"], "2025-10-13T23:59"),
    ("2025-10-09", "2nd", ["2025-10-10..2025-10-12"], "2025-10-13T23:59"),
    ("2025-01-31", "1mo", ["2025-02-10..2025-02-13"], "2025-03-03T23:59"),
    ("2025-10-09T10:00", "4h", ["2025-10-09T11:00..2025-10-09T12:30", "2025-10-09T12:00..2025-10-09T13:00"],
     "2025-10-09T16:00"),
    ("2025-10-09T10:00", "4wh", ["2025-10-09T11:30..2025-10-09T13:30"], "2025-10-09T16:00"),
    ("2025-10-09T10:00", "1h", ["2025-10-09T09:00..2025-10-09T10:30"], "2025-10-09T11:30"),
])
def test_paused_time_does_not_count(start: str, limit: str, pauses: list[str], end: str) -> None:
    assert due(start, limit, *pauses) == end


def test_every_day_says_why_it_counted_or_not() -> None:
    told = explain(read_instant("2025-09-27", SHANGHAI), Limit(2, "wd"),
                   [Span(read_instant("2025-09-29", SHANGHAI), read_instant("2025-09-30", SHANGHAI), "补正")], CALENDAR)
    assert [(d.date.day, d.counted, d.why) for d in told.days] == [
        (27, False, "起算当日，不计入"), (28, True, "调休上班日"), (29, False, "暂停：补正"), (30, True, "工作日"),
    ]
    assert as_json(told)["due"] == "2025-09-30T23:59:59+08:00"


@pytest.mark.parametrize(("start", "limit", "provisional"), [
    ("2026-12-30", "1wd", False), ("2026-12-31", "1wd", True), ("2027-02-04", "2wd", True),
    ("2029-05-01", "1wd", True), ("2029-05-01", "5nd", False), ("2029-05-01T09:00", "1wh", True),
    ("2029-05-01T09:00", "1h", False),
])
def test_a_year_that_is_not_announced_makes_the_date_provisional(start: str, limit: str, provisional: bool) -> None:
    assert explain(read_instant(start, SHANGHAI), parse_limit(limit), [], CALENDAR).provisional is provisional


def test_the_day_is_that_of_the_zone_and_not_of_the_offset_written() -> None:
    assert due("2025-09-25T18:00:00+00:00", "1wd") == "2025-09-28T23:59"


def test_touching_and_overlapping_pauses_become_one() -> None:
    day = datetime(2025, 10, 9, tzinfo=SHANGHAI)
    hours = [Span(day + timedelta(hours=a), day + timedelta(hours=b)) for a, b in [(3, 5), (1, 3), (4, 6), (8, 8)]]
    assert [(s.start.hour, s.end.hour) for s in union(hours)] == [(1, 6)]


def test_a_limit_out_of_reach_and_a_bad_instant_are_refused() -> None:
    with pytest.raises(EndlessLimit):
        due("9998-01-01", "1wd")
    with pytest.raises(EndlessLimit):
        due("2025-01-01", "1wd", "2025-01-01..2099-01-01")
    for text in ("2025-13-01..2025-13-02", "2025-10-02..2025-10-01", "2025-10-02"):
        with pytest.raises(BadInstant):
            read_pause(text, SHANGHAI)


# The counter below shares no code with the clock: it looks at every day, and for hours at every minute.
OFF = {d for y in YEARS for d in y.days_off}
MADE_UP = {d for y in YEARS for d in y.make_up_days}


def slow_works(day: date) -> bool:
    text = day.isoformat()
    return text in MADE_UP or (day.weekday() < 5 and text not in OFF)


def slow_runs(instant: datetime, pauses: list[Span]) -> bool:
    return not any(p.start < instant <= p.end for p in pauses)


def slow_due(start: datetime, limit: Limit, pauses: list[Span]) -> datetime:
    day, left = start.date(), limit.amount
    while left:
        day += timedelta(days=1)
        midnight = datetime.combine(day + timedelta(days=1), time(0), SHANGHAI)
        if (limit.unit == "nd" or slow_works(day)) and slow_runs(midnight, pauses):
            left -= 1
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)


def slow_minutes(start: datetime, minutes: int, pauses: list[Span], office: bool) -> datetime:
    now = start
    while minutes:
        now += timedelta(minutes=1)
        before = now - timedelta(minutes=1)
        open_now = slow_works(before.date()) and (9 <= before.hour < 12 or 13 <= before.hour < 17)
        if (open_now or not office) and slow_runs(now, pauses):
            minutes -= 1
    return now


FIRST = datetime(2025, 1, 1, tzinfo=SHANGHAI)
instants = st.integers(0, 700 * 1440).map(lambda m: FIRST + timedelta(minutes=m))
lengths = st.integers(0, 20 * 1440).map(lambda m: timedelta(minutes=m))
spans_after = st.lists(st.tuples(st.integers(-2000, 30_000), lengths), max_size=4)


def pauses_from(start: datetime, raw: list[tuple[int, timedelta]]) -> list[Span]:
    return [Span(begin := start + timedelta(minutes=m), begin + length) for m, length in raw]


@settings(max_examples=2000, deadline=None)
@given(instants, st.integers(1, 40), st.sampled_from(["wd", "nd"]), spans_after)
def test_days_agree_with_a_slow_day_by_day_counter(
    start: datetime, amount: int, unit: str, raw: list[tuple[int, timedelta]]
) -> None:
    pauses = pauses_from(start, raw)
    limit = parse_limit(f"{amount}{unit}")
    assert explain(start, limit, pauses, CALENDAR).due == slow_due(start, limit, pauses)


@settings(max_examples=150, deadline=None)
@given(instants, st.integers(1, 300), st.booleans(), st.lists(
    st.tuples(st.integers(-60, 600), st.integers(0, 900).map(lambda m: timedelta(minutes=m))), max_size=3))
def test_hours_agree_with_a_slow_minute_by_minute_counter(
    start: datetime, amount: int, office: bool, raw: list[tuple[int, timedelta]]
) -> None:
    pauses = pauses_from(start, raw)
    unit, factor = ("wh", 60) if office else ("min", 1)
    amount = amount // 60 + 1 if office else amount
    found = explain(start, parse_limit(f"{amount}{unit}"), pauses, CALENDAR).due
    assert found == slow_minutes(start, amount * factor, pauses, office)


@pytest.mark.parametrize("hours", [4, 7, 8, 80])
def test_a_plan_counts_office_hours_into_days_as_the_clock_does_for_what_comes_at_their_end(hours: int) -> None:
    begun, limit = read_instant("2025-10-13T17:00", SHANGHAI), Limit(hours, "wh")
    after = (explain(begun, limit, [], CALENDAR).due.date() - begun.date()).days
    days = (begun.date() + timedelta(days=number) for number in range(1, after + 1))
    assert working_end(0, limit) == sum(map(CALENDAR.works, days))


def test_office_hours_are_data() -> None:
    shifted = work_calendar(YEARS, SHANGHAI, ((time(8), time(12)), (time(14), time(18))))
    start = read_instant("2025-09-26T08:00", SHANGHAI)
    assert explain(start, Limit(8, "wh"), [], shifted).due == datetime(2025, 9, 26, 18, tzinfo=SHANGHAI)
