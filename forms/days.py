"""Days that people fill in: how they are written, the bounds that a field gives them, and those that every day has."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final, Protocol

from catalog.evaluate import moved
from catalog.limits import LARGEST_SHIFT, BadLimit, Limit, parse_limit

# Where a field says nothing else: nobody living knows an earlier day, and what ends later is a slip of the finger.
FIRST_DAY: Final = date(1900, 1, 1)
FARTHEST: Final = Limit(LARGEST_SHIFT, "mo")
_FOUR_DIGITS: Final = 1000
_BOUNDS: Final = 512  # of days, each said by some field and asked of every answer to it


class DayBounds(Protocol):
    """Anything that says between which days a day must lie; None: as every day."""

    @property
    def not_before(self) -> str | None:
        """The first day that is allowed."""

    @property
    def not_after(self) -> str | None:
        """The last day that is allowed."""


def written_day(text: str) -> date | None:
    """The day of `2026-03-01`; None for what is written otherwise or is no day."""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-03-01") else None
    except ValueError:
        return None


def day_problem(day: date, bounds: DayBounds, today: date | None) -> str | None:
    """What is wrong with a day, in Chinese; None if it is within `bounds`."""
    if day.year < _FOUR_DIGITS:
        return f"请把年份写成四位，例如 {today.year if today else 2026}；现在填的是 {day.year} 年"
    first, last = bound_day(bounds.not_before, today), bound_day(bounds.not_after, today)
    # A bound that every day has stands beside none of the field's own that leaves it no room.
    if not bounds.not_before and (last is None or last >= FIRST_DAY):
        first = FIRST_DAY
    farthest = None if today is None or bounds.not_after else moved(today, 1, FARTHEST)
    if farthest is not None and (first is None or first <= farthest):
        last = farthest
    if first is not None and day < first:
        return f"不能早于 {first.isoformat()}，现在填的是 {day.isoformat()}"
    if last is not None and day > last:
        return f"不能晚于 {last.isoformat()}，现在填的是 {day.isoformat()}"
    return None


@lru_cache(maxsize=_BOUNDS)
def bound_day(bound: str | None, today: date | None) -> date | None:
    """The day of a date bound: an ISO date, `today`, or `today + 3mo`; None where it cannot be known."""
    if not bound:
        return None
    base, sign, length = bound.partition(" + ") if " + " in bound else bound.partition(" - ")
    try:
        day = today if base.strip() == "today" else date.fromisoformat(base.strip())
        return moved(day, -1 if "-" in sign else 1, parse_limit(length.strip())) if day and sign else day
    except (ValueError, BadLimit):
        return None
