"""The shipped years agree with the State Council's notices as two public packages know them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import chinese_calendar
import holidays
import pytest

from tests.bundles.shipped import CATALOG

ANNOUNCED = (2024, 2025, 2026)
SATURDAY = 5


def days_of(year: int) -> Iterator[date]:
    """Every day of a year."""
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


@pytest.mark.parametrize("year", ANNOUNCED)
def test_an_announced_year_is_the_one_of_the_notice(year: int) -> None:
    shipped = CATALOG.calendar[year]
    off = [day for day in days_of(year) if day.weekday() < SATURDAY and not chinese_calendar.is_workday(day)]
    made_up = [day for day in days_of(year) if day.weekday() >= SATURDAY and chinese_calendar.is_workday(day)]
    assert shipped.days_off == tuple(day.isoformat() for day in off)
    assert shipped.make_up_days == tuple(day.isoformat() for day in made_up)
    assert "国办发明电" in shipped.source
    assert not shipped.provisional


def test_the_next_year_is_provisional_with_the_statutory_days_alone() -> None:
    shipped = CATALOG.calendar[2027]
    known = holidays.country_holidays("CN", years=2027)
    statutory = tuple(day.isoformat() for day in sorted(known) if day.weekday() < SATURDAY)
    assert (shipped.days_off, shipped.make_up_days, shipped.provisional) == (statutory, (), True)


def test_the_years_follow_one_another_without_a_gap() -> None:
    assert sorted(CATALOG.calendar) == [*ANNOUNCED, 2027]
