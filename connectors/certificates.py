"""When certificates end: those that departments show, noted as a connection is opened, and those in files of ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509

SERVER, OURS, AUTHORITY = "server", "client_certificate", "ca"
IN_FILES = (OURS, AUTHORITY)


class Expiry(NamedTuple):
    """When a certificate ends that an office is reached with: its own (`server`), the one that we show
    (`client_certificate`), or the last of those that we believe (`ca`)."""

    what: str
    at: datetime


class Shown:
    """Until when the certificates are good that were shown to us last, by place. Shared by threads."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, int], datetime] = {}

    def note(self, host: str, port: int, wire: object) -> None:
        """A connection was opened; nothing is noted of one without TLS."""
        ends = (wire.getpeercert() or {}).get("notAfter") if isinstance(wire, ssl.SSLSocket) else None
        if isinstance(ends, str):
            self._ends[host, port] = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)

    def at(self, address: str) -> datetime | None:
        """Until when that of an address is good; None if no connection was opened to it yet."""
        parts = urlsplit(address)
        return self._ends.get((parts.hostname or "", parts.port or 443)) if parts.scheme == "https" else None


def in_files(settings: Mapping[str, str]) -> Iterator[Expiry]:
    """The expiries of the files that an office's settings name; a file that cannot be read has none, and says so when
    it is used."""
    for what in IN_FILES:
        path = Path(settings.get(what, ""))
        if what in settings and path.is_file() and (ends := _ends(path, path.stat().st_mtime_ns)):
            # Ours is the first in its file, before those that vouch for it. Of authorities one is enough.
            yield Expiry(what, ends[0] if what == OURS else max(ends))


@lru_cache(maxsize=256)
def _ends(path: Path, changed: int) -> tuple[datetime, ...]:  # noqa: ARG001  # read anew when the file was replaced
    try:
        return tuple(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError):
        return ()
