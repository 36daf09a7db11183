"""Bodies arrive in time or not at all, so that slow uploads never starve a department's notice.

A body that is large, chunked, or not wholly here when a thread takes the request needs one of a few places; without a
free place the caller is asked to come again. Members, departments and visitors have places of their own, so that
whoever need not say who he is can only be in the way of his like; of members no one account has all places, of the
others no one network. The server waits a moment for small bodies before it gives a thread, and says how much is here. A
watchman shuts the reading side of a connection whose body is late: the read ends, the view answers 408 and the thread
is free. Without our server only the size of a body counts.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gunicorn.http.errors import ParseException

from people.guesses import network_of
from web.errors import OWN_WORDS, Problem

QUICK_BYTES = 65_536
QUICK_SECONDS = 0.2
WATCH_EVERY = 0.25
HERE = "yijianshi.body_here"  # in the environ: how many bytes of the body had come when the thread took the request
CALLER = "yijianshi.caller"  # in the environ: whose body it is, as soon as the door knows; nobody's is a visitor's
NAMED = "yijianshi.named"  # in the environ: the account or program of a member
MEMBER, DEPARTMENT, VISITOR = "member", "department", "visitor"
COME_AGAIN = {"Retry-After": "2"}
Start = Callable[..., Any]
Environ = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """How many threads there are, how long a body may take, and the bytes per second that buy more time."""

    threads: int
    seconds: float
    rate: float


@dataclass(eq=False, slots=True)
class Watched:
    """One connection that must have been read by `until` (monotonic seconds); `late` once its reading side was shut."""

    line: socket.socket
    until: float
    late: bool = False

    def cut(self) -> None:
        """Shut the reading side, which ends the read that waits."""
        self.late = True
        with contextlib.suppress(OSError):
            self.line.shutdown(socket.SHUT_RD)


class Watchman:
    """Shuts the reading side of connections that are late. Its thread starts with the first one it is given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: set[Watched] = set()
        self._awake = False

    def watch(self, line: socket.socket, seconds: float) -> Watched:
        """Watch a connection from now on; `leave` it when it was read."""
        watched = Watched(line, time.monotonic() + seconds)
        with self._lock:
            self._watched.add(watched)
            if not self._awake:
                self._awake = True
                threading.Thread(target=self._walk, name="watchman", daemon=True).start()
        return watched

    def leave(self, watched: Watched) -> None:
        """Stop watching a connection."""
        with self._lock:
            self._watched.discard(watched)

    def _walk(self) -> None:
        while True:
            time.sleep(WATCH_EVERY)
            now = time.monotonic()
            with self._lock:
                late = {watched for watched in self._watched if watched.until <= now}
                self._watched -= late
                for watched in late:  # under the lock: afterwards the connection may belong to its next request
                    watched.cut()


WATCHMAN = Watchman()


class Places:
    """Who may keep a thread waiting: of every eight threads two for visitors and two for departments, one for nobody,
    and the others for members. One account, program or network has at most half of its kind."""

    def __init__(self, threads: int) -> None:
        others = max(1, threads // 4)
        self._most = {VISITOR: others, DEPARTMENT: others,
                      MEMBER: max(1, threads - 2 * others - max(1, threads // 8))}
        self._lock = threading.Lock()
        self._held: Counter[tuple[str, ...]] = Counter()

    def take(self, environ: Environ) -> tuple[str, str] | None:
        """A place for the body of this request, None if there is none; it must be given back."""
        caller = environ.get(CALLER, VISITOR)
        who, most = environ.get(NAMED) or network_of(environ.get("REMOTE_ADDR", "")), self._most[caller]
        with self._lock:
            if self._held[caller,] >= most or self._held[caller, who] >= max(1, most // 2):
                return None
            self._held.update([(caller,), (caller, who)])
        return caller, who

    def give(self, place: tuple[str, str]) -> None:
        """Give a place back."""
        with self._lock:
            self._held.subtract([place[:1], place])
            self._held += Counter()  # forgets who has none


class Arriving(io.RawIOBase):
    """A request body as it comes in: takes a place when it is late or large, and knows whether it came whole."""

    def __init__(self, environ: Environ, pace: Pace, places: Places) -> None:
        super().__init__()
        self._environ, self._source = environ, environ["wsgi.input"]
        self._line: socket.socket | None = environ.get("gunicorn.socket")
        self._pace, self._places = pace, places
        length = environ.get("CONTENT_LENGTH") or ""
        self._length = int(length) if length.isdecimal() and length.isascii() else None
        self._chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        quick = min(QUICK_BYTES, environ.get(HERE, QUICK_BYTES))
        self._needs_place = self._chunked or (self._length or 0) > quick
        self._got = 0
        self._place: tuple[str, str] | None = None
        self._watched: Watched | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, target: Any) -> int:
        """The next bytes; raises `Problem` when there is no place, the body is late, or it was cut off."""
        if self._needs_place and self._place is None:
            self._take_place()
        try:
            data = bytes(self._source.read(len(target)))
        except ParseException as error:  # chunks that are none
            raise Problem(400, *OWN_WORDS[400]) from error
        self._got += len(data)
        target[:len(data)] = data
        if data and self._watched:
            self._watched.until += len(data) / self._pace.rate
        if not data:
            self._end()
        return len(data)

    def _take_place(self) -> None:
        """Only a body with a place may keep a thread waiting, and only until it is late."""
        self._place = self._places.take(self._environ)
        if self._place is None:
            raise Problem(503, *OWN_WORDS[503], headers=COME_AGAIN)
        if self._line is not None:
            self._watched = WATCHMAN.watch(self._line, self._pace.seconds)

    def _end(self) -> None:
        if self._watched and self._watched.late:
            raise Problem(408, *OWN_WORDS[408])
        if self._length is not None and self._got < self._length:
            raise Problem(400, "cut_off", "内容没有传完整，请检查网络后重新发送")

    def done(self) -> None:
        """Give the place back and stop the watch; called when the request ends, however it ends."""
        if self._place is not None:
            self._places.give(self._place)
            self._place = None
        if self._watched:
            WATCHMAN.leave(self._watched)


class Bodies:
    """WSGI middleware that hands every view its body as an `Arriving`."""

    def __init__(self, inner: Callable[[Environ, Start], Iterable[bytes]], pace: Pace) -> None:
        self._inner, self._pace = inner, pace
        self._places = Places(pace.threads)

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Serve one request."""
        if "wsgi.input" not in environ:
            return self._inner(environ, start)
        body = Arriving(environ, self._pace, self._places)
        environ["wsgi.input"] = body
        try:
            return self._inner(environ, start)
        finally:
            body.done()
