"""Checks a package that `desk/records/archive.py` made, without the store and its keys: 四性检测 of archives.

真实性: the chain of events holds, ends where the manifest says, and says what the records say. 完整性: what the
manifest lists is there bit by bit, and nothing else. 可用性 and 安全性: each file opens as what it is called, and
nothing in it acts by itself, by the same rules as an upload. Whoever sends a package may have made it to end us, so it
is read piece by piece, and what unfolds to more than any case comes to is not read at all.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.errors import CannotArchive
from desk.records.archive import CHAIN, FORMAT, MANIFEST, RECORDS, path_of
from desk.uploads.content import BadFile, kind_of
from store.chains.chain import Head
from store.chains.links import Link, wrong_in

_PART = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)  # the last: encrypted, or nested without end
_UNREADABLE = (OSError, *_BROKEN, ValueError, LookupError, TypeError, AttributeError)
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # others take as much memory as they ask for
MOST_LISTED = 8_000_000  # bytes of the list of entries, which is read whole: some ninety thousand
MOST_MANIFEST = 16_000_000
LONGEST_LINE = 24_000_000  # of records and chain: no filing is longer than that
MOST_OF_ONE, MOST_OF_ALL = 1_100_000_000, 20_000_000_000  # bytes: the largest upload there may be, and of many of them


@dataclass(frozen=True, slots=True)
class Checked:
    """What a sound package holds."""

    reference: str
    entries: int
    events: int
    files: int


class _Piecemeal(io.FileIO):
    """A file of which nobody takes much at once: a ZIP says how long its own list is, and it is read whole."""

    def read(self, size: int | None = -1) -> bytes:
        """So many bytes, or what is left."""
        most = MOST_LISTED + 1
        got = super().read(most if size is None or not 0 <= size <= most else size) or b""
        if len(got) == most:
            raise CannotArchive(f"安全性：目录超过 {MOST_LISTED} 字节，不像归档包；没有打开它")
        return got


def check(path: Path) -> Checked:
    """Check a package; `CannotArchive` names the nature that it lacks and the first place where it does."""
    try:
        if path.exists() and not path.is_file():
            raise CannotArchive("可用性：这不是文件；请给出归档包的路径")
        with _Piecemeal(path) as stream, zipfile.ZipFile(stream) as package:
            _refuse_bomb(package)
            return _checked(package)
    except (FileNotFoundError, PermissionError) as fault:
        raise CannotArchive(f"可用性：打不开这个文件（{fault.strerror}）；请核对路径和权限") from None
    except _UNREADABLE as fault:
        raise CannotArchive(f"可用性：读不了这个归档包（{type(fault).__name__}）；请换一份完好的副本") from None


def _refuse_bomb(package: zipfile.ZipFile) -> None:
    """Refuse by what the entries say of themselves, for no more of them is ever unfolded than that."""
    for entry in package.infolist():
        if entry.compress_type not in _PACKINGS:
            raise CannotArchive(f"可用性：{entry.filename} 的压缩方式不是归档包的；请换一份完好的副本")
        if entry.file_size > MOST_OF_ONE:
            raise CannotArchive(
                f"安全性：{entry.filename} 展开后有 {entry.file_size} 字节，超过 {MOST_OF_ONE}；没有展开")
    whole = sum(entry.file_size for entry in package.infolist())
    if whole > MOST_OF_ALL:
        raise CannotArchive(f"安全性：全部展开后有 {whole} 字节，超过 {MOST_OF_ALL}；没有展开")


def _checked(package: zipfile.ZipFile) -> Checked:
    manifest = json.loads(_manifest(package))
    if manifest["format"] != FORMAT:
        raise CannotArchive(f"可用性：不认识格式 {manifest['format']}；请用写成它的版本核对")
    entries = {entry["path"]: entry for entry in manifest["entries"]}
    _refuse_incomplete(package, entries)
    end = Head(manifest["reference"], manifest["end"]["n"], manifest["end"]["hash"])
    _refuse_untrue(package, end)
    files = dict(_files(package, entries))
    for place, name in files.items():
        _refuse_unusable(package, place, name)
    return Checked(end.chain, len(entries), end.n, len(files))


def _manifest(package: zipfile.ZipFile) -> bytes:
    if MANIFEST not in package.namelist():
        raise CannotArchive(f"完整性：缺少 {MANIFEST}")
    if package.getinfo(MANIFEST).file_size > MOST_MANIFEST:
        raise CannotArchive(f"安全性：{MANIFEST} 超过 {MOST_MANIFEST} 字节；没有展开")
    return package.read(MANIFEST)


def _lines(package: zipfile.ZipFile, path: str) -> Iterator[Any]:
    """What the lines of an entry say, one after the other."""
    with package.open(path) as entry:
        while line := entry.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise CannotArchive(f"安全性：{path} 里有一行超过 {LONGEST_LINE} 字节；没有往下读")
            yield json.loads(line)


def _refuse_incomplete(package: zipfile.ZipFile, entries: Mapping[str, Mapping[str, Any]]) -> None:
    there = Counter(package.namelist())
    for path, many in (there - Counter([*entries, MANIFEST])).items():
        raise CannotArchive(f"完整性：多出 {path}（{many} 份），清单里没有")
    for path, entry in entries.items():
        if path not in there:
            raise CannotArchive(f"完整性：缺少 {path}")
        if _measured(package, path) != (entry["size"], entry["sha256"]):
            raise CannotArchive(f"完整性：{path} 的内容与清单不符")


def _measured(package: zipfile.ZipFile, path: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    try:
        with package.open(path) as entry:
            while part := entry.read(_PART):
                digest.update(part)
                size += len(part)
    except _BROKEN:
        return -1, ""
    return size, digest.hexdigest()


def _links(package: zipfile.ZipFile) -> Iterator[Link]:
    return (Link(**{**line, "payload": base64.b64decode(line["payload"])}) for line in _lines(package, CHAIN))


def _refuse_untrue(package: zipfile.ZipFile, end: Head) -> None:
    """Walk the chain, and then again beside the records, which are in the same order."""
    wrong = wrong_in(_links(package), end)
    if wrong is not None:
        raise CannotArchive(f"真实性：事件链不成立（{wrong}）")
    told = (line for line in _lines(package, RECORDS) if line["kind"] == "event")
    for link in _links(package):
        event: Mapping[str, Any] = next(told, {})
        said = tuple(event.get(name) for name in ("id", "leg", "type", "at", "by", "data"))
        leg = f"{end.chain}-{link.leg}" if link.leg else None
        if said != (f"{end.chain}/{link.n:06d}", leg, link.type, link.at, link.actor, link.data):
            raise CannotArchive(f"真实性：第 {link.n} 个事件的记录与事件链不符")
    for more in told:
        raise CannotArchive(f"真实性：事件 {more['id']} 不在事件链里")


def _files(package: zipfile.ZipFile, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Place and name of every file of the case, each with the digest that the case has on record."""
    for case in (line for line in _lines(package, RECORDS) if line["kind"] == "case"):
        for file in case["files"]:
            place = path_of(file["file"], file["name"])
            if entries.get(place, {}).get("sha256") != file["sha256"]:
                raise CannotArchive(f"真实性：文件 {file['name']} 不是办件登记的那一份")
            yield place, file["name"]


def _refuse_unusable(package: zipfile.ZipFile, place: str, name: str) -> None:
    """Open a file by the rules of an upload, in a folder of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        with package.open(place) as entry, path.open("wb") as copy:
            while part := entry.read(_PART):
                copy.write(part)
        try:
            kind_of(path, name)
        except BadFile as bad:
            raise CannotArchive(f"可用性、安全性：文件 {name} 不能用：{bad.say}") from None
