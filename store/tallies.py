"""What is counted of cases and legs: taken from the rows of a change in its transaction, recounted from all rows.

Counters: `legs` by `department|office|state`, `cases` by `bundle|open` and `bundle|closed`, `created` all legs ever
made. A case is closed while every leg of it is over. Ratings and endings are counted where they are kept, and
recounted here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.model import LegState
from cases.states import OVER
from store import cases, counters, endings, ratings
from store.legs import LegRow
from store.port import Tx

LEGS, CASES, CREATED = "legs", "cases", "created"
OPEN, CLOSED = "open", "closed"
_COUNTED = (LEGS, CASES, CREATED, ratings.RATINGS, endings.ENDED)
_BY_STATE = "select department, office, state, count(*) as n from legs group by department, office, state"
_BY_BUNDLE = """select bundle, case when closed_at is null then 'open' else 'closed' end as stands, count(*) as n
    from cases group by bundle, closed_at is null"""


@dataclass(frozen=True, slots=True)
class Drift:
    """A counter that does not stand at what its rows add up to."""

    name: str
    key: str
    kept: int
    counted: int


def note(tx: Tx, bundle: str, before: Mapping[str, LegRow], changed: Sequence[LegRow], now: datetime) -> None:
    """Count what a change makes of a case, and close the case or open it again; every unit that writes legs calls it.

    `before` are all leg rows of the case as they were written last (`n` 0: not yet), `changed` the new ones.
    """
    note_all(tx, [(bundle, before, changed)], now)


def note_all(tx: Tx, cases_: Iterable[tuple[str, Mapping[str, LegRow], Sequence[LegRow]]], now: datetime) -> None:
    """`note` for several cases: bundle, rows before, rows changed of each."""
    tally: dict[tuple[str, str], int] = {}
    for bundle, before, changed in cases_:
        if _count(tally, before, changed):
            _close(tx, tally, bundle, (before, {row.leg: row for row in changed}), now)
    counters.add(tx, tally)


def _count(tally: dict[tuple[str, str], int], before: Mapping[str, LegRow], changed: Sequence[LegRow]) -> bool:
    """Count the legs; whether the case may have ended or begun anew."""
    made: list[tuple[str, str, str]] = []
    turned = False
    for row in changed:
        was = before.get(row.leg)
        if was is None or not was.n:
            made.append(_place(row))
        elif was.state is not row.state or was.office != row.office:
            _plus(tally, LEGS, _key(_place(was)), -1)
            _plus(tally, LEGS, _key(_place(row)), 1)
            turned = turned or (was.state in OVER) is not (row.state in OVER)
    for place, amount in Counter(made).items():
        _plus(tally, LEGS, _key(place), amount)
    if made:
        _plus(tally, CREATED, LEGS, len(made))
    return turned or bool(made)


def by_department(tx: Tx) -> dict[tuple[str, str, str], int]:
    """How many legs stand in which state, by (department, office, state)."""
    return {_parts(key): amount for key, amount in counters.every(tx, LEGS).items()}


def undelivered(tx: Tx, listed: Collection[str]) -> dict[str, int]:
    """How many legs are granted and not delivered, by office, of the offices that are not `listed`."""
    return {office: amount for (_, office, state), amount in sorted(by_department(tx).items())
            if state == LegState.GRANTED and office not in listed and amount > 0}


def by_state(tx: Tx) -> dict[str, int]:
    """How many legs stand in which state."""
    found: Counter[str] = Counter()
    for (_, _, state), amount in by_department(tx).items():
        found[state] += amount
    return dict(sorted(found.items()))


def by_bundle(tx: Tx) -> dict[str, int]:
    """How many cases are open and closed, by `bundle|open` and `bundle|closed`."""
    return counters.every(tx, CASES)


def created(tx: Tx) -> int:
    """How many legs were ever made."""
    return counters.value(tx, CREATED, LEGS)


def offices_of(tx: Tx, name: str) -> list[str]:
    """The offices that have legs and are called `name` or belong to the department `name`."""
    return sorted({office for department, office, _ in by_department(tx) if name in (office, department)})


def recount(tx: Tx) -> dict[tuple[str, str], int]:
    """What the counters should stand at; it reads every leg and every case."""
    legs = {(LEGS, f"{row['department']}|{row['office']}|{row['state']}"): row["n"] for row in tx.rows(_BY_STATE)}
    kept = {(CASES, f"{row['bundle']}|{row['stands']}"): row["n"] for row in tx.rows(_BY_BUNDLE)}
    whole = {(CREATED, LEGS): sum(legs.values())} if legs else {}
    return {**legs, **kept, **whole, **ratings.recount(tx), **endings.recount(tx)}


def drift(tx: Tx) -> list[Drift]:
    """The counters that do not stand at what a recount in the same snapshot finds."""
    counted = recount(tx)
    kept = {(name, key): amount for name in _COUNTED for key, amount in counters.every(tx, name).items()}
    return [Drift(*place, kept.get(place, 0), counted.get(place, 0)) for place in sorted({*kept, *counted})
            if kept.get(place, 0) != counted.get(place, 0)]


def repair(tx: Tx, found: Iterable[Drift]) -> None:
    """Add what was missing; what changed since the recount has its own deltas and stays right."""
    counters.add(tx, {(one.name, one.key): one.counted - one.kept for one in found})


def _close(tx: Tx, tally: dict[tuple[str, str], int], bundle: str,
           rows: tuple[Mapping[str, LegRow], Mapping[str, LegRow]], now: datetime) -> None:
    """Close or open the case if that is what the change of a leg came to; count it."""
    before, fresh = rows
    known = any(row.n for row in before.values())
    was = known and all(row.state in OVER for row in before.values())
    over = all(row.state in OVER for row in {**before, **fresh}.values())
    if was is not over:
        cases.close(tx, next(iter(fresh.values())).reference, now if over else None)
    _plus(tally, CASES, f"{bundle}|{CLOSED if over else OPEN}", 1)
    if known:
        _plus(tally, CASES, f"{bundle}|{CLOSED if was else OPEN}", -1)


def _plus(tally: dict[tuple[str, str], int], name: str, key: str, amount: int) -> None:
    tally[name, key] = tally.get((name, key), 0) + amount


def _place(row: LegRow) -> tuple[str, str, str]:
    return row.department, row.office, row.state


def _key(place: tuple[str, str, str]) -> str:
    return "|".join(place)


def _parts(key: str) -> tuple[str, str, str]:
    department, office, state = key.split("|")
    return department, office, state
