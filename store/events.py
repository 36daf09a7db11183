"""Events: append-only, chained per case, payloads sealed and erasable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

from cases.model import Event
from store.chains.chain import Head, linked, payload_of, salts
from store.chains.heads import follow, follow_all, held
from store.encoding import moment, pack, stamp
from store.errors import Stale
from store.failpoints import reach
from store.port import Row, Tx
from store.rows import insert_text, named

COLUMNS = ("reference", "n", "leg", "type", "at", "actor", "filled", "body", "digest", "prev", "hash")
_INSERT = insert_text("events", COLUMNS)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its number in the case; `erased`: its data is gone for good (then `data` is empty)."""

    n: int
    event: Event
    erased: bool = False


def append(tx: Tx, reference: str, events: Sequence[Event], after: int | None = None,
           end: Head | None = None) -> Head:
    """Append events to a case; returns where its chain ends now.

    With `after` it raises Stale unless that is still the last number, so that a decision read from the events is
    never recorded over a newer event. Whoever knows the `end` of the chain saves looking it up; Stale if it is not.
    """
    reach("audit.before_append")
    before = held(tx, reference) if end is None else end
    if after is not None and after != before.n:
        raise Stale
    if not events:
        return before
    rows, head = _rows(tx, before, events)
    if not follow(tx, before, head):  # first, for it holds the chain
        raise Stale
    tx.fill(_INSERT, rows)
    return head


def append_all(tx: Tx, cases: Sequence[tuple[Head, Sequence[Event]]]) -> list[Head]:
    """`append` for several cases that have begun, each behind where its chain ends; Stale if one of them does not end
    there any more, and then nothing is written."""
    reach("audit.before_append")
    linked = [_rows(tx, before, events) for before, events in cases]
    heads = [head for _, head in linked]
    if not follow_all(tx, [(before, head) for (before, _), head in zip(cases, heads, strict=True)]):
        raise Stale
    tx.fill(_INSERT, [row for rows, _ in linked for row in rows])
    return heads


def _rows(tx: Tx, before: Head, events: Sequence[Event]) -> tuple[list[tuple[Any, ...]], Head]:
    """The rows of the events that follow `before`, each linked to the one before it, in the order of COLUMNS."""
    chain, first, prev, by = before.chain, before.n + 1, before.hash, tx.cipher.digest
    payloads = [salt + pack(event.data) for event, salt in zip(events, salts(len(events)), strict=True)]
    bodies = tx.cipher.seal_all([(payload, place(chain, n)) for n, payload in enumerate(payloads, first)])
    rows: list[tuple[Any, ...]] = []
    for n, (event, payload, body) in enumerate(zip(events, payloads, bodies, strict=True), first):
        plain = (event.leg, event.type, stamp(event.at), event.by, int(event.filled))
        digest = by(payload)
        after = by(linked(prev, (chain, n, *plain, digest)))
        rows.append((chain, n, *plain, body, digest, prev, after))
        prev = after
    return rows, Head(chain, before.n + len(events), prev)


def of_case(tx: Tx, reference: str) -> list[Recorded]:
    """All events of a case in order."""
    found = tx.rows("select n, leg, type, at, actor, filled, body from events where reference = :reference order by n",
                    reference=reference)
    return [_opened(tx, reference, row) for row in found]


def of_cases(tx: Tx, references: Iterable[str]) -> dict[str, list[Recorded]]:
    """All events of several cases in order, by reference."""
    found: dict[str, list[Recorded]] = {}
    for names, each in named(references):
        for row in tx.rows("select reference, n, leg, type, at, actor, filled, body from events"
                           f" where reference in ({names}) order by reference, n", **each):
            found.setdefault(row["reference"], []).append(_opened(tx, row["reference"], row))
    return found


def last(tx: Tx, reference: str) -> int:
    """The number of the last event of a case; 0 if there is none."""
    return int(tx.rows("select coalesce(max(n), 0) as n from events where reference = :r", r=reference)[0]["n"])


def count(tx: Tx) -> int:
    """How many there are of all cases."""
    return int(tx.rows("select count(*) as n from events")[0]["n"])


def erase(tx: Tx, reference: str, numbers: Iterable[int] | None = None) -> int:
    """Erase the payloads of a case (or of some of its events); the chain still holds. How many were erased."""
    if numbers is None:
        return tx.run("update events set body = null where reference = :r and body is not null", r=reference)
    sql = "update events set body = null where reference = :r and n = :n and body is not null"
    return sum(tx.run(sql, r=reference, n=n) for n in numbers)


def place(reference: str, n: int) -> str:
    """Where the payload of an event is sealed."""
    return f"events:body:{reference}/{n}"


def covered(row: Row) -> tuple[Any, ...]:
    """The plain columns that the hash of an event covers."""
    return row["leg"], row["type"], row["at"], row["actor"], row["filled"]


def _opened(tx: Tx, reference: str, row: Row) -> Recorded:
    """A row of `events` with its payload opened."""
    body = row["body"]
    data = {} if body is None else payload_of(tx.cipher.open(bytes(body), place(reference, row["n"])))
    # The same few words in thousands of events are kept in memory once.
    kind, actor, leg = intern(row["type"]), intern(row["actor"]), row["leg"] and intern(row["leg"])
    event = Event(kind, moment(row["at"]), actor, leg, data, bool(row["filled"]))
    return Recorded(row["n"], event, erased=body is None)
