"""What a file has inside, looked at in a process that may use little (see `desk.uploads.apart`).

`python -m desk.uploads.opened` reads its standard input, a socket: each message names a question and the seconds there
are, and brings the file and the way for the answer. Asked by an ending it is `null`, or the code and the sentence of a
refusal; asked what a picture tells beside the picture, the places of that.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import resource
import signal
import socket
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, NoReturn

import pikepdf
from pikepdf import ObjectType

from desk.uploads.content import BadFile
from desk.uploads.pictures import TELLS, WALKS, Edit, NotWalked, Raw

MOST_UNPACKED = 300_000_000
MOST_ENTRIES = 5_000
MOST_OBJECTS = 200_000
MOST_MEMORY = 640_000_000  # beside the file itself, which is mapped
MOST_CPU_SECONDS = 8
DEEPEST = 50
NICE = 10
PIECE = 1 << 20
ENTRY = b"PK\x01\x02"
ACTIVE_NAMES = frozenset({"/JavaScript", "/Launch", "/EmbeddedFile", "/RichMedia", "/ImportData", "/SubmitForm"})
ACTIVE_KEYS = frozenset({"/JS", "/EF"})
NAMING_KEYS = frozenset({"/S", "/Type", "/Subtype"})
HOLDING = frozenset({ObjectType.array, ObjectType.dictionary})
COMPLEX = BadFile("file_too_complex", "文件内容太复杂，请另存为普通 PDF 后上传")


def check_pdf(opened: BinaryIO) -> None:
    """`BadFile` for a PDF that is damaged, locked, empty, too complex, or has something active inside."""
    try:
        with pikepdf.open(opened, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise BadFile("file_locked", "PDF 加了密码，请去掉密码后重新上传")
            if len(pdf.pages) == 0:
                raise BadFile("file_damaged", "PDF 里没有页面，请重新导出后上传")
            _refuse_active(pdf)
    except pikepdf.PasswordError as error:
        raise BadFile("file_locked", "PDF 加了密码，请去掉密码后重新上传") from error
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        if isinstance(error, BadFile):
            raise
        raise BadFile("file_damaged", "PDF 已损坏或不完整，请重新导出后上传") from error


def _refuse_active(pdf: pikepdf.Pdf) -> None:
    """Refuse scripts, launches and attachments anywhere among the objects."""
    if len(pdf.objects) > MOST_OBJECTS:
        raise COMPLEX
    for thing in pdf.objects:
        _refuse_active_thing(thing, 0)


def _refuse_active_thing(thing: object, depth: int) -> None:
    """One object with what stands directly inside it; what it refers to comes by itself. What is nested deeper than
    anybody looks is refused unseen."""
    if depth > DEEPEST:
        raise COMPLEX
    inside: Iterable[object] = ()
    kind = _kind(thing)
    if kind in (ObjectType.dictionary, ObjectType.stream):
        items = dict(thing.items())  # type: ignore[attr-defined]
        _refuse_active_items(items)
        inside = items.values()
    elif kind is ObjectType.array:
        inside = thing  # type: ignore[assignment]
    for inner in inside:
        if _kind(inner) in HOLDING and not inner.is_indirect:  # type: ignore[attr-defined]
            _refuse_active_thing(inner, depth + 1)


def _refuse_active_items(items: Mapping[str, Any]) -> None:
    names = {str(items[key]) for key in NAMING_KEYS & items.keys() if _kind(items[key]) is ObjectType.name_}
    if ACTIVE_KEYS & items.keys() or names & ACTIVE_NAMES:
        raise BadFile("file_active", "PDF 里有脚本、附件或自动操作，请用“打印为 PDF”另存后上传")


def _kind(thing: object) -> ObjectType | None:
    """What a thing of a PDF is, None for numbers and the like; three times as fast as asking `isinstance`."""
    return getattr(thing, "_type_code", None)


def check_ofd(opened: BinaryIO) -> None:
    """`BadFile` for an OFD that is damaged, too complex, a bomb, or has something active inside; for other archives."""
    if _marks(opened) > MOST_ENTRIES:
        raise COMPLEX
    try:
        with zipfile.ZipFile(opened) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise BadFile("file_damaged", "OFD 已损坏或不完整，请重新导出后上传") from error
    names = {entry.filename for entry in entries}
    if "OFD.xml" not in names:
        raise BadFile("file_type", "压缩包不能作为材料，请上传 PDF、JPG、PNG、OFD 或 DWG 文件")
    bad = any(name.startswith(("/", "\\")) or ".." in name or name.lower().endswith((".js", ".exe", ".zip"))
              for name in names)
    if bad or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise BadFile("file_active", "OFD 里有不能接受的内容，请重新导出后上传")


def _marks(opened: BinaryIO) -> int:
    """How often the mark of a directory entry stands in a file: at least once for each entry. The archive's own count
    would be quicker, and nobody who reads the entries is held to it."""
    found, before = 0, b""
    opened.seek(0)
    while piece := opened.read(PIECE):
        found += (before + piece).count(ENTRY)
        before = piece[1 - len(ENTRY):]
    opened.seek(0)
    return found


def _checked(check: Callable[[BinaryIO], None]) -> Callable[[BinaryIO], Any]:
    return lambda opened: _verdict(check, opened)


def _walked(walk: Callable[[Raw], list[Edit]]) -> Callable[[BinaryIO], Any]:
    """The places of what a picture tells; none where it cannot be walked, and then it stays as it is."""
    def answer(opened: BinaryIO) -> list[tuple[int, int, str]]:
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as raw:
            try:
                return [(edit.start, edit.end, edit.put.hex()) for edit in walk(raw)]
            except NotWalked:
                return []
    return answer


QUESTIONS: Mapping[str, Callable[[BinaryIO], Any]] = {
    "pdf": _checked(check_pdf), "ofd": _checked(check_ofd),
    **{f"{TELLS}{ending}": _walked(walk) for ending, walk in WALKS.items()}}


def serve(line: socket.socket) -> None:
    """A child for every file that comes, until the other side is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ends is not waited for
    gc.freeze()
    while True:
        said, handed, *_ = socket.recv_fds(line, 64, 2)
        if not said:
            return
        try:
            if os.fork() == 0:
                line.close()
                _child(said.decode(), *handed)
        except OSError:
            pass  # no child, no answer: that is told by closing the way for it
        for number in handed:
            os.close(number)


def _child(said: str, file: int, way: int) -> NoReturn:
    """Look at one file and answer; whatever goes wrong, there is no answer."""
    try:
        question, seconds = said.split()
        _limit(os.fstat(file).st_size, int(seconds))
        with open(file, "rb") as opened:
            answer = QUESTIONS[question](opened)
        os.write(way, json.dumps(answer).encode())
    finally:
        os._exit(0)


def _limit(size: int, seconds: int) -> None:
    signal.alarm(seconds)
    os.nice(NICE)
    for what, most in ((resource.RLIMIT_AS, MOST_MEMORY + size), (resource.RLIMIT_CPU, MOST_CPU_SECONDS),
                       (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):  # a core would hold the file in clear
        resource.setrlimit(what, (most, most))


def _verdict(check: Callable[[BinaryIO], None], opened: BinaryIO) -> tuple[str, str] | None:
    try:
        check(opened)
    except BadFile as error:
        return error.code, error.say
    except (MemoryError, RecursionError):
        return COMPLEX.code, COMPLEX.say
    return None


if __name__ == "__main__":
    serve(socket.socket(fileno=0))
