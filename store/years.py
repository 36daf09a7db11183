"""Calendar years as loaded: working days are data, an unannounced year says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.encoding import to_json
from store.port import Row, Tx
from store.rows import params, shape, upsert_text


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """A year's days off and make-up days; `source` says where they were announced."""

    year: int
    body: Mapping[str, Any]
    source: str
    provisional: bool
    loaded_at: datetime


def put(tx: Tx, year: CalendarYear) -> None:
    """Store a year, replacing what was known of it."""
    row = {**params(year, "body"), "body": to_json(year.body)}
    tx.run(upsert_text("calendar_years", tuple(row), ("year",)), **row)


def get(tx: Tx, year: int) -> CalendarYear | None:
    """What is known of a year, or None."""
    found = tx.rows("select * from calendar_years where year = :year", year=year)
    return _opened(found[0]) if found else None


def every(tx: Tx) -> list[CalendarYear]:
    """All known years in order."""
    return [_opened(row) for row in tx.rows("select * from calendar_years order by year")]


def _opened(row: Row) -> CalendarYear:
    return shape(CalendarYear, row, body=json.loads(row["body"]))
