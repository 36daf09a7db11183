"""The head of every chain, which is also the lock that appending to it takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from store.chains.chain import GENESIS, Head
from store.port import Tx
from store.rows import named

_FOLLOW = "update heads set n = :n, hash = :hash where chain = :chain and n = :was and hash = :prev"


def held(tx: Tx, chain: str) -> Head:
    """The head of a chain, held until this transaction ends; an unbegun chain has number 0."""
    found = tx.rows("select n, hash from heads where chain = :chain {lock}", chain=chain)
    return Head(chain, found[0]["n"], found[0]["hash"]) if found else Head(chain, 0, GENESIS)


def ends(tx: Tx, references: Iterable[str]) -> dict[str, int]:
    """The number of the last event of each of these cases, but of those that were erased."""
    return {row["chain"]: row["n"] for names, each in named(references) for row in tx.rows(
        "select chain, heads.n from heads join cases on cases.reference = heads.chain"
        f" where chain in ({names}) and cases.subject <> ''", **each)}


def follow(tx: Tx, before: Head, head: Head) -> bool:
    """Store the new head if the chain still ends with `before`, and hold it as `held` does; whether it did."""
    if not before.n:
        return bool(tx.run("insert into heads (chain, n, hash, sealed_n) values (:chain, :n, :hash, 0)"
                           " on conflict (chain) do nothing", chain=head.chain, n=head.n, hash=head.hash))
    return bool(tx.run(_FOLLOW, **_moved(before, head)))


def follow_all(tx: Tx, moves: Sequence[tuple[Head, Head]]) -> bool:
    """`follow` for several chains that have begun; whether all of them did."""
    return tx.many(_FOLLOW, [_moved(before, head) for before, head in moves]) == len(moves)


def _moved(before: Head, head: Head) -> dict[str, Any]:
    return {"chain": head.chain, "n": head.n, "hash": head.hash, "was": before.n, "prev": before.hash}


def move(tx: Tx, head: Head) -> None:
    """Store the new head."""
    tx.run(
        "insert into heads (chain, n, hash, sealed_n) values (:chain, :n, :hash, 0)"
        " on conflict (chain) do update set n = excluded.n, hash = excluded.hash",
        chain=head.chain, n=head.n, hash=head.hash,
    )
