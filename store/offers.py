"""The feed of departments that come and ask (pull, desk): numbered per department, so that a cursor misses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.encoding import stamp
from store.port import Tx
from store.rows import insert, shape


@dataclass(frozen=True, slots=True)
class Offer:
    """Something for a department to fetch: the `message`-th message of a type of contract 3.1 to a leg."""

    department: str
    n: int
    reference: str
    leg: str
    type: str
    at: datetime
    message: int = 1
    taken_at: datetime | None = None


# What was cancelled (its leg ended before it left, or a corrected message takes its place) is nobody's to read. Said
# with a count, for PostgreSQL would hash the whole table of messages for `not exists`.
_STANDS = (
    "0 = (select count(*) from messages where messages.reference = offers.reference and messages.leg = offers.leg"
    " and messages.type = offers.type and messages.n = offers.message and messages.state = 'cancelled')"
)


def offer(tx: Tx, offer: Offer) -> int:
    """Put an offer at the end of the department's feed (its `n` is given here); the number it got."""
    # The upsert holds the head until the commit: numbers become visible in their order on both stores.
    made = tx.rows(
        "insert into offer_heads (department, n) values (:department, 1)"
        " on conflict (department) do update set n = offer_heads.n + 1 returning n", department=offer.department,
    )
    insert(tx, "offers", {
        "department": offer.department, "n": made[0]["n"], "reference": offer.reference, "leg": offer.leg,
        "type": offer.type, "at": stamp(offer.at), "message": offer.message, "taken_at": None,
    })
    return int(made[0]["n"])


def after(tx: Tx, department: str, cursor: int, limit: int = 100) -> list[Offer]:
    """What a department has not seen yet and may read, oldest first."""
    found = tx.rows(f"select * from offers where department = :d and n > :cursor and {_STANDS} order by n limit :limit",
                    d=department, cursor=cursor, limit=limit)
    return [shape(Offer, row) for row in found]


def of_leg(tx: Tx, reference: str, leg: str) -> list[Offer]:
    """Every offer about a leg that may be read, oldest first."""
    found = tx.rows(f"select * from offers where reference = :r and leg = :leg and {_STANDS} order by department, n",
                    r=reference, leg=leg)
    return [shape(Offer, row) for row in found]


def take(tx: Tx, offer: Offer, at: datetime) -> bool:
    """Note that the department has an offer; False if it had it before."""
    return tx.run(
        "update offers set taken_at = :at where department = :d and n = :n and taken_at is null",
        at=stamp(at), d=offer.department, n=offer.n,
    ) == 1
