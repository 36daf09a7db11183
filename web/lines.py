"""A connection and what has come of its next request. Looking never waits, so a slow caller holds no thread."""

from __future__ import annotations

import enum
import re
import socket
from collections.abc import Iterator
from typing import Any

from gunicorn.config import Config
from gunicorn.http import get_parser

from web.bodies import QUICK_BYTES
from web.reply import Reply

LONGEST_HEAD = 65_536
PIECE = 65_536
END = b"\r\n\r\n"
SIZE = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,5})[ \t]*\r\n", re.IGNORECASE)
EXPECTS = re.compile(rb"[^\r]* HTTP/1\.1\r\n(?:[^\r]*\r\n)*?expect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Sight(enum.Enum):
    """What can be seen of a connection's next request."""

    HALF_HEAD = enum.auto()
    HALF_BODY = enum.auto()
    READY = enum.auto()
    TOO_LONG = enum.auto()
    GONE = enum.auto()


class Line:
    """One connection: what came and was not served yet, and the reply that the other side has not taken yet.

    `until` is when its waiting ends; `half_body` says that it waits for the rest of a small body, `late` that it has
    waited long enough for it.
    """

    def __init__(self, config: Config, sock: socket.socket, client: Any, server: Any) -> None:
        self.sock, self.client, self.server = sock, client, server
        self.number = sock.fileno()
        self.parser = get_parser(config, sock, client)
        self.came = b""
        self.body_here = 0
        self.until = 0.0
        self.known = self.half_body = self.late = self.invited = False
        self.reply: Reply | None = None
        self.pieces: Iterator[bytes] = iter(())
        self.made: Any = None

    def receive(self) -> Sight:
        """Take what has come, and say what there is now."""
        try:
            piece = self.sock.recv(PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return self.sight()
        except OSError:
            return Sight.GONE
        if piece:
            self.came += piece
            return self.sight()
        # The other side has ended: a body that was cut off is answered, half a head is not.
        return Sight.READY if END in self.came else Sight.GONE

    def is_spoken_to(self) -> bool:
        """Whether a request began to come that nobody has had time to look at yet."""
        try:
            return not self.came and bool(self.sock.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK))
        except OSError:
            return False

    def sight(self) -> Sight:
        """What there is of the next request: a whole head, and as much of its body as is worth waiting for?"""
        end = self.came.find(END) + len(END)
        if end < len(END):
            return Sight.HALF_HEAD if len(self.came) <= LONGEST_HEAD else Sight.TOO_LONG
        self.body_here = len(self.came) - end
        if self.late or self.body_here >= self._small_body(end):
            return Sight.READY
        self._invite(end)
        return Sight.HALF_BODY

    def _small_body(self, end: int) -> int:
        """How many bytes the head that ends at `end` announces; 0 if that is more than will be waited for."""
        said = SIZE.search(self.came, 0, end)
        size = int(said[1]) if said else 0
        return size if size <= QUICK_BYTES else 0

    def _invite(self, end: int) -> None:
        """Tell a caller who waits for it to send its body: otherwise it would never be here."""
        if not self.invited and EXPECTS.match(self.came, 0, end):
            self.invited = True
            self.sock.send(CONTINUE, socket.MSG_DONTWAIT)

    def request(self) -> Any:
        """The next request, whose head is here, as gunicorn reads it; raises gunicorn's errors for what it refuses."""
        self.parser.unreader.unread(self.came)
        self.came = b""
        made = next(self.parser)
        if self.invited:
            made._expected_100_continue = False  # noqa: SLF001  gunicorn would say it a second time
        self.half_body = self.late = self.invited = False
        return made

    def has_all_of(self, request: Any) -> bool:
        """Whether the whole body of `request` is here, so that reading it will not wait."""
        reader = request.body.reader
        return not getattr(reader, "parser", None) and getattr(reader, "length", 0) <= self.body_here

    def answer_with(self, reply: Reply, made: Any) -> None:
        """From now on `reply` is under way, with what the application `made`."""
        self.reply, self.made, self.pieces = reply, made, iter(made)

    def next_request(self) -> None:
        """The reply is gone: take back what came behind the request that was served."""
        self.end_reply()
        self.came = self.parser.unreader.take_buffered()

    def end_reply(self) -> None:
        """Let the application end what it made, whether or not the other side has all of it."""
        made, self.reply, self.made = self.made, None, None
        if hasattr(made, "close"):
            made.close()
