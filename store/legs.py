"""Legs: the cache of the fold of events, with the times that inboxes and lights are found by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.model import LegState
from store.encoding import stamp
from store.errors import UnknownLeg
from store.port import Tx
from store.rows import one, params, shape, upsert_text

# Sorts after every stamp in both stores: legs without a due date come last.
NEVER = "~"


@dataclass(frozen=True)
class LegRow:
    """A leg as last folded at event `n`. `since`: in this state; `started_at`: its department may work on it;
    `next_actor`: applicant, department, service or nobody; `waits`: for which legs, or why nothing happens."""

    reference: str
    leg: str
    matter: str
    department: str
    office: str
    state: LegState
    n: int
    since: datetime
    filed_at: datetime
    due_at: datetime | None = None
    yellow_at: datetime | None = None
    provisional: bool = False
    started_at: datetime | None = None
    closed_at: datetime | None = None
    ref: str | None = None
    seq: int = 0
    next_actor: str = "department"
    waits: str = ""

    def but(self, **new: Any) -> LegRow:
        """The same row with other values, a tenth of the work of `dataclasses.replace`."""
        fresh: LegRow = object.__new__(LegRow)
        fresh.__dict__.update(self.__dict__)
        fresh.__dict__.update(new)
        return fresh


def put(tx: Tx, legs: Iterable[LegRow]) -> None:
    """Store the legs as folded, replacing what was there."""
    rows = [_columns(leg) for leg in legs]
    if rows:
        tx.many(upsert_text("legs", tuple(rows[0]), ("reference", "leg")), rows)


def get(tx: Tx, reference: str, leg: str) -> LegRow:
    """One leg; UnknownLeg."""
    sql = "select * from legs where reference = :reference and leg = :leg"
    return shape(LegRow, one(tx, UnknownLeg, sql, reference=reference, leg=leg))


def of_case(tx: Tx, reference: str) -> list[LegRow]:
    """All legs of a case by their numbers."""
    found = tx.rows("select * from legs where reference = :reference order by leg", reference=reference)
    return [shape(LegRow, row) for row in found]


def by_ref(tx: Tx, department: str, ref: str) -> list[LegRow]:
    """The legs that a department knows under its own number."""
    found = tx.rows("select * from legs where department = :department and ref = :ref order by reference, leg",
                    department=department, ref=ref)
    return [shape(LegRow, row) for row in found]


def open_after(tx: Tx, after: tuple[str, str] | None, limit: int = 500) -> list[LegRow]:
    """Open legs in the order of their keys after (reference, leg): the pages of a refolding."""
    reference, leg = after or ("", "")
    found = tx.rows(
        "select * from legs where closed_at is null and (reference, leg) > (:reference, :leg)"
        " order by reference, leg limit :limit", reference=reference, leg=leg, limit=limit,
    )
    return [shape(LegRow, row) for row in found]


def set_due(tx: Tx, leg: LegRow) -> None:
    """Store only the times of a leg, if it was not folded anew in between (after a calendar was loaded)."""
    row = _columns(leg)
    tx.run(
        "update legs set due_at = :due_at, due_rank = :due_rank, yellow_at = :yellow_at, provisional = :provisional"
        " where reference = :reference and leg = :leg and n = :n",
        **{name: row[name] for name in ("due_at", "due_rank", "yellow_at", "provisional", "reference", "leg", "n")},
    )


def _columns(leg: LegRow) -> dict[str, Any]:
    return {**params(leg), "due_rank": NEVER if leg.due_at is None else stamp(leg.due_at)}
