"""Gunicorn's response, which never waits: it collects what is to be sent and sends what the other side takes."""

from __future__ import annotations

import socket
import time
from typing import Any

from gunicorn.config import Config
from gunicorn.http.wsgi import Response
from gunicorn.workers.base import Worker

MUCH = 65_536
READER_SECONDS = 30.0
SLOWEST = 4_096  # bytes a second, on the whole: whoever takes less holds what others need


class Gone(Exception):
    """The other side takes nothing any more."""


class Reply(Response):  # type: ignore[misc]  # gunicorn ships no annotations
    """A response whose head leaves together with the first bytes of its body. The connection is not kept if a part of
    the request is unread, for draining that would hold a thread, nor when the `worker` stops."""

    headers_sent: bool

    def __init__(self, request: Any, sock: socket.socket, config: Config, worker: Worker) -> None:
        super().__init__(request, sock, config)
        self.out = bytearray()
        self.over = False
        self.began, self.sent_bytes = time.monotonic(), 0
        self._worker = worker

    def default_headers(self) -> list[str]:
        """The first lines; whether the connection is kept is decided here."""
        if unread(self.req) or not self._worker.alive:
            self.force_close()
        return list(super().default_headers())

    def send_headers(self) -> None:
        """The head, to leave with what follows."""
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self.out += "".join(lines).encode("latin-1")
            self.headers_sent = True

    def _emit_body(self, data: bytes) -> None:
        self.out += b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data

    def close(self) -> None:
        """Nothing follows."""
        self.send_headers()
        self.out += b"0\r\n\r\n" if self.chunked else b""
        self.over = True

    def leave(self) -> bool:
        """Send what the other side takes at once; whether everything is sent. Raises `Gone`."""
        while self.out:
            try:
                sent = self.sock.send(self.out, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError as error:
                raise Gone from error
            del self.out[:sent]
            self.sent_bytes += sent
        return True

    def until(self) -> float:
        """Until when the other side must have taken more: soon, and on the whole no slower than the slowest line."""
        return min(time.monotonic() + READER_SECONDS,
                   self.began + READER_SECONDS + self.sent_bytes / SLOWEST)

    def tell(self, pieces: Any) -> bool:
        """Send the rest of what the application says; False while the other side takes no more."""
        for piece in pieces:
            self.write(piece)
            if len(self.out) >= MUCH and not self.leave():
                return False
        if not self.over:
            self.close()
        return self.leave()


def unread(request: Any) -> bool:
    """Whether a part of the body of `request` has not been read."""
    reader = request.body.reader
    return bool(getattr(reader, "length", 0) or getattr(reader, "parser", None))
