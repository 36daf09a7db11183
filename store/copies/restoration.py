"""From a copy back into an empty place: the other half of `store/copies/backup.py`. What is restored starts paused."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database as Tables

from store.chains.proof import verify
from store.cipher import Cipher
from store.copies.backup import Copied, carry, check, digest, keys_of, probe, read_manifest, tables_of
from store.copies.resealing import by_destroyed
from store.engine.folder import FolderLock, make_folder, sync_file, sync_folder
from store.engine.migrations import MIGRATIONS, refuse_newer
from store.engine.opening import Opened, Place, open_store
from store.engine.sqlite import FILE, SqliteReader
from store.errors import NoCopy, UnsafeStorage
from store.offers import GO_ON_BEHIND, floor_of
from store.port import Database, Tx
from store.rows import insert_text
from store.uploads.vault import FolderVault

_PAGE = 500
_PATIENCE = 1.0
# The numbers of these rows are given by the store itself.
_NUMBERED = {"counter_deltas": "id"}


def restore(place: Place, cipher: Cipher, source: Path, say: Callable[[str], None],
            now: datetime) -> tuple[Opened, Copied]:
    """Put a copy back into the empty data folder (or database) of `place` and open it, paused.

    The copy is checked first, with the keys that are in force; NoCopy if it is not whole, or the place is not empty.
    The feeds of departments that fetch go on where no cursor of theirs has been by `now`.
    """
    made = read_manifest(source)
    reader = _checked(source, cipher, made)
    try:
        if place.url:
            return _into_database(place, cipher, (source, reader), say, now), made
        _into_folder(place, cipher, (source, reader), say, now)
        return open_store(place, cipher, say), made
    except OSError as error:
        raise NoCopy(f"恢复没有完成：{error.strerror or type(error).__name__}；请清空 {place.data} 后重试。") from None
    finally:
        reader.close()


def try_out(source: Path, cipher: Cipher) -> Copied:
    """Check a copy without putting it anywhere: whole, unchanged, every chain and file readable with these keys."""
    made = read_manifest(source)
    reader = _checked(source, cipher, made)
    try:
        probe(reader, FolderVault(source, cipher))
    finally:
        reader.close()
    return made


def _checked(source: Path, cipher: Cipher, made: Copied) -> SqliteReader:
    database = source / FILE
    if not database.is_file() or digest(database) != made.sha256:
        raise NoCopy(f"{database} 缺失或已被改动，与 manifest.json 不符。")
    check(database)
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        tables = Tables(connection, execute_plugins=False)
        refuse_newer(tables)
        older = bool(MIGRATIONS.pending(tables))
    reader = SqliteReader(database, cipher)
    if not older:
        _verified(reader)
    return reader


def _verified(reader: SqliteReader) -> None:
    verdict = verify(reader)
    if verdict.first_bad is None:
        return
    gone = by_destroyed(reader)
    reader.close()
    if gone:
        raise NoCopy(f"备份是换用新密钥以前的，要用的密钥 {'、'.join(sorted(gone))} 已经销毁，不能再读出；"
                     "请用换了密钥以后的备份。")
    raise NoCopy(f"备份不能用现在的密钥读出，或审计链不成立：{verdict.first_bad}。请检查 YJS_KEYS。")


def _into_folder(place: Place, cipher: Cipher, copy: tuple[Path, SqliteReader], say: Callable[[str], None],
                 now: datetime) -> None:
    """Files first, the database last and by renaming: a restore that was cut off never looks like a store."""
    source, reader = copy
    make_folder(place.data)
    lock = FolderLock(place.data)
    lock.take(_PATIENCE, say)
    try:
        if (place.data / FILE).exists() or any((place.data / "files").glob("*")):
            raise NoCopy(f"{place.data} 里已有数据；请恢复到空的数据目录。")
        carry(reader, FolderVault(source, cipher), FolderVault(place.data, cipher))
        arriving = place.data / f"{FILE}.restoring"
        shutil.copyfile(source / FILE, arriving)
        arriving.chmod(0o600)
        with closing(sqlite3.connect(arriving)) as connection, connection:
            for statement in GO_ON_BEHIND:
                connection.execute(statement, {"floor": floor_of(now)})
        sync_file(arriving)
        arriving.rename(place.data / FILE)
        sync_folder(place.data)
    finally:
        lock.free()


def _into_database(place: Place, cipher: Cipher, copy: tuple[Path, SqliteReader], say: Callable[[str], None],
                   now: datetime) -> Opened:
    source, reader = copy
    opened = open_store(place, cipher, say)
    try:
        _refuse_used(opened.db)
        carry(reader, FolderVault(source, cipher), opened.vault)
        with closing(sqlite3.connect(f"{(source / FILE).resolve().as_uri()}?mode=ro", uri=True)) as connection:
            if MIGRATIONS.pending(Tables(connection, execute_plugins=False)):
                raise UnsafeStorage("备份由较早的版本写成；请先恢复到 SQLite、启动一次再备份，然后恢复到 PostgreSQL。")
            opened.db.write(lambda tx: _fill(tx, connection, now))
    except BaseException:
        opened.close()
        raise
    return opened


def _refuse_used(database: Database) -> None:
    with database.read() as tx:
        used = [name for name in ("cases", "drafts", "files", "audit") if tx.rows(f"select 1 as x from {name} limit 1")]
    if used:
        raise NoCopy("DATABASE_URL 指向的数据库里已有数据；请恢复到空的数据库。")


def _fill(tx: Tx, source: sqlite3.Connection, now: datetime) -> None:
    """Every row of the copy, in one transaction."""
    tx.run("delete from heads")
    tx.run("delete from marks")
    for table in tables_of(source):
        cursor = source.execute(f"select * from {table} order by {', '.join(keys_of(source, table))}")
        names = tuple(column[0] for column in cursor.description if column[0] != _NUMBERED.get(table))
        while page := cursor.fetchmany(_PAGE):
            tx.many(insert_text(table, names), [_columns(cursor, row) for row in page])
    for statement in GO_ON_BEHIND:
        tx.run(statement, floor=floor_of(now))


def _columns(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}
