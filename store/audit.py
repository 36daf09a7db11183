"""The audit log: sights of personal data and acts of operators, chained like events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from store.chains.chain import AUDIT, Head, link, payload_of, salted
from store.chains.heads import held, move
from store.encoding import moment, stamp
from store.failpoints import reach
from store.paging import Order
from store.port import Row, Tx
from store.rows import insert

_ORDER = Order(("at", "n"), frozenset({"n"}))
RETRY = "retry"  # what did not arrive is sent again: from then on its attempts are counted anew
MOST_PASSED = 5_000  # entries that one look passes over to fill a page
_WANTED = ("(:actor = '' or actor = :actor) and (:action = '' or action = :action)"
           " and (:target = '' or substr(target, 1, :length) = :target)")


@dataclass(frozen=True, slots=True)
class Entry:
    """Who (`actor`) did what (`action`, a stable word) to what (`target`, an id), and why (in `data`, sealed)."""

    at: datetime
    actor: str
    action: str
    target: str
    data: Mapping[str, Any] = field(default_factory=dict)
    n: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for: made from a time on until before another, by whom, what, and to what: the id, or how
    it begins (a case stands for its legs). Empty stands for all."""

    since: datetime
    until: datetime
    actor: str = ""
    action: str = ""
    target: str = ""


def record(tx: Tx, entry: Entry) -> int:
    """Append an entry; in the same transaction as the act, so that no act goes without it. Its number."""
    reach("audit.before_append")
    payload = salted(entry.data)
    columns = {"at": stamp(entry.at), "actor": entry.actor, "action": entry.action, "target": entry.target}
    linked = link(held(tx, AUDIT), covered(columns), payload, tx.cipher.digest)
    insert(tx, "audit", {
        **columns, "n": linked.n, "body": tx.cipher.seal(payload, place(linked.n)), "digest": linked.digest,
        "prev": linked.prev, "hash": linked.hash,
    })
    move(tx, Head(AUDIT, linked.n, linked.hash))
    return linked.n


def entries(tx: Tx, after: int = 0, limit: int = 100) -> list[Entry]:
    """Entries after a number, in order."""
    found = tx.rows("select * from audit where n > :after order by n limit :limit", after=after, limit=limit)
    return [_opened(tx, row) for row in found]


def by_time(tx: Tx, since: datetime | None, after: str | None, limit: int = 100) -> tuple[list[Entry], str | None]:
    """A page of the entries made from a time on, oldest first; and where the next page begins (None: this was the
    last)."""
    order = replace(_ORDER, first=stamp(since) if since else "")
    found, then = order.page(tx.rows(f"select * from audit where {order.behind} order by {order.by} limit :limit",
                                     limit=limit + 1, **order.place(after)), limit)
    return [_opened(tx, row) for row in found], then


def listed(tx: Tx, wanted: Wanted, after: str | None, limit: int = 50) -> tuple[list[Entry], str | None]:
    """A page of the entries that are asked for, the latest first; and where to look on (None: there are no more). A
    look passes over so many entries at most, so a page may hold few, or none, and yet another one follow."""
    order = Order(_ORDER.columns, _ORDER.numbers, backwards=True, first=stamp(wanted.until))
    place = {**order.place(after), "since": stamp(wanted.since)}
    passed = f"from audit where {order.behind} and at >= :since order by {order.by} limit"
    last = tx.rows(f"select at, n {passed} 1 offset :most - 1", most=MOST_PASSED, **place)
    found, then = order.page(tx.rows(
        f"select * from (select * {passed} :most) as passed where {_WANTED} order by {order.by} limit :limit",
        most=MOST_PASSED, limit=limit + 1, actor=wanted.actor, action=wanted.action, target=wanted.target,
        length=len(wanted.target), **place), limit)
    return [_opened(tx, row) for row in found], then or (order.text(last[0]["at"], last[0]["n"]) if last else None)


def retried_at(tx: Tx, target: str) -> datetime | None:
    """When a person last had it sent again; None if nobody ever did."""
    # Word for word as the index `audit_retried` has it, or that would not be used.
    found = tx.rows(f"select at from audit where target = :target and action = '{RETRY}' order by n desc limit 1",
                    target=target)
    return moment(found[0]["at"]) if found else None


def head(tx: Tx) -> Head:
    """The last entry of the log: its number and hash."""
    row = tx.rows("select n, hash from heads where chain = :chain", chain=AUDIT)[0]
    return Head(AUDIT, row["n"], row["hash"])


def place(n: int) -> str:
    """Where the payload of an entry is sealed."""
    return f"audit:body:{n}"


def covered(row: Row) -> tuple[Any, ...]:
    """The plain columns that the hash of an entry covers."""
    return row["at"], row["actor"], row["action"], row["target"]


def _opened(tx: Tx, row: Row) -> Entry:
    data = {} if row["body"] is None else payload_of(tx.cipher.open(bytes(row["body"]), place(row["n"])))
    return Entry(moment(row["at"]), row["actor"], row["action"], row["target"], data, row["n"])
