"""What the modules of `store/` need from a database: to read, to write, and units of work that commit together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from store.cipher import Cipher

Row = Mapping[str, Any]
T = TypeVar("T")


class Tx(Protocol):
    """One transaction (or one read snapshot). SQL is portable text with `:name` parameters.

    `{skip}` becomes `FOR UPDATE SKIP LOCKED` and `{lock}` `FOR UPDATE` on PostgreSQL, nothing on SQLite.
    """

    @property
    def cipher(self) -> Cipher:
        """What seals and opens the personal values of this store."""

    def rows(self, sql: str, /, **params: Any) -> list[Row]:
        """All rows of a query (also of a write with RETURNING)."""

    def run(self, sql: str, /, **params: Any) -> int:
        """Run a write; the number of rows it touched."""

    def many(self, sql: str, params: Sequence[Mapping[str, Any]], /) -> int:
        """Run one write for each parameter set; the number of rows they touched together. No two of them update the
        same row: the store may run them as one statement, which touches each row once."""

    def fill(self, sql: str, rows: Sequence[Sequence[Any]], /) -> None:
        """Insert rows: `sql` inserts one, and each row has its values in the order of that text."""

    def clock(self, now: datetime) -> datetime:
        """The time that leases go by: the database's own on PostgreSQL (many hosts), else `now`."""

    def notify(self, topic: str) -> None:
        """Tell the listeners of `topic` after the commit (never after a rollback), in every process."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one unit of several: its result, or the error that it alone ran into."""

    result: Any = None
    error: Exception | None = None


class Database(Protocol):
    """The embedded store or PostgreSQL; the same promises from both."""

    @property
    def cipher(self) -> Cipher:
        """What seals and opens the personal values of this store."""

    def write(self, unit: Callable[[Tx], T]) -> T:
        """Run `unit` in a transaction and return only after its commit is durable.

        A unit does no input, output, sleep or validation; it may be run again if its transaction was lost, so it
        must have no effect outside `tx`. An exception rolls back this unit alone and is raised to its caller.
        """

    def write_all(self, units: Sequence[Callable[[Tx], Any]]) -> list[Done]:
        """Run several units that have nothing to do with each other, together if possible; what came of each.

        Each rolls back alone like in `write`; all are durable when this returns.
        """

    def read(self) -> AbstractContextManager[Tx]:
        """A consistent snapshot for reading; never blocks writers."""

    def listen(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the topic after each commit that notified; it must be quick and not write."""

    def where(self) -> str:
        """What tells the place of this database from that of others, of its copies, too; but not from that of a machine
        or a data directory that was cloned whole."""

    def waiting(self) -> int:
        """How many callers wait just now until they can write, or for a connection."""

    def close(self) -> None:
        """Finish what is queued, then close."""


class Startable(Protocol):
    """A store before its first use."""

    def start(self) -> None:
        """Check the storage, migrate, open what is needed; a store that fails here is closed."""

    def close(self) -> None:
        """Let go of everything; twice does no harm."""


S = TypeVar("S", bound=Startable)


def started(store: S) -> S:
    """The store once it is started; one that cannot start lets go of everything it holds."""
    try:
        store.start()
    except BaseException:
        store.close()
        raise
    return store
