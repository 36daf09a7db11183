"""Everything that an older key sealed is sealed anew with the newest one, page by page beside those who work, so that
the older key can be destroyed: then no copy from before can be read any more, wherever it lies."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import Formatter
from typing import Any

from store import files
from store.cipher import Cipher, sealed_by
from store.copies.sealed import SEALED, as_column, sealed_of
from store.engine.opening import Opened
from store.errors import SealBroken, UnknownFile
from store.port import Database, Row, Tx

_PAGE = 50  # a draft may take 2 MB
SECONDS = 5.0  # of one slice, after which whoever asked for it hears how far it came
FILES = "@files"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A table, the columns of its key, and where each of its sealed columns is sealed."""

    table: str
    keys: tuple[str, ...]
    places: Mapping[str, str]

    @property
    def named(self) -> str:
        """The key and its parameters, as a condition."""
        return " and ".join(f"{key} = :{key}" for key in self.keys)


def _shelf(table: str, places: Mapping[str, str]) -> Shelf:
    keys = tuple(name for _, name, _, _ in Formatter().parse(next(iter(places.values()))) if name)
    return Shelf(table, keys, places)


# The place of a value names its row by the key of its table.
SHELVES = tuple(_shelf(table, {column: SEALED[table, column] for _, column in columns})
                for table, columns in groupby(SEALED, lambda each: each[0]))


@dataclass(frozen=True, slots=True)
class Slice:
    """How much was sealed anew, and where to go on (None: this was the end); `damaged`: where what does not open by any
    key is, which was passed over."""

    done: int
    then: str | None
    damaged: tuple[str, ...] = ()


def reseal(opened: Opened, after: str | None) -> Slice:
    """Go on for some seconds, from the beginning or behind where a slice ended."""
    until, done, at, damaged = time.monotonic() + SECONDS, 0, after, list[str]()
    while True:
        some, at = _step(opened, at, damaged)
        done += some
        if at is None or time.monotonic() > until:
            return Slice(done, at, tuple(damaged))


def count(opened: Opened) -> Counter[str]:
    """How many values each key has sealed, by its id."""
    found: Counter[str] = Counter()
    for shelf in SHELVES:
        for page in _pages(opened.db, shelf):
            found.update(sealed_by(value) for row in page for value in _values(shelf, row).values())
    for page in _file_pages(opened.db, ""):
        for row in page:
            found.update(_keys_of(opened, row["file"]))
    return found


def by_destroyed(database: Database) -> set[str]:
    """By which destroyed keys something is sealed here; those of the first page that tells."""
    for shelf in SHELVES:
        for page in _pages(database, shelf):
            if found := {sealed_by(each) for row in page for each in _values(shelf, row).values()
                         } & set(database.cipher.destroyed):
                return found
    return set()


def _step(opened: Opened, after: str | None, damaged: list[str]) -> tuple[int, str | None]:
    """One page; how much was sealed anew in it, and where to go on. What does not open is added to `damaged`."""
    table, *last = json.loads(after) if after else [SHELVES[0].table]
    if table == FILES:
        return _some_files(opened, last[0] if last else "", damaged)
    number = next(n for n, shelf in enumerate(SHELVES) if shelf.table == table)
    shelf = SHELVES[number]
    page = next(_pages(opened.db, shelf, last), [])
    done = _resealed(opened.db, shelf, page, damaged)
    if len(page) == _PAGE:
        return done, json.dumps([table, *(page[-1][key] for key in shelf.keys)])
    return done, json.dumps([SHELVES[number + 1].table if SHELVES[number + 1:] else FILES])


def _pages(database: Database, shelf: Shelf, last: Sequence[Any] = ()) -> Iterator[Sequence[Row]]:
    order, behind = ", ".join(shelf.keys), ", ".join(f":{key}" for key in shelf.keys)
    while True:
        where = f"where ({order}) > ({behind})" if last else ""
        with database.read() as tx:
            page = tx.rows(f"select {', '.join((*shelf.keys, *shelf.places))} from {shelf.table} {where}"
                           f" order by {order} limit {_PAGE}", **dict(zip(shelf.keys, last, strict=False)))
        if page:
            yield page
        if len(page) < _PAGE:
            return
        last = [page[-1][key] for key in shelf.keys]


def _values(shelf: Shelf, row: Row) -> dict[str, bytes]:
    """The sealed values of a row by column."""
    return {column: sealed_of(row[column]) for column in shelf.places if row[column] is not None}


def _resealed(database: Database, shelf: Shelf, page: Sequence[Row], damaged: list[str]) -> int:
    """Seal the older values of a page anew; how many there were. What somebody else changes meanwhile stays as they
    wrote it, for the next walk to find."""
    changes = [change for row in page for change in _changes(database.cipher, shelf, row, damaged)]

    def unit(tx: Tx) -> None:
        for column, params in changes:
            tx.run(f"update {shelf.table} set {column} = :new where {shelf.named} and {column} = :old", **params)

    if changes:
        database.write(unit)
    return len(changes)


def _changes(cipher: Cipher, shelf: Shelf, row: Row,
             damaged: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for column, sealed in _values(shelf, row).items():
        if sealed_by(sealed) != cipher.newest:
            place = shelf.places[column].format(**row)
            try:
                plain = cipher.open(sealed, place)
            except SealBroken:
                damaged.append(place)
                continue
            new = as_column(cipher.seal(plain, place), row[column])
            yield column, {**{key: row[key] for key in shelf.keys}, "old": row[column], "new": new}


def _file_pages(database: Database, last: str) -> Iterator[Sequence[Row]]:
    while True:
        with database.read() as tx:
            page = tx.rows("select file, owner from files where file > :last order by file limit :limit",
                           last=last, limit=_PAGE)
        if page:
            yield page
        if len(page) < _PAGE:
            return
        last = page[-1]["file"]


def _some_files(opened: Opened, last: str, damaged: list[str]) -> tuple[int, str | None]:
    """The next file. Those that nobody owns go by themselves in a day or two."""
    page = next(_file_pages(opened.db, last), [])
    for row in page:
        if row["owner"] and _keys_of(opened, row["file"]) - {opened.db.cipher.newest}:
            return _renewed(opened, row["file"], damaged), json.dumps([FILES, row["file"]])
    return 0, json.dumps([FILES, page[-1]["file"]]) if len(page) == _PAGE else None


def _renewed(opened: Opened, file: str, damaged: list[str]) -> int:
    try:
        opened.vault.renew(file)
    except UnknownFile:
        return 0
    except SealBroken:
        damaged.append(f"{FILES}:{file}")
        return 0
    with opened.db.read() as tx:
        kept = files.several(tx, [file]).get(file)
    if kept is None or not kept.owner:  # it went meanwhile, and must not have come back
        opened.vault.drop(file)
    return 1


def _keys_of(opened: Opened, file: str) -> set[str]:
    try:
        return opened.vault.keys(file)
    except UnknownFile:
        return set()
