"""How a connection to a department comes about: somebody waits for it, or it is begun at an address that was reached a
moment ago and left alone until it is there.
"""

from __future__ import annotations

import errno
import socket
import ssl
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from connectors.certificates import Shown
from connectors.line import Line, left_until
from connectors.reach import may_reach
from connectors.transport import CONNECT_SECONDS

REMEMBERED_SECONDS = 30.0


class Place(NamedTuple):
    """What has to be equal for two messages to share a connection."""

    secure: bool
    host: str
    port: int
    networks: tuple[str, ...]
    ca: str
    certificate: str


class _Reached(NamedTuple):
    """An address at which a place took a connection, and until when that is believed."""

    family: int
    kind: int
    protocol: int
    address: Any
    until: float


class Openings:
    """Opens connections, and remembers where and until when the certificate there is good. Shared by threads."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._reached: dict[Place, _Reached] = {}

    def opened(self, place: Place, ends: float) -> Line:
        """A new connection, to the first address of the name that may be reached and takes it; OSError."""
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
                line = Line(context.wrap_socket(plain, server_hostname=place.host) if context else plain)
            except OSError as error:
                plain.close()
                failed = error
                continue
            self._shown.note(place.host, place.port, line.wire.socket)
            self._reached[place] = _Reached(family, kind, protocol, address, time.monotonic() + REMEMBERED_SECONDS)
            return line
        raise failed

    def begun(self, place: Place) -> Line | None:
        """A connection that is on its way; None where one has to be waited for, because a name must be looked up or a
        certificate be checked."""
        reached = self._reached.get(place)
        if place.secure or reached is None or reached.until < time.monotonic():
            return None
        plain = socket.socket(reached.family, reached.kind, reached.protocol)
        try:
            plain.setblocking(False)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if plain.connect_ex(reached.address) in (0, errno.EINPROGRESS):
                return Line(plain)
        except OSError:
            pass  # whoever opens one and waits for it meets the same, and tells
        plain.close()
        return None

    def forget(self, place: Place) -> None:
        """It was not reached where it was a moment ago."""
        self._reached.pop(place, None)


def _context(place: Place) -> ssl.SSLContext:
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
