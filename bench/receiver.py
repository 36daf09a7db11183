"""A department that costs next to nothing: a process that takes every POST on kept connections and says a number.

Of every `refused`th key (by its checksum) the first message is answered 503. A path that ends in `hangs` is answered
only after `HANG_SECONDS`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from multiprocessing.connection import Connection

_CONTENT = b'{"ref": "GAS-2026-000017"}'
_ANSWER = (b"HTTP/1.1 200 OK\r\nServer: department\r\nDate: Mon, 02 Mar 2026 09:10:00 GMT\r\n"
           b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_CONTENT), _CONTENT))


_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
_UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
HANG_SECONDS = 4.0


class _Department:
    """What it has refused so far; shared by its connections."""

    def __init__(self, refused: int, hangs: str) -> None:
        self._every, self._hangs, self._seen = refused, hangs.encode(), set[bytes]()

    def answer(self, head: bytes) -> bytes:
        """The answer to a message with this head, after the time that it takes."""
        if self._hangs and head.split(b" ", 2)[1].endswith(self._hangs):
            time.sleep(HANG_SECONDS)
        if head.startswith(b"GET"):
            return _UNKNOWN
        if self._every:
            key = head.lower().partition(b"idempotency-key:")[2].partition(b"\r\n")[0].strip()
            if zlib.crc32(key) % self._every == 0 and key not in self._seen:
                self._seen.add(key)
                return _BUSY
        return _ANSWER

    def serve(self, peer: socket.socket) -> None:
        """One connection to its end."""
        behind = b""
        with contextlib.suppress(ConnectionError), peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while piece := peer.recv(65_536):
                behind += piece
                end = behind.find(b"\r\n\r\n") + 4
                if end < 4:
                    continue
                size = int(behind[:end].lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                if len(behind) >= end + size:
                    head, behind = behind[:end], behind[end + size:]
                    peer.sendall(self.answer(head))


def _run(started: Connection, refused: int, hangs: str) -> None:
    department = _Department(refused, hangs)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        started.send(listener.getsockname()[1])
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=department.serve, args=(peer,), daemon=True).start()


@contextlib.contextmanager
def receiver(refused: int = 0, hangs: str = "") -> Iterator[str]:
    """Where it listens, while its process runs."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs, refused, hangs), daemon=True)
    process.start()
    try:
        if not ours.poll(30):
            raise TimeoutError("the receiver did not start")
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join(10)
