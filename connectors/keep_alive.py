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
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from connectors.answers import NoReply, Reply
from connectors.base import Body, Heard
from connectors.certificates import Shown
from connectors.line import SLACK, Line
from connectors.opening import Openings, Place
from connectors.transport import COMMON_HEADERS, CONNECT_SECONDS, Call, check_headers

_MOST_KEPT = 256
_MOST_AT_ONCE = 12_000  # bytes that the sending buffer of a resting connection takes without waiting
_COMMON = "".join(f"{name}: {value}\r\n" for name, value in COMMON_HEADERS.items())


class _Way(NamedTuple):
    """How calls get to an address: the place, and what stands behind the method in the head of each."""

    place: Place
    opening: str


class _Errand(NamedTuple):
    """A call on its way: where to, its bytes, until when, and whether it may leave twice; `closings` tells whether the
    kept connections were closed meanwhile."""

    place: Place
    data: bytes
    ends: float
    cap: int
    repeatable: bool
    closings: int


class Begun:
    """A call that left, and whose answer nobody waits for: over a kept connection, or over one that `opens` first."""

    def __init__(self, carry: Callable[[_Errand, Line | None, bool], Reply | NoReply], errand: _Errand, line: Line,
                 opens: bool = False) -> None:
        self._carry, self._errand, self._line = carry, errand, line
        self.opens, self._opens_by = opens, min(errand.ends, time.monotonic() + CONNECT_SECONDS)
        self._failed: OSError | None = None
        self._unreached = False
        if not opens:
            self._say()

    @property
    def ends(self) -> float:
        """When the answer must have come, or before that the connection."""
        return self._opens_by if self.opens else self._errand.ends

    @property
    def odd(self) -> bool:
        """Whether `finish` may have to wait, so that a thread has to do it."""
        return self._failed is not None

    def fileno(self) -> int:
        """What becomes readable when something of the answer comes, and writable once it is open."""
        return self._line.wire.socket.fileno()

    def listen(self) -> Heard:
        """Take in what has come, without waiting; the message leaves once the connection is there."""
        try:
            if self.opens:
                return self._opened()
            return self._line.listen() if self._failed is None else Heard.ODD
        except OSError as error:
            self._failed = error
            return Heard.ODD

    def _opened(self) -> Heard:
        self.opens = False
        self._unreached = self._line.wire.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
        if self._unreached:
            return Heard.ODD
        self._say()
        return Heard.PART if self._failed is None else Heard.ODD

    def _say(self) -> None:
        try:
            self._line.say(self._errand.data, self._errand.ends, patient=False)
        except OSError as error:
            self._failed = error

    def finish(self) -> Reply | NoReply:
        """The answer, once all of it came or its time is over; else this waits, and may call again elsewhere."""
        if self._unreached:  # the name may lead to other addresses
            self._line.close()
            return self._carry(self._errand, None, False)
        if self.opens:
            self._failed = TimeoutError("it took too long to connect")
        if self._failed is not None:
            self._line.wire.fail(self._failed)
        return self._carry(self._errand, self._line, True)

    def close(self) -> None:
        """Hear nothing more: the connection ends."""
        self._line.close()


class KeepAlive:
    """The transport of `rest`. At most 256 connections to one place rest. One that rested for `longest_rest`
    seconds may be forgotten on its way by now: it is not used again, and closed when the next one is opened."""

    def __init__(self, longest_rest: float = 30.0, shown: Shown | None = None) -> None:
        self._longest_rest = longest_rest
        self._resting: dict[Place, deque[Line]] = {}
        self._lock = threading.Lock()
        self._closings = 0
        self._openings = Openings(shown or Shown())
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
        """Send a call and come back without its answer; None where `call` has to do it: for what is long, and where
        there is no kept connection and a new one may have to be waited for."""
        if len(call.content) > _MOST_AT_ONCE:
            return None
        try:
            errand = _errand(call, body, time.monotonic() + body.deadline, self._closings)
        except ValueError:
            return None
        line = self._take(errand.place) if errand.repeatable else None
        if line is not None:
            return Begun(self._carry, errand, line)
        line = self._openings.begun(errand.place)
        return None if line is None else Begun(self._carry, errand, line, opens=True)

    def _carry(self, errand: _Errand, line: Line | None, said: bool = False) -> Reply | NoReply:
        """Send what was not `said` yet on this line, or on a new one, and read the answer."""
        sent = False
        while True:
            try:
                line = line or self._openings.opened(errand.place, errand.ends)
                if not said:
                    line.say(errand.data, errand.ends)
                reply = line.answer(errand.cap)
            except (OSError, HTTPException, ValueError) as error:
                sent = sent or (line is not None and line.wire.sent)
                if not sent:
                    self._openings.forget(errand.place)
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

    def _take(self, place: Place) -> Line | None:
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

    def _keep(self, place: Place, line: Line, closings: int) -> None:
        with self._lock:
            if closings != self._closings:
                line.close()
                return
            line.rests_since = time.monotonic()
            rest = self._resting.setdefault(place, deque())
            rest.append(line)
            if len(rest) > _MOST_KEPT:
                rest.popleft().close()


def _close_old(resting: dict[Place, deque[Line]], oldest: float) -> None:
    for rest in resting.values():
        while rest and rest[0].rests_since <= oldest:
            rest.popleft().close()


def _close_all(resting: dict[Place, deque[Line]]) -> None:
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
    place = Place(secure, parts.hostname or "", parts.port or (443 if secure else 80), networks, ca, certificate)
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
