"""One total deadline for an attempt, whatever the other side does, and the check where a connection really ends.

A read timeout does not bound an attempt: a byte now and then keeps it alive for ever, in the headers as well as in
the body. So one thread shuts the sockets of overdue attempts down. The connections below tell their attempt which
socket it uses and whether a byte of the request has left, which is what separates "again" from "outcome unknown".
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import socket
import threading
import time
from http.client import HTTPResponse, RemoteDisconnected
from types import TracebackType
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from connectors.certificates import Shown
from connectors.reach import may_reach

_current = threading.local()


class Attempt:
    """One attempt with its deadline; a context manager for the thread that makes the call."""

    def __init__(self, seconds: float, networks: tuple[str, ...] = (), shown: Shown | None = None) -> None:
        self.ends = time.monotonic() + seconds
        self.networks = networks
        self.shown = shown
        self.socket: socket.socket | None = None
        self.seen = self.sent = self.broken = self.overdue = self.done = False

    def __enter__(self) -> Attempt:
        _current.attempt = self
        _reaper.watch(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.done, self.socket = True, None
        _current.attempt = None

    @property
    def left(self) -> float:
        """Seconds left, never less than a moment, as a timeout of zero means something else to sockets."""
        return max(self.ends - time.monotonic(), 0.001)

    def cut(self) -> None:
        """The deadline has come: wake whoever reads from or writes to the socket."""
        used = self.socket
        if self.done:
            return
        self.overdue = True
        if used is not None:
            # Not used.shutdown: a TLS socket would drop its state under the reading thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(used, socket.SHUT_RDWR)


class _Reaper:
    """The thread that ends overdue attempts; started with the first one."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, Attempt]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, attempt: Attempt) -> None:
        with self._changed:
            heapq.heappush(self._waiting, (attempt.ends, next(self._order), attempt))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="attempt-deadlines", daemon=True)
                self._thread.start()
            if self._waiting[0][2] is attempt:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                pause = self._waiting[0][0] - time.monotonic()
                if pause > 0:
                    self._changed.wait(pause)
                    continue
                attempt = heapq.heappop(self._waiting)[2]
            attempt.cut()


_reaper = _Reaper()


class _Lines:
    """A file that remembers the last line that was read."""

    def __init__(self, file: Any) -> None:
        self._file, self.last = file, b""

    def readline(self, limit: int) -> bytes:
        self.last = self._file.readline(limit)
        return self.last

    def close(self) -> None:
        self._file.close()


class _WholeHead(HTTPResponse):
    """An answer whose head has an end. The stock class takes a connection that ended within the headers for an answer
    with no body, so that a department that crashed while it answered would count as one that received."""

    def begin(self) -> None:
        file, lines = self.fp, _Lines(self.fp)
        self.fp = lines  # type: ignore[assignment]  # of a file it wants these two
        try:
            super().begin()
        finally:
            if self.fp:  # else it is closed
                self.fp = file
        if lines.last not in {b"\r\n", b"\n"}:
            raise RemoteDisconnected("the connection ended within the headers")


class _Watched:
    """What both kinds of connection do beside urllib3's own."""

    sock: Any
    host: str
    port: int
    _reaches: tuple[str, tuple[str, ...]] = ("", ())

    def connect(self) -> None:
        attempt: Attempt | None = getattr(_current, "attempt", None)
        if attempt is None:
            super().connect()  # type: ignore[misc]  # mixed into urllib3's connections
            return
        attempt.seen = True
        super().connect()  # type: ignore[misc]
        if attempt.shown is not None:
            attempt.shown.note(self.host, self.port, self.sock)
        self._reaches = (self.sock.getpeername()[0], attempt.networks)
        self._check(attempt)

    def send(self, data: Any) -> None:
        attempt: Attempt | None = getattr(_current, "attempt", None)
        if self.sock is None:
            self.connect()
        if attempt is None:
            super().send(data)  # type: ignore[misc]
            return
        attempt.seen, attempt.socket = True, self.sock
        if attempt.networks != self._reaches[1]:
            self._check(attempt)
        if attempt.overdue:
            raise TimeoutError("the deadline came before the request left")
        attempt.sent = True
        self.sock.settimeout(attempt.left)
        try:
            super().send(data)  # type: ignore[misc]
        except ConnectionError:
            # urllib3 goes on to read an answer all the same; it was given before the message was all there.
            attempt.broken = True
            raise

    def _check(self, attempt: Attempt) -> None:
        if not may_reach(self._reaches[0], self.host, attempt.networks):
            self.close()  # type: ignore[attr-defined]
            raise NewConnectionError(self, "the name leads to an address outside the deployment's")  # type: ignore[arg-type]


class _PlainConnection(_Watched, HTTPConnection):
    response_class = _WholeHead


class _TlsConnection(_Watched, HTTPSConnection):
    response_class = _WholeHead


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class WatchedAdapter(HTTPAdapter):
    """The adapter of requests over connections that know their attempt. No proxies, no redirects, no retries."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        """Make the pools with the watched connections."""
        super().init_poolmanager(connections, maxsize, block, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
