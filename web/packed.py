"""Several files as one ZIP, written while it is sent: nothing is kept for it, however large the files are."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, count
from typing import IO, Any
from unicodedata import normalize

from flask import Response

from desk.errors import NotScanned, Quarantined, UnknownFile
from desk.uploads.content import clean_name, clipped
from desk.values import FileInfo
from web.pages.words import called
from web.uploads import sent

Opened = tuple[FileInfo, Iterator[bytes]]
Place = tuple[str, str]
MISSING = "没有打包的文件.txt"
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


class Places:
    """The paths of one ZIP: none of them twice, and none that a disk could not take."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, folder: str, name: str) -> str:
        """The path of a file in a folder (a clean one), or the first like it with a number before its ending that is
        not taken; it is from now on."""
        name = clipped(clean_name(name), LONGEST)
        stem, dot, ending = name.rpartition(".")
        others = (f"{stem}({n}).{ending}" if dot else f"{name}({n})" for n in count(2))
        path = next(path for one in chain([name], others) if _same(path := f"{folder}/{one}") not in self._taken)
        self._taken.add(_same(path))
        return path


def folder_of(name: str) -> str:
    """A name as a folder of a ZIP."""
    return clipped(clean_name(name), LONGEST)


def results_of(view: Mapping[str, Any]) -> list[Place]:
    """Path and id of each file of the results that stand and of the documents, under the matter that gave it; no path
    twice."""
    places = Places()
    return [(places.free(folder_of(f"{leg['leg']} {called(leg)}"), file["name"] or ""), file["file"])
            for leg in view["legs"]
            for one in [*(result for result in leg["results"] if not result["void"]), *leg["documents"]]
            for file in one["files"]]


def _same(path: str) -> str:
    """The same for two paths where one file would take the other's place, on disks that do not tell their letters
    apart."""
    return normalize("NFC", path).casefold()


def packed(view: Mapping[str, Any], open_file: Callable[[str], Opened], now: datetime) -> Response:
    """The ZIP as an attachment. Every file is looked for before the answer begins, so that one that is lost is said.
    One that nobody may open (yet) keeps the others from nobody: a text in its place says why; alone, it is refused."""
    found, missing = list[tuple[str, Iterator[bytes]]](), dict[str, NotScanned | Quarantined]()
    for path, file in results_of(view):
        try:
            found.append((path, open_file(file)[1]))
        except (NotScanned, Quarantined) as barred:
            missing[path] = barred
    if missing and found:
        said = "".join(f"{path}：{why.detail}\n" for path, why in missing.items())
        found.append((MISSING, iter([said.encode()])))
    if not found:
        raise next(iter(missing.values()), UnknownFile("还没有可以下载的结果文件；办结后会出现在这里。"))
    return attached(found, f"{view['reference']}.zip", now)


def attached(files: Iterable[tuple[str, Iterator[bytes]]], name: str, now: datetime) -> Response:
    """Files, each opened when its turn comes or before, as a ZIP of that (ASCII) name; only its first piece is made
    now."""
    made = sent(_zip(files, now), "application/zip")
    made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    made.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    made.headers["Cache-Control"] = "private, no-store"
    return made


def _zip(files: Iterable[tuple[str, Iterator[bytes]]], now: datetime) -> Iterator[bytes]:
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
