"""The embedded store: SQLite through sqlite-utils, one writing connection, readers with snapshots."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from queue import Empty, Full, LifoQueue
from typing import Any, TypeVar

from sqlite_utils import Database as Tables

from store.cipher import Cipher
from store.engine.dialect import sqlite_rows, sqlite_text
from store.engine.folder import FolderLock, lacks_only_room, make_folder, sync_folder
from store.engine.migrations import migrate_sqlite, refuse_unmigrated
from store.engine.safety import PRAGMAS, plain, refuse_network, refuse_owner, refuse_pragmas, user_name
from store.engine.writer import Transaction, Writer
from store.errors import StoreClosed, TransactionLost, UnsafeStorage
from store.port import Done, Row, Tx, started

T = TypeVar("T")
_log = logging.getLogger(__name__)
FILE = "store.sqlite3"
_KEPT_READERS = 32
_SPACE_PAGES = 4000
_ROWS_AT_ONCE = 32


def _as_it_is(value: Any) -> Any:
    return value


# Python asks for each value that is neither text nor number whether somebody wants to turn it into something else, in
# three places, at each statement; told that nobody does, it takes half the time.
sqlite3.register_adapter(bytes, _as_it_is)
sqlite3.register_adapter(type(None), _as_it_is)


class SqliteTx:
    """One unit's (or one snapshot's) hold on a connection."""

    def __init__(self, tables: Tables, cipher: Cipher) -> None:
        self._connection = tables.conn
        self._cipher = cipher
        self._topics: list[str] = []

    @property
    def cipher(self) -> Cipher:
        """What seals and opens the personal values of this store."""
        return self._cipher

    def rows(self, sql: str, /, **params: Any) -> list[Row]:
        """All rows of a query (also of a write with RETURNING)."""
        cursor = self._execute(sql, params)
        names = [column[0] for column in cursor.description or ()]
        try:
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except sqlite3.Error as error:
            raise plain(error) from None

    def run(self, sql: str, /, **params: Any) -> int:
        """Run a write; the number of rows it touched."""
        return self._execute(sql, params).rowcount

    def many(self, sql: str, params: Sequence[Mapping[str, Any]], /) -> int:
        """Run one write for each parameter set; the number of rows they touched together."""
        self._refuse_lost()
        touched = 0
        try:
            for first in range(0, len(params), _ROWS_AT_ONCE):
                rows = params[first:first + _ROWS_AT_ONCE]
                several = sqlite_rows(sql, len(rows)) if len(rows) > 1 else None
                if several is not None:
                    values = [row[name] for row in rows for name in several.names]
                    touched += self._connection.execute(several.text, values).rowcount
                else:
                    touched += self._connection.executemany(sqlite_text(sql), rows).rowcount
        except sqlite3.Error as error:
            raise plain(error) from None
        return touched

    def fill(self, sql: str, rows: Sequence[Sequence[Any]], /) -> None:
        """Insert rows, whose values stand in the order of the text that inserts one."""
        self._refuse_lost()
        try:
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                part = rows[first:first + _ROWS_AT_ONCE]
                several = sqlite_rows(sql, len(part))
                assert several is not None
                self._connection.execute(several.text, list(chain.from_iterable(part)))
        except sqlite3.Error as error:
            raise plain(error) from None

    def clock(self, now: datetime) -> datetime:
        """`now`: there is one process, so its clock is the store's."""
        return now

    def notify(self, topic: str) -> None:
        """Tell the listeners of `topic` after the commit."""
        self._topics.append(topic)

    def begin(self) -> None:
        """A unit begins: nothing is to be told yet."""
        self._topics = []

    def end(self) -> tuple[str, ...]:
        """The unit is over: what is to be told if it is committed."""
        return tuple(dict.fromkeys(self._topics))

    def _execute(self, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        text = sqlite_text(sql)
        self._refuse_lost()
        try:
            return self._connection.execute(text, params)
        except sqlite3.Error as error:
            raise plain(error) from None

    def _refuse_lost(self) -> None:
        # A unit that swallowed an error would otherwise go on in autocommit, half by half.
        if not self._connection.in_transaction:
            raise TransactionLost


class SqliteReader:
    """Snapshots of a store file for many threads: connections are kept and handed out one at a time."""

    def __init__(self, path: Path, cipher: Cipher) -> None:
        self._path = path
        self.cipher = cipher
        self._idle: LifoQueue[Tables] = LifoQueue(_KEPT_READERS)
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent snapshot for reading; never blocks writers."""
        if self._closed:
            raise StoreClosed
        tables = self._taken()
        try:
            tables.conn.execute("begin")
            yield SqliteTx(tables, self.cipher)
        finally:
            self._given_back(tables)

    def close(self) -> None:
        """Close every idle connection; one in use is closed when it comes back."""
        self._closed = True
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def write(self, unit: Callable[[Tx], T]) -> T:
        """A reader beside the portal does not write."""
        raise StoreClosed(f"{unit.__name__}：此连接只供读取。")

    def write_all(self, units: Sequence[Callable[[Tx], Any]]) -> list[Done]:
        """A reader beside the portal does not write."""
        raise StoreClosed(f"{len(units)} 项写入：此连接只供读取。")

    def listen(self, callback: Callable[[str], None]) -> None:
        """A reader beside the portal is told nothing."""

    def where(self) -> str:
        """The file itself, which no copy of it is."""
        file = self._path.stat()
        return f"{file.st_dev} {file.st_ino}"

    def waiting(self) -> int:
        """Nobody waits, for nobody writes here."""
        return 0

    def _taken(self) -> Tables:
        try:
            return self._idle.get_nowait()
        except Empty:
            return _connected(self._path, readonly=True)

    def _given_back(self, tables: Tables) -> None:
        """Keep a connection for the next reader, or close it. Whatever comes of it, what was read is read."""
        try:
            if tables.conn.in_transaction:
                tables.conn.execute("rollback")
            self._idle.put_nowait(tables)
        except (Full, sqlite3.Error):
            tables.close()
        if self._closed:  # perhaps since this reader began
            self.close()


class SqliteDatabase:
    """The store of one process; `open_sqlite` makes it."""

    def __init__(self, folder: Path, lock: FolderLock, cipher: Cipher, say: Callable[[str], None]) -> None:
        self._path = folder / FILE
        self._lock, self._say = lock, say
        self.cipher = cipher
        self._reader = SqliteReader(self._path, cipher)
        self._listeners: list[Callable[[str], None]] = []
        self._ending = threading.Lock()
        self.writer = Writer(self._connect, self._announce, partial(lacks_only_room, folder))

    def start(self) -> None:
        """Open the writing connection, refuse unsafe storage, migrate."""
        self.writer.start()

    def write(self, unit: Callable[[Tx], T]) -> T:
        """Run `unit` in a transaction and return only after its commit is durable."""
        return self.writer.do(unit)

    def write_all(self, units: Sequence[Callable[[Tx], Any]]) -> list[Done]:
        """Run independent units in one group commit."""
        return self.writer.do_all(units)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent snapshot for reading; never blocks writers."""
        with self._reader.read() as tx:
            yield tx

    def listen(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the topic after each commit that notified."""
        self._listeners.append(callback)

    def where(self) -> str:
        """The file itself, which no copy of it is."""
        return self._reader.where()

    def waiting(self) -> int:
        """How many callers wait for the running commit to end."""
        return self.writer.waiting()

    def close(self) -> None:
        """Finish what is queued, close all connections, free the folder; twice does no harm."""
        with self._ending:
            self._reader.close()  # before the writer: whoever closes last brings the log home, which a reader cannot
            self.writer.stop()
            self._lock.free()

    def _announce(self, topic: str) -> None:
        for callback in self._listeners:
            try:
                callback(topic)
            except Exception:  # noqa: BLE001 - what was committed stays told as such
                _log.exception("a listener of the store failed")

    def _connect(self) -> Transaction:
        try:
            tables = _connected(self._path, readonly=False)
        except sqlite3.Error as error:
            raise _unopened(self._path, error) from None
        try:
            _prepare(tables, self._say)
        except sqlite3.Error as error:
            tables.close()
            raise _unopened(self._path, error) from None
        except BaseException:
            tables.close()
            raise
        sync_folder(self._path.parent)
        return Transaction(tables.conn, SqliteTx(tables, self.cipher))


def open_sqlite(folder: Path, cipher: Cipher, patience: float, say: Callable[[str], None]) -> SqliteDatabase:
    """Take the folder (waiting at most `patience` seconds), refuse unsafe storage, migrate and start the writer."""
    try:
        make_folder(folder)
        lock = FolderLock(folder)
        refuse_unfit(folder)
        lock.take(patience, say)
        (folder / FILE).touch(0o600)  # nobody else reads when which case was filed
        return started(SqliteDatabase(folder, lock, cipher, say))
    except OSError as error:
        raise UnsafeStorage(
            f"数据目录 {folder} 不能使用（{error.strerror}）；请检查 YJS_DATA 和目录的属主、权限。") from None


def refuse_unfit(folder: Path) -> None:
    """UnsafeStorage if no store can be kept in this folder, or another user's is there."""
    refuse_network(folder, _mounts())
    refuse_owner((FolderLock(folder).path, folder / FILE))


def read_sqlite(folder: Path, cipher: Cipher) -> SqliteReader:
    """A reader beside a running portal; it takes no lock and changes nothing."""
    path = folder / FILE
    try:
        if not path.exists():
            raise UnsafeStorage(f"{folder} 中还没有数据；请先启动一次服务，或检查 YJS_DATA。")
        reader, tables = SqliteReader(path, cipher), _connected(path, readonly=True)
    except (OSError, sqlite3.Error) as error:
        me = user_name(os.geteuid())
        raise UnsafeStorage(f"用户 {me} 打不开 {path}；请以运行服务的用户执行，例如 sudo -u … flask …。") from error
    try:
        refuse_unmigrated(tables)
    finally:
        tables.close()
    return reader


def _connected(path: Path, *, readonly: bool) -> Tables:
    mode = "ro" if readonly else "rwc"
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None,
        check_same_thread=False, cached_statements=512,
    )
    connection.execute("pragma trusted_schema = 0")
    if readonly:
        connection.execute("pragma query_only = 1")
    return Tables(connection, execute_plugins=False, recursive_triggers=not readonly)


def _unopened(path: Path, error: sqlite3.Error) -> UnsafeStorage:
    return UnsafeStorage(f"无法打开 {path}：{plain(error).detail}。")


def _prepare(tables: Tables, say: Callable[[str], None]) -> None:
    for name, value in PRAGMAS.items():
        tables.conn.execute(f"pragma {name} = {value}")
    tables.conn.execute(f"pragma wal_autocheckpoint = {_SPACE_PAGES}")
    # A filing touches more pages than SQLite keeps for taking a unit back; it would make a file for them, each time.
    tables.conn.execute("pragma temp_store = memory")
    refuse_pragmas(tables.conn)
    migrate_sqlite(tables, say)


def _mounts() -> str:
    try:
        return Path("/proc/mounts").read_text("utf-8")
    except OSError:
        return ""
