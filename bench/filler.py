"""Fills a store with very many applications: a few real ones, made by the desk, are copied under new references.

The copies are whole: values are sealed at their own places and every chain holds (`flask verify` walks them). Left out
are what tracking, inboxes and sweeps do not read: uploads, consents, idempotency keys and the replay store of notices.
The heads count as sealed.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.inside import Inside
from bench.lives import LAST_DAY, LIVES, judge_endings, live
from desk.reference import new_reference
from store import audit, drafts, events, people, tallies
from store.audit import Entry
from store.chains.chain import GENESIS
from store.cipher import Cipher
from store.copies.sealed import SEALED
from store.drafts import Draft
from store.encoding import to_json
from store.people import Account

CHUNK = 500
# What a copy has of its own beside its reference, by table.
FRESH: Mapping[str, tuple[str, ...]] = {
    "events": ("prev", "hash"), "messages": ("message_id",), "offers": ("n",), "quarantine": ("id", "message_id")}
TABLES = ("cases", "legs", "events", "bodies", "messages", "attempts", "offers", "ratings", "quarantine")
PLACES = {column: place for column, place in SEALED.items() if column[0] in TABLES and column[1] != "on_behalf_of"}


@dataclass(frozen=True, slots=True)
class Model:
    """A real application to be copied: its rows by table with values opened; `tails` are what its chain covers."""

    day: datetime
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    tails: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of a model: what every copy has, what is sealed anew with its place for a reference and an id, and the tail
    of what its link in the chain covers or the department whose feed it stands in."""

    same: list[Any]
    boxes: list[tuple[bytes | None, str]]
    mark: str


def models(there: Inside, legs: int) -> list[tuple[float | None, list[Model]]]:
    """Applications of `legs` legs on several days, as real ones go; each kind with its share (None: the rest)."""
    played = [(life.share, live(there, life, legs)) for life in LIVES]
    judge_endings(there)
    return [(share, [_model(there, reference, day) for day, reference in days]) for share, days in played]


def _model(there: Inside, reference: str, day: datetime) -> Model:
    rows: dict[str, list[dict[str, Any]]] = {}
    with there.house.database.read() as tx:
        for table in TABLES:
            found = tx.rows(f"select * from {table} where reference = :reference", reference=reference)
            rows[table] = [_opened(tx.cipher, table, row) for row in found]
    rows["events"].sort(key=lambda row: int(row["n"]))
    tails = [to_json(["", row["n"], *events.covered(row), row["digest"]])[3:] for row in rows["events"]]
    return Model(day, rows, tails)


def _opened(cipher: Cipher, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cipher.open(bytes(value), PLACES[table, name].format(**row)) if (table, name) in PLACES and value
            else value for name, value in row.items()}


class Copier:
    """Writes copies into a SQLite store that no process holds."""

    def __init__(self, file: Path, cipher: Cipher) -> None:
        self._cipher = cipher
        self._heads: dict[str, str] = {}
        self._feeds: Counter[str] = Counter()
        self._base = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode = wal", "synchronous = off", "cache_size = -400000"):
            self._base.execute(f"pragma {pragma}")
        self._feeds.update(dict(self._base.execute("select department, n from offer_heads")))

    def grow(self, kinds: Sequence[tuple[float | None, Sequence[Model]]], count: int) -> list[str]:
        """Write `count` copies, of each kind its share and at least one; their references."""
        amounts = [0 if share is None else max(1, round(count * share)) for share, _ in kinds]
        rest = count - sum(amounts)
        return [reference for (share, among), amount in zip(kinds, amounts, strict=True)
                for reference in self._write(among, rest if share is None else amount)]

    def _write(self, among: Sequence[Model], count: int) -> list[str]:
        """Write `count` copies, day by day."""
        made: list[str] = []
        for number, model in enumerate(among):
            share = count * (number + 1) // len(among) - count * number // len(among)
            references = sorted(new_reference(model.day.date()) for _ in range(share))
            for start in range(0, share, CHUNK):
                self._chunk(model, references[start:start + CHUNK])
            made += references
        return made

    def close(self) -> None:
        """Hand the store back."""
        self._base.execute(
            "insert or replace into offer_heads select department, max(n) from offers group by department")
        self._base.execute("pragma wal_checkpoint(truncate)")
        self._base.close()

    def _chunk(self, model: Model, references: Sequence[str]) -> None:
        self._base.execute("begin")
        self._heads = dict.fromkeys(references, GENESIS)
        for table, rows in model.rows.items():
            if rows:
                own = ("reference", *FRESH.get(table, ()))
                sealed = [name for name in rows[0] if (table, name) in PLACES]
                same = [name for name in rows[0] if name not in (*own, *sealed)]
                names = (*own, *sealed, *same)
                text = f"insert into {table} ({', '.join(names)}) values ({', '.join('?' * len(names))})"
                marks = model.tails if table == "events" else [str(row.get("department", "")) for row in rows]
                lines = [_Line([row[name] for name in same], [
                    (row[name], PLACES[table, name].format(**{**row, "reference": "{0}", "id": "{1}"}))
                    for name in sealed], mark) for row, mark in zip(rows, marks, strict=True)]
                self._base.executemany(text, self._copies(table, lines))
        ends = len(model.tails)
        self._base.executemany("insert into heads (chain, hash, n, sealed_n) values (?, ?, ?, ?)",
                               [(reference, hash_, ends, ends) for reference, hash_ in self._heads.items()])
        self._base.execute("commit")

    def _copies(self, table: str, lines: Sequence[_Line]) -> Iterator[list[Any]]:
        """All rows of a table under each reference; events are chained on the way, and feeds go on."""
        for reference in list(self._heads):
            for line in lines:
                fresh = self._fresh(table, reference, line.mark)
                yield [reference, *fresh, *(
                    self._cipher.seal(plain, where.format(reference, fresh[0] if fresh else "")) if plain else plain
                    for plain, where in line.boxes), *line.same]

    def _fresh(self, table: str, reference: str, mark: str) -> tuple[Any, ...]:
        """What a row of a copy has of its own beside its reference."""
        if table == "events":
            before = self._heads[reference]
            covered = f'{before}\n["{reference}"{mark}'.encode()
            after = self._heads[reference] = hashlib.sha256(covered).hexdigest()
            return before, after
        if table == "offers":
            self._feeds[mark] += 1
            return (self._feeds[mark],)
        return tuple(f"{random.getrandbits(96):024x}" for _ in FRESH.get(table, ()))


def count_all(there: Inside) -> None:
    """Bring the counters to what is there."""
    with there.house.database.read() as tx:
        found = tallies.drift(tx)
    there.house.database.write(lambda tx: tallies.repair(tx, found))


def people_and_acts(there: Inside, applications: int) -> None:
    """What grows beside applications: accounts of applicants (of staff there are as many as ever), drafts that are
    being filled in, and half as many acts in the audit log."""
    made = {"applicant": applications // 2, "officer": 60, "operator": 3}
    people_ = [(role, f"{role}-{number}") for role, amount in made.items() for number in range(amount)]
    for some in _some(people_):
        there.house.database.write(lambda tx, some=some: [people.add_account(tx, Account(  # type: ignore[misc]
            account=name, login=name, role=role, name="示例", created_at=LAST_DAY, body={"示例": name * 3}))
            for role, name in some])
    for numbers in _some(range(applications // 20)):
        there.house.database.write(lambda tx, numbers=numbers: [drafts.add(tx, Draft(  # type: ignore[misc]
            f"draft-{number}", f"applicant-{number}", "utilities", "e", {"form": {}}, LAST_DAY, LAST_DAY))
            for number in numbers])
    for numbers in _some(range(applications // 2)):
        there.house.database.write(lambda tx, numbers=numbers: [audit.record(tx, Entry(  # type: ignore[misc]
            LAST_DAY - timedelta(seconds=applications // 2 - number), "officer", "leg.opened", f"示例-{number}",
            {"reason": "示例"})) for number in numbers])


def _some(all_: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Parts of as many as go into one transaction."""
    for first in range(0, len(all_), CHUNK):
        yield all_[first:first + CHUNK]
