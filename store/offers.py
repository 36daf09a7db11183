"""The feed of departments that come and ask (pull, desk): numbered per department, so that a cursor misses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.encoding import stamp
from store.messages import KEY, TOPIC, MessageId, key_of
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


# Where the feeds of offices begin that have none yet; no office is called so.
FIRST = "@first"

# After a restore feeds go on behind every number that was ever given in them, also after the copy was made, for offices
# keep cursors: at `floor`, or later. What an office may have yet to take comes once more at the new end, in its order.
# A copy may be older than the column `message`, so it is not named here.
GO_ON_BEHIND: tuple[str, ...] = (
    f"insert into offer_heads (department, n) values ('{FIRST}', 0) on conflict (department) do nothing",
    "update offer_heads set n = :floor where n < :floor",
    """update offers set n = moved.n from (select offers.department, offers.n as was, offer_heads.n + row_number()
    over (partition by offers.department order by offers.n) as n from offers
    join offer_heads on offer_heads.department = offers.department where taken_at is null
    and exists (select 1 from messages where messages.reference = offers.reference and messages.leg = offers.leg
    and messages.type = offers.type and messages.state = 'due')) as moved
    where offers.department = moved.department and offers.n = moved.was""",
    """update offer_heads set n = offer_heads.n + (select count(*) from offers
    where offers.department = offer_heads.department and offers.n > offer_heads.n)""",
)

# Said with a count, for PostgreSQL would hash the whole table of messages for `not exists`.
_OF_ITS_MESSAGE = (
    "(select count(*) from messages where messages.reference = offers.reference and messages.leg = offers.leg"
    " and messages.type = offers.type and messages.n = offers.message and messages.state = '{state}')"
)
# What was cancelled (its leg ended before it left, or a corrected message takes its place) is nobody's to read, and
# what its department has spoken of is nobody's to take any more.
_STANDS = f"0 = {_OF_ITS_MESSAGE.format(state='cancelled')}"
_WAITS = f"1 = {_OF_ITS_MESSAGE.format(state='due')}"


def offer(tx: Tx, offer: Offer) -> int:
    """Put an offer at the end of the department's feed (its `n` is given here); the number it got."""
    # The upsert holds the head until the commit: numbers become visible in their order on both stores.
    made = tx.rows(
        "insert into offer_heads (department, n) values (:department,"
        " 1 + coalesce((select n from offer_heads where department = :first), 0))"
        " on conflict (department) do update set n = offer_heads.n + 1 returning n",
        department=offer.department, first=FIRST,
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


def untaken_of_leg(tx: Tx, reference: str, leg: str) -> list[Offer]:
    """The offers about a leg that its department has yet to take, oldest first."""
    found = tx.rows(f"select * from offers where reference = :r and leg = :leg and taken_at is null and {_WAITS}"
                    " order by department, n", r=reference, leg=leg)
    return [shape(Offer, row) for row in found]


def take(tx: Tx, offer: Offer, at: datetime) -> bool:
    """Note that the department has an offer; False if it had it before."""
    return tx.run(
        "update offers set taken_at = :at where department = :d and n = :n and taken_at is null",
        at=stamp(at), d=offer.department, n=offer.n,
    ) == 1


def fed(tx: Tx) -> list[str]:
    """The offices that were ever offered anything."""
    return [row["department"] for row in tx.rows("select department from offer_heads where department <> :first"
                                                 " order by department", first=FIRST)]


def offer_instead(tx: Tx, office: str, now: datetime, limit: int) -> int:
    """Offer to an office what waits to be pushed to it, the oldest first; how many messages. What was never tried and
    is not due waits for something else, such as a scan of what it names."""
    found = tx.rows(
        "select * from messages where office = :office and next_at is not null and (next_at <= :now or attempts > 0)"
        " and (state = 'due' or state = 'unknown') order by created_at, reference, leg, type, n limit :limit {skip}",
        office=office, now=stamp(now), limit=limit)
    tx.many(f"update messages set state = 'due', next_at = null where {KEY}",
            [MessageId(*key_of(row)).where for row in found])
    for row in found:
        offer(tx, Offer(office, 0, row["reference"], row["leg"], row["type"], now, row["n"]))
    return len(found)


def push_instead(tx: Tx, office: str, now: datetime) -> int:
    """Have pushed to an office what it was offered and has not taken; how many messages. What it has opened it may
    have, so that is an unknown outcome."""
    found = tx.rows(
        "select messages.* from offers join messages on messages.reference = offers.reference"
        " and messages.leg = offers.leg and messages.type = offers.type and messages.n = offers.message"
        " where offers.department = :office and offers.taken_at is null and messages.office = :office"
        " and messages.state = 'due' and messages.next_at is null", office=office)
    tx.many("update messages set state = case when attempts = 0 then 'due' else 'unknown' end, next_at = :now"
            f" where {KEY} and state = 'due' and next_at is null",
            [{**MessageId(*key_of(row)).where, "now": stamp(now)} for row in found])
    tx.notify(TOPIC)
    return len(found)


def floor_of(now: datetime) -> int:
    """A number that no feed has reached by `now`, whatever was restored before: the milliseconds since 1970, for no
    office is ever offered a thousand messages a second for long."""
    return int(now.timestamp() * 1000)
