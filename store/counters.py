"""Kept counters: units add small deltas that never wait for each other, a sweep folds them.

What they stand at is right at every moment, deltas included: a delta is written in the transaction of what it counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from store.port import Tx

Tally = Mapping[tuple[str, str], int]  # (counter, key) → how much

_VALUE = """select coalesce(sum(amount), 0) as amount from (
    select amount from counters where name = :name and key = :key
    union all select amount from counter_deltas where name = :name and key = :key) as parts"""
_ADD = "insert into counter_deltas (name, key, amount) values (:name, :key, :amount)"
# Chosen once and for all: PostgreSQL may run a query inside of `in` again for each row, and others are free each time.
_TAKE = """with oldest as materialized (select id from counter_deltas order by id limit :limit {skip})
    delete from counter_deltas where id in (select id from oldest) returning name, key, amount"""
_INTO = """insert into counters (name, key, amount) values (:name, :key, :amount)
    on conflict (name, key) do update set amount = counters.amount + excluded.amount"""


def add(tx: Tx, tally: Tally) -> None:
    """Add to counters; nothing is written for what comes to nothing."""
    rows = [(name, key, amount) for (name, key), amount in tally.items() if amount]
    if rows:
        tx.fill(_ADD, rows)


def fold(tx: Tx, limit: int = 5000) -> int:
    """Move the oldest deltas into the counters; how many. Nothing is counted twice, even by two sweeps at once."""
    found = tx.rows(_TAKE, limit=limit)
    sums: dict[tuple[str, str], int] = {}
    for row in found:
        place = (row["name"], row["key"])
        sums[place] = sums.get(place, 0) + row["amount"]
    if found:
        # In one order, so that two sweeps that meet at the same counters wait for each other and never cross.
        tx.many(_INTO, sorted(_rows(sums), key=lambda row: (row["name"], row["key"])))
    return len(found)


def value(tx: Tx, name: str, key: str) -> int:
    """What a counter stands at, deltas included."""
    return int(tx.rows(_VALUE, name=name, key=key)[0]["amount"])


def every(tx: Tx, name: str) -> dict[str, int]:
    """All keys of a counter that do not stand at nothing, deltas included."""
    found = tx.rows(
        "select key, sum(amount) as amount from (select key, amount from counters where name = :name"
        " union all select key, amount from counter_deltas where name = :name) as parts"
        " group by key having sum(amount) <> 0 order by key", name=name,
    )
    return {row["key"]: int(row["amount"]) for row in found}


def _rows(tally: Tally) -> list[dict[str, str | int]]:
    return [{"name": name, "key": key, "amount": amount} for (name, key), amount in tally.items() if amount]
