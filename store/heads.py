"""The head of every chain, which is also the lock that appending to it takes."""

from __future__ import annotations

from store.chain import GENESIS, Head
from store.port import Tx


def held(tx: Tx, chain: str) -> Head:
    """The head of a chain, held until this transaction ends; an unbegun chain has number 0."""
    found = tx.rows("select n, hash from heads where chain = :chain {lock}", chain=chain)
    return Head(chain, found[0]["n"], found[0]["hash"]) if found else Head(chain, 0, GENESIS)


def move(tx: Tx, head: Head) -> None:
    """Store the new head."""
    tx.run(
        "insert into heads (chain, n, hash, sealed_n) values (:chain, :n, :hash, 0)"
        " on conflict (chain) do update set n = excluded.n, hash = excluded.hash",
        chain=head.chain, n=head.n, hash=head.hash,
    )
