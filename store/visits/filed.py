"""Which cases were filed at which counter, in which visit."""

from __future__ import annotations

from datetime import datetime

from store.encoding import stamp
from store.paging import Order
from store.port import Tx
from store.rows import insert

_FILED = Order(("filed_at", "reference"), backwards=True, first="~")


def add(tx: Tx, reference: str, at: tuple[str, str], filed_at: datetime) -> None:
    """A case is filed `at` a counter, in a visit."""
    insert(tx, "visit_cases", {"reference": reference, "counter": at[0], "visit": at[1], "filed_at": stamp(filed_at)})


def still_open(tx: Tx, counter: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """What a counter filed and is not over, the newest first, and where the next page begins (None: this was the
    last)."""
    found, then = _FILED.page(tx.rows(
        "select filed_at, reference from visit_cases where counter = :counter"
        " and (select closed_at from cases where cases.reference = visit_cases.reference) is null"
        f" and {_FILED.behind} order by {_FILED.by} limit :limit", counter=counter, limit=limit + 1,
        **_FILED.place(after)), limit)
    return [row["reference"] for row in found], then
