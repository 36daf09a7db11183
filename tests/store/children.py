"""What the tests of the store run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from sqlite_utils import Database as Tables

from store import counters, marks
from store.algorithms import AES
from store.cipher import Cipher
from store.engine.migrations import migrate_sqlite
from store.engine.opening import Place, open_store
from store.engine.postgres_schema import migrate_postgres
from store.failpoints import arm, reach
from tests.store.samples import NOW, Walk

HOME = Path(__file__).resolve().parents[2]
CIPHER = Cipher([AES.key(b"s" * 32)], AES.key(b"i" * 32))


def start(function: str, *args: str) -> subprocess.Popen[bytes]:
    """Run a function of this module in another process."""
    program = f"import sys; from tests.store import children; children.{function}(*sys.argv[1:])"
    return subprocess.Popen([sys.executable, "-c", program, *args], cwd=HOME, stdout=subprocess.PIPE)


def migrate_file(path: str) -> None:
    """Migrate a SQLite file, without any other lock than the migration's own."""
    tables = Tables(path, execute_plugins=False)
    tables.conn.execute("pragma busy_timeout = 20000")
    tables.conn.isolation_level = None
    migrate_sqlite(tables)


def migrate_server(url: str) -> None:
    """Migrate a PostgreSQL database."""
    with psycopg.connect(url, autocommit=True) as connection:
        migrate_postgres(connection)


def write_for_ever(data: str, url: str) -> None:
    """Write marks from eight threads and say each name once its write has returned."""
    store = open_store(Place(Path(data), url or None), CIPHER, say=lambda text: None)

    def worker(thread: int) -> None:
        for number in range(1_000_000):
            name = f"{thread}-{number}"
            store.db.write(lambda tx, name=name: marks.put(tx, name, "x", NOW))  # type: ignore[misc]
            os.write(1, f"{name}\n".encode())

    for thread in range(8):
        threading.Thread(target=worker, args=(thread,)).start()


def count_for_ever(data: str, url: str, seed: str) -> None:
    """File and change cases at random from four threads, fold what they count, and say each unit once it is done."""
    store = open_store(Place(Path(data), url or None), CIPHER, say=lambda text: None)

    def worker(thread: int) -> None:
        walk = Walk(store, Random(f"{seed}{thread}"), f"{seed}-{thread}")
        while True:
            walk.step()
            store.db.write(lambda tx: counters.fold(tx, 7))
            os.write(1, b"done\n")

    for thread in range(4):
        threading.Thread(target=worker, args=(thread,)).start()


def hold(data: str) -> None:
    """Hold a data folder until the standard input ends."""
    store: Any = open_store(Place(Path(data)), CIPHER, say=lambda text: None)
    os.write(1, b"held\n")
    sys.stdin.read()
    store.close()


def die_at(name: str) -> None:
    """Be killed at a failpoint."""
    arm(f"{name}:kill")
    os.write(1, b"before\n")
    reach(name)
    os.write(1, b"after\n")
