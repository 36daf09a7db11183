"""The threaded worker, hardened: a connection takes a thread only once its request is there to be served.

Heads and small bodies are waited for in the poller, which costs nothing but the connection; large and late bodies get a
thread and are held to the places of `web.bodies`. A thread that has answered is free: it never waits for the rest of a
body that nobody will read. The process dies with its master.
"""

from __future__ import annotations

import enum
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from selectors import EVENT_READ
from typing import Any, ClassVar

from gunicorn.workers.gthread import TConn, ThreadWorker

from web.bodies import HERE, QUICK_BYTES, QUICK_SECONDS, WATCHMAN, Environ, Start

HEAD_SECONDS = 5.0
LONGEST_HEAD = 65_536
LINGER_SECONDS = 2.0
END = b"\r\n\r\n"
SIZE = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,5})[ \t]*\r\n", re.IGNORECASE)
EXPECTS = re.compile(rb"[^\r]* HTTP/1\.1\r\n(?:[^\r]*\r\n)*?expect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
Application = Callable[[Environ, Start], Iterable[bytes]]


class Sight(enum.Enum):
    """What can be seen of a connection's next request. `READY` also means that nothing more can be waited for."""

    HALF_HEAD = enum.auto()
    HALF_BODY = enum.auto()
    READY = enum.auto()


class Line(TConn):  # type: ignore[misc]  # gunicorn ships no annotations
    """A connection that can be looked at without taking anything from it, and whose closing never waits: the stock one
    lingers two seconds inside the accepting loop, so that a few refused slow senders stop everybody."""

    lingering: ClassVar[deque[tuple[float, socket.socket]]] = deque()
    seen = bytearray(LONGEST_HEAD + QUICK_BYTES)  # of the poller's thread alone
    wakes_at = 1  # bytes that must have come until the kernel wakes the poller
    head_here = invited = False
    body_here = 0

    def look(self) -> Sight:
        """Look at what has come, and let the kernel wake the poller only for what is missing.

        The local socket cannot do that; those who may open it are trusted.
        """
        if isinstance(self.server, str):
            self.body_here = QUICK_BYTES
            return Sight.READY
        try:
            count = self.sock.recv_into(self.seen, 0, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return Sight.READY
        end = self.seen.find(END, 0, count) + len(END)
        self.head_here = end >= len(END)
        self.body_here = count - end if self.head_here else 0
        wanted = end + self._small_body(end) if self.head_here else min(count + 1, LONGEST_HEAD)
        in_vain = count < self.wakes_at  # the other side has ended, or the kernel has no room for more
        if in_vain or wanted <= count:
            self.wake_at(1)
            return Sight.READY
        self.wake_at(wanted)
        if self.head_here:
            self._invite(end)
        return Sight.HALF_BODY if self.head_here else Sight.HALF_HEAD

    def _small_body(self, end: int) -> int:
        """How many bytes the head that ends at `end` announces; 0 if that is more than will be waited for here."""
        said = None if self.seen.startswith(b"GET ") else SIZE.search(self.seen, 0, end)
        size = int(said[1]) if said else 0
        return size if size <= QUICK_BYTES else 0

    def wake_at(self, count: int) -> None:
        """Have the kernel wake whoever waits for bytes once there are `count`."""
        if count != self.wakes_at:
            self.wakes_at = count
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)

    def _invite(self, end: int) -> None:
        """Tell a caller who waits for it to send its body: otherwise it would never be here."""
        if not self.invited and EXPECTS.match(self.seen, 0, end):
            self.invited = True
            self.sock.send(CONTINUE)

    def served(self) -> None:
        """Forget what was seen of the request that was served."""
        self.head_here = self.invited = False
        self.body_here = 0

    def close(self, graceful: bool = False) -> None:
        """Say that nothing follows and leave the socket for two seconds, so that the caller can read the answer."""
        if not graceful:
            super().close()
            return
        try:
            self.sock.setblocking(False)
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            super().close()
            return
        self.lingering.append((time.monotonic() + LINGER_SECONDS, self.sock))


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no annotations
    """Accepts, looks, and hands to a thread what is ready; what is late goes to a thread too and needs a place."""

    patience = QUICK_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.half_bodies: dict[Line, float] = {}  # and when the wait for the rest ends, the first to end first

    def accept(self, listener: socket.socket) -> None:
        """Take a connection and wait for its first bytes in the poller, not in a thread."""
        try:
            client, address = listener.accept()
        except OSError:
            return  # gone again, or taken by nobody: the poller calls when there is another
        self.nr_conns += 1
        conn = Line(self.cfg, client, address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(client, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Line, _client: socket.socket) -> None:
        """Something came on a new connection."""
        self._look(conn, self.pending_conns)

    def on_client_socket_readable(self, conn: Line, _client: socket.socket) -> None:
        """Something came on a connection that was kept."""
        self._look(conn, self.keepalived_conns)

    def _look(self, conn: Line, silent: deque[Line]) -> None:
        """Hand over what is ready. Once the head is here the connection is none of the `silent`, which time out."""
        sight = conn.look()
        if sight is Sight.HALF_HEAD:
            return
        if self.half_bodies.pop(conn, None) is None:
            silent.remove(conn)
        if sight is Sight.HALF_BODY:
            self.half_bodies[conn] = time.monotonic() + self.patience
        else:
            self._hand_over(conn)

    def _hand_over(self, conn: Line) -> None:
        self.poller.unregister(conn.sock)
        conn.data_ready = True
        self.enqueue_req(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """The stock wait, ended in time for the first body that is late."""
        if self.half_bodies:
            first = next(iter(self.half_bodies.values()))
            timeout = min(timeout, max(0.0, first - time.monotonic()))
        super().wait_for_and_dispatch_events(timeout)
        now = time.monotonic()
        while self.half_bodies and (late := next(iter(self.half_bodies.items())))[1] <= now:
            del self.half_bodies[late[0]]
            late[0].wake_at(1)
            self._hand_over(late[0])

    def handle(self, conn: Line) -> Any:
        """Serve one request of a connection; a head that the poller has not seen whole is watched until `head_read`."""
        _NOW.line = conn
        _NOW.watched = None if conn.head_here else WATCHMAN.watch(conn.sock, HEAD_SECONDS)
        try:
            return super().handle(conn)
        finally:
            _leave_head()
            conn.served()

    def murder_pending(self) -> None:
        """Close what has been silent, and what has lingered long enough."""
        super().murder_pending()
        now = time.monotonic()
        while Line.lingering and Line.lingering[0][0] <= now:
            Line.lingering.popleft()[1].close()


_NOW = threading.local()  # what this thread serves: line, request, watched


def _leave_head() -> None:
    if _NOW.watched is not None:
        WATCHMAN.leave(_NOW.watched)
        _NOW.watched = None


def head_read(_worker: Worker, request: Any) -> None:
    """Gunicorn's pre_request: the head is here, the body has its own watch."""
    _leave_head()
    _NOW.request = request
    if _NOW.line.invited:
        request._expected_100_continue = False  # noqa: SLF001  gunicorn would say it a second time


def in_worker(inner: Application) -> Application:
    """WSGI middleware of this worker: tells how much of a body is here, and keeps the application's word.

    Gunicorn drops an application's `Connection: close`, keeps the connection, and holds the thread for up to five
    seconds to drain the rest of the body.
    """
    def serve(environ: Environ, start: Start) -> Iterable[bytes]:
        request, environ[HERE] = _NOW.request, _NOW.line.body_here

        def start_and_close(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if any(name.lower() == "connection" and value == "close" for name, value in headers):
                request.force_close()
            return start(status, headers, *more)

        return inner(environ, start_and_close)

    return serve
