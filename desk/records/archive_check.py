"""Checks a package that `desk/records/archive.py` made, without the store and its keys: 四性检测 of archives.

真实性: the chain of events holds, ends where the manifest says, and says what the records say. 完整性: what the
manifest lists is there bit by bit, and nothing else. 可用性 and 安全性: each file opens as what it is called, and
nothing in it acts by itself, by the same rules as an upload.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from desk.errors import CannotArchive
from desk.records.archive import CHAIN, FORMAT, MANIFEST, RECORDS, path_of
from desk.uploads.content import BadFile, kind_of
from store.chains.chain import Head
from store.chains.links import Link, wrong_in

_PART = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)  # the last: encrypted, or packed as nobody does
_MOST_MANIFEST = 50_000_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What a sound package holds."""

    reference: str
    entries: int
    events: int
    files: int


def check(path: Path) -> Checked:
    """Check a package; `CannotArchive` names the nature that it lacks and the first place where it does."""
    try:
        with zipfile.ZipFile(path) as package:
            return _checked(package)
    except (OSError, *_BROKEN, ValueError, KeyError, TypeError) as fault:
        raise CannotArchive(f"可用性：读不了这个归档包（{type(fault).__name__}）；请换一份完好的副本") from None


def _checked(package: zipfile.ZipFile) -> Checked:
    manifest = json.loads(_whole(package, MANIFEST, _MOST_MANIFEST))
    if manifest["format"] != FORMAT:
        raise CannotArchive(f"可用性：不认识格式 {manifest['format']}；请用写成它的版本核对")
    entries = {entry["path"]: entry for entry in manifest["entries"]}
    _refuse_incomplete(package, entries)
    records = [json.loads(line) for line in _whole(package, RECORDS, entries[RECORDS]["size"]).splitlines()]
    links = [_link(json.loads(line)) for line in _whole(package, CHAIN, entries[CHAIN]["size"]).splitlines()]
    end = Head(manifest["reference"], manifest["end"]["n"], manifest["end"]["hash"])
    _refuse_untrue(records, links, end)
    files = list(_files(records, entries))
    for name, place in files:
        _refuse_unusable(package, place, name)
    return Checked(end.chain, len(entries), len(links), len(files))


def _whole(package: zipfile.ZipFile, path: str, most: int) -> bytes:
    with package.open(path) as entry:
        return entry.read(most)


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


def _link(line: Mapping[str, Any]) -> Link:
    return Link(**{**line, "payload": base64.b64decode(line["payload"])})


def _refuse_untrue(records: list[dict[str, Any]], links: list[Link], end: Head) -> None:
    wrong = wrong_in(links, end)
    if wrong is not None:
        raise CannotArchive(f"真实性：事件链不成立（{wrong}）")
    told = {line["id"]: line for line in records if line["kind"] == "event"}
    for link in links:
        event = told.pop(f"{end.chain}/{link.n:06d}", {})
        said = tuple(event.get(name) for name in ("leg", "type", "at", "by", "data"))
        if said != (f"{end.chain}-{link.leg}" if link.leg else None, link.type, link.at, link.actor, link.data):
            raise CannotArchive(f"真实性：第 {link.n} 个事件的记录与事件链不符")
    if told:
        raise CannotArchive(f"真实性：事件 {min(told)} 不在事件链里")


def _files(records: list[dict[str, Any]], entries: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Name and place of every file of the case, each with the digest that the case has on record."""
    for file in chain.from_iterable(line["files"] for line in records if line["kind"] == "case"):
        place = path_of(file["file"], file["name"])
        if entries.get(place, {}).get("sha256") != file["sha256"]:
            raise CannotArchive(f"真实性：文件 {file['name']} 不是办件登记的那一份")
        yield file["name"], place


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
