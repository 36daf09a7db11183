"""What a picture tells beside the picture (where and when it was taken, by whom, with what), and a copy without it.

A picture is walked segment by segment and never decoded: what makes up the picture, its colours and which side is up
stays byte for byte, everything else goes. What cannot be walked to its end is left as it is. The walk is done apart
(`desk.uploads.opened`); here the copy is made by the places that it found.
"""

from __future__ import annotations

import mmap
import re
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO, BinaryIO, NamedTuple

from desk.uploads.apart import APART, NoVerdict

Raw = bytes | mmap.mmap
TELLS = "tells-"  # before an ending: the question what a picture of it tells
PIECE = 1 << 20
MOST_EDITS = 200
EXIF, ICC, ADOBE = b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe"
ORIENTATION, SHORT = 0x0112, 3
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_SHORTEST_MARK = 2
_NEXT_MARK = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # within a scan 0xFF is followed by 0, or by a restart
_PNG = b"\x89PNG\r\n\x1a\n"
_LOOKS = frozenset({  # chunks that a picture is made of, or looks by
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"hIST", b"pHYs",
    b"sPLT", b"cICP", b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT"})
_ANCILLARY = 0x20  # of a chunk's first letter: whoever does not know it may leave it out


class NotWalked(ValueError):
    """This picture is not as its format says, or in more pieces than anybody makes."""


class Edit(NamedTuple):
    """From `start` to `end` there is `put` instead."""

    start: int
    end: int
    put: bytes = b""


def walk_jpeg(raw: Raw) -> list[Edit]:
    """What is left out of a JPEG: every application segment but JFIF's, Adobe's and the colour profile, every comment,
    and whatever follows its end. Which side is up is put back, alone."""
    edits, at, turned = list[Edit](), 2, False
    if raw[:2] != b"\xff\xd8":
        raise NotWalked
    while (mark := _mark(raw, at)) != _END:
        stop = at + 2 + _number(raw, ">H", at + 2)
        if stop < at + 2 + _SHORTEST_MARK or stop > len(raw) or mark == _START:
            raise NotWalked
        if not _makes_jpeg(mark, raw[at + 4:min(stop, at + 4 + len(ICC))]):
            side = 1 if turned else _side(raw[at + 10:stop]) if raw[at + 4:at + 10] == EXIF else 1
            turned = turned or side > 1
            edits.append(Edit(at, stop, _jpeg_side(side)))
        at = _after_scan(raw, stop) if mark == _SCAN else stop
    edits.append(Edit(at + 2, len(raw)))
    return _joined(raw, edits)


def _mark(raw: Raw, at: int) -> int:
    """The mark of the segment at a place."""
    if raw[at:at + 1] != b"\xff":
        raise NotWalked
    return _number(raw, ">B", at + 1)


def _makes_jpeg(mark: int, begins: bytes) -> bool:
    if mark == _APP2:
        return begins.startswith(ICC)
    if mark == _APP14:
        return begins.startswith(ADOBE)
    return mark == _APP0 or not (_APP0 < mark <= _APP15 or mark == _COMMENT)


def _after_scan(raw: Raw, at: int) -> int:
    """Where the first segment behind a scan's data begins."""
    found = _NEXT_MARK.search(raw, at)
    if found is None:
        raise NotWalked
    return found.start()


def _jpeg_side(side: int) -> bytes:
    if side == 1:
        return b""
    told = EXIF + _tiff(side)
    return b"\xff\xe1" + struct.pack(">H", len(told) + 2) + told


def walk_png(raw: Raw) -> list[Edit]:
    """What is left out of a PNG: every chunk that it does not look by, and whatever follows its end. Which side is up
    is put back, alone."""
    edits, at, kind, turned = list[Edit](), len(_PNG), b"", False
    if raw[:at] != _PNG:
        raise NotWalked
    while kind != b"IEND":
        stop, kind = at + 12 + _number(raw, ">I", at), raw[at + 4:at + 8]
        if stop > len(raw) or (kind not in _LOOKS and not kind[0] & _ANCILLARY):
            raise NotWalked
        if kind not in _LOOKS:
            side = _side(raw[at + 8:stop - 4]) if kind == b"eXIf" and not turned else 1
            turned = turned or side > 1
            edits.append(Edit(at, stop, _png_side(side)))
        at = stop
    edits.append(Edit(at, len(raw)))
    return _joined(raw, edits)


def _png_side(side: int) -> bytes:
    if side == 1:
        return b""
    told = b"eXIf" + _tiff(side)
    return struct.pack(">I", len(told) - 4) + told + struct.pack(">I", zlib.crc32(told))


def _side(tiff: bytes) -> int:
    """Which side of a picture is up as its EXIF says; 1, as it lies, where that says nothing that can be read."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        first = _number(tiff, order + "I", 4)
        for place in range(first + 2, first + 2 + 12 * _number(tiff, order + "H", first), 12):
            if (_number(tiff, order + "H", place), _number(tiff, order + "H", place + 2)) == (ORIENTATION, SHORT):
                side = _number(tiff, order + "H", place + 8)
                return side if side in range(1, 9) else 1
    except NotWalked:
        pass
    return 1


def _tiff(side: int) -> bytes:
    """An EXIF that says which side is up and nothing else."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, SHORT, 1, side, 0, 0)


def _number(raw: Raw, shape: str, at: int) -> int:
    """The number that stands at a place; `NotWalked` if the picture ends before."""
    try:
        found: int = struct.unpack_from(shape, raw, at)[0]
    except struct.error:
        raise NotWalked from None
    return found


def _joined(raw: Raw, edits: list[Edit]) -> list[Edit]:
    """The same with neighbours as one, and without those that change nothing."""
    made: list[Edit] = []
    for edit in edits:
        if made and made[-1].end == edit.start:
            made[-1] = Edit(made[-1].start, edit.end, made[-1].put + edit.put)
        elif raw[edit.start:edit.end] != edit.put:
            made.append(edit)
    if len(made) > MOST_EDITS:
        raise NotWalked
    return made


WALKS: Mapping[str, Callable[[Raw], list[Edit]]] = {"jpg": walk_jpeg, "png": walk_png}


def bare(opened: BinaryIO, ending: str) -> IO[bytes] | None:
    """A copy of a picture that tells nothing beside the picture, without a name; None for what is no picture, tells
    nothing, or cannot be walked. `Busy` if too many files are being opened already."""
    if ending not in WALKS:
        return None
    try:
        found = APART.asked(opened, TELLS + ending)
    except NoVerdict:
        return None
    edits = [Edit(start, end, bytes.fromhex(put)) for start, end, put in found]
    if not edits:
        return None
    copy = tempfile.TemporaryFile()  # noqa: SIM115  # whoever asked closes it
    for piece in _pieces(opened, edits):
        copy.write(piece)
    copy.seek(0)
    return copy


def _pieces(opened: BinaryIO, edits: list[Edit]) -> Iterator[bytes]:
    """The bytes of a file with its edits made."""
    at = 0
    for edit in [*edits, Edit(opened.seek(0, 2), 0)]:
        opened.seek(at)
        while at < edit.start:
            piece = opened.read(min(PIECE, edit.start - at))
            at += len(piece)
            yield piece
        yield edit.put
        at = edit.end
