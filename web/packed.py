"""All results of a case as one ZIP, written while it is sent: nothing is kept for it, however large the files are."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, count
from typing import IO, Any
from unicodedata import normalize

from flask import Response

from desk.errors import UnknownFile
from desk.uploads.content import clean_name, clipped
from desk.values import FileInfo
from web.pages.words import called
from web.uploads import sent

Opened = tuple[FileInfo, Iterator[bytes]]
Place = tuple[str, str]
LONGEST = 60  # characters of a name: Chinese ones take three bytes each, and disks take names of 255


class _Sink:
    """Where a ZIP is written to that goes away piece by piece."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep what is written until it is taken."""
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What was written since."""
        data, self._waiting = b"".join(self._waiting), []
        return data


def results_of(view: Mapping[str, Any]) -> list[Place]:
    """Path and id of each file of the results that stand, under the matter that gave it; no path twice."""
    found: list[Place] = []
    taken: set[str] = set()
    for leg in view["legs"]:
        folder = clipped(clean_name(f"{leg['leg']} {called(leg)}"), LONGEST)
        for file in (file for result in leg["results"] if not result["void"] for file in result["files"]):
            path = _free(folder, clipped(clean_name(file["name"] or ""), LONGEST), taken)
            taken.add(_same(path))
            found.append((path, file["file"]))
    return found


def _free(folder: str, name: str, taken: Container[str]) -> str:
    """The path of a file, or the first like it with a number before its ending that is not taken."""
    stem, dot, ending = name.rpartition(".")
    others = (f"{stem}({n}).{ending}" if dot else f"{name}({n})" for n in count(2))
    return next(path for one in chain([name], others) if _same(path := f"{folder}/{one}") not in taken)


def _same(path: str) -> str:
    """The same for two paths where one file would take the other's place, on disks that do not tell their letters
    apart."""
    return normalize("NFC", path).casefold()


def packed(view: Mapping[str, Any], open_file: Callable[[str], Opened], now: datetime) -> Response:
    """The ZIP as an attachment. Every file is looked for before the answer begins, so that one that is lost is said."""
    places = results_of(view)
    if not places:
        raise UnknownFile("还没有可以下载的结果文件；办结后会出现在这里。")
    pieces = _zip([(path, open_file(file)[1]) for path, file in places], now)
    made = sent(pieces, "application/zip")
    made.headers["Content-Disposition"] = f"attachment; filename=\"{view['reference']}.zip\""
    made.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    made.headers["Cache-Control"] = "private, no-store"
    return made


def _zip(files: Sequence[tuple[str, Iterator[bytes]]], now: datetime) -> Iterator[bytes]:
    sink = _Sink()
    at = (now.year, now.month, now.day, now.hour, now.minute, now.second)
    with zipfile.ZipFile(sink, "w") as package:  # type: ignore[call-overload]  # of a file it wants no more than this
        for path, pieces in files:
            yield from _entry(package.open(zipfile.ZipInfo(path, at), "w", force_zip64=True), pieces, sink)
    yield sink.taken()


def _entry(entry: IO[bytes], pieces: Iterator[bytes], sink: _Sink) -> Iterator[bytes]:
    """Write one file of the ZIP; what there is to send of it."""
    with entry:
        for piece in pieces:
            entry.write(piece)
            yield sink.taken()
