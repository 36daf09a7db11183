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

import socket
import ssl
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from connectors.answers import NoReply, Reply
from connectors.base import Body, Heard
from connectors.line import SLACK, Line, left_until
from connectors.reach import may_reach
from connectors.transport import COMMON_HEADERS, CONNECT_SECONDS, Call, check_headers

_MOST_KEPT = 256
_MOST_AT_ONCE = 12_000  # bytes that the sending buffer of a resting connection takes without waiting
_COMMON = "".join(f"{name}: {value}\r\n" for name, value in COMMON_HEADERS.items())


class _Place(NamedTuple):
    """What has to be equal for two messages to share a connection."""

    secure: bool
    host: str
    port: int
    networks: tuple[str, ...]
    ca: str
    certificate: str


class _Way(NamedTuple):
    """How calls get to an address: the place, and what stands behind the method in the head of each."""

    place: _Place
    opening: str


class _Errand(NamedTuple):
    """A call on its way: where to, its bytes, until when, and whether it may leave twice; `closings` tells whether the
    kept connections were closed meanwhile."""

    place: _Place
    data: bytes
    ends: float
    cap: int
    repeatable: bool
    closings: int


class Begun:
    """A call that left over a kept connection, and whose answer nobody waits for. `ends`: when it must have come."""

    def __init__(self, carry: Callable[[_Errand, Line | None, bool], Reply | NoReply], errand: _Errand,
                 line: Line) -> None:
        self._carry, self._errand, self._line = carry, errand, line
        self.ends = errand.ends
        self._failed: OSError | None = None
        try:
            line.say(errand.data, errand.ends, patient=False)
        except OSError as error:
            self._failed = error

    @property
    def odd(self) -> bool:
        """Whether `finish` may have to wait, so that a thread has to do it."""
        return self._failed is not None

    def fileno(self) -> int:
        """What becomes readable when something of the answer comes."""
        return self._line.wire.socket.fileno()

    def listen(self) -> Heard:
        """Take in what has come, without waiting."""
        try:
            return self._line.listen() if self._failed is None else Heard.ODD
        except OSError as error:
            self._failed = error
            return Heard.ODD

    def finish(self) -> Reply | NoReply:
        """The answer, once all of it came or its time is over; else this waits, and may call again elsewhere."""
        if self._failed is not None:
            self._line.wire.fail(self._failed)
        return self._carry(self._errand, self._line, True)


class KeepAlive:
    """The transport of `rest`. At most 256 connections to one place rest. One that rested for `longest_rest`
    seconds may be forgotten on its way by now: it is not used again, and closed when the next one is opened."""

    def __init__(self, longest_rest: float = 30.0) -> None:
        self._longest_rest = longest_rest
        self._resting: dict[_Place, deque[Line]] = {}
        self._lock = threading.Lock()
        self._closings = 0
        weakref.finalize(self, _close_all, self._resting)

    def call(self, call: Call, body: Body) -> Reply | NoReply:
        """Make one attempt within `body.deadline`; where it may, a second time on a fresh connection."""
        ends = time.monotonic() + body.deadline
        try:
            errand = _errand(call, body, ends, self._closings)
        except ValueError as error:
            return _lost(error, False, ends)
        return self._carry(errand, self._take(errand.place) if errand.repeatable else None)

    def begin(self, call: Call, body: Body) -> Begun | None:
        """Send a call over a kept connection and come back without its answer; None where `call` has to do it: without
        a kept connection that is good, for what may not leave twice, for what is long."""
        if not body.honours_keys or len(call.content) > _MOST_AT_ONCE:
            return None
        try:
            errand = _errand(call, body, time.monotonic() + body.deadline, self._closings)
        except ValueError:
            return None
        line = self._take(errand.place)
        return None if line is None else Begun(self._carry, errand, line)

    def _carry(self, errand: _Errand, line: Line | None, said: bool = False) -> Reply | NoReply:
        """Send what was not `said` yet on this line, or on a new one, and read the answer."""
        sent = False
        while True:
            try:
                line = line or _open(errand.place, errand.ends)
                if not said:
                    line.say(errand.data, errand.ends)
                reply = line.answer(errand.cap)
            except (OSError, HTTPException, ValueError) as error:
                sent = sent or (line is not None and line.wire.sent)
                if line is not None:
                    line.close()
                if line is None or not line.closed_unheard(error):
                    return _lost(error, sent, errand.ends)
                line, said = None, False
                continue
            if line.good and errand.repeatable:
                self._keep(errand.place, line, errand.closings)
            else:
                line.close()
            return reply

    def close(self) -> None:
        """Close the kept connections; those in use are closed after their call."""
        with self._lock:
            self._closings += 1
            _close_all(self._resting)

    def _take(self, place: _Place) -> Line | None:
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

    def _keep(self, place: _Place, line: Line, closings: int) -> None:
        with self._lock:
            if closings != self._closings:
                line.close()
                return
            line.rests_since = time.monotonic()
            rest = self._resting.setdefault(place, deque())
            rest.append(line)
            if len(rest) > _MOST_KEPT:
                rest.popleft().close()


def _close_old(resting: dict[_Place, deque[Line]], oldest: float) -> None:
    for rest in resting.values():
        while rest and rest[0].rests_since <= oldest:
            rest.popleft().close()


def _close_all(resting: dict[_Place, deque[Line]]) -> None:
    for rest in resting.values():
        while rest:
            rest.pop().close()
    resting.clear()


def _lost(error: Exception, sent: bool, ends: float) -> NoReply:
    what = "the deadline came" if time.monotonic() >= ends - SLACK else type(error).__name__
    return NoReply(sent, f"{'no answer' if sent else 'not sent'}: {what}")


@lru_cache(maxsize=1024)
def _way(address: str, networks: tuple[str, ...], ca: str, certificate: str) -> _Way:
    """The way to an address, which is taken apart as the library requests does it."""
    prepared = requests.Request("GET", address).prepare()
    parts = urlsplit(prepared.url or "")
    secure = parts.scheme == "https"
    place = _Place(secure, parts.hostname or "", parts.port or (443 if secure else 80), networks, ca, certificate)
    return _Way(place, f"{prepared.path_url} HTTP/1.1\r\nHost: {parts.netloc}\r\n{_COMMON}")


def _errand(call: Call, body: Body, ends: float, closings: int) -> _Errand:
    """A call made ready; ValueError for what cannot be sent."""
    repeatable = body.honours_keys or call.method == "GET"
    settings = body.settings
    way = _way(call.address, body.networks, settings.get("ca", ""), settings.get("client_certificate", ""))
    return _Errand(way.place, _written(call, way.opening, repeatable), ends, body.answer_cap, repeatable, closings)


def _written(call: Call, opening: str, keep: bool) -> bytes:
    """The request as it goes over the wire."""
    check_headers(call.headers)
    own = "".join([f"{name}: {value}\r\n" for name, value in call.headers.items()])
    size = f"Content-Length: {len(call.content)}\r\n" if call.method == "POST" else ""
    last = "" if keep else "Connection: close\r\n"
    head = f"{call.method} {opening}{own}{size}{last}\r\n"
    return head.encode("ascii") + call.content


def _open(place: _Place, ends: float) -> Line:
    """A new connection, to the first address of the name that may be reached and takes it."""
    failed: OSError = ConnectionRefusedError("the name leads to an address outside the deployment's")
    context = _context(place) if place.secure else None
    for family, kind, protocol, _, address in socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM):
        if not may_reach(str(address[0]), place.host, place.networks):
            continue
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(min(CONNECT_SECONDS, left_until(ends)))
            plain.connect(address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(left_until(ends))
            return Line(context.wrap_socket(plain, server_hostname=place.host) if context else plain)
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
