"""Small facts about the service itself: paused or not, when the dispatcher last beat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

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


def put_first(tx: Tx, name: str, value: str, at: datetime) -> None:
    """Store a fact unless somebody was quicker."""
    tx.run("insert into marks (name, value, at) values (:name, :value, :at) on conflict (name) do nothing",
           name=name, value=value, at=stamp(at))


def put_later(tx: Tx, name: str, at: datetime) -> None:
    """Note when something was so for the last time: of two hosts the later clock counts."""
    tx.run("insert into marks (name, value, at) values (:name, '', :at)"
           " on conflict (name) do update set at = excluded.at where marks.at < excluded.at", name=name, at=stamp(at))


def replace(tx: Tx, known: Mark, value: str, at: datetime) -> None:
    """Store a fact in the place of another, unless that has changed."""
    tx.run("update marks set value = :value, at = :at where name = :name and value = :known",
           name=known.name, value=value, at=stamp(at), known=known.value)


def get(tx: Tx, name: str) -> Mark | None:
    """A fact, or None."""
    found = tx.rows("select * from marks where name = :name", name=name)
    return shape(Mark, found[0]) if found else None


def under(tx: Tx, prefix: str) -> list[Mark]:
    """The facts whose names begin so, by name."""
    return [shape(Mark, row) for row in tx.rows(
        "select * from marks where substr(name, 1, :length) = :prefix order by name", prefix=prefix,
        length=len(prefix))]


def drop(tx: Tx, name: str) -> None:
    """Forget a fact."""
    tx.run("delete from marks where name = :name", name=name)


def due(tx: Tx, name: str, now: datetime, every: timedelta) -> bool:
    """Whether a fact is older than `every`, or unknown; then it holds from `now` on, so that of two who ask one does
    the work."""
    made = tx.run("insert into marks (name, value, at) values (:name, '', :now) on conflict (name) do nothing",
                  name=name, now=stamp(now))
    return made == 1 or tx.run("update marks set at = :now where name = :name and at <= :then",
                               name=name, now=stamp(now), then=stamp(now - every)) == 1
