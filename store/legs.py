"""Legs: the cache of the fold of events, with the times that inboxes and lights are found by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from sys import intern
from typing import Any

from cases.model import LegState
from store.encoding import stamp
from store.errors import UnknownLeg
from store.port import Row, Tx
from store.rows import attributes, columns, filled, named, one, params, shape, upsert_text, written

# Sorts after every stamp in both stores: legs without a due date come last.
NEVER = "~"
_WORDS = ("reference", "leg", "matter", "department", "office", "next_actor")  # thousands of rows say the same
_FOLDED = ("state", "since", "started_at", "closed_at", "next_actor", "waits", "due_at", "due_rank", "yellow_at",
           "provisional", "lapse_at", "stalls_at", "beyond", "beyond_at", "owed_at")


@dataclass(frozen=True)
class LegRow:
    """A leg as last folded at event `n`. `since`: in this state; `started_at`: its department may work on it;
    `next_actor`: applicant, department, service or nobody; `waits`: for which legs, or why nothing happens;
    `lapse_at`: the first moment after which time alone ends something of it; `stalls_at`: from when it has stood still
    for too long; `beyond`: how often its department asked beside what is published, `beyond_at` last when;
    `owed_at`: since when a paper that was to follow is overdue."""

    reference: str
    leg: str
    matter: str
    department: str
    office: str
    state: LegState
    n: int
    since: datetime
    filed_at: datetime
    due_at: datetime | None = None
    yellow_at: datetime | None = None
    provisional: bool = False
    started_at: datetime | None = None
    closed_at: datetime | None = None
    ref: str | None = None
    seq: int = 0
    next_actor: str = "department"
    waits: str = ""
    lapse_at: datetime | None = None
    stalls_at: datetime | None = None
    beyond: int = 0
    beyond_at: datetime | None = None
    owed_at: datetime | None = None

    def but(self, **new: Any) -> LegRow:
        """The same row with other values, a tenth of the work of `dataclasses.replace`."""
        return filled(LegRow, self.__dict__ | new)


def put(tx: Tx, legs: Iterable[LegRow], before: Mapping[str, LegRow] | None = None) -> None:
    """Store the legs as folded, replacing what was there. Where `before` has a leg as it was written last, only what
    differs is written."""
    put_all(tx, [(leg, before.get(leg.leg) if before else None) for leg in legs])


def put_all(tx: Tx, legs: Iterable[tuple[LegRow, LegRow | None]]) -> None:
    """`put` for legs of several cases, each with how it was written last."""
    whole: list[Sequence[Any]] = []
    partly: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for leg, was in legs:
        if was is None or not was.n:
            whole.append(_row(leg))
        elif changed := _different(vars(leg), vars(was)):
            partly.setdefault(tuple(changed), []).append(_some(leg, changed))
    if whole:
        tx.fill(_PUT, whole)
    for names, rows in partly.items():
        tx.many(_update(names), rows)


def get(tx: Tx, reference: str, leg: str) -> LegRow:
    """One leg; UnknownLeg."""
    sql = "select * from legs where reference = :reference and leg = :leg"
    return shape(LegRow, one(tx, UnknownLeg, sql, reference=reference, leg=leg))


def of_case(tx: Tx, reference: str) -> list[LegRow]:
    """All legs of a case by their numbers."""
    found = tx.rows("select * from legs where reference = :reference order by leg", reference=reference)
    return [_kept(row) for row in found]


def of_cases(tx: Tx, references: Iterable[str]) -> dict[str, dict[str, LegRow]]:
    """All legs of several cases by their numbers, by reference."""
    found: dict[str, dict[str, LegRow]] = {}
    for names, each in named(references):
        for row in tx.rows(f"select * from legs where reference in ({names}) order by reference, leg", **each):
            found.setdefault(row["reference"], {})[row["leg"]] = _kept(row)
    return found


def _kept(row: Row) -> LegRow:
    values = attributes(LegRow, row)
    for name in _WORDS:
        values[name] = intern(values[name])
    return filled(LegRow, values)


def lapsing(tx: Tx, now: datetime, after: LegRow | None = None, limit: int = 500) -> list[LegRow]:
    """Legs of which time has ended something by `now`, the longest over first, after `after`."""
    found = tx.rows(
        "select * from legs where lapse_at is not null and lapse_at < :now and (lapse_at, reference, leg) >"
        " (:at, :reference, :leg) order by lapse_at, reference, leg limit :limit", now=stamp(now),
        at=stamp(after.lapse_at) if after and after.lapse_at else "", reference=after.reference if after else "",
        leg=after.leg if after else "", limit=limit,
    )
    return [shape(LegRow, row) for row in found]


def refold(tx: Tx, leg: LegRow, before: LegRow) -> bool:
    """Store the state and the times of a leg as the same events come to now (after a calendar was loaded, or by rules
    that read them differently); False, and nothing, if somebody folded it in between."""
    row = _columns(leg)
    changed = ", ".join(f"{name} = :{name}" for name in _FOLDED)
    return bool(tx.run(f"update legs set {changed} where reference = :reference and leg = :leg and n = :n"
                       " and state = :was", was=before.state.value,
                       **{name: row[name] for name in (*_FOLDED, "reference", "leg", "n")}))


def _different(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as before; of most attributes it is the very same value, which needs no comparison."""
    return {name: value for name, value in now.items() if value is not before[name] and value != before[name]}


@cache
def _update(names: tuple[str, ...]) -> str:
    changed = ", ".join(f"{name} = :{name}" for name in names + (("due_rank",) if "due_at" in names else ()))
    return f"update legs set {changed} where reference = :reference and leg = :leg"


def _some(leg: LegRow, changed: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that changed, and by which the row is found."""
    row = columns(LegRow, changed)
    if "due_at" in row:
        row["due_rank"] = row["due_at"] or NEVER
    row["reference"], row["leg"] = leg.reference, leg.leg
    return row


def _columns(leg: LegRow) -> dict[str, Any]:
    row = params(leg)
    return {**row, "due_rank": row["due_at"] or NEVER}


_WRITTEN = written(LegRow)
_DUE = _WRITTEN.columns.index("due_at")
_PUT = upsert_text("legs", (*_WRITTEN.columns, "due_rank"), ("reference", "leg"))


def _row(leg: LegRow) -> list[Any]:
    """All columns of a leg, the rank of its due date last."""
    row = _WRITTEN.row(leg)
    row.append(row[_DUE] or NEVER)
    return row
