"""What a file really is, by its bytes: an allow-list of types, each opened far enough to be believed.

A name or a declared type decides nothing but disagreement. Refused are empty and cut files, active content (scripts,
launches, attachments, macros), bombs (pixels, unpacked size) and files that are two things at once. What can unfold
when it is opened is opened apart.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import filetype

from desk.uploads.apart import APART, NoVerdict

MOST_PIXELS = 60_000_000
HEAD, TAIL = 8_192, 70_000
ZIP_END = b"PK\x05\x06"
SCRIPTED = (b"<html", b"<script", b"<svg", b"<!doctype")
LONGEST_SIDE = 30_000
LONGEST_NAME = 200
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]')


class BadFile(ValueError):
    """This file cannot be taken; the message says in Chinese why and what to do."""

    def __init__(self, code: str, say: str) -> None:
        super().__init__(say)
        self.code = code
        self.say = say


@dataclass(frozen=True, slots=True)
class FileKind:
    """An allowed type: its media type, its usual ending, other endings, and the check of its structure."""

    type: str
    ending: str
    others: tuple[str, ...]
    check: Callable[[BinaryIO], None]

    def named(self, name: str) -> str:
        """The name with this kind's ending, if it has none."""
        return name if "." in name else f"{name}.{self.ending}"


def clean_name(name: str) -> str:
    """A name fit to show and to send back: no folders, no control or turning characters, at most 200 characters.

    It is data: nothing is ever stored under it.
    """
    last = re.split(r"[/\\]", name)[-1].encode("utf-8", "replace").decode()
    return clipped(_UNFIT.sub("", last).strip(" .") or "未命名", LONGEST_NAME)


def clipped(name: str, most: int) -> str:
    """A name of at most so many characters, with its ending."""
    stem, dot, ending = name.rpartition(".")
    return name if len(name) <= most else f"{stem[:most - 10]}{dot}{ending[-9:]}" if stem else name[:most]


def refuse_claim(kind: FileKind, claimed: str) -> None:
    """`BadFile` if somebody says of a file of `kind` that it is of another type."""
    if claimed not in ("", "application/octet-stream", kind.type):
        say = f"Content-Type 写的是 {claimed[:60]}，内容却是 {kind.type}，请核对后重新上传"
        raise BadFile("file_type_differs", say)


def kind_of(path: Path, name: str) -> FileKind:
    """The kind of the file at `path`, whose given name is `name`; raises `BadFile`."""
    with path.open("rb") as opened:
        head = opened.read(HEAD)
        if not head:
            raise BadFile("empty_file", "文件是空的(0 字节)，请重新选择文件")
        found = KINDS.get(_guess(head))
        if found is None:
            raise BadFile("file_type", "不能使用这种文件，请上传 PDF、JPG、PNG、OFD 或 DWG 文件")
        ending = name.rpartition(".")[2].lower() if "." in name else found.ending
        if ending not in (found.ending, *found.others):
            differs = f"文件名以 .{ending[:10]} 结尾，内容却是 {found.ending.upper()}，请核对后重新上传"
            raise BadFile("file_type_differs", differs)
        _refuse_double(opened, head, found)
        opened.seek(0)
        found.check(opened)
    return found


def _guess(head: bytes) -> str:
    """The type that the first bytes name; the types of `filetype` and DWG by its version mark."""
    if head[:4] == b"AC10" and head[4:6].isdigit():
        return "image/vnd.dwg"
    guess = filetype.guess(head)
    return str(guess.mime) if guess else ""


def _refuse_double(opened: BinaryIO, head: bytes, found: FileKind) -> None:
    """Refuse what another reader would take for something else."""
    size = opened.seek(0, 2)
    opened.seek(max(0, size - TAIL))
    tail = opened.read()
    is_zip = found.ending == "ofd"
    lower = head[:1024].lower()
    double = (not is_zip and ZIP_END in tail) or any(mark in lower for mark in SCRIPTED)
    if double or (found.ending != "pdf" and b"%PDF-" in head):
        raise BadFile("file_double", "文件里夹带了另一种内容，请用原软件重新导出后上传")


def _check_png(opened: BinaryIO) -> None:
    head = opened.read(33)
    if len(head) < 33 or head[12:16] != b"IHDR":
        raise BadFile("file_damaged", "图片已损坏，请重新拍照或导出")
    width, height = struct.unpack(">II", head[16:24])
    _refuse_pixels(width, height)
    size = opened.seek(0, 2)
    opened.seek(max(0, size - 12))
    if opened.read()[4:8] != b"IEND":
        raise BadFile("file_damaged", "图片不完整，请重新拍照或导出")


def _check_jpeg(opened: BinaryIO) -> None:
    width, height = _jpeg_size(opened)
    _refuse_pixels(width, height)
    size = opened.seek(0, 2)
    opened.seek(max(0, size - TAIL))
    if b"\xff\xd9" not in opened.read():
        raise BadFile("file_damaged", "图片不完整，请重新拍照或导出")


def _jpeg_size(opened: BinaryIO) -> tuple[int, int]:
    """Width and height from the first frame header, walking the segments before it."""
    opened.seek(2)
    for _ in range(200):
        mark = opened.read(4)
        if len(mark) < 4 or mark[0] != 0xFF:
            break
        length = struct.unpack(">H", mark[2:])[0]
        if 0xC0 <= mark[1] <= 0xCF and mark[1] not in (0xC4, 0xC8, 0xCC):
            frame = opened.read(5)
            if len(frame) == 5:
                height, width = struct.unpack(">HH", frame[1:])
                return width, height
            break
        opened.seek(length - 2, 1)
    raise BadFile("file_damaged", "图片已损坏，请重新拍照或导出")


def _refuse_pixels(width: int, height: int) -> None:
    if not width or not height or width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise BadFile("file_pixels", f"图片尺寸 {width}×{height} 不能使用，请缩小到 6000 万像素以内")


def _check_apart(ending: str) -> Callable[[BinaryIO], None]:
    """A check of what costs as much as its author likes."""
    def check(opened: BinaryIO) -> None:
        try:
            verdict = APART.verdict(opened, ending)
        except NoVerdict as error:
            raise BadFile("file_too_complex", "文件内容太复杂，请另存为普通 PDF 后上传") from error
        if verdict:
            raise BadFile(*verdict)
    return check


def _check_nothing(_opened: BinaryIO) -> None:
    """A drawing's own format is closed; its mark and its ending are all that can be told."""


KINDS: Mapping[str, FileKind] = {
    "application/pdf": FileKind("application/pdf", "pdf", (), _check_apart("pdf")),
    "image/jpeg": FileKind("image/jpeg", "jpg", ("jpeg",), _check_jpeg),
    "image/png": FileKind("image/png", "png", (), _check_png),
    "application/zip": FileKind("application/ofd", "ofd", (), _check_apart("ofd")),
    "image/vnd.dwg": FileKind("image/vnd.dwg", "dwg", (), _check_nothing),
}
