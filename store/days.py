"""Days whose figures are kept, so that a report adds up days and reads no case; and months, added up of days.

What a day came to is counted from cases, legs and events (`store/report.py`), and is counted again when one of them
moves; it can be made anew at any time. A month's key is the beginning of its days'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from store.encoding import moment, pack, stamp, unpack
from store.port import Row, Tx

_STAMPS = "select day, counted_at, counted_by, cases from days where day >= :first and day <= :last"
_DAY, _MONTH = "length(day) = 10", "length(day) = 7"


@dataclass(frozen=True, slots=True)
class Counted:
    """When a day was counted last (None: something moved since), by which rules and calendar, and how many cases were
    read for it. A month stands as its first day, and as counted when the last of its days was."""

    day: date
    at: datetime | None
    by: str
    cases: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A day or a month that was counted, and what it came to."""

    counted: Counted
    figures: Mapping[str, Any]


def put(tx: Tx, kept: Kept, *, month: bool = False) -> None:
    """Keep what a day or a month came to, in place of what it came to before."""
    one = kept.counted
    assert one.at is not None
    tx.run("insert into days (day, counted_at, counted_by, cases, body) values (:day, :at, :by, :cases, :body)"
           " on conflict (day) do update set counted_at = excluded.counted_at, counted_by = excluded.counted_by,"
           " cases = excluded.cases, body = excluded.body", day=_month(one.day) if month else one.day.isoformat(),
           at=stamp(one.at), by=one.by, cases=one.cases, body=pack(kept.figures))


def counted(tx: Tx, first: date, last: date) -> dict[date, Counted]:
    """Which days from the first to the last were counted."""
    found = tx.rows(f"{_STAMPS} and {_DAY}", first=first.isoformat(), last=last.isoformat())
    return {one.day: one for one in map(_counted, found)}


def months(tx: Tx, first: date, last: date) -> dict[date, Counted]:
    """Which months that lie within these days were added up, by their first days."""
    found = tx.rows(f"{_STAMPS} and {_MONTH}", first=_month(first), last=_month(last))
    return {one.day: one for one in map(_counted, found)}


def kept(tx: Tx, first: date, last: date) -> list[Kept]:
    """The days from the first to the last with what they came to, in order."""
    return _kept(tx.rows(f"select * from days where day >= :first and day <= :last and {_DAY} order by day",
                         first=first.isoformat(), last=last.isoformat()))


def kept_month(tx: Tx, first: date) -> Kept:
    """A month that was added up, by its first day."""
    return _kept(tx.rows("select * from days where day = :day", day=_month(first)))[0]


def count_again(tx: Tx, days: Iterable[date]) -> None:
    """Have these days counted again, if they were counted."""
    tx.many("update days set counted_at = '' where day = :day", [{"day": day.isoformat()} for day in sorted(set(days))])


def _kept(rows: Iterable[Row]) -> list[Kept]:
    return [Kept(_counted(row), unpack(bytes(row["body"]))) for row in rows]


def _counted(row: Row) -> Counted:
    at = row["counted_at"]
    return Counted(date.fromisoformat(f"{row['day']}-01"[:10]), moment(at) if at else None, row["counted_by"],
                   row["cases"])


def _month(day: date) -> str:
    return f"{day:%Y-%m}"
