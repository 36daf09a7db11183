"""Small facts about the service itself: paused or not, when the dispatcher last beat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.encoding import stamp
from store.port import Tx
from store.rows import shape


@dataclass(frozen=True, slots=True)
class Mark:
    """A fact by its name, and since when it holds."""

    name: str
    value: str
    at: datetime


def put(tx: Tx, name: str, value: str, at: datetime) -> None:
    """Store a fact."""
    tx.run("insert into marks (name, value, at) values (:name, :value, :at)"
           " on conflict (name) do update set value = excluded.value, at = excluded.at",
           name=name, value=value, at=stamp(at))


def get(tx: Tx, name: str) -> Mark | None:
    """A fact, or None."""
    found = tx.rows("select * from marks where name = :name", name=name)
    return shape(Mark, found[0]) if found else None


def drop(tx: Tx, name: str) -> None:
    """Forget a fact."""
    tx.run("delete from marks where name = :name", name=name)
