"""Every test of the store runs on a real SQLite file and on a real PostgreSQL, each fresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.cipher import Cipher
from store.engine.opening import Opened, Place, open_store
from tests.shared import Server


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, migrated: Callable[[Path], Path]) -> Iterator[Place]:
    """Where a fresh store is: a folder, or a database of its own."""
    if request.param == "sqlite":
        yield Place(migrated(tmp_path / "data"), patience=1.0)
        return
    server: Server = request.getfixturevalue("server")
    yield Place(tmp_path / "data", server.url, pool=20)
    server.empty()


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    """Where a fresh embedded store is."""
    return Place(tmp_path / "data", patience=1.0)


@pytest.fixture
def store(place: Place, cipher: Cipher) -> Iterator[Opened]:
    """A fresh store, open."""
    opened = open_store(place, cipher, say=_silent)
    before = _tables(opened)
    yield opened
    # sqlite-utils makes a table of every mistyped name; nobody may have done that.
    assert _tables(opened) == before
    opened.close()


@pytest.fixture
def opener(cipher: Cipher) -> Iterator[Callable[[Place], Opened]]:
    """Opens stores that are closed after the test."""
    opened: list[Opened] = []

    def open_one(place: Place) -> Opened:
        opened.append(open_store(place, cipher, say=_silent))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def _silent(text: str) -> None:
    assert text


def _tables(opened: Opened) -> list[str]:
    name = type(opened.db).__name__
    sql = "select name as t from sqlite_master where type = 'table' order by name" if name.startswith("Sqlite") else \
        "select table_name as t from information_schema.tables where table_schema = 'public' order by table_name"
    with opened.db.read() as tx:
        return [row["t"] for row in tx.rows(sql)]
