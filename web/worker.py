"""The worker: threads that wait together for what is ready, and none that waits for one slow caller.

All threads wait at one poller, which wakes one of them for each event. It takes what has come and serves the request if
its head and its small body are here; otherwise the connection goes back to the poller and costs nothing, and so does a
reply that the other side is slow to take. Large and late bodies get a thread and are held to the places of
`web.bodies`. Of gunicorn remain the master, the parser and the response. Its own threaded worker hands every request
from one thread to another and back, waits inside its accepting loop, and holds a thread to drain what nobody will read.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections import deque
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.wsgi import create
from gunicorn.workers.base import Worker as Base

from store.engine.turns import Seat, Turns
from web.bodies import HERE, QUICK_SECONDS
from web.lines import Line, Sight
from web.reply import Gone, Reply

AT_ONCE = 1  # two that are both ready only take the interpreter from each other; who waits for the disk is away
LINGER_SECONDS = 2.0
LAST_SECONDS = 2.0
TICK = 0.05
PIPE_FULL = 4096
READABLE, WRITABLE = select.EPOLLIN | select.EPOLLONESHOT, select.EPOLLOUT | select.EPOLLONESHOT


class Worker(Base):  # type: ignore[misc]  # gunicorn ships no annotations
    """Accepts, looks, serves what is ready, and closes what has been silent or late."""

    patience = QUICK_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.waiting: dict[int, Line] = {}  # at the poller; whoever takes a line out of it owns it
        self.open: set[Line] = set()
        self.lingering: deque[tuple[float, socket.socket]] = deque()
        self.doors: dict[int, tuple[Any, Any]] = {}
        self.shut: set[int] = set()  # doors where nobody is let in for the moment
        self.threads = [threading.Thread(target=self._attend, name=f"serve-{number}", daemon=True)
                        for number in range(self.cfg.threads)]
        self.turns = Turns(AT_ONCE)
        self.seats: dict[Seat, int] = {}  # and what each was given when it was last seen

    def run(self) -> None:
        """The main thread: a sign of life to the master, and what is due."""
        self.begin()
        while self.alive and self.ppid == os.getppid():
            self.notify()
            if select.select([self.PIPE[0]], [], [], TICK)[0]:
                os.read(self.PIPE[0], PIPE_FULL)  # a signal came; what it means was done by its handler
            self.sweep()
        self.end()

    def begin(self) -> None:
        """Open the doors and start the threads."""
        self.poller = select.epoll()
        self.bell = os.eventfd(0)
        self.poller.register(self.bell, select.EPOLLIN)
        for door in self.sockets:
            door.setblocking(False)
            self.doors[door.fileno()] = (door, door.getsockname())
            self.poller.register(door.fileno(), READABLE)
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        """Let nobody in, give what runs its time, and end the threads."""
        for number in self.doors:
            self.poller.unregister(number)
        self.shut.clear()
        until = time.monotonic() + self.cfg.graceful_timeout
        for line in list(self.waiting.values()):
            line.until = min(line.until, time.monotonic() + LAST_SECONDS)
        while self.open and time.monotonic() < until:
            self.notify()
            time.sleep(TICK)
            self.sweep()
        os.eventfd_write(self.bell, 1)
        self.turns.call_all()

    def _attend(self) -> None:
        """One thread: take one event after another, until the bell rings."""
        seat = Seat(self.turns)
        self.seats[seat] = 0
        while True:
            self.turns.look()
            number = self.poller.poll(None, 1)[0][0]
            self.turns.found()
            if number == self.bell:
                return
            seat.served += 1
            self._take(number, seat)
            seat.served += 1
            seat.back()

    def _take(self, number: int, seat: Seat) -> None:
        line = None
        try:
            line = self._let_in(number) if number in self.doors else self.waiting.pop(number, None)
            if line is not None:
                self._go_on(line, seat)
        except Exception:
            self.log.exception("a connection ended")
            if line is not None:
                self._close(line)

    def _let_in(self, number: int) -> Line | None:
        """A new connection from a door, which is opened for the next thread at once."""
        door, name = self.doors[number]
        line = None
        try:
            sock, address = door.accept()
            line = Line(self.cfg, sock, address, name)
            line.until = time.monotonic() + self.cfg.keepalive
            self.open.add(line)
        except (BlockingIOError, ConnectionAbortedError):
            pass  # gone again
        except OSError:
            self.log.exception("nobody can be let in")
            self.shut.add(number)
        if self._is_full():
            self.shut.add(number)
        if number not in self.shut and self.alive:
            self.poller.modify(number, READABLE)
        return line

    def _is_full(self) -> bool:
        return len(self.open) + len(self.lingering) >= int(self.cfg.worker_connections)

    def _go_on(self, line: Line, seat: Seat) -> None:
        """Go on with a connection: the rest of a reply, or what has come."""
        sight = Sight.READY if line.reply else line.receive()
        while sight is Sight.READY:
            told = self._tell(line) if line.reply else self._serve(line, seat)
            if told is None:
                assert line.reply is not None
                line.until = line.reply.until()
                self._wait(line, WRITABLE)
                return
            if not told:
                self._part(line)
                return
            line.until = time.monotonic() + self.cfg.keepalive
            sight = line.sight()
        if sight is Sight.GONE:
            self._close(line)
        elif sight is Sight.TOO_LONG:
            self.handle_error(None, line.sock, line.client, LimitRequestHeaders("the head is too long"))
            self._part(line)
        else:
            if sight is Sight.HALF_BODY and not line.half_body:
                line.half_body, line.until = True, time.monotonic() + self.patience
            self._wait(line, READABLE)

    def _wait(self, line: Line, event: int) -> None:
        """Give a line to the poller; from here on it may belong to another thread."""
        if not line.known:
            line.known = True
            self.poller.register(line.number, select.EPOLLONESHOT)  # of nothing yet
        self.waiting[line.number] = line
        self.poller.modify(line.number, event)

    def _serve(self, line: Line, seat: Seat) -> bool | None:
        """Answer one request; whether the connection may be kept, None while the other side does not take the reply."""
        request = None
        try:
            request = line.request()
            reply, environ = create(request, line.sock, line.client, line.server, self.cfg, Reply, (self,))
            environ["wsgi.multithread"], environ[HERE] = True, line.body_here
            if not line.has_all_of(request):
                seat.leave()
            line.answer_with(reply, self.wsgi(environ, reply.start_response))
        except (NoMoreData, StopIteration, OSError):
            return False
        except Exception as error:  # noqa: BLE001  whatever it is, gunicorn logs it and says 400 or 500
            self.handle_error(request, line.sock, line.client, error)
            return False
        return self._tell(line)

    def _tell(self, line: Line) -> bool | None:
        reply = line.reply
        assert reply is not None
        try:
            if not reply.tell(line.pieces):
                return None
        except Gone:
            return False
        except Exception as error:
            if reply.headers_sent:
                self.log.exception("a reply broke off")
            else:
                self.handle_error(reply.req, line.sock, line.client, error)
            return False
        line.next_request()
        return not reply.should_close()

    def _part(self, line: Line) -> None:
        """Say that nothing follows and leave the socket for two seconds, so that the caller can read the answer."""
        self.open.discard(line)
        line.end_reply()
        try:
            line.sock.shutdown(socket.SHUT_WR)
        except OSError:
            line.sock.close()
        else:
            self.lingering.append((time.monotonic() + LINGER_SECONDS, line.sock))

    def _close(self, line: Line) -> None:
        self.open.discard(line)
        line.end_reply()
        line.sock.close()

    def sweep(self) -> None:
        """End every wait that is over, and let others work where one works long."""
        now = time.monotonic()
        for number, found in list(self.waiting.items()):
            line = self.waiting.pop(number, None) if found.until <= now else None
            if line is not None:
                self._overdue(line, now)
        while self.lingering and self.lingering[0][0] <= now:
            self.lingering.popleft()[1].close()
        if self.shut and not self._is_full():
            self.poller.modify(self.shut.pop(), READABLE)
        for seat, before in list(self.seats.items()):
            if seat.served == before and before % 2:  # odd while it serves
                seat.leave()
            self.seats[seat] = seat.served

    def _overdue(self, line: Line, now: float) -> None:
        if line.until > now:  # it was served meanwhile
            self._wait(line, WRITABLE if line.reply else READABLE)
        elif line.half_body:
            line.late = True
            self._wait(line, WRITABLE)  # which it is, so that a thread takes it at once
        elif line.is_spoken_to():  # in time, while all threads were busy
            line.until = now + self.cfg.keepalive
            self._wait(line, READABLE)
        else:
            self._close(line)
