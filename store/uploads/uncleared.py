"""Files that no scanner has cleared: those that wait to be looked at, and those in which something was found.

A file of a deployment without a scanner, and one that was looked at as it came, stands in no row here; so what is asked
of this table at every step is answered by a few rows or by none. `waits`: nobody has looked. `cleared`: somebody has,
and what waited for it is being let go. `infected`: its bytes are for nobody; `next_at` is empty once its case knows,
`seen_at` says when an operator had done what it calls for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from store.encoding import moment, stamp
from store.paging import Order
from store.port import Row, Tx
from store.rows import named, shape

BARRED = "(state = 'waits' or state = 'infected')"
_ORDER = Order(("since", "file"))
_COLUMNS = "file, state, since, next_at, tries, detail, seen_at"


@dataclass(frozen=True, slots=True)
class Uncleared:
    """A file that is not cleared, since when, when somebody goes on with it, and what the last look came to: a stable
    word, or the scanner's name for what it found."""

    file: str
    state: str
    since: datetime
    next_at: datetime | None
    tries: int
    detail: str
    seen_at: datetime | None = None


class Figures(NamedTuple):
    """How many files wait, since when the first of them does, and in how many something was found that no operator has
    seen to."""

    waiting: int
    since: datetime | None
    infected: int


NONE = Figures(0, None, 0)


def add(tx: Tx, file: str, now: datetime) -> None:
    """A file was kept that nobody has looked at."""
    tx.run("insert into uncleared (file, state, since, next_at, tries, detail)"
           " values (:file, 'waits', :now, :now, 0, '')", file=file, now=stamp(now))


def take(tx: Tx, now: datetime, until: datetime) -> Uncleared | None:
    """The file with which to go on, longest due first; it is nobody else's until then. None if none is due."""
    found = tx.rows(f"select {_COLUMNS} from uncleared where next_at is not null and next_at <= :now"
                    " order by next_at, file limit 1 {skip}", now=stamp(now))
    if not found:
        return None
    tx.run("update uncleared set next_at = :until, tries = tries + 1 where file = :file",
           file=found[0]["file"], until=stamp(until))
    return _read(found[0])


def due(tx: Tx, now: datetime) -> bool:
    """Whether `take` would find anything."""
    return bool(tx.rows("select 1 as yes from uncleared where next_at is not null and next_at <= :now limit 1",
                        now=stamp(now)))


def wake(tx: Tx, now: datetime) -> None:
    """At the start of the only process: nobody goes on with what somebody had taken, so it is due."""
    tx.run("update uncleared set next_at = :now where next_at is not null and next_at > :now", now=stamp(now))


def state(tx: Tx, file: str) -> str:
    """How a file stands here; empty if it does not."""
    found = tx.rows("select state from uncleared where file = :file", file=file)
    return str(found[0]["state"]) if found else ""


def put_off(tx: Tx, file: str, until: datetime, detail: str) -> None:
    """Nothing is known of a file that waits; somebody looks at it again then."""
    tx.run("update uncleared set next_at = :until, detail = :detail where file = :file and state = 'waits'",
           file=file, until=stamp(until), detail=detail)


def clear(tx: Tx, file: str) -> bool:
    """Nothing was found in a file that waited; False if somebody else has said what it is."""
    return tx.run("update uncleared set state = 'cleared', detail = '' where file = :file and state = 'waits'",
                  file=file) == 1


def condemn(tx: Tx, file: str, found: str) -> bool:
    """Something was found in a file that waited; False if somebody else has said what it is."""
    return tx.run("update uncleared set state = 'infected', detail = :found where file = :file and state = 'waits'",
                  file=file, found=found) == 1


def unseen(tx: Tx, file: str) -> bool:
    """Whether something was found in a file that no operator has seen to."""
    return bool(tx.rows("select 1 as yes from uncleared where file = :file and state = 'infected' and seen_at is null",
                        file=file))


def seen(tx: Tx, file: str, now: datetime) -> bool:
    """An operator has done what an infected file calls for; False if it is none, or was seen to before."""
    return tx.run("update uncleared set seen_at = :now where file = :file and state = 'infected' and seen_at is null",
                  file=file, now=stamp(now)) == 1


def settle(tx: Tx, file: str) -> None:
    """All that follows of a file is done: of one that is cleared nothing is left here."""
    tx.run("delete from uncleared where file = :file and state = 'cleared'", file=file)
    tx.run("update uncleared set next_at = null where file = :file and state = 'infected'", file=file)


def forget(tx: Tx, file: str) -> None:
    """The file is gone."""
    tx.run("delete from uncleared where file = :file", file=file)


def barred(tx: Tx, files: Iterable[str]) -> dict[str, str]:
    """Those of these files that may not leave, with their state."""
    if not any_(tx):
        return {}
    found = (tx.rows(f"select file, state from uncleared where {BARRED} and file in ({names})", **each)
             for names, each in named(files))
    return {row["file"]: row["state"] for rows in found for row in rows}


def of_case(tx: Tx, reference: str) -> frozenset[str]:
    """The files of a case that may not leave."""
    return _of_case(tx, reference, "") if any_(tx) else frozenset()


def spoiled_results(tx: Tx, reference: str) -> frozenset[str]:
    """Those files of a case that departments sent and in which something was found: they cannot be asked of anybody, so
    what names them goes without them."""
    found = tx.rows(f"select file from uncleared where {BARRED} and state = 'infected' and file in"
                    f" (select file from files where reference = :reference and owner like 'department:%')",
                    reference=reference) if any_(tx) else []
    return frozenset(row["file"] for row in found)


def held_of_case(tx: Tx, reference: str) -> frozenset[str]:
    """The same, and none of them is cleared until this transaction ends: whoever clears one then meets what this one
    has put off."""
    return _of_case(tx, reference, "{lock}") if any_(tx) else frozenset()


def any_(tx: Tx) -> bool:
    """Whether there is any such file at all."""
    return bool(tx.rows("select 1 as yes from uncleared limit 1"))


def _of_case(tx: Tx, reference: str, held: str) -> frozenset[str]:
    found = tx.rows(f"select file from uncleared where {BARRED} and file in"
                    f" (select file from files where reference = :reference) {held}", reference=reference)
    return frozenset(row["file"] for row in found)


def figures(tx: Tx) -> Figures:
    """What operators are told."""
    if not any_(tx):
        return NONE
    found = {row["state"]: row for row in tx.rows(
        f"select state, count(*) as n, min(since) as first from uncleared where {BARRED} and seen_at is null"
        " group by state")}
    waits = found.get("waits")
    return Figures(waits["n"] if waits else 0, moment(waits["first"]) if waits else None,
                   found["infected"]["n"] if "infected" in found else 0)


def listed(tx: Tx, after: str | None, limit: int) -> tuple[list[tuple[Uncleared, str | None]], str | None]:
    """Those that may not leave, the oldest first, each with the case that has it (None: none), and where the next page
    begins (None: this was the last)."""
    found, then = _ORDER.page(tx.rows(
        f"select {_COLUMNS}, (select reference from files where files.file = uncleared.file) as reference"
        f" from uncleared where {BARRED} and {_ORDER.behind} order by {_ORDER.by} limit :limit",
        limit=limit + 1, **_ORDER.place(after)), limit)
    return [(_read(row), row["reference"]) for row in found], then


def _read(row: Row) -> Uncleared:
    return shape(Uncleared, row)
