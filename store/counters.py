"""Kept counters: units add small deltas that never wait for each other, a sweep folds them."""

from __future__ import annotations

from store.port import Tx

_VALUE = """select coalesce(sum(amount), 0) as amount from (
    select amount from counters where name = :name and key = :key
    union all select amount from counter_deltas where name = :name and key = :key) as parts"""


def add(tx: Tx, name: str, key: str, amount: int = 1) -> None:
    """Add `amount` to a counter."""
    tx.run("insert into counter_deltas (name, key, amount) values (:name, :key, :amount)",
           name=name, key=key, amount=amount)


def fold(tx: Tx, limit: int = 5000) -> int:
    """Move the oldest deltas into the counters; how many. Nothing is counted twice, even by two sweeps at once."""
    found = tx.rows("select id, name, key, amount from counter_deltas order by id limit :limit {skip}", limit=limit)
    sums: dict[tuple[str, str], int] = {}
    for row in found:
        place = (row["name"], row["key"])
        sums[place] = sums.get(place, 0) + row["amount"]
    if found:
        tx.many("delete from counter_deltas where id = :id", [{"id": row["id"]} for row in found])
        tx.many(
            "insert into counters (name, key, amount) values (:name, :key, :amount)"
            " on conflict (name, key) do update set amount = counters.amount + excluded.amount",
            [{"name": name, "key": key, "amount": amount} for (name, key), amount in sorted(sums.items())],
        )
    return len(found)


def value(tx: Tx, name: str, key: str) -> int:
    """What a counter stands at, deltas included."""
    return int(tx.rows(_VALUE, name=name, key=key)[0]["amount"])


def every(tx: Tx, name: str) -> dict[str, int]:
    """All keys of a counter with what they stand at, deltas included."""
    found = tx.rows(
        "select key, sum(amount) as amount from (select key, amount from counters where name = :name"
        " union all select key, amount from counter_deltas where name = :name) as parts group by key order by key",
        name=name,
    )
    return {row["key"]: int(row["amount"]) for row in found}
