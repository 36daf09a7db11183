"""Bulletins: what leaves for one person at once through the city's message gateway, and how it went.

A bulletin's id is its key at the gateway, and its bytes are written once, sealed: both are the same over every attempt,
host, restart and resend. Its bytes go once it has arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.encoding import moment, stamp
from store.paging import Order
from store.port import Row, Tx
from store.rows import insert, shape

# In a copy of the store: before anybody restores it, whatever was about to leave has left from where it was made.
LEFT_BEHIND: tuple[str, ...] = (
    "update news set tell_at = null where tell_at is not null",
    "update bulletins set state = 'overtaken', next_at = null, body = null where next_at is not null",
)
TROUBLED = "(state = 'stuck' or state = 'refused')"
LEASE = timedelta(seconds=60)  # by the callers' clocks: six times an attempt, so that hosts may differ by seconds
_ORDER = Order(("created_at", "bulletin"))


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A bulletin; `state`: due, sent, overtaken (nothing in it was true any more), stuck or refused. An attempt is
    fenced by its `token`; `detail` is what the gateway answered last, for operators."""

    bulletin: str
    subject: str
    state: str
    created_at: datetime
    next_at: datetime | None
    attempts: int
    token: int
    detail: str
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """How many bulletins wait, since when the first was due, and how many need somebody, by state."""

    waiting: int
    due_since: datetime | None
    troubled: dict[str, int]


def add(tx: Tx, name: str, subject: str, body: bytes, now: datetime) -> bool:
    """Store a bulletin that is due at once; False, and nothing, if there is one of this id."""
    return bool(insert(tx, "bulletins", {
        "bulletin": name, "subject": subject, "state": "due", "created_at": stamp(now), "next_at": stamp(now),
        "attempts": 0, "token": 0, "body": tx.cipher.seal(body, _place(name)), "detail": ""},
        "on conflict (bulletin) do nothing"))


def due(tx: Tx, now: datetime, limit: int) -> list[Bulletin]:
    """Those that are due, the longest first; one whose attempt nobody ended by the end of its lease among them."""
    return [shape(Bulletin, row) for row in tx.rows(
        f"select {_COLUMNS} from bulletins where next_at is not null and next_at <= :now"
        " order by next_at, bulletin limit :limit", now=stamp(now), limit=limit)]


def lease(tx: Tx, found: Sequence[Bulletin], now: datetime) -> list[tuple[Bulletin, bytes]]:
    """Take these for an attempt each, with their bytes; those left out that another host was quicker with."""
    until = stamp(now + LEASE)
    taken = []
    for one in found:
        rows = tx.rows("update bulletins set token = token + 1, attempts = attempts + 1, next_at = :until where"
                       " bulletin = :name and token = :token and next_at is not null"
                       f" returning body, {_COLUMNS}", until=until, name=one.bulletin, token=one.token)
        taken += [(shape(Bulletin, row), tx.cipher.open(bytes(row["body"]), _place(one.bulletin))) for row in rows]
    return taken


def again(tx: Tx, one: Bulletin, at: datetime, detail: str) -> bool:
    """Note when the next attempt is; False, and nothing, if this one no longer counts."""
    return _settle(tx, "next_at = :at, detail = :detail", one, at=stamp(at), detail=detail)


def end(tx: Tx, one: Bulletin, state: str, detail: str, now: datetime) -> bool:
    """Note how it ended; False, and nothing, if this attempt no longer counts. What nobody sends again loses its
    bytes."""
    keeps = "" if state in {"stuck", "refused"} else ", body = null"
    return _settle(tx, f"next_at = null, state = :state, detail = :detail, settled_at = :now{keeps}", one, state=state,
                   detail=detail, now=stamp(now))


def troubled(tx: Tx, after: str | None, limit: int) -> tuple[list[Bulletin], str | None]:
    """Those that need somebody, the oldest first, and where the next page begins (None: this was the last)."""
    found, then = _ORDER.page(tx.rows(
        f"select {_COLUMNS} from bulletins where {TROUBLED} and {_ORDER.behind} order by {_ORDER.by} limit :limit",
        limit=limit + 1, **_ORDER.place(after)), limit)
    return [shape(Bulletin, row) for row in found], then


def undo(tx: Tx, one: Bulletin) -> bool:
    """Take back what is not known to have arrived: what is in it is told anew, by another bulletin, if it still may be.
    False, and nothing, if this one no longer counts."""
    if not tx.run("delete from bulletins where bulletin = :name and token = :token and state = 'due'",
                  name=one.bulletin, token=one.token):
        return False
    tx.run("update news set tell_at = at, bulletin = null where bulletin = :name", name=one.bulletin)
    return True


def resend(tx: Tx, names: Sequence[str], now: datetime) -> int:
    """Make due again, with the same key and bytes, those of these that need somebody; how many they were."""
    return sum(tx.run("update bulletins set state = 'due', next_at = :now, attempts = 0, settled_at = null,"
                      f" token = token + 1 where bulletin = :name and {TROUBLED}", now=stamp(now), name=name)
               for name in names)


def figures(tx: Tx) -> Figures:
    """What the metrics tell."""
    waiting = tx.rows("select count(*) as n, min(next_at) as oldest from bulletins where next_at is not null")[0]
    held = tx.rows(f"select state, count(*) as n from bulletins where {TROUBLED} group by state")
    return Figures(waiting["n"], _maybe(waiting), {row["state"]: row["n"] for row in held})


def erase(tx: Tx, reference: str) -> None:
    """Take out everything that was said of a case, also what is still to leave, and that something is to be said of it.
    What a bulletin that has not arrived says of a person's other cases is told anew."""
    # Whoever has looked at it already, and is about to tell, finds that it is not theirs to tell of (`moved.take`).
    tx.run("delete from moved where reference = :r", r=reference)
    tx.run("update news set tell_at = at, bulletin = null where reference <> :r and bulletin in (select bulletin"
           " from bulletins where body is not null and bulletin in (select bulletin from news where reference = :r))",
           r=reference)
    tx.run("delete from bulletins where bulletin in"
           " (select bulletin from news where reference = :r and bulletin is not null)", r=reference)
    tx.run("delete from news where reference = :r", r=reference)


_COLUMNS = "bulletin, subject, state, created_at, next_at, attempts, token, detail, settled_at"


def _settle(tx: Tx, changed: str, one: Bulletin, **values: str) -> bool:
    return tx.run(f"update bulletins set {changed} where bulletin = :name and token = :token and state = 'due'",
                  name=one.bulletin, token=one.token, **values) == 1


def _maybe(row: Row) -> datetime | None:
    return None if row["oldest"] is None else moment(row["oldest"])


def _place(name: str) -> str:
    return f"bulletins:body:{name}"
