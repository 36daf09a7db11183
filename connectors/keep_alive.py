"""A lean transport over kept connections, on `http.client`: what the library requests does for a push, at a fraction.

Most of the cost of a call elsewhere is bookkeeping that a push has no use for, an e-mail parser for a handful of header
lines, and a second packet for the body. Here a call is one write, one look whether the connection is still good, and an
answer whose body is read by `http.client` itself.

When may a message leave twice? A kept connection can be closed by the other side while we write to it, and nobody can
tell whether what we wrote was heard. So kept connections serve only where a second time has no second effect: to
departments that honour keys, and for queries. There such a call is made once more on a fresh connection. Everybody else
gets a fresh connection for each message, and what befalls it is told exactly: sent or not sent.
"""

from __future__ import annotations

import io
import re
import select
import socket
import ssl
import threading
import time
import weakref
from collections import deque
from functools import lru_cache
from http.client import HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from connectors.answers import NoReply, Reply
from connectors.base import Body
from connectors.reach import may_reach
from connectors.transport import COMMON_HEADERS, CONNECT_SECONDS, Call, check_headers, framing, unpacked

_MOST_KEPT = 64
_BUFFER = 16_384
_LARGEST_HEAD = 131_072
_MOST_LINES = 100
# A timeout already set is left alone if it is this close: setting it is a system call.
_SLACK = 0.01
_STATUS = re.compile(r"[1-9][0-9]{2}")
_COMMON = "".join(f"{name}: {value}\r\n" for name, value in COMMON_HEADERS.items())


class _Target(NamedTuple):
    """An address, taken apart as the library requests does it."""

    secure: bool
    host: str
    port: int
    path: str
    named: str


class _Place(NamedTuple):
    """What has to be equal for two messages to share a connection."""

    secure: bool
    host: str
    port: int
    networks: tuple[str, ...]
    ca: str
    certificate: str


class KeepAlive:
    """The transport of `rest`. At most 64 connections to one place rest. One that rested for `longest_rest`
    seconds may be forgotten on its way by now: it is not used again, and closed when the next one is opened."""

    def __init__(self, longest_rest: float = 30.0) -> None:
        self._longest_rest = longest_rest
        self._resting: dict[_Place, deque[_Line]] = {}
        self._lock = threading.Lock()
        self._closings = 0
        weakref.finalize(self, _close_all, self._resting)

    def call(self, call: Call, body: Body) -> Reply | NoReply:
        """Make one attempt within `body.deadline`; where it may, a second time on a fresh connection."""
        ends = time.monotonic() + body.deadline
        repeatable = body.honours_keys or call.method == "GET"
        try:
            target = _target(call.address)
            data = _written(call, target, repeatable)
        except ValueError as error:
            return _lost(error, False, ends)
        place = _Place(*target[:3], body.networks, body.settings.get("ca", ""),
                       body.settings.get("client_certificate", ""))
        line, sent, closings = self._take(place) if repeatable else None, False, self._closings
        while True:
            try:
                line = line or _open(place, ends)
                reply = line.exchange(data, ends, body.answer_cap)
            except (OSError, HTTPException, ValueError) as error:
                sent = sent or (line is not None and line.wire.sent)
                if line is not None:
                    line.close()
                if line is None or not line.closed_unheard(error):
                    return _lost(error, sent, ends)
                line = None
                continue
            if line.good and repeatable:
                self._keep(place, line, closings)
            else:
                line.close()
            return reply

    def close(self) -> None:
        """Close the kept connections; those in use are closed after their call."""
        with self._lock:
            self._closings += 1
            _close_all(self._resting)

    def _take(self, place: _Place) -> _Line | None:
        """The connection that was used last, if it is still good."""
        oldest = time.monotonic() - self._longest_rest
        while True:
            with self._lock:
                rest = self._resting.get(place)
                line = rest.pop() if rest else None
                if line is None:
                    _close_old(self._resting, oldest)
            if line is None or (line.rests_since > oldest and line.usable()):
                return line
            line.close()

    def _keep(self, place: _Place, line: _Line, closings: int) -> None:
        with self._lock:
            if closings != self._closings:
                line.close()
                return
            line.rests_since = time.monotonic()
            rest = self._resting.setdefault(place, deque())
            rest.append(line)
            if len(rest) > _MOST_KEPT:
                rest.popleft().close()


def _close_old(resting: dict[_Place, deque[_Line]], oldest: float) -> None:
    for rest in resting.values():
        while rest and rest[0].rests_since <= oldest:
            rest.popleft().close()


def _close_all(resting: dict[_Place, deque[_Line]]) -> None:
    for rest in resting.values():
        while rest:
            rest.pop().close()
    resting.clear()


def _lost(error: Exception, sent: bool, ends: float) -> NoReply:
    what = "the deadline came" if time.monotonic() >= ends - _SLACK else type(error).__name__
    return NoReply(sent, f"{'no answer' if sent else 'not sent'}: {what}")


@lru_cache(maxsize=1024)
def _target(address: str) -> _Target:
    prepared = requests.Request("GET", address).prepare()
    parts = urlsplit(prepared.url or "")
    secure = parts.scheme == "https"
    return _Target(secure, parts.hostname or "", parts.port or (443 if secure else 80), prepared.path_url, parts.netloc)


def _written(call: Call, target: _Target, keep: bool) -> bytes:
    """The request as it goes over the wire."""
    check_headers(call.headers)
    own = "".join(f"{name}: {value}\r\n" for name, value in call.headers.items())
    size = f"Content-Length: {len(call.content)}\r\n" if call.method == "POST" else ""
    last = "" if keep else "Connection: close\r\n"
    head = f"{call.method} {target.path} HTTP/1.1\r\nHost: {target.named}\r\n{_COMMON}{own}{size}{last}\r\n"
    return head.encode("ascii") + call.content


def _open(place: _Place, ends: float) -> _Line:
    """A new connection, to the first address of the name that may be reached and takes it."""
    failed: OSError = ConnectionRefusedError("the name leads to an address outside the deployment's")
    context = _context(place) if place.secure else None
    for family, kind, protocol, _, address in socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM):
        if not may_reach(str(address[0]), place.host, place.networks):
            continue
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(min(CONNECT_SECONDS, _left(ends)))
            plain.connect(address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(_left(ends))
            return _Line(context.wrap_socket(plain, server_hostname=place.host) if context else plain)
        except OSError as error:
            plain.close()
            failed = error
    raise failed


def _context(place: _Place) -> ssl.SSLContext:
    """How the other side's certificate is checked and ours shown; read anew when one of the files was replaced."""
    ca = place.ca or DEFAULT_CA_BUNDLE_PATH
    changed = tuple(Path(name).stat().st_mtime_ns for name in (ca, place.certificate) if name)
    return _context_of(ca, place.certificate, changed)


@lru_cache(maxsize=64)
def _context_of(ca: str, certificate: str, changed: tuple[int, ...]) -> ssl.SSLContext:  # noqa: ARG001  # only a key
    folder = Path(ca).is_dir()
    context = ssl.create_default_context(cafile=None if folder else ca, capath=ca if folder else None)
    context.set_alpn_protocols(["http/1.1"])
    if certificate:
        context.load_cert_chain(certificate)
    return context


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline came")
    return left


class _Wire(io.RawIOBase):
    """A connected socket whose reads and writes wait no longer than the attempt may last, however little comes.

    `sent` and `heard` tell whether a byte of the request left and one of the answer came. A quiet wire reads nothing.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.quiet = self.sent = self.heard = False
        self._ends = 0.0
        self._timeout = -1.0

    def begin(self, ends: float) -> None:
        """A new attempt."""
        self._ends, self.sent, self.heard = ends, False, False

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
        self._hurry()
        count = self.socket.recv_into(buffer)
        self.heard = self.heard or count > 0
        return count

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()
        super().close()

    def _hurry(self) -> None:
        left = _left(self._ends)
        if abs(left - self._timeout) > _SLACK:
            self.socket.settimeout(left)
            self._timeout = left


class _Reader(io.BufferedReader):
    """The reader of a connection; an answer that ends does not close it."""

    def close(self) -> None:
        """Stay open: `_Line` closes the connection."""


class _Line:
    """One connection, for one request after the other; `good` says whether the next one may follow."""

    def __init__(self, connected: socket.socket) -> None:
        self.wire = _Wire(connected)
        self.good = self._used = False
        self.rests_since = 0.0
        self._reader = _Reader(self.wire, _BUFFER)
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)

    def exchange(self, data: bytes, ends: float, cap: int) -> Reply:
        """Send a request and read its answer; raises what went wrong before there was a status."""
        self.wire.begin(ends)
        whole = self.wire.push(data)
        with _Head(self) as answer:  # type: ignore[arg-type]  # of its socket it wants makefile alone
            answer.begin()
            content, cut = answer.content(cap)
            self.good = whole and not cut and answer.isclosed() and not answer.will_close
        self._used = True
        content, packed_cut = unpacked(content, answer.fields.get("content-encoding", ""), cap)
        # Whoever says "taken" before the message was all there cannot have taken it.
        cut = cut or packed_cut or not whole
        return Reply(answer.status, answer.fields.get("content-type", "").lower(), content, cut, answer.fields)

    def closed_unheard(self, error: Exception) -> bool:
        """Whether `error` means that the other side closed this kept connection and has not begun to answer."""
        return self._used and not self.wire.heard and not isinstance(error, TimeoutError)

    def usable(self) -> bool:
        """Whether a request may go out: it is not closed, and nothing came that nobody asked for."""
        self.wire.quiet = True
        unasked = self._reader.peek(1) or self._poll.poll(0)
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
