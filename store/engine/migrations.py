"""The schema's history: sqlite_utils.Migrations drives both stores under a lock, each migration whole or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast

from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

from store.engine.changes import (
    EIGHTEENTH,
    EIGHTH,
    ELEVENTH,
    FIFTEENTH,
    FIFTH,
    FOURTEENTH,
    FOURTH,
    NINETEENTH,
    NINTH,
    SECOND,
    SEVENTEENTH,
    SEVENTH,
    SIXTEENTH,
    SIXTH,
    TENTH,
    THIRD,
    THIRTEENTH,
    TWELFTH,
    TWENTIETH,
    TWENTY_FIRST,
)
from store.engine.dialect import SQLITE_SLOTS, fill
from store.engine.schema import FIRST
from store.errors import NewerSchema, UnsafeStorage
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


@MIGRATIONS(name="0001_first")
def _first(db: Any) -> None:
    run_all(db, FIRST)


@MIGRATIONS(name="0002_watched")
def _second(db: Any) -> None:
    run_all(db, SECOND)


@MIGRATIONS(name="0003_frozen_together")
def _third(db: Any) -> None:
    run_all(db, THIRD)


@MIGRATIONS(name="0004_tried_before_first")
def _fourth(db: Any) -> None:
    run_all(db, FOURTH)


@MIGRATIONS(name="0005_offers_name_their_message")
def _fifth(db: Any) -> None:
    run_all(db, FIFTH)


@MIGRATIONS(name="0006_what_waits_is_found")
def _sixth(db: Any) -> None:
    run_all(db, SIXTH)


@MIGRATIONS(name="0007_for_officers")
def _seventh(db: Any) -> None:
    run_all(db, SEVENTH)


@MIGRATIONS(name="0008_ratings")
def _eighth(db: Any) -> None:
    run_all(db, EIGHTH)


@MIGRATIONS(name="0009_lists_of_what_is_open")
def _ninth(db: Any) -> None:
    run_all(db, NINTH)


@MIGRATIONS(name="0010_identities_of_the_platform")
def _tenth(db: Any) -> None:
    run_all(db, TENTH)


@MIGRATIONS(name="0011_mandates")
def _eleventh(db: Any) -> None:
    run_all(db, ELEVENTH)


@MIGRATIONS(name="0012_news")
def _twelfth(db: Any) -> None:
    run_all(db, TWELFTH)


@MIGRATIONS(name="0013_what_happened_since")
def _thirteenth(db: Any) -> None:
    run_all(db, THIRTEENTH)


@MIGRATIONS(name="0014_days_of_reports")
def _fourteenth(db: Any) -> None:
    run_all(db, FOURTEENTH)


@MIGRATIONS(name="0015_agreements")
def _fifteenth(db: Any) -> None:
    run_all(db, FIFTEENTH)


@MIGRATIONS(name="0016_who_looked_and_who_came")
def _sixteenth(db: Any) -> None:
    run_all(db, SIXTEENTH)


@MIGRATIONS(name="0017_second_factors")
def _seventeenth(db: Any) -> None:
    run_all(db, SEVENTEENTH)


@MIGRATIONS(name="0018_files_not_cleared")
def _eighteenth(db: Any) -> None:
    run_all(db, EIGHTEENTH)


@MIGRATIONS(name="0019_what_was_taken_away")
def _nineteenth(db: Any) -> None:
    run_all(db, NINETEENTH)


@MIGRATIONS(name="0020_infected_files_seen")
def _twentieth(db: Any) -> None:
    run_all(db, TWENTIETH)


@MIGRATIONS(name="0021_found_at_once")
def _twenty_first(db: Any) -> None:
    run_all(db, TWENTY_FIRST)


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
    """UnsafeStorage if the store is not exactly as this code knows it (a reader migrates nothing)."""
    refuse_newer(db)
    if MIGRATIONS.pending(db):
        raise UnsafeStorage("数据还没有升级到本版本；请先启动一次服务。")


def _names() -> set[str]:
    return {migration.name for migration in MIGRATIONS.pending(cast(Any, _Empty()))}


class _Empty:
    """A store without any table, to list every migration there is."""

    def __getitem__(self, name: str) -> _Empty:
        return self

    def exists(self) -> bool:
        """No table is there."""
        return False
