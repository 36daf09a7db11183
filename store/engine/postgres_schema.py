"""Migrations and safety on PostgreSQL: the few sqlite-utils calls that Migrations makes, under an advisory lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from store.engine.dialect import POSTGRES_SLOTS
from store.engine.migrations import MIGRATIONS, refuse_newer, telling
from store.errors import UnsafeStorage

_LOCK = 7_213_450_911
_OLDEST = 130000
_COLUMNS = {int: "bigint", str: "text"}


class PostgresSchema:
    """Looks to Migrations like a sqlite-utils Database."""

    slots = POSTGRES_SLOTS

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def __getitem__(self, name: str) -> PostgresTable:
        return PostgresTable(self._connection, name)

    def execute(self, sql: str) -> None:
        """Run one statement."""
        self._connection.execute(sql)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """A transaction, or a savepoint inside one."""
        with self._connection.transaction():
            yield


class PostgresTable:
    """The table of applied migrations."""

    def __init__(self, connection: psycopg.Connection[Any], name: str) -> None:
        self.pks = ["id"]
        self._connection = connection
        self._name = name

    def exists(self) -> bool:
        """Whether the table is there."""
        row = self._connection.execute("select to_regclass(%s)", (self._name,)).fetchone()
        return row is not None and row[0] is not None

    def create(self, columns: Mapping[str, type], pk: str) -> None:
        """Create the table with an identity key."""
        rest = ", ".join(f"{name} {_COLUMNS[kind]} not null" for name, kind in columns.items() if name != pk)
        self._connection.execute(f"create table {self._name} ({pk} {POSTGRES_SLOTS['{pk}']}, {rest})")

    def create_index(self, columns: Sequence[str], unique: bool = False) -> None:
        """Create an index."""
        kind = "unique index" if unique else "index"
        self._connection.execute(f"create {kind} on {self._name} ({', '.join(columns)})")

    def insert(self, row: Mapping[str, Any]) -> None:
        """Insert one row."""
        self._connection.execute(
            f"insert into {self._name} ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})", list(row.values())
        )

    def rows_where(self, where: str, args: Sequence[Any], order_by: str) -> Iterator[dict[str, Any]]:
        """Rows that match, in the order they were applied."""
        order = "id" if order_by == "rowid" else order_by
        cursor = self._connection.execute(
            f"select * from {self._name} where {where.replace('?', '%s')} order by {order}", list(args)
        )
        names = [column.name for column in cursor.description or ()]
        yield from (dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def migrate_postgres(connection: psycopg.Connection[Any], say: Callable[[str], None] = print) -> None:
    """Bring the database to today's schema; processes that start together wait for each other. What takes long, also to
    wait, is told of by `say`."""
    schema = PostgresSchema(connection)
    with telling(say), connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        refuse_newer(schema)
        MIGRATIONS.apply(schema)  # type: ignore[arg-type]


def refuse_settings(connection: psycopg.Connection[Any]) -> None:
    """UnsafeStorage if this server would lose acknowledged work or garble Chinese text."""
    if connection.info.server_version < _OLDEST:
        raise UnsafeStorage("PostgreSQL 版本过低，请使用 13 或更高版本。")
    for name, bad in (("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")):
        if _setting(connection, name) == bad:
            raise UnsafeStorage(f"PostgreSQL 的 {name} 为 off，断电会丢失已受理的办件；请改为 on。")
    if _setting(connection, "server_encoding") != "UTF8":
        raise UnsafeStorage("PostgreSQL 数据库的编码不是 UTF8；请用 ENCODING 'UTF8' 重新建库。")
    if _setting(connection, "transaction_read_only") == "on":
        raise UnsafeStorage("连接到的 PostgreSQL 是只读的备库；请连接主库。")


def _setting(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute("select current_setting(%s)", (name,)).fetchone()
    return str(row[0]) if row else ""
