"""The schema's history: sqlite_utils.Migrations drives both stores under a lock, each migration whole or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast

from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

from store.engine.changes import LAYOUTS
from store.engine.dialect import SQLITE_SLOTS, fill
from store.errors import NewerSchema, OlderSchema
from store.failpoints import reach
from store.port import Tx

MIGRATIONS = Migrations("yijianshi")
EVERY = 10.0  # seconds after which an upgrade says again that it goes on


class Schema(Protocol):
    """What a migration needs of a store; sqlite-utils' Database is one, `postgres.PostgresSchema` the other."""

    def execute(self, sql: str) -> Any:
        """Run one statement of the store's own dialect."""


def slots_of(db: Any) -> Mapping[str, str]:
    """The slots of the dialect that `db` speaks."""
    return getattr(db, "slots", SQLITE_SLOTS)


def run_all(db: Schema, statements: Iterable[str]) -> None:
    """Run portable statements one by one in the migration's transaction."""
    slots = slots_of(db)
    for statement in statements:
        db.execute(fill(statement, slots))
        reach("migrate.step")


def _to(statements: Iterable[str]) -> Callable[[Any], None]:
    return lambda db: run_all(db, statements)


for _name, _statements in LAYOUTS.items():
    MIGRATIONS(name=_name)(_to(_statements))


def migrate_sqlite(tables: Tables, say: Callable[[str], None] = print) -> None:
    """Bring a SQLite store to today's schema, all or nothing; two processes at once wait for each other. One that takes
    long is told of by `say`."""
    # atomic() alone begins deferred, and two starting processes would both see the migration as pending.
    tables.conn.execute("begin immediate")
    try:
        refuse_newer(tables)
        with telling(say):
            MIGRATIONS.apply(tables)
        tables.conn.execute("commit")
    finally:
        if tables.conn.in_transaction:
            tables.conn.execute("rollback")


@contextmanager
def telling(say: Callable[[str], None]) -> Iterator[None]:
    """Say from time to time that an upgrade goes on: of a large store it takes minutes, and nothing else is heard."""
    began, over = time.monotonic(), threading.Event()

    def tell() -> None:
        while not over.wait(EVERY):
            say(f"正在把数据升级到本版本，已用 {time.monotonic() - began:.0f} 秒；请等它完成。"
                "中途断开不会丢数据，下次启动从头升级。")

    teller = threading.Thread(target=tell, name="upgrade", daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def refuse_newer(db: Any) -> None:
    """NewerSchema if the store has migrations this code does not know."""
    unknown = {migration.name for migration in MIGRATIONS.applied(db)} - _names()
    if unknown:
        raise NewerSchema(f"数据由更新的版本写入（{'、'.join(sorted(unknown))}）；请升级程序后再启动。")


def newer(tx: Tx) -> list[str]:
    """The migrations of an open store that this code does not know: a newer host has brought them since."""
    applied = tx.rows(f"select name from {MIGRATIONS.migrations_table} where migration_set = :of", of=MIGRATIONS.name)
    return sorted({row["name"] for row in applied} - _names())


def refuse_unmigrated(db: Any) -> None:
    """UnsafeStorage if the store is not exactly as this code knows it (a reader migrates nothing): NewerSchema, or
    OlderSchema, which a start would end."""
    refuse_newer(db)
    if MIGRATIONS.pending(db):
        raise OlderSchema("数据还没有升级到本版本；请先启动一次服务。")


def _names() -> set[str]:
    return {migration.name for migration in MIGRATIONS.pending(cast(Any, _Empty()))}


class _Empty:
    """A store without any table, to list every migration there is."""

    def __getitem__(self, name: str) -> _Empty:
        return self

    def exists(self) -> bool:
        """No table is there."""
        return False
