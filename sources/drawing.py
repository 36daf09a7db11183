"""Draws the papers of `sources/papers.py` as PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf

LABEL = "示例"
_LEFT, _TOP, _LINE = 70, 760, 26
_MOST_LINES = 24
_LONGEST_LINE = 40


def paper(title: str, lines: Sequence[str] = (), seal: str = "") -> bytes:
    """What `sources/papers.py` says.

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
