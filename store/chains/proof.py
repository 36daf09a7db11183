"""`verify`: walks every chain and the sealed list, and names the first entry that does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from store import audit, events
from store.chains import seals
from store.chains.chain import AUDIT, GENESIS, Entry, Head, fault, is_digest, linked
from store.errors import SealBroken
from store.port import Row, Tx

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how much it walked, how many payloads were erased lawfully, and the first bad entry."""

    chains: int
    entries: int
    erased: int
    seals: int
    first_bad: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every chain holds."""
        return self.first_bad is None


class Readable(Protocol):
    """What can be read in snapshots."""

    def read(self) -> AbstractContextManager[Tx]:
        """A consistent snapshot."""


class _Broken(Exception):
    """A chain does not hold at this entry."""


@dataclass
class _Walk:
    chains: int = 0
    entries: int = 0
    erased: int = 0
    seals: int = 0


def verify(database: Readable, outside: Head | None = None) -> Verdict:
    """Check all chains in short snapshots, so that it may run for an hour beside the portal and holds up nothing;
    `outside` is the list's head as it was written outside the database.

    Edited, deleted, inserted and swapped entries break their chain; cut tails and vanished chains contradict the
    sealed list; a cut or rebuilt list contradicts `outside`. Erased payloads are counted, not blamed.
    """
    walk = _Walk()
    bad = None
    try:
        with database.read() as tx:
            _audit(tx, walk)
        _cases(database, walk)
        with database.read() as tx:
            _orphans(tx)
        _seals(database, walk, outside)
    except _Broken as broken:
        bad = str(broken)
    return Verdict(walk.chains, walk.entries, walk.erased, walk.seals, bad)


def _cases(database: Readable, walk: _Walk) -> None:
    last = ""
    while True:
        with database.read() as tx:
            page = tx.rows("select reference from cases where reference > :last order by reference limit :limit",
                           last=last, limit=_PAGE)
            for row in page:
                _case(tx, walk, row["reference"])
        if not page:
            return
        last = page[-1]["reference"]


def _case(tx: Tx, walk: _Walk, reference: str) -> None:
    rows = tx.rows("select * from events where reference = :r order by n", r=reference)
    _chain(tx, walk, reference, rows, _of_event)


def _audit(tx: Tx, walk: _Walk) -> None:
    _chain(tx, walk, AUDIT, _audit_rows(tx), _of_audit)


def _audit_rows(tx: Tx) -> Iterator[Row]:
    last = -1
    while True:
        page = tx.rows("select * from audit where n > :last order by n limit :limit", last=last, limit=_PAGE)
        if not page:
            return
        yield from page
        last = page[-1]["n"]


def _of_event(row: Row) -> tuple[tuple[Any, ...], str]:
    return events.covered(row), events.place(row["reference"], row["n"])


def _of_audit(row: Row) -> tuple[tuple[Any, ...], str]:
    return audit.covered(row), audit.place(row["n"])


def _chain(
    tx: Tx, walk: _Walk, chain: str, rows: Iterable[Row], what: Callable[[Row], tuple[tuple[Any, ...], str]]
) -> None:
    head = Head(chain, 0, GENESIS)
    for row in rows:
        plain, place = what(row)
        wrong = fault(head, Entry(row["n"], plain, row["digest"], row["prev"], row["hash"]))
        if wrong:
            raise _Broken(f"{chain}: {wrong}")
        _payload(tx, walk, f"{chain}: entry {row['n']}", place, row)
        head = Head(chain, row["n"], row["hash"])
        walk.entries += 1
    kept = tx.rows("select n, hash from heads where chain = :chain", chain=chain)
    if not kept or (kept[0]["n"], kept[0]["hash"]) != (head.n, head.hash):
        raise _Broken(f"{chain}: entry {head.n + 1} is missing or the head was changed")
    walk.chains += 1


def _payload(tx: Tx, walk: _Walk, name: str, place: str, row: Row) -> None:
    if row["body"] is None:
        walk.erased += 1
        return
    try:
        payload = tx.cipher.open(bytes(row["body"]), place)
    except SealBroken:
        raise _Broken(f"{name}: its payload does not open") from None
    if not is_digest(row["digest"], payload):
        raise _Broken(f"{name}: its payload was changed")


def _orphans(tx: Tx) -> None:
    lost = tx.rows(
        "select chain from heads where chain not like '@%' and not exists"
        " (select 1 from cases where cases.reference = heads.chain) order by chain limit 1"
    )
    if lost:
        raise _Broken(f"{lost[0]['chain']}: the case is gone")


def _seals(database: Readable, walk: _Walk, outside: Head | None) -> None:
    head = Head(seals.SEALS, 0, GENESIS)
    outside_met = outside is None or outside.n == 0
    while (following := _next_seal(database, head)) is not None:
        head = following
        outside_met = outside_met or (outside is not None and (outside.n, outside.hash) == (head.n, head.hash))
        walk.seals += 1
    if not outside_met:
        raise _Broken(f"{seals.SEALS}: the list does not hold the head that was written outside")


def _next_seal(database: Readable, head: Head) -> Head | None:
    """The seal after `head`, checked; None if `head` is the last one."""
    with database.read() as tx:
        page = tx.rows("select * from seals where n > :n order by n limit 1", n=head.n)
        if page:
            return _seal(tx, head, page[0])
        kept = tx.rows("select n, hash from heads where chain = :chain", chain=seals.SEALS)
    if not kept or kept[0]["n"] != head.n:
        raise _Broken(f"{seals.SEALS}: entry {head.n + 1} is missing or the head was changed")
    return None


def _seal(tx: Tx, head: Head, row: Row) -> Head:
    entries = seals.entries_of(row)
    covered = seals.covered(row["n"], row["at"], entries)
    if row["n"] != head.n + 1 or row["prev"] != head.hash or not is_digest(row["hash"], linked(head.hash, covered)):
        raise _Broken(f"{seals.SEALS}: entry {row['n']} does not hold")
    for chain, n, wanted in entries:
        if _hash_at(tx, chain, n) != wanted:
            raise _Broken(f"{chain}: entry {n} is not what seal {row['n']} lists")
    return Head(seals.SEALS, row["n"], row["hash"])


def _hash_at(tx: Tx, chain: str, n: int) -> str | None:
    if chain == AUDIT:
        found = tx.rows("select hash from audit where n = :n", n=n)
    else:
        found = tx.rows("select hash from events where reference = :r and n = :n", r=chain, n=n)
    return found[0]["hash"] if found else None
