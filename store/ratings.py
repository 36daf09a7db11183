"""Ratings (好差评) of legs and cases, sealed, with what was done about bad ones; and how they are counted.

Counter `ratings` by `bundle|office|what`: `what` is the level, or `fixed`, `fixed_late` and `called` of a bad one. The
rating of a whole case has an empty leg and an empty office.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import counters
from store.encoding import stamp
from store.paging import Order
from store.port import Row, Tx
from store.rows import insert, params, shape
from store.sealing import seal_maybe, unseal_maybe

RATINGS = "ratings"
FIXED, FIXED_LATE, CALLED = "fixed", "fixed_late", "called"
_OWED = "due_at is not null and (fixed_at is null or called_at is null)"
_SEALED = ("body", "fix", "call")
_PLAIN = "reference, leg, bundle, office, level, at, due_at, fixed_at, called_at"
_ORDER = Order(("due_at", "reference", "leg"))
_ONE = "reference = :reference and leg = :leg"
_BY_LEVEL = "select bundle, office, level as what, count(*) as n from ratings group by bundle, office, level"
_BY_FIX = """select bundle, office, case when fixed_at <= due_at then 'fixed' else 'fixed_late' end as what,
    count(*) as n from ratings where fixed_at is not null group by bundle, office, fixed_at <= due_at"""
_BY_CALL = """select bundle, office, 'called' as what, count(*) as n from ratings where called_at is not null
    group by bundle, office"""


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating. `body`: what else was said (None: erased, or not asked for); a bad one is to be answered by `due_at`:
    `fix` is what was put right, `call` what came of calling the person back."""

    reference: str
    leg: str
    bundle: str
    office: str
    level: int
    at: datetime
    body: Mapping[str, Any] | None
    due_at: datetime | None = None
    fixed_at: datetime | None = None
    fix: Mapping[str, Any] | None = None
    called_at: datetime | None = None
    call: Mapping[str, Any] | None = None

    @property
    def bad(self) -> bool:
        """Whether it must be answered."""
        return self.due_at is not None

    @property
    def owed(self) -> bool:
        """Whether it still has to be."""
        return self.bad and (self.fixed_at is None or self.called_at is None)


def add(tx: Tx, rating: Rating) -> bool:
    """Store a rating; False, and nothing, if this leg or case has one."""
    sealed = {"body": seal_maybe(tx, rating.body, _place("body", rating.reference, rating.leg))}
    made = insert(tx, "ratings", {**params(rating, *_SEALED), **sealed}, "on conflict (reference, leg) do nothing")
    if made:
        _count(tx, rating, str(rating.level))
    return bool(made)


def fixed(tx: Tx, rating: Rating, fix: Mapping[str, Any], at: datetime) -> bool:
    """Note what was put right; False if that was noted before."""
    assert rating.due_at is not None
    return _note(tx, rating, "fix", fix, at) and _count(tx, rating, FIXED if at <= rating.due_at else FIXED_LATE)


def called(tx: Tx, rating: Rating, call: Mapping[str, Any], at: datetime) -> bool:
    """Note what came of calling the person back; False if that was noted before."""
    return _note(tx, rating, "call", call, at) and _count(tx, rating, CALLED)


def find(tx: Tx, reference: str, leg: str) -> Rating | None:
    """The rating of a leg, or of the whole case (an empty leg)."""
    found = tx.rows(f"select * from ratings where {_ONE}", reference=reference, leg=leg)
    return _opened(tx, found[0]) if found else None


def of_case(tx: Tx, reference: str) -> list[Rating]:
    """Every rating of a case, that of the whole first."""
    found = tx.rows("select * from ratings where reference = :reference order by leg", reference=reference)
    return [_opened(tx, row) for row in found]


def owed(tx: Tx, after: str | None, limit: int) -> tuple[list[Rating], str | None]:
    """Bad ratings that are not fixed or not called back, the one due first in front, without what was said in them; and
    where the next page begins (None: this was the last)."""
    found, then = _ORDER.page(tx.rows(
        f"select {_PLAIN} from ratings where {_OWED} and {_ORDER.behind} order by {_ORDER.by} limit :limit",
        limit=limit + 1, **_ORDER.place(after)), limit)
    return [shape(Rating, row, body=None) for row in found], then


def late(tx: Tx, now: datetime) -> tuple[int, int]:
    """How many bad ratings are not answered, and how many of them should have been by now."""
    found = tx.rows(f"select count(*) as n, coalesce(sum(case when due_at < :now then 1 else 0 end), 0) as late"
                    f" from ratings where {_OWED}", now=stamp(now))[0]
    return int(found["n"]), int(found["late"])


def erase(tx: Tx, reference: str) -> int:
    """Erase what was said in the ratings of a case; their levels and days stay. How many were erased."""
    return tx.run("update ratings set body = null, fix = null, call = null where reference = :r"
                  " and (body is not null or fix is not null or call is not null)", r=reference)


def forgive(tx: Tx, reference: str) -> None:
    """Nobody has to put right any more what a case was rated badly for: it is erased, which says that somebody did."""
    tx.run("update ratings set due_at = null where reference = :r and due_at is not null and fixed_at is null",
           r=reference)


def recount(tx: Tx) -> dict[tuple[str, str], int]:
    """What the counter should stand at; it reads every rating."""
    return {(RATINGS, f"{row['bundle']}|{row['office']}|{row['what']}"): int(row["n"])
            for sql in (_BY_LEVEL, _BY_FIX, _BY_CALL) for row in tx.rows(sql)}


def _note(tx: Tx, rating: Rating, what: str, said: Mapping[str, Any], at: datetime) -> bool:
    done = {"fix": "fixed_at", "call": "called_at"}[what]
    sealed = seal_maybe(tx, said, _place(what, rating.reference, rating.leg))
    return tx.run(f"update ratings set {what} = :said, {done} = :at where {_ONE} and {done} is null",
                  said=sealed, at=stamp(at), reference=rating.reference, leg=rating.leg) == 1


def _count(tx: Tx, rating: Rating, what: str) -> bool:
    counters.add(tx, {(RATINGS, f"{rating.bundle}|{rating.office}|{what}"): 1})
    return True


def _place(column: str, reference: str, leg: str) -> str:
    return f"ratings:{column}:{reference}/{leg}"


def _opened(tx: Tx, row: Row) -> Rating:
    said = {name: unseal_maybe(tx, row[name], _place(name, row["reference"], row["leg"])) for name in _SEALED}
    return shape(Rating, row, **said)
