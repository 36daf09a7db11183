"""The grown store: PostgreSQL through psycopg 3 and its pool; reached by `opening.py` only when it is configured."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from store.cipher import Cipher
from store.engine import same_keys
from store.engine.dialect import postgres_places, postgres_text
from store.engine.migrations import refuse_unmigrated
from store.engine.postgres_schema import PostgresSchema, migrate_postgres, refuse_settings
from store.engine.turns import away
from store.errors import ConstraintBroken, NestedWrite, StorageFull, StoreClosed, StoreError, StoreUnavailable
from store.port import Done, Row, Tx, started

T = TypeVar("T")
Connection = psycopg.Connection[dict[str, Any]]
_log = logging.getLogger(__name__)
_CHANNEL = "yijianshi"
_TRIES = 12
_PATIENCE = 10.0
# What a broken network may cost: who waits for the other side asks after 5 silent seconds whether it is still there,
# and gives up 6 seconds on. So does the server, so that the locks of a host that was cut off keep nobody waiting.
_LINE: Mapping[str, Any] = {
    "connect_timeout": 10, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 11_000}
_SERVER = ("set tcp_keepalives_idle = 5", "set tcp_keepalives_interval = 2", "set tcp_keepalives_count = 3",
           "set tcp_user_timeout = 11000", "set idle_in_transaction_session_timeout = 30000")


class PostgresTx:
    """One transaction's hold on a connection."""

    def __init__(self, connection: Connection, cipher: Cipher) -> None:
        self._connection = connection
        self._cipher = cipher
        self._topics: dict[str, None] = {}

    @property
    def cipher(self) -> Cipher:
        """What seals and opens the personal values of this store."""
        return self._cipher

    def rows(self, sql: str, /, **params: Any) -> list[Row]:
        """All rows of a query (also of a write with RETURNING)."""
        return list(self._connection.execute(postgres_text(sql), params).fetchall())

    def run(self, sql: str, /, **params: Any) -> int:
        """Run a write; the number of rows it touched."""
        return self._connection.execute(postgres_text(sql), params).rowcount

    def many(self, sql: str, params: Sequence[Mapping[str, Any]], /) -> int:
        """Run one write for each parameter set; the number of rows they touched together."""
        if not params:
            return 0
        cursor = self._connection.cursor()
        cursor.executemany(postgres_text(sql), params)
        return cursor.rowcount

    def fill(self, sql: str, rows: Sequence[Sequence[Any]], /) -> None:
        """Insert rows, whose values stand in the order of the text that inserts one."""
        if rows:
            self._connection.cursor().executemany(postgres_places(sql), rows)

    def clock(self, now: datetime) -> datetime:
        """The database's clock: leases of many hosts go by one clock, whatever `now` says here."""
        row = self._connection.execute("select clock_timestamp() as now").fetchone()
        return row["now"] if row else now

    def notify(self, topic: str) -> None:
        """Tell the listeners of `topic` after the commit, in every process."""
        self._topics[topic] = None

    def tell(self) -> None:
        """Hand the topics to the server, which delivers them at the commit and not after a rollback."""
        for topic in self._topics:
            self._connection.execute("select pg_notify(%s, %s)", (_CHANNEL, topic))


class PostgresDatabase:
    """The store that any number of processes on any number of hosts share; `open_postgres` makes it."""

    def __init__(self, url: str, cipher: Cipher, pool: int, say: Callable[[str], None] = print) -> None:
        self._url, self._say = url, say
        self._nameless = False
        self.cipher = cipher
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url, min_size=1, max_size=pool, open=False, timeout=_PATIENCE, check=self._check, configure=self._configure,
            # Its pauses double; with a short end they stay short, and the next caller begins anew.
            reconnect_timeout=_PATIENCE,
            kwargs={"autocommit": True, "row_factory": dict_row, "application_name": "yijianshi", **_LINE},
        )
        self._busy = threading.local()
        self._ears = _Ears(url)

    def start(self) -> None:
        """Connect, refuse unsafe settings and another schema, migrate."""
        with _as_store_errors():
            with self._first() as connection:
                self._prepare(connection)
            self._pool.open(wait=True, timeout=_PATIENCE)

    def _first(self) -> psycopg.Connection[Any]:
        """The first connection; what the server or the network says of it holds no row, and operators need it."""
        try:
            return psycopg.connect(self._url, autocommit=True, **_LINE)
        except psycopg.OperationalError as error:
            raise StoreUnavailable(f"{str(error).partition(chr(10))[0]}；请检查 DATABASE_URL 和数据库。") from None

    def write(self, unit: Callable[[Tx], T]) -> T:
        """Run `unit` in a transaction and return only after its commit is durable."""
        if getattr(self._busy, "unit", False):
            raise NestedWrite
        self._busy.unit = True
        try:
            return _again(lambda: self._once(unit))
        finally:
            self._busy.unit = False

    def write_all(self, units: Sequence[Callable[[Tx], Any]]) -> list[Done]:
        """Run independent units one after the other: many hosts write at once here, and short transactions get on.

        Once the database cannot be reached the rest fail with it, for each would wait as long as the first did.
        """
        done: list[Done] = []
        gone: Exception | None = None
        for unit in units:
            done.append(self._done(unit) if gone is None else Done(error=gone))
            gone = done[-1].error if isinstance(done[-1].error, StoreUnavailable) else None
        return done

    def _done(self, unit: Callable[[Tx], Any]) -> Done:
        try:
            return Done(self.write(unit))
        except Exception as error:  # noqa: BLE001 - whoever handed the units in looks at each
            return Done(error=error)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent snapshot for reading; never blocks writers."""
        with _as_store_errors(), away(), self._pool.connection() as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            yield PostgresTx(connection, self.cipher)

    def listen(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the topic after each commit that notified, by whatever process."""
        self._ears.add(callback)

    def where(self) -> str:
        """The cluster, its timeline (a standby that was promoted has another) and the database in it, which a data
        directory that was copied as files has as well. Where the server does not say the others, the
        database alone: a copy of the cluster by its own tools has that, too."""
        try:
            with self.read() as tx:
                found, = tx.rows("select (select system_identifier from pg_control_system()) as cluster,"
                                 " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as timeline,"
                                 " (select oid from pg_database where datname = current_database()) as oid")
        except StoreError as error:
            if isinstance(error, StoreUnavailable | StoreClosed):
                raise
            if not self._nameless:
                self._nameless = True
                _log.warning("PostgreSQL does not say which cluster it is (%s): a clone of it that writes the same"
                             " journal is taken for it", error.detail)
            with self.read() as tx:
                return str(tx.rows("select oid from pg_database where datname = current_database()")[0]["oid"])
        return f"{found['cluster']} {found['timeline']} {found['oid']}"

    def waiting(self) -> int:
        """How many callers wait for a connection."""
        return int(self._pool.get_stats().get("requests_waiting", 0))

    def close(self) -> None:
        """Finish what is running, then close; twice does no harm."""
        self._ears.stop()
        self._pool.close()

    def _check(self, connection: Connection) -> None:
        """One connection that is dead means a server that was restarted: the others need not be tried one by one."""
        try:
            ConnectionPool.check_connection(connection)
        except psycopg.Error:
            self._pool.drain()
            raise

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        refuse_settings(connection)
        # Hosts that still have the version before work meanwhile, and take the same tables in another order.
        _again(lambda: migrate_postgres(connection, self._say))

    def _configure(self, connection: Connection) -> None:
        """What a connection begins with. Who was cut off for long may have missed that its key was destroyed."""
        for setting in _SERVER:
            connection.execute(setting)
        if same_keys.gone(PostgresTx(connection, self.cipher)):
            self.cipher.retired = True

    def _once(self, unit: Callable[[Tx], T]) -> T:
        with _as_store_errors(), away(), self._pool.connection() as connection, connection.transaction():
            tx = PostgresTx(connection, self.cipher)
            result = unit(tx)
            tx.tell()
            return result


def _again(work: Callable[[], T]) -> T:
    """Do something once more when it crossed another's way."""
    for tried in range(_TRIES):
        try:
            return work()
        except (pg.SerializationFailure, pg.DeadlockDetected):
            # Without a growing random pause the same two would meet again.
            time.sleep(random.uniform(0, 0.002 * 2 ** min(tried, 8)))  # noqa: S311 - a pause
    raise StoreUnavailable("并发冲突过多，请稍后重试。")


class PostgresReader(PostgresDatabase):
    """Only reads, beside the running portal, and changes nothing; `read_postgres` makes it."""

    def write(self, unit: Callable[[Tx], T]) -> T:
        """A reader beside the portal does not write."""
        raise StoreClosed(f"{unit.__name__}：此连接只供读取。")

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        refuse_unmigrated(PostgresSchema(connection))


class _Ears:
    """A thread with its own connection that hears NOTIFY and calls the listeners; it outlives lost connections."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._callbacks: list[Callable[[str], None]] = []
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)
        if self._thread is None:
            ready = threading.Event()
            self._thread = threading.Thread(target=self._live, args=(ready,), name="store-ears", daemon=True)
            self._thread.start()
            ready.wait(10)

    def stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _live(self, ready: threading.Event) -> None:
        while not self._over.is_set():
            try:
                self._hear(ready)
            except psycopg.Error as error:
                _log.warning("listening to PostgreSQL was interrupted: %s", type(error).__name__)
                self._over.wait(1)

    def _hear(self, ready: threading.Event) -> None:
        with psycopg.connect(self._url, autocommit=True, **_LINE) as connection:
            connection.execute(f"listen {_CHANNEL}")
            if ready.is_set():
                self._call("")  # something may have been said while nobody listened
            ready.set()
            while not self._over.is_set():
                for notice in connection.notifies(timeout=0.5):
                    self._call(notice.payload)

    def _call(self, topic: str) -> None:
        for callback in self._callbacks:
            try:
                callback(topic)
            except Exception:  # noqa: BLE001 - a listener's fault must not stop the ears
                _log.exception("a listener of the store failed")


def open_postgres(url: str, cipher: Cipher, pool: int, say: Callable[[str], None]) -> PostgresDatabase:
    """Connect to the PostgreSQL of `url`, refuse unsafe settings, migrate under an advisory lock."""
    return started(PostgresDatabase(url, cipher, pool, say))


def read_postgres(url: str, cipher: Cipher, pool: int, _say: Callable[[str], None]) -> PostgresReader:
    """Connect for reading only; refuses a database that this version did not migrate."""
    return started(PostgresReader(url, cipher, pool))


@contextmanager
def _as_store_errors() -> Iterator[None]:
    """Driver errors carry row values in their texts, so only their names leave the store."""
    try:
        yield
    except (pg.SerializationFailure, pg.DeadlockDetected):
        raise
    except psycopg.IntegrityError as error:
        raise ConstraintBroken(error.diag.constraint_name or type(error).__name__) from None
    except (pg.IdleInTransactionSessionTimeout, pg.ReadOnlySqlTransaction) as error:
        # Cut off while it worked; or a standby, which a failover will make writable.
        raise StoreUnavailable(type(error).__name__) from None
    except pg.DiskFull:
        raise StorageFull from None
    except PoolClosed:
        raise StoreClosed from None
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        raise StoreUnavailable(type(error).__name__) from None
    except psycopg.Error as error:
        raise StoreError(type(error).__name__) from None
