"""A lane per office: how often it failed, until when its breaker is open, whether it is paused or probed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.port import Tx
from store.rows import params, shape, upsert_text


@dataclass(frozen=True, slots=True)
class Lane:
    """The state of an office's lane; `failures` in a row, `open_until` the breaker's end, `reason` why it stands."""

    office: str
    department: str
    failures: int = 0
    open_until: datetime | None = None
    paused: bool = False
    probing: bool = False
    reason: str = ""
    changed_at: datetime | None = None


def get(tx: Tx, office: str, department: str = "") -> Lane:
    """The lane of an office, held until this transaction ends; an untouched lane is open."""
    found = tx.rows("select * from lanes where office = :office {lock}", office=office)
    return shape(Lane, found[0]) if found else Lane(office, department)


def every(tx: Tx) -> dict[str, Lane]:
    """All lanes that were ever touched, by office."""
    return {row["office"]: shape(Lane, row) for row in tx.rows("select * from lanes order by office")}


def put(tx: Tx, lane: Lane) -> None:
    """Store a lane."""
    row = params(lane)
    tx.run(upsert_text("lanes", tuple(row), ("office",)), **row)
