"""A copy of the whole store while it is used, checked before it is called one, and the way back into an empty place.

A copy is a folder: `store.sqlite3` (of either store, in the same schema), `files/` with sealed bytes, and last
`manifest.json`. Keys are never in it. It carries the mark "paused", so that however it is put back, it starts paused.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database as Tables

from store import pausing
from store.chains import seals
from store.chains.proof import verify
from store.cipher import Cipher
from store.copies import lineage
from store.encoding import stamp
from store.engine.folder import make_folder, sync_file, write_durably
from store.engine.migrations import migrate_sqlite
from store.engine.opening import Opened, Place
from store.engine.sqlite import FILE, SqliteReader, read_sqlite
from store.errors import NoCopy, StoreError, StoreUnavailable
from store.failpoints import reach
from store.port import Database, Row, Tx
from store.rows import insert_text
from store.telling import bulletins
from store.uploads.vault import FolderVault, Vault

MANIFEST = "manifest.json"
FORMAT = 1
_PAGE = 200
# Rows that are not carried: bytes of files travel by the vault, and a store keeps its own list of migrations.
_LEFT = frozenset({"file_bytes", "_sqlite_migrations"})
# A copy cannot know who has signed out since it was made, or whose code was used: nobody is let in by it.
_OVER = ("delete from sessions", "delete from half_sign_ins", "delete from mandate_codes")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds; `absent`: uploads never filed whose bytes went away meanwhile; `seals`, `seal`: the head of
    the sealed list, to be compared with later; `sha256` of the database file."""

    at: str
    cases: int
    legs: int
    events: int
    files: int
    bytes: int
    absent: int
    seals: int
    seal: str
    sha256: str
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a copy goes: an empty folder; files that the copy in `like` has on the same disk are shared with it, for no
    file ever changes."""

    folder: Path
    like: Path | None = None


def back_up(place: Place, opened: Opened, cipher: Cipher, goal: Goal, now: datetime) -> Copied:
    """Copy database and files of a running store into the folder of `goal`; NoCopy leaves nothing behind."""
    target = goal.folder
    refuse_taken(target, place)
    if goal.like is not None:
        read_manifest(goal.like)
    _take(target)
    try:
        return _copied(place, opened, cipher, goal, now)
    except OSError as error:
        _clear(target)
        raise NoCopy(f"备份没有完成：{error.strerror or type(error).__name__}；请检查 {target} 所在磁盘。") from None
    except sqlite3.Error as error:
        _clear(target)
        raise NoCopy(f"备份没有完成：{getattr(error, 'sqlite_errorname', type(error).__name__)}。") from None
    except BaseException:
        _clear(target)
        raise


def _copied(place: Place, opened: Opened, cipher: Cipher, goal: Goal, now: datetime) -> Copied:
    target = goal.folder
    database = target / FILE
    if place.url is None:
        _copy_file(place.data / FILE, database)
    else:
        _copy_rows(opened.db, database)
    _mark_paused(database, now)
    sync_file(database)
    reach("backup.mid")
    copy = read_sqlite(target, cipher)
    try:
        shared = None if goal.like is None else FolderVault(goal.like, cipher)
        files, size, absent = carry(copy, opened.vault, FolderVault(target, cipher), shared)
        check(database)
        _walked(copy)
        with copy.read() as tx:
            made = _described(tx, now, (files, size, absent), digest(database))
    finally:
        copy.close()
    write_durably(target / MANIFEST, [json.dumps(asdict(made), indent=1).encode()])
    return made


def refuse_taken(target: Path, place: Place) -> None:
    """NoCopy unless `target` is an empty folder (or none yet) outside the data folder."""
    if target.resolve().is_relative_to(place.data.resolve()):
        raise NoCopy("备份不能放在数据目录之内。")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise NoCopy(f"{target} 不是空目录；请每次备份用一个新目录。")


def _take(target: Path) -> None:
    """Begin the copy's database, empty; NoCopy if another backup into this folder was quicker, whose it then is."""
    try:
        make_folder(target)
        (target / FILE).touch(0o600, exist_ok=False)
    except FileExistsError:
        raise NoCopy(f"{target} 正被另一个备份使用；请每次备份用一个新目录。") from None
    except OSError as error:
        raise NoCopy(f"备份没有完成：{error.strerror}；请检查 {target} 的属主、权限和空间。") from None


def _clear(target: Path) -> None:
    """Take away what a failed copy left, so that the folder can be used again; it was empty before."""
    for name in (FILE, f"{FILE}-journal", MANIFEST):
        with suppress(OSError):  # what could not be written can often not be taken away either
            (target / name).unlink(missing_ok=True)
    shutil.rmtree(target / "files", ignore_errors=True)


def _copy_file(source: Path, target: Path) -> None:
    """One consistent snapshot beside the writer, without what was deleted."""
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("vacuum into ?", (str(target),))
    target.chmod(0o600)


def _copy_rows(source: Database, target: Path) -> None:
    """The rows of any store in one snapshot, into a new file of the same schema."""
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        migrate_sqlite(Tables(connection, execute_plugins=False))
        connection.execute("begin")
        connection.execute("delete from heads")
        with source.read() as tx:
            for table, page in _everything(tx, connection):
                connection.executemany(insert_text(table, tuple(page[0])), [_plain(row) for row in page])
        connection.execute("commit")
    target.chmod(0o600)


def _everything(tx: Tx, target: sqlite3.Connection) -> Iterator[tuple[str, list[Row]]]:
    """Every table with its rows, in pages, in the order in which they refer to each other."""
    for table in tables_of(target):
        for page in _pages(tx, table, keys_of(target, table)):
            yield table, page


def _plain(row: Row) -> dict[str, Any]:
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """The tables that are carried, in the order in which they refer to each other."""
    found = connection.execute("select name from sqlite_master where type = 'table' order by rowid")
    return [name for name, in found if name not in _LEFT and not name.startswith("sqlite_")]


def keys_of(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The columns of a table's primary key."""
    found = connection.execute("select name from pragma_table_info(?) where pk > 0 order by pk", (table,))
    return tuple(name for name, in found)


def _pages(tx: Tx, table: str, keys: tuple[str, ...]) -> Iterator[list[Row]]:
    """All rows of a table by its key, in pages."""
    order, names = ", ".join(keys), ", ".join(f":k{n}" for n in range(len(keys)))
    last: dict[str, Any] = {}
    while True:
        where = f"where ({order}) > ({names})" if last else ""
        page = tx.rows(f"select * from {table} {where} order by {order} limit {_PAGE}", **last)
        if page:
            yield page
        if len(page) < _PAGE:
            return
        last = {f"k{n}": page[-1][key] for n, key in enumerate(keys)}


def _mark_paused(database: Path, now: datetime) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("delete from marks where name <> ?", (lineage.NAME,))
        connection.execute("insert into marks (name, value, at) values (?, ?, ?)",
                           (pausing.NAME, f"恢复自 {stamp(now)} 的备份", stamp(now)))
        for statement in (*bulletins.LEFT_BEHIND, *_OVER):
            connection.execute(statement)


def carry(rows: Database, source: Vault, target: Vault, shared: FolderVault | None = None) -> tuple[int, int, int]:
    """Carry the bytes of every file that `rows` (a store) lists, each checked against its digest; what an earlier copy
    has is `shared` with it and was checked then.

    How many, how many bytes, and how many unfiled uploads were gone; NoCopy if a file of a case is gone or changed.
    """
    count = size = absent = 0
    for row in _files(rows):
        if shared is not None and isinstance(target, FolderVault) and target.share(row["file"], shared):
            count, size = count + 1, size + row["size"]
            continue
        try:
            kept = target.put(row["file"], source.open(row["file"]))
        except StoreUnavailable as error:
            raise NoCopy(f"没有完成：文件写到一半时不能再写（{error.code}）；请检查目标磁盘的空间。") from None
        except StoreError as error:
            if row["reference"] is None:
                absent += 1
                continue
            raise NoCopy(f"办件 {row['reference']} 的文件 {row['file']} 读不出来：{error.code}。") from None
        if kept.sha256 != row["sha256"]:
            raise NoCopy(f"办件 {row['reference']} 的文件 {row['file']} 与登记的摘要不符。")
        count, size = count + 1, size + kept.size
    return count, size, absent


def probe(rows: Database, source: Vault) -> None:
    """NoCopy if the bytes of a file of a case are gone, changed or not to be opened with these keys."""
    for row in _files(rows):
        if row["reference"] is not None and _sha256(source, row["file"]) != row["sha256"]:
            raise NoCopy(f"办件 {row['reference']} 的文件 {row['file']} 读不出来或已被改动。")


def _sha256(source: Vault, file: str) -> str:
    found = hashlib.sha256()
    try:
        for part in source.open(file):
            found.update(part)
    except StoreError as error:
        return error.code
    return found.hexdigest()


def _files(rows: Database) -> Iterator[Row]:
    last = ""
    while True:
        with rows.read() as tx:
            page = tx.rows("select file, sha256, reference, size from files where file > :last"
                           " order by file limit :limit", last=last, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1]["file"]


def check(database: Path) -> None:
    """NoCopy unless SQLite itself finds the file whole and every reference in it met."""
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        said = connection.execute("pragma integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise NoCopy(f"{database} 已损坏。")
        lost = connection.execute("pragma foreign_key_check").fetchone()
        if lost is not None:
            raise NoCopy(f"{database} 不完整：表 {lost[0]} 引用了不存在的行。")


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _walked(copy: SqliteReader) -> None:
    """NoCopy if a chain of the copy does not hold."""
    verdict = verify(copy)
    if verdict.first_bad is not None:
        raise NoCopy(f"审计链不成立：{verdict.first_bad}。先用 flask verify 查清，再备份。")


def _described(tx: Tx, now: datetime, files: tuple[int, int, int], sha256: str) -> Copied:
    """What the copy holds."""
    head = seals.latest(tx)
    counts = {name: int(tx.rows(f"select count(*) as n from {name}")[0]["n"]) for name in ("cases", "legs", "events")}
    return Copied(at=stamp(now), **counts, files=files[0], bytes=files[1], absent=files[2], sha256=sha256,
                  seals=head.n if head else 0, seal=head.hash if head else "")


def read_manifest(source: Path) -> Copied:
    """What a finished copy says of itself; NoCopy if there is none."""
    try:
        content = json.loads((source / MANIFEST).read_text("utf-8"))
        made = Copied(**content)
    except (OSError, ValueError, TypeError):
        raise NoCopy(f"{source} 不是完整的备份：没有可读的 {MANIFEST}。") from None
    if made.format != FORMAT:
        raise NoCopy(f"{source} 由更新的版本写成；请升级程序后再恢复。")
    return made
