"""A department that costs next to nothing: a process that takes every POST on kept connections and says a number.

Of every `refused`th key (by its checksum) the first message is answered 503. A path that ends in `hangs` is answered
only after `HANG_SECONDS`, every other after `takes` seconds.
"""

from __future__ import annotations

import contextlib
import heapq
import multiprocessing
import selectors
import socket
import time
import zlib
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import cast

_CONTENT = b'{"ref": "GAS-2026-000017"}'
_ANSWER = (b"HTTP/1.1 200 OK\r\nServer: department\r\nDate: Mon, 02 Mar 2026 09:10:00 GMT\r\n"
           b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_CONTENT), _CONTENT))


_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
_UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
HANG_SECONDS = 4.0


class _Department:
    """What it has refused so far; shared by its connections."""

    def __init__(self, refused: int, hangs: str, takes: float) -> None:
        self._every, self._hangs, self._takes, self._seen = refused, hangs.encode(), takes, set[bytes]()

    def takes(self, head: bytes) -> float:
        """For how many seconds a message with this head waits for its answer."""
        hangs = bool(self._hangs) and head.split(b" ", 2)[1].endswith(self._hangs)
        return HANG_SECONDS if hangs else self._takes

    def answer(self, head: bytes) -> bytes:
        """The answer to a message with this head."""
        if head.startswith(b"GET"):
            return _UNKNOWN
        if self._every:
            key = head.lower().partition(b"idempotency-key:")[2].partition(b"\r\n")[0].strip()
            if zlib.crc32(key) % self._every == 0 and key not in self._seen:
                self._seen.add(key)
                return _BUSY
        return _ANSWER


class _Counter:
    """Serves all connections in one thread, so that the receiver costs as little with a hundred as with one."""

    def __init__(self, department: _Department, listener: socket.socket) -> None:
        self._department, self._listener = department, listener
        self._watch = selectors.DefaultSelector()
        self._watch.register(listener, selectors.EVENT_READ)
        self._behind: dict[socket.socket, bytes] = {}
        self._late: list[tuple[float, int, socket.socket, bytes]] = []

    def serve(self) -> None:
        """For ever."""
        while True:
            wait = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            for key, _ in self._watch.select(wait):
                self._take_in() if key.fileobj is self._listener else self._hear(cast(socket.socket, key.fileobj))
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, peer, head = heapq.heappop(self._late)
                self._say(peer, self._department.answer(head))

    def _take_in(self) -> None:
        peer, _ = self._listener.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._behind[peer] = b""
        self._watch.register(peer, selectors.EVENT_READ)

    def _hear(self, peer: socket.socket) -> None:
        try:
            piece = peer.recv(65_536)
        except ConnectionError:
            piece = b""
        if not piece:
            self._watch.unregister(peer)
            del self._behind[peer]
            peer.close()
            return
        behind = self._behind[peer] + piece
        end = behind.find(b"\r\n\r\n") + 4
        if end >= 4:
            size = int(behind[:end].lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(behind) >= end + size:
                self._answer(peer, behind[:end])
                behind = behind[end + size:]
        self._behind[peer] = behind

    def _answer(self, peer: socket.socket, head: bytes) -> None:
        takes = self._department.takes(head)
        if takes:
            heapq.heappush(self._late, (time.monotonic() + takes, id(peer), peer, head))
        else:
            self._say(peer, self._department.answer(head))

    def _say(self, peer: socket.socket, answer: bytes) -> None:
        with contextlib.suppress(OSError):  # whoever has gone is noticed when it is read from
            peer.sendall(answer)


def _run(started: Connection, refused: int, hangs: str, takes: float) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        started.send(listener.getsockname()[1])
        _Counter(_Department(refused, hangs, takes), listener).serve()


@contextlib.contextmanager
def receiver(refused: int = 0, hangs: str = "", takes: float = 0.0) -> Iterator[str]:
    """Where it listens, while its process runs."""
    ours, theirs = multiprocessing.Pipe()
    given = (theirs, refused, hangs, takes)
    process = multiprocessing.get_context("spawn").Process(target=_run, args=given, daemon=True)
    process.start()
    try:
        if not ours.poll(30):
            raise TimeoutError("the receiver did not start")
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join(10)
