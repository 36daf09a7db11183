"""What carries one request to a department and brings its answer back. Two do it, under this one contract:

`KeepAlive` (`connectors/keep_alive.py`), which `rest` uses, and `ByRequests` (`connectors/by_requests.py`) on the
library requests, for your own connectors and wherever `settings: {transport: requests}` asks for it. Both have one
total deadline for an attempt, read at most `answer_cap` bytes, end only where the body's networks allow, follow no
redirects, use no proxies and keep no cookies; the same tests run against both.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from connectors.answers import NoReply, Reply
from connectors.base import Body

COMMON_HEADERS: Mapping[str, str] = {
    "Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "yijianshi/1"}
CONNECT_SECONDS = 5.0
TRANSPORTS = ("keep_alive", "requests")


class Call(NamedTuple):
    """One request: `headers` beside the common ones, `content` the bytes of a POST."""

    method: str
    address: str
    headers: Mapping[str, str]
    content: bytes = b""


class Transport(Protocol):
    """Shared by threads; keeps connections alive."""

    def call(self, call: Call, body: Body) -> Reply | NoReply:
        """Make one attempt; nothing is raised for what a network can do."""

    def close(self) -> None:
        """Close the kept connections."""


class BadHeader(ValueError):
    """This text cannot stand in a header: it would end the line and begin another."""


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse, before a byte is sent, what is not printable ASCII."""
    text = "".join(headers.values())
    if not (text.isascii() and text.isprintable()):
        raise BadHeader


def framing(status: int, headers: Mapping[str, str]) -> tuple[bool, int | None] | None:
    """How an answer with these headers (names in lower case) says where it ends: whether it comes in chunks, and else
    its length; (False, None) is the end of the connection. None: in another coding than chunked, or with a length that
    is none or several. Then the status counts, and what follows it cannot be believed."""
    if status in {101, 204, 304}:
        return False, 0
    length, coding = headers.get("content-length", ""), headers.get("transfer-encoding", "").lower()
    if coding not in {"", "identity"}:
        return (True, None) if coding == "chunked" else None
    if "," in length:
        length, *others = (part.strip() for part in length.split(","))
        if any(other != length for other in others):
            return None
    if length.isascii() and length.isdigit() and len(length) < 16:
        return False, int(length)
    return None if length else (False, None)


def unpacked(raw: bytes, encoding: str, cap: int) -> tuple[bytes, bool]:
    """The decoded content, no further than `cap`, and whether it is not all there. We asked for no packing; gzip
    comes all the same."""
    if encoding.lower() in {"", "identity"} or not raw:
        return raw[:cap], len(raw) > cap
    if encoding.lower() not in {"gzip", "x-gzip", "deflate"}:
        return b"", True
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        content = unpack.decompress(raw, cap + 1)
    except zlib.error:
        return b"", True
    return content[:cap], len(content) > cap or not unpack.eof
