"""HTTP on raw streams: what a framework would not let a department do (reset, drip, lie about length) and a caller."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

MOST_HEAD = 65_536
MOST_BODY = 4_000_000
BOMB = gzip.compress(b"0" * 20_000_000)
PAGE = "<!doctype html><title>系统维护</title><p>系统维护中</p>".encode()
HANG_SECONDS = 40.0
DRIP_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    parted = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in parted}
    try:
        body = await reader.readexactly(min(int(headers.get("content-length") or 0), MOST_BODY))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, *_ = first.split(" ")
    return Request(method, path, headers, body)


def answer(status: int, content: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
    """A well-formed answer with JSON, or bytes as they are."""
    body = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
    shown = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in shown.items())
    return f"HTTP/1.1 {status} .\r\n{lines}\r\n".encode() + body


def odd_answer(name: str, number: float, good: Mapping[str, Any]) -> bytes:
    """The bytes of an answer after the effect that a well-behaved system would not give."""
    gbk = json.dumps({"结果": "已收件", **good}, ensure_ascii=False).encode("gbk")
    made = {
        "odd": lambda: answer(200, {"code": 0, "msg": "ok", "data": [[]]}),
        "html": lambda: answer(200, PAGE, {"Content-Type": "text/html"}),
        "500": lambda: answer(500, {"error": "NullPointerException"}),
        "bomb": lambda: answer(200, BOMB, {"Content-Encoding": "gzip"}),
        "redirect": lambda: answer(307, None, {"Location": "http://127.0.0.1:9/elsewhere"}),
        "length": lambda: answer(201, dict(good), {"Content-Length": "4000"}),
        "gbk": lambda: answer(200, gbk),
    }
    whole = made[name]() if name in made else answer(201, dict(good))
    return whole[:int(number)] if name == "reset" else whole


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset, so that what was sent may be lost too."""
    peer = writer.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def drip(writer: asyncio.StreamWriter, whole: bytes) -> None:
    """One byte after the other, for longer than anybody should wait."""
    for one in whole:
        writer.write(bytes([one]))
        await writer.drain()
        await asyncio.sleep(DRIP_SECONDS)


class Caller:
    """Calls one place over kept connections; an answer is a status and a body, anything else is an `OSError`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._idle: dict[str, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {}

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """One request; raises `OSError` where no whole answer came."""
        place = urlsplit(url)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        kept = self._idle.setdefault(place.netloc, [])
        line = kept.pop() if kept else None
        try:
            async with asyncio.timeout(self._seconds):
                line = line or await asyncio.open_connection(place.hostname, place.port)
                line[1].write(head.encode() + body)
                status, said, keep = await _read_answer(line[0])
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, OSError) as error:
            if line is not None:
                line[1].transport.abort()
            raise OSError(type(error).__name__) from None
        if keep:
            kept.append(line)
        else:
            line[1].close()
        return status, said

    def close(self) -> None:
        """Close what is kept."""
        for lines in self._idle.values():
            for _, writer in lines:
                writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    _, found, rest = head.partition("\r\ncontent-length:")
    size = int(rest.partition("\r\n")[0]) if found else 0
    body = await reader.readexactly(size) if size else b""
    whole = status == 204 or bool(found)
    return status, body, whole and "\r\nconnection: close" not in head
