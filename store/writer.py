"""Group commit: one thread with the only writing connection; callers queue units and are released after the commit."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from store.errors import NestedWrite, StoreClosed, StoreError, StoreUnavailable, TransactionLost
from store.port import Done
from store.safety import no_room, plain
from store.turns import away

T = TypeVar("T")
_MOST = 256


class Ticket:
    """A unit that waits for its commit, with what came of it."""

    __slots__ = ("_latch", "error", "result", "settled", "topics", "unit")

    def __init__(self, unit: Callable[[Any], Any]) -> None:
        self.unit = unit
        self.result: Any = None
        self.error: BaseException | None = None
        self.topics: tuple[str, ...] = ()
        self.settled = False
        self._latch = threading.Lock()
        self._latch.acquire()

    def release(self) -> None:
        """Let the caller go on."""
        self._latch.release()

    def wait(self) -> Any:
        """What the unit returned; raises what it raised."""
        with away():
            self._latch.acquire()
        if self.error is not None:
            raise self.error
        return self.result


class Transaction:
    """What the writer needs of a connection; the adapter hands it in."""

    def __init__(self, connection: sqlite3.Connection, tx: Any) -> None:
        self.connection = connection
        self.tx = tx

    def say(self, text: str) -> None:
        """Run a statement of transaction control."""
        self.connection.execute(text)

    @property
    def open(self) -> bool:
        """Whether the transaction is still there."""
        return self.connection.in_transaction


class Writer:
    """The writing thread. `units` and `commits` count what it did since it began."""

    def __init__(self, connect: Callable[[], Transaction], announce: Callable[[str], None]) -> None:
        self._connect = connect
        self._announce = announce
        self._queue: SimpleQueue[Sequence[Ticket]] = SimpleQueue()  # an empty one ends the thread
        self._gate = threading.Lock()
        self._closed = False
        self._broken = False
        self.units = 0
        self.commits = 0
        self._begun = Ticket(lambda _: None)
        self._thread = threading.Thread(target=self._live, name="store-writer", daemon=True)

    def start(self) -> None:
        """Start the thread; raises what opening the connection raised."""
        self._thread.start()
        self._begun.wait()

    def do(self, unit: Callable[[Any], T]) -> T:
        """Queue `unit` and wait until its commit is durable."""
        ticket = Ticket(unit)
        self._hand_in([ticket])
        return cast(T, ticket.wait())

    def do_all(self, units: Sequence[Callable[[Any], Any]]) -> list[Done]:
        """Queue units for one commit and wait until it is durable; each fails alone."""
        tickets = [Ticket(unit) for unit in units]
        if tickets:
            self._hand_in(tickets)
        return [_done(ticket) for ticket in tickets]

    def _hand_in(self, tickets: Sequence[Ticket]) -> None:
        if threading.current_thread() is self._thread:
            raise NestedWrite
        with self._gate:
            if self._closed:
                raise StoreClosed
            self._queue.put(tickets)

    def waiting(self) -> int:
        """How many units wait for the running batch to end."""
        return self._queue.qsize()

    def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(())
        self._thread.join()

    def _live(self) -> None:
        try:
            transaction = self._connect()
        except BaseException as error:  # noqa: BLE001 - whoever started this is told
            self._closed = True
            self._begun.error = error
            self._begun.release()
            return
        self._begun.release()
        going = True
        while going:
            batch, going = self._taken()
            self._serve(transaction, batch)
        transaction.connection.close()

    def _taken(self) -> tuple[list[Ticket], bool]:
        """Everything that waits just now, at least one; False once the queue has ended."""
        batch: list[Ticket] = []
        while tickets := self._queue.get():
            batch += tickets
            if len(batch) >= _MOST or self._queue.empty():
                return batch, True
        return batch, False

    def _serve(self, transaction: Transaction, batch: list[Ticket]) -> None:
        """Run the batch until every caller has an answer; a lost transaction costs its own unit alone."""
        waiting = batch
        try:
            while waiting:
                waiting = self._committed(transaction, waiting)
        except BaseException as error:  # noqa: BLE001 - whatever it is, no caller may wait for ever
            self._abandon(transaction, waiting, error)
        topics = dict.fromkeys(topic for ticket in batch if ticket.error is None for topic in ticket.topics)
        for ticket in batch:
            ticket.release()
        for topic in topics:
            self._announce(topic)

    def _committed(self, transaction: Transaction, batch: list[Ticket]) -> list[Ticket]:
        """One transaction over `batch`; returns those that must run again (each loss settles one, so it ends)."""
        if self._broken:
            raise StoreUnavailable("先前一次写盘失败，请检查磁盘并重新启动服务。")
        transaction.say("begin immediate")
        for ticket in batch:
            self._run(transaction, ticket)
            if not transaction.open:
                # Everything before it is gone too, so all the others run again without the culprit.
                self._fail(ticket, ticket.error or TransactionLost())
                return [other for other in batch if other is not ticket]
        try:
            transaction.say("commit")
        except sqlite3.Error as error:
            return self._refused(transaction, batch, error)
        if transaction.open:
            transaction.say("rollback")
            raise TransactionLost
        for ticket in batch:
            ticket.settled = True
        self.units += len(batch)
        self.commits += 1
        return []

    def _run(self, transaction: Transaction, ticket: Ticket) -> None:
        transaction.say("savepoint unit")
        ticket.error, tx = None, transaction.tx
        tx.begin()
        try:
            ticket.result = ticket.unit(tx)
        except BaseException as error:  # noqa: BLE001 - its caller is told
            ticket.error = error
            if transaction.open:
                transaction.say("rollback to unit")
        ticket.topics = tx.end()
        if transaction.open:
            transaction.say("release unit")

    def _refused(self, transaction: Transaction, batch: list[Ticket], error: sqlite3.Error) -> list[Ticket]:
        """A commit failed and nobody has read of it, so each unit runs alone and the guilty one fails alone."""
        if transaction.open:
            transaction.say("rollback")
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_IOERR") and not no_room(error):
            # After a failed fsync the kernel may call lost pages clean: never go on over them.
            self._broken = True
            raise error
        if len(batch) == 1:
            self._fail(batch[0], plain(error))
            return []
        for ticket in batch:
            self._committed(transaction, [ticket])
        return []

    def _abandon(self, transaction: Transaction, waiting: list[Ticket], error: BaseException) -> None:
        told = error if isinstance(error, StoreError) else \
            plain(error) if isinstance(error, sqlite3.Error) else StoreUnavailable(type(error).__name__)
        for ticket in waiting:
            if not ticket.settled:
                self._fail(ticket, ticket.error or told)
        if transaction.open:
            transaction.say("rollback")

    @staticmethod
    def _fail(ticket: Ticket, error: BaseException) -> None:
        ticket.error, ticket.settled = error, True


def _done(ticket: Ticket) -> Done:
    try:
        return Done(ticket.wait())
    except Exception as error:  # noqa: BLE001 - whoever handed the units in looks at each
        return Done(error=error)
