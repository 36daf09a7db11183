"""Makes small real PDF papers, each labelled 示例 across the page, for the demo, the sandbox and the tests."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf

LABEL = "示例"
_LEFT, _TOP, _LINE = 70, 760, 26
_MOST_LINES = 24
_LONGEST_LINE = 40


def paper(title: str, lines: Sequence[str] = (), seal: str = "") -> bytes:
    """A one-page A4 PDF with a title, some lines and a label 示例; the same input gives the same bytes.

    The Chinese font is one that every reader has by name (Adobe-GB1), so nothing is embedded.
    """
    pdf = Pdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    page = pdf.pages[0]
    page.Resources = Dictionary(Font=Dictionary(F1=pdf.make_indirect(_font())))
    shown = [line[:_LONGEST_LINE] for line in lines[:_MOST_LINES]]
    marks = [_text(150, 380, 150, LABEL, grey=0.9), _text(_LEFT, _TOP, 22, title[:24])]
    marks += [_text(_LEFT, _TOP - 50 - _LINE * at, 13, line) for at, line in enumerate(shown)]
    marks.append(_text(_LEFT, 60, 11, f"{LABEL}材料，不具有法律效力 {seal}".strip()))
    page.Contents = pdf.make_stream(b"\n".join(marks))
    pdf.docinfo["/Title"] = f"{title}({LABEL})"
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, compress_streams=True)
    return out.getvalue()


def _font() -> pikepdf.Object:
    inner = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name("/STSong-Light"), DW=1000,
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="GB1", Supplement=4),
        FontDescriptor=Dictionary(
            Type=Name.FontDescriptor, FontName=Name("/STSong-Light"), Flags=6, ItalicAngle=0, Ascent=752, Descent=-271,
            CapHeight=737, StemV=58, FontBBox=Array([-25, -254, 1000, 880])))
    return Dictionary(
        Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/STSong-Light"), Encoding=Name("/UniGB-UCS2-H"),
        DescendantFonts=Array([inner]))


def _text(left: int, base: int, size: int, text: str, grey: float = 0.0) -> bytes:
    # Signs outside the first plane cannot be written in UCS2; a visible mark is better than a broken page.
    code = "".join(sign if ord(sign) < 0x10000 else "〓" for sign in text).encode("utf-16-be").hex()
    return f"BT {grey} g /F1 {size} Tf {left} {base} Td <{code}> Tj ET".encode()


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
