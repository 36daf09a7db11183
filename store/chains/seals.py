"""The sealer: links the heads that moved into one list, whose own head is kept outside the database by the caller."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from store.chains.chain import GENESIS, Head, linked
from store.chains.moved import Moved
from store.chains.moved import note as note_moved
from store.encoding import moment, pack, stamp, unpack
from store.port import Row, Tx

SEALS = "@seals"
_OURS = "@"  # chains that are no case's


def seal_heads(tx: Tx, now: datetime, limit: int = 5000) -> Head | None:
    """Link the chain heads that moved since they were last sealed; the new head of the list, or None if none moved.
    That their cases moved is noted for whoever tells their applicants (`store/chains/moved.py`).

    Call again while it fills up to `limit`. Whoever cuts a chain's tail after this contradicts the list, and whoever
    cuts the list contradicts the head that was written elsewhere.
    """
    before = held_latest(tx)
    moved = tx.rows("select chain, n, hash, sealed_n from heads where n > sealed_n order by chain limit :limit {skip}",
                    limit=limit)
    if not moved:
        return None
    entries = [[row["chain"], row["n"], row["hash"]] for row in moved]
    at = stamp(now)
    head = Head(SEALS, before.n + 1, tx.cipher.digest(linked(before.hash, covered(before.n + 1, at, entries))))
    tx.run("insert into seals (n, at, body, prev, hash) values (:n, :at, :body, :prev, :hash)",
           n=head.n, at=at, body=pack(entries), prev=before.hash, hash=head.hash)
    tx.many("update heads set sealed_n = :n where chain = :chain",
            [{"chain": row["chain"], "n": row["n"]} for row in moved])
    note_moved(tx, [Moved(row["chain"], row["sealed_n"], row["n"]) for row in moved if row["chain"][0] != _OURS])
    tx.run("update heads set n = :n, hash = :hash, sealed_n = :n where chain = :chain",
           n=head.n, hash=head.hash, chain=SEALS)
    return head


def latest(tx: Tx) -> Head | None:
    """The head of the sealed list, or None while nothing was sealed."""
    found = tx.rows("select n, hash from seals order by n desc limit 1")
    return Head(SEALS, found[0]["n"], found[0]["hash"]) if found else None


def latest_at(tx: Tx) -> datetime | None:
    """When the list was sealed last; None while nothing was."""
    found = tx.rows("select at from seals order by n desc limit 1")
    return moment(found[0]["at"]) if found else None


def held_latest(tx: Tx) -> Head:
    """The head of the list, held until this transaction ends; two sealers wait for each other."""
    tx.rows("select n from heads where chain = :chain {lock}", chain=SEALS)
    return latest(tx) or Head(SEALS, 0, GENESIS)


def covered(n: int, at: str, entries: Sequence[Sequence[Any]]) -> list[Any]:
    """What the hash of a seal covers."""
    return [SEALS, n, at, [list(entry) for entry in entries]]


def entries_of(row: Row) -> list[list[Any]]:
    """The chain heads (chain, number, hash) that a seal lists; empty if it cannot even be read."""
    try:
        return list(unpack(bytes(row["body"])))
    except (ValueError, zlib.error):
        return []
