"""clamd, the daemon of ClamAV: a file is streamed to it (INSTREAM) over TCP or a Unix socket, and it says one line.

Its answers are read strictly: anything but the four that it has is no verdict. One connection for each file.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from connectors.scanners import CUT, NOTHING, TOO_LATE, Looked, Place, is_near

CHUNK = 65_536
LONGEST_ANSWER = 1_024
_CONNECT_SECONDS = 3.0
_PING_SECONDS = 3.0
_LENGTH = struct.Struct(">I")
_FOUND = re.compile(r"stream: ([\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?) FOUND", re.ASCII)
_TOO_LARGE = "INSTREAM size limit exceeded. ERROR"


class Clamd:
    """A clamd at one place; shared by threads. `anywhere`: its address need not be a private one."""

    def __init__(self, place: Place, *, anywhere: bool = False) -> None:
        self._place, self._anywhere = place, anywhere

    @property
    def name(self) -> str:
        """Where it is."""
        return str(self._place)

    def look(self, chunks: Iterable[bytes], seconds: float) -> Looked:
        """Stream one file and read the verdict."""
        try:
            with self._talk(seconds) as talk:
                return _verdict(talk.ask(b"zINSTREAM\0", chunks))
        except _Gone as gone:
            return Looked("away", str(gone))

    def answers(self) -> bool:
        """Whether it says PONG to PING."""
        try:
            with self._talk(_PING_SECONDS) as talk:
                return talk.ask(b"zPING\0", None) == b"PONG\0"
        except _Gone:
            return False

    @contextmanager
    def _talk(self, seconds: float) -> Iterator[_Talk]:
        """A connection for one question; `_Gone` where there is none."""
        talk = _Talk(seconds)
        talk.begin(self._place, anywhere=self._anywhere)
        with talk.line:
            yield talk


class _Gone(Exception):
    """There was no answer; the message is a stable word."""


class _Talk:
    """One connection with one deadline for all of it, whatever the other side does."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self.line: socket.socket

    def begin(self, place: Place, *, anywhere: bool) -> None:
        """Connect to the first address that answers; `_Gone`."""
        for family, peer in _peers(place):
            if not place.path and not anywhere and not is_near(str(peer[0])):
                raise _Gone("not a private address")
            self.line = socket.socket(family, socket.SOCK_STREAM)
            try:
                self.line.settimeout(min(_CONNECT_SECONDS, self._left()))
                self.line.connect(peer)
            except OSError:
                self.line.close()
            else:
                return
        raise _Gone("no connection")

    def ask(self, command: bytes, chunks: Iterable[bytes] | None) -> bytes:
        """Send a command, with a stream if there is one, and read the answer; `_Gone`. What `chunks` raises goes
        through. Who does not want the rest of a stream says so and hangs up, so what could not be sent is no matter
        as long as an answer came."""
        sent = self._send(command)
        for chunk in chunks or ():
            for at in range(0, len(chunk), CHUNK):
                piece = chunk[at:at + CHUNK]
                sent = sent and self._send(_LENGTH.pack(len(piece)) + piece)
            if not sent:
                break
        if sent and chunks is not None:
            self._send(_LENGTH.pack(0))
        return self._answer()

    def _send(self, raw: bytes) -> bool:
        """Send all of it; False if the other side takes no more."""
        try:
            self.line.settimeout(self._left())
            self.line.sendall(raw)
        except TimeoutError:
            raise _Gone(TOO_LATE) from None
        except OSError:
            return False
        return True

    def _answer(self) -> bytes:
        """What comes until the mark of its end, or the end of the connection."""
        heard = b""
        while b"\0" not in heard and len(heard) <= LONGEST_ANSWER:
            try:
                self.line.settimeout(self._left())
                part = self.line.recv(LONGEST_ANSWER)
            except TimeoutError:
                raise _Gone(TOO_LATE) from None
            except OSError:
                part = b""
            if not part:
                break
            heard += part
        if not heard:
            raise _Gone(NOTHING)
        return heard

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise _Gone(TOO_LATE)
        return left


def _peers(place: Place) -> list[tuple[socket.AddressFamily, Any]]:
    """The addresses that a place stands for; none for a name that nobody knows."""
    if place.path:
        return [(socket.AF_UNIX, place.path)]
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [(family, peer) for family, _, _, _, peer in found]


def _verdict(heard: bytes) -> Looked:
    """The meaning of an answer. One that was cut, or goes on behind its end, says nothing."""
    with suppress(UnicodeDecodeError):
        text = heard.decode("ascii")
        said = text.removesuffix("\0")
        if text == said:
            return Looked("away", CUT)
        if said == "stream: OK":
            return Looked("clean")
        if (found := _FOUND.fullmatch(said)) is not None:
            return Looked("infected", found[1])
        if said == _TOO_LARGE:
            return Looked("unable", "larger than the scanner takes")
        if said.endswith(" ERROR") and "\0" not in said:
            return Looked("unable", "scanner error")
    return Looked("unable", "strange answer")
