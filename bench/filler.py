"""Fills a store with very many applications: a few real ones, made by the desk, are copied under new references.

The copies are whole: values are sealed at their own places and every chain holds (`flask verify` walks them). Left out
are what tracking, inboxes and sweeps do not read: uploads, consents, idempotency keys and the replay store of notices.
The heads count as sealed.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.applicant import CATALOG
from bench.inside import Inside
from connectors.base import Answer
from desk.reference import new_reference
from dispatch.retry import Then
from store import events, tallies
from store.chain import GENESIS
from store.cipher import Cipher
from store.encoding import to_json

LAST_DAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAYS = 20
OPEN_SHARE = 0.02
CHUNK = 500
ALL_SERVICES = CATALOG.bundles["utilities"].figures["services"]
# Column → its place, with the names of the row's columns.
PLACES: Mapping[tuple[str, str], str] = {
    ("cases", "body"): "cases:body:{reference}", ("cases", "code"): "cases:code:{reference}",
    ("events", "body"): "events:body:{reference}/{n}",
    ("bodies", "body"): "messages:body:{reference}-{frozen}",
    ("messages", "reason"): "messages:reason:{reference}-{leg}:{type}:{n}",
    ("attempts", "answer"): "attempts:answer:{reference}-{leg}:{type}:{n}/{attempt}",
}
# What a copy has of its own, before what is sealed anew.
FRESH = ("reference", "message_id", "prev", "hash")
TABLES = ("cases", "legs", "events", "bodies", "messages", "attempts")


@dataclass(frozen=True, slots=True)
class Model:
    """A real application to be copied: its rows by table with values opened; `tails` are what its chain covers."""

    day: datetime
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    tails: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of a model: what every copy has, and what is sealed anew with its place for a reference and message id."""

    same: list[Any]
    boxes: list[tuple[bytes | None, str]]


def models(there: Inside, legs: int) -> tuple[list[Model], list[Model]]:
    """Finished and open applications of `legs` legs on several days, as real ones go."""
    situation = {**CATALOG.bundles["utilities"].figures, "outside_line": False, "services": ALL_SERVICES[:legs]}
    chained = {**situation, "outside_line": True}
    finished, still_open = [], []
    for back in range(DAYS, 0, -1):
        day = LAST_DAY - timedelta(days=back)
        finished.append(_model(there, _finished(there, situation, day), day))
        if back <= 8:
            ways = (_waiting, _asked, _in_review, _stuck, _retried)
            still_open += [_model(there, way(there, chained if way is _waiting else situation, day), day)
                           for way in ways]
    return finished, still_open


def _filed(there: Inside, situation: Mapping[str, Any], day: datetime) -> list[tuple[str, str]]:
    """File; the legs with their offices."""
    receipt = there.file(situation, secrets.token_hex(8), day)
    return [(leg.leg, leg.department) for leg in receipt.legs]


def _finished(there: Inside, situation: Mapping[str, Any], day: datetime) -> str:
    legs = _filed(there, situation, day)
    there.deliver(day)
    told: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("leg.granted", {"results": [{"name": "批复", "number": "示例-1"}]}), ("leg.delivered", {"mode": "electronic"}))
    for hour, (type_, data) in enumerate(told, 1):
        for leg, office in legs:
            there.say(office, leg, type_, day + timedelta(hours=hour), **data)
    return legs[0][0].rpartition("-")[0]


def _waiting(there: Inside, situation: Mapping[str, Any], day: datetime) -> str:
    legs = _filed(there, situation, day)
    there.deliver(day)
    return legs[0][0].rpartition("-")[0]


def _in_review(there: Inside, situation: Mapping[str, Any], day: datetime) -> str:
    legs = _filed(there, situation, day)
    there.deliver(day)
    for leg, office in legs:
        there.say(office, leg, "leg.in_review", day + timedelta(hours=1), step="审核")
    return legs[0][0].rpartition("-")[0]


def _asked(there: Inside, situation: Mapping[str, Any], day: datetime) -> str:
    legs = _filed(there, situation, day)
    there.deliver(day)
    there.say(legs[0][1], legs[0][0], "leg.supplement_required", day + timedelta(hours=1), ask="a1", reason="缺附图",
              limit="30wd", materials=["BL01"])
    return legs[0][0].rpartition("-")[0]


def _stuck(there: Inside, situation: Mapping[str, Any], day: datetime) -> str:
    legs = _filed(there, situation, day)
    there.deliver(day, Answer("refused", reason="格式不符"))
    return legs[0][0].rpartition("-")[0]


def _retried(there: Inside, situation: Mapping[str, Any], day: datetime) -> str:
    legs = _filed(there, situation, day)
    there.deliver(day, Answer("again", detail="503"), Then("send", LAST_DAY + timedelta(minutes=1)))
    return legs[0][0].rpartition("-")[0]


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
        self._base = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode = wal", "synchronous = off", "cache_size = -400000"):
            self._base.execute(f"pragma {pragma}")

    def grow(self, kinds: tuple[Sequence[Model], Sequence[Model]], count: int) -> list[str]:
        """Write `count` copies, two in a hundred of them open; their references."""
        still_open = round(count * OPEN_SHARE)
        return self._write(kinds[0], count - still_open) + self._write(kinds[1], still_open)

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
        self._base.execute("pragma wal_checkpoint(truncate)")
        self._base.close()

    def _chunk(self, model: Model, references: Sequence[str]) -> None:
        self._base.execute("begin")
        self._heads = dict.fromkeys(references, GENESIS)
        for table, rows in model.rows.items():
            if rows:
                own = [name for name in FRESH if name in rows[0]]
                sealed = [name for name in rows[0] if (table, name) in PLACES]
                same = [name for name in rows[0] if name not in (*own, *sealed)]
                names = (*own, *sealed, *same)
                text = f"insert into {table} ({', '.join(names)}) values ({', '.join('?' * len(names))})"
                lines = [_Line([row[name] for name in same], [
                    (row[name], PLACES[table, name].format(**{**row, "reference": "{0}", "message_id": "{1}"}))
                    for name in sealed]) for row in rows]
                chain = model.tails if table == "events" else ()
                self._base.executemany(text, self._copies(lines, "message_id" in own, chain))
        ends = len(model.tails)
        self._base.executemany("insert into heads (chain, hash, n, sealed_n) values (?, ?, ?, ?)",
                               [(reference, hash_, ends, ends) for reference, hash_ in self._heads.items()])
        self._base.execute("commit")

    def _copies(self, lines: Sequence[_Line], named: bool, chain: Sequence[str]) -> Iterator[list[Any]]:
        """All rows of a table under each reference; events are chained on the way."""
        for reference in list(self._heads):
            for place, line in enumerate(lines):
                message_id = ""
                copy: list[Any] = [reference]
                if named:
                    message_id = f"msg_{random.getrandbits(128):032x}"
                    copy.append(message_id)
                if chain:
                    before = self._heads[reference]
                    covered = f'{before}\n["{reference}"{chain[place]}'.encode()
                    after = self._heads[reference] = hashlib.sha256(covered).hexdigest()
                    copy += before, after
                copy += [self._cipher.seal(plain, where.format(reference, message_id)) if plain else plain
                         for plain, where in line.boxes]
                yield copy + line.same


def count_all(there: Inside) -> None:
    """Bring the counters to what is there."""
    with there.house.database.read() as tx:
        found = tallies.drift(tx)
    there.house.database.write(lambda tx: tallies.repair(tx, found))
