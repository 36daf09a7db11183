"""Offices that are left alone because of what their systems answer: written by dispatchers, read by operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from store.encoding import stamp
from store.port import Tx
from store.rows import params, shape, upsert_text

KNOWN = timedelta(minutes=15)  # longer than a lane ever rests before the next message is tried


@dataclass(frozen=True, slots=True)
class Lane:
    """How an office's lane stands since `changed_at`: after `failures` in a row, the last for `reason`, it rests until
    `open_until`, when one message is tried; None: it takes messages."""

    office: str
    department: str
    failures: int
    open_until: datetime | None
    reason: str
    changed_at: datetime


def put(tx: Tx, lane: Lane) -> None:
    """Store how a lane stands."""
    row = params(lane)
    tx.run(upsert_text("lanes", tuple(row), ("office",)), **row)


def resting(tx: Tx, now: datetime) -> list[Lane]:
    """The lanes that rest, by office. Of one that should have been tried long ago nobody knows any more: nothing waits
    for it."""
    found = tx.rows("select * from lanes where open_until > :since order by office", since=stamp(now - KNOWN))
    return [shape(Lane, row) for row in found]
