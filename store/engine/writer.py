"""Group commit: one writing connection; callers queue units and go on after the commit.

Whoever finds nobody writing leads: it runs all units that wait, its own among them, in one transaction, and commits.
What came meanwhile is led by the first who waits. So nothing is handed to a thread of the writer's own and back, and
while one thread waits for the disk others prepare what the next commit takes along.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from store.engine.safety import may_be_quota, no_room, plain
from store.engine.turns import away
from store.errors import NestedWrite, StorageFull, StoreClosed, StoreError, StoreUnavailable, TransactionLost
from store.port import Done

T = TypeVar("T")
_MOST = 256


class Ticket:
    """A unit that waits for its commit, with what came of it."""

    __slots__ = ("error", "result", "settled", "topics", "unit")

    def __init__(self, unit: Callable[[Any], Any]) -> None:
        self.unit = unit
        self.result: Any = None
        self.error: BaseException | None = None
        self.topics: tuple[str, ...] = ()
        self.settled = False

    def outcome(self) -> Any:
        """What the unit returned; raises what it raised."""
        if self.error is not None:
            raise self.error
        return self.result


class _Caller:
    """A thread that waits for its units; `leads` once it is its turn to run what waits."""

    __slots__ = ("latch", "leads", "tickets")

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        self.tickets = tickets
        self.leads = False
        self.latch = threading.Lock()
        self.latch.acquire()


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
    """The one writing connection and who waits for it. `units` and `commits` count what it did since it began."""

    def __init__(self, connect: Callable[[], Transaction], announce: Callable[[str], None],
                 lacks_only_room: Callable[[], bool]) -> None:
        """`lacks_only_room` asks the disk itself what is amiss."""
        self._connect = connect
        self._announce = announce
        self._lacks_only_room = lacks_only_room
        self._queue: deque[_Caller] = deque()
        self._gate = threading.Lock()  # over the queue, who leads and whether it is closed; never held for long
        self._led = False
        self._leader: int | None = None
        self._closed = True
        self._broken = False
        self._wary = False  # a unit of the last batch failed
        self._transaction: Transaction | None = None
        self.units = 0
        self.commits = 0

    def start(self) -> None:
        """Open the connection; raises what that raised."""
        self._transaction = self._connect()
        self._closed = False

    def do(self, unit: Callable[[Any], T]) -> T:
        """Queue `unit` and wait until its commit is durable."""
        ticket = Ticket(unit)
        self._hand_in([ticket])
        return cast(T, ticket.outcome())

    def do_all(self, units: Sequence[Callable[[Any], Any]]) -> list[Done]:
        """Queue units for one commit and wait until it is durable; each fails alone."""
        tickets = [Ticket(unit) for unit in units]
        if tickets:
            self._hand_in(tickets)
        return [_done(ticket) for ticket in tickets]

    def waiting(self) -> int:
        """How many callers wait for the running batch to end."""
        return len(self._queue)

    def stop(self) -> None:
        """Finish what is queued, then close the connection; twice does no harm."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
        self._wait_or_lead(_Caller(()))  # nothing comes behind it
        if self._transaction is not None:
            self._transaction.connection.close()

    def _hand_in(self, tickets: Sequence[Ticket]) -> None:
        if threading.get_ident() == self._leader:
            raise NestedWrite
        if self._closed:
            raise StoreClosed
        self._wait_or_lead(_Caller(tickets))

    def _wait_or_lead(self, caller: _Caller) -> None:
        with self._gate:
            if self._closed and caller.tickets:
                raise StoreClosed
            self._queue.append(caller)
            if not self._led:
                self._led = caller.leads = True
        if not caller.leads:
            with away():
                caller.latch.acquire()
        if caller.leads:
            self._lead()

    def _lead(self) -> None:
        """Run what waits in one transaction, the caller's own among it; then the first who still waits leads."""
        assert self._transaction is not None
        callers: list[_Caller] = []
        self._leader = threading.get_ident()
        try:
            with self._gate:
                callers = self._taken()
            batch = [ticket for caller in callers for ticket in caller.tickets]
            self._serve(self._transaction, batch)
            self._tell(batch)
        finally:  # whatever interrupts this thread, the others go on
            self._leader = None
            self._pass_on(callers[1:])

    def _tell(self, batch: Sequence[Ticket]) -> None:
        """Announce what was committed; nobody goes on before, so that nothing remembered outlives its change."""
        for topic in dict.fromkeys(topic for ticket in batch if ticket.error is None for topic in ticket.topics):
            self._announce(topic)

    def _pass_on(self, served: Sequence[_Caller]) -> None:
        """Let the next one lead, and those go on whose units were run."""
        with self._gate:
            self._led = bool(self._queue)
            following = [self._queue[0]] if self._led else []
            for caller in following:
                caller.leads = True
        for caller in (*following, *served):
            caller.latch.release()

    def _taken(self) -> list[_Caller]:
        """Everybody who waits just now, up to a full batch, but at least one."""
        callers, units = [self._queue.popleft()], 0
        while self._queue and (units := units + len(callers[-1].tickets)) < _MOST:
            callers.append(self._queue.popleft())
        return callers

    def _serve(self, transaction: Transaction, batch: list[Ticket]) -> None:
        """Run the batch until every unit has an answer; a lost transaction costs its own unit alone."""
        waiting = batch
        try:
            while waiting:
                waiting = self._committed(transaction, waiting, self._wary)
        except BaseException as error:  # noqa: BLE001 - whatever it is, no caller may wait for ever
            self._abandon(transaction, waiting, error)

    def _committed(self, transaction: Transaction, batch: list[Ticket], guarded: bool) -> list[Ticket]:
        """One transaction over `batch`; returns those that must run again (each loss settles one, so it ends).

        Nearly always every unit goes well, so none is `guarded` by a savepoint, for which SQLite copies each page that
        the unit touches. The batch after one in which a unit failed is.
        """
        if not batch:
            return []
        if self._broken:
            raise StoreUnavailable("先前一次写盘失败，请检查磁盘并重新启动服务。")
        transaction.say("begin immediate")
        for ticket in batch:
            self._run(transaction, ticket, guarded)
            if not transaction.open or (ticket.error is not None and not guarded):
                return self._undone(transaction, batch, ticket)
        try:
            with away():
                transaction.say("commit")
        except sqlite3.Error as error:
            return self._refused(transaction, batch, error)
        if transaction.open:
            transaction.say("rollback")
            raise TransactionLost
        for ticket in batch:
            ticket.settled = True
        if len(batch) > 1:
            self._wary = any(ticket.error for ticket in batch)
        self.units += len(batch)
        self.commits += 1
        return []

    def _undone(self, transaction: Transaction, batch: list[Ticket], culprit: Ticket) -> list[Ticket]:
        """One unit undid what the others of its transaction had written. If it lost the transaction, they run again
        without it. If it failed unguarded, all run again, guarded, and it too: what they wrote may be why."""
        if not transaction.open:
            self._fail(culprit, culprit.error or TransactionLost())
            return [other for other in batch if other is not culprit]
        transaction.say("rollback")
        culprit.settled = len(batch) == 1
        return [] if culprit.settled else self._committed(transaction, batch, guarded=True)

    def _run(self, transaction: Transaction, ticket: Ticket, guarded: bool) -> None:
        if guarded:
            transaction.say("savepoint unit")
        ticket.error, tx = None, transaction.tx
        tx.begin()
        try:
            ticket.result = ticket.unit(tx)
        except BaseException as error:  # noqa: BLE001 - its caller is told
            ticket.error = error
            if guarded and transaction.open:
                transaction.say("rollback to unit")
        ticket.topics = tx.end()
        if guarded and transaction.open:
            transaction.say("release unit")

    def _refused(self, transaction: Transaction, batch: list[Ticket], error: sqlite3.Error) -> list[Ticket]:
        """A commit failed and nobody has read of it, so each unit runs alone and the guilty one fails alone."""
        if transaction.open:
            transaction.say("rollback")
        full = no_room(error) or (may_be_quota(error) and self._lacks_only_room())
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_IOERR") and not full:
            # After a failed fsync the kernel may call lost pages clean: never go on over them.
            self._broken = True
            raise error
        if len(batch) == 1:
            self._fail(batch[0], StorageFull() if full else plain(error))
            return []
        for ticket in batch:
            self._committed(transaction, [ticket], guarded=False)
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
        return Done(ticket.outcome())
    except Exception as error:  # noqa: BLE001 - whoever handed the units in looks at each
        return Done(error=error)
