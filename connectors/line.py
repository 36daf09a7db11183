"""One connection to a department: a request goes out in one write, the head of its answer is read by a plain loop, the
body by `http.client`. What it does not understand ends the connection; it never becomes a receipt.
"""

from __future__ import annotations

import io
import re
import select
import socket
import ssl
import time
from collections.abc import Mapping
from functools import lru_cache
from http.client import HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from types import MappingProxyType
from typing import Any, NamedTuple

from connectors.answers import Reply
from connectors.base import Heard
from connectors.transport import framing, unpacked

_BUFFER = 16_384
_LARGEST_HEAD = 131_072
_MOST_LINES = 100
# A timeout already set is left alone if it is this close: setting it is a system call.
SLACK = 0.01
_MOST_EARLY = 65_536
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*(?:\r\n|\Z)", re.IGNORECASE)
_CODED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_USUAL = re.compile(rb"HTTP/1\.1 (?!204|304)([2-5][0-9]{2})[ \r]")  # answers that have a body of the length they say
_PLAIN_STATUS = re.compile(r"HTTP/1\.1 [2-5][0-9]{2}(?: [^\r\n]*)?")
_HEADS_REMEMBERED = 64
_SPECIAL = frozenset({"transfer-encoding", "content-encoding"})
_STATUS = re.compile(r"[1-9][0-9]{2}")


def left_until(ends: float) -> float:
    """Seconds until `ends` of the monotonic clock; TimeoutError once there are none."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline came")
    return left


class _Usual(NamedTuple):
    """A head of the usual kind: the status, how long the body is, and the header lines with names in lower case, None
    where something about them wants the long way."""

    status: int
    length: int
    fields: Mapping[str, str] | None


@lru_cache(_HEADS_REMEMBERED)
def _usual(head: bytes) -> _Usual | None:
    """A head without its empty line, None if only the long way can tell where its answer ends. It is remembered: the
    answers of one second are told apart by their bodies."""
    length, status = _LENGTH.search(head), _USUAL.match(head)
    if length is None or status is None or _CODED.search(head) or head.count(b"\n") != head.count(b"\r\n"):
        return None
    return _Usual(int(status[1]), int(length[1]), _plain_fields(head))


def _plain_fields(head: bytes) -> Mapping[str, str] | None:
    """The header lines, if nothing about them is unusual: they mean here what they mean to the long way."""
    first, *lines = head.decode("latin-1").split("\r\n")
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or name != name.strip() or name in fields or name in _SPECIAL:
            return None
        fields[name] = value.strip()
    plain = _PLAIN_STATUS.fullmatch(first) and len(lines) <= _MOST_LINES
    kept = fields.get("connection", "").lower() in ("", "keep-alive")
    return MappingProxyType(fields) if plain and kept else None


class Wire(io.RawIOBase):
    """A connected socket whose reads and writes wait no longer than the attempt may last, however little comes.

    `sent` and `heard` tell whether a byte of the request left and one of the answer came. A quiet wire reads nothing;
    one that is not `patient` waits for nothing. `early` is what came before anybody read.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.quiet = self.sent = self.heard = False
        self.patient = True
        self.early = b""
        self._failed: OSError | None = None
        self._ends = 0.0
        self._timeout = -1.0

    def begin(self, ends: float, patient: bool) -> None:
        """A new attempt."""
        self._ends, self.sent, self.heard, self.patient = ends, False, False, patient

    def fail(self, error: OSError) -> None:
        """Whoever reads next meets what was met before."""
        self._failed = error

    def listen(self) -> bool:
        """Take in what is there now; False once the other side has closed. OSError."""
        self._hurry()
        try:
            while piece := self.socket.recv(_BUFFER):
                self.heard, self.early = True, self.early + piece
                if len(piece) < _BUFFER and not isinstance(self.socket, ssl.SSLSocket):
                    return True
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        return False

    def push(self, data: bytes) -> bool:
        """Send all of it. False: the other side broke off after a part; its answer may be there all the same."""
        # What TLS has written to the network before it failed, nobody knows.
        self.sent = isinstance(self.socket, ssl.SSLSocket)
        rest = memoryview(data)
        try:
            while rest:
                self._hurry()
                count = self.socket.send(rest)
                self.sent, rest = True, rest[count:]
        except ConnectionError:
            if not self.sent:
                raise
            return False
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """What is there, or None while quiet."""
        if self.quiet:
            return None
        if self._failed is not None:
            raise self._failed
        if self.early:
            count = min(len(buffer), len(self.early))
            buffer[:count], self.early = self.early[:count], self.early[count:]
            return count
        self._hurry()
        count = self.socket.recv_into(buffer)
        self.heard = self.heard or count > 0
        return count

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()
        super().close()

    def _hurry(self) -> None:
        left = left_until(self._ends) if self.patient else 0.0
        if abs(left - self._timeout) > SLACK:
            self.socket.settimeout(left)
            self._timeout = left


class _Reader(io.BufferedReader):
    """The reader of a connection; an answer that ends does not close it."""

    def close(self) -> None:
        """Stay open: `Line` closes the connection."""


class Line:
    """One connection, for one request after the other; `good` says whether the next one may follow."""

    def __init__(self, connected: socket.socket) -> None:
        self.wire = Wire(connected)
        self.good = self._used = self._whole = self._buffered = False
        self._heard: _Usual | None = None  # the head of an answer that is all there
        self.rests_since = 0.0
        self._reader = _Reader(self.wire, _BUFFER)
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)

    def say(self, data: bytes, ends: float, patient: bool = True) -> None:
        """Send a request; OSError. Without patience only as much as leaves at once, and BlockingIOError if that is not
        all."""
        self.good = False
        self.wire.begin(ends, patient)
        self._whole = self.wire.push(data)

    def listen(self) -> Heard:
        """Take in what has come of the answer, without waiting; OSError. Only the plain shape, one head and a body
        of a length, is known to be all there."""
        if not self.wire.listen():
            return Heard.ODD
        early = self.wire.early
        end = early.find(b"\r\n\r\n")
        if end < 0:
            return Heard.PART if len(early) < _BUFFER else Heard.ODD
        usual = _usual(early[:end])
        if usual is None or len(early) > _MOST_EARLY:
            return Heard.ODD
        if len(early) < end + 4 + usual.length:
            return Heard.PART
        self._heard = usual
        return Heard.ALL

    def answer(self, cap: int) -> Reply:
        """The answer to what was said; raises what went wrong before there was a status."""
        heard, self._heard, self.wire.patient = self._heard, None, True
        if heard is not None and (reply := self._plain_answer(heard, cap)) is not None:
            return reply
        whole, self._buffered = self._whole, True
        with _Head(self) as answer:  # type: ignore[arg-type]  # of its socket it wants makefile alone
            answer.begin()
            content, cut = answer.content(cap)
            self.good = whole and not cut and answer.isclosed() and not answer.will_close and not self.wire.early
        self._used = True
        content, packed_cut = unpacked(content, answer.fields.get("content-encoding", ""), cap)
        # Whoever says "taken" before the message was all there cannot have taken it.
        cut = cut or packed_cut or not whole
        return Reply(answer.status, answer.fields.get("content-type", "").lower(), content, cut, answer.fields)

    def _plain_answer(self, head: _Usual, cap: int) -> Reply | None:
        """The answer that came as a whole, if nothing about it is unusual: it is what the long way reads too, at a
        fraction of the work."""
        _, _, body = self.wire.early.partition(b"\r\n\r\n")
        if head.fields is None or len(body) != head.length or head.length > cap:
            return None
        self.wire.early, self.good, self._used = b"", self._whole, True
        return Reply(head.status, head.fields.get("content-type", "").lower(), body, not self._whole, head.fields)

    def closed_unheard(self, error: Exception) -> bool:
        """Whether `error` means that the other side closed this kept connection and has not begun to answer."""
        return self._used and not self.wire.heard and not isinstance(error, TimeoutError)

    def usable(self) -> bool:
        """Whether a request may go out: it is not closed, and nothing came that nobody asked for."""
        self.wire.quiet = True
        unasked = (self._buffered and self._reader.peek(1)) or self._poll.poll(0)
        self.wire.quiet = False
        behind = self.wire.socket.pending() if isinstance(self.wire.socket, ssl.SSLSocket) else 0
        return not unasked and not behind

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The reader, which outlives each answer, so that what came behind one is seen and not lost."""
        return self._reader

    def close(self) -> None:
        """Close the connection."""
        self.wire.close()


class _Head(HTTPResponse):
    """An answer whose head is read by a plain loop; `fields` holds it, with names in lower case. Its body is read by
    the stock class."""

    fields: dict[str, str]

    def begin(self) -> None:
        """Read the head, past any that only announce the real one; set what reading the body goes by."""
        self._room, self._odd = _LARGEST_HEAD, False
        self.status = 100
        while 100 <= self.status < 200 and self.status != 101:
            self._status_line()
            self.fields = self._lines()
        self.code = self.status
        self.framing = framing(self.status, self.fields)
        self.chunked, self.length = self.framing or (False, None)
        self.chunk_left = None
        said = self.fields.get("connection", "").lower()
        kept = "close" not in said and (self.version == 11 or "keep-alive" in said)
        twice = "transfer-encoding" in self.fields and "content-length" in self.fields
        endless = not self.chunked and self.length is None
        self.will_close = not kept or self._odd or twice or endless or self.status == 101

    def content(self, cap: int) -> tuple[bytes, bool]:
        """At most `cap` bytes and one of the body as it came, and whether that is less than was announced."""
        if self.framing is None:
            return b"", True
        try:
            raw = self.read(cap + 1)
        except IncompleteRead as error:
            return error.partial, True
        except (OSError, HTTPException, ValueError):
            return b"", True
        return raw, bool(self.length)

    def _line(self) -> str:
        line = self.fp.readline(self._room + 1)
        self._room -= len(line)
        if self._room < 0:
            raise HTTPException("the head of the answer is too large")
        if not line.endswith(b"\n"):
            raise RemoteDisconnected("the connection ended before the answer")
        return line.decode("latin-1").rstrip("\r\n")

    def _status_line(self) -> None:
        version, _, rest = self._line().partition(" ")
        status = rest.lstrip().partition(" ")[0]
        if version not in {"HTTP/1.1", "HTTP/1.0"} or not _STATUS.fullmatch(status):
            raise HTTPException("this is no answer of HTTP/1")
        self.version, self.status = (11 if version == "HTTP/1.1" else 10), int(status)

    def _lines(self) -> dict[str, str]:
        """The header lines of one head; the values of a name that stands twice are joined. A line that is none is
        passed over, but nothing is sent again where one was."""
        found: dict[str, str] = {}
        for _ in range(_MOST_LINES):
            line = self._line()
            if not line:
                return found
            name, colon, value = line.partition(":")
            self._odd = self._odd or not colon or name != name.strip()
            name, value = name.strip().lower(), value.strip()
            found[name] = f"{found[name]}, {value}" if name in found else value
        raise HTTPException("the head of the answer has too many lines")
