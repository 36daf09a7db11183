"""Makes small real papers, each labelled 示例 across the page, for the demo, the sandbox and the tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from importlib import import_module

DRAWING = "sources.drawing"  # loaded when it is first wanted: its library is large, and the portal of a city draws none


def paper(title: str, lines: Sequence[str] = (), seal: str = "") -> bytes:
    """A one-page A4 PDF with a title, some lines and a label 示例; the same input gives the same bytes."""
    drawn: bytes = import_module(DRAWING).paper(title, lines, seal)
    return drawn


def photo(width: int = 295, height: int = 413) -> bytes:
    """A PNG of a plain head and shoulders on white, for papers that must be a picture; nobody is shown."""
    head, shoulders = (width / 2, height * 0.38, width * 0.2), (width / 2, height * 1.05, width * 0.44)
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        rows += bytes(150 if _inside(x, y, head) or _inside(x, y, shoulders) else 255 for x in range(width))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (b"IHDR", header), (b"tEXt", b"Title\0sample"), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _inside(x: float, y: float, circle: tuple[float, float, float]) -> bool:
    return (x - circle[0]) ** 2 + (y - circle[1]) ** 2 <= circle[2] ** 2


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
