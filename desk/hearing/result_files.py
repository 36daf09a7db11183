"""The files of results and documents: sent before and named by id, or inside the notice as base64; never fetched."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from desk.errors import MalformedNotice
from desk.premises import Premises
from desk.uploads import files as stored_files
from desk.uploads.content import BadFile, FileKind, clean_name, kind_of, refuse_claim
from desk.uploads.scanning import Scans
from store import failpoints, files

LARGEST_INLINE = 256_000
_LISTS = ("results", "documents")  # of what may have files in a notice
Place = tuple[str | int, ...]


class ResultFiles:
    """Describes the files of a notice by what is stored; a file inside the notice is checked and stored first."""

    def __init__(self, premises: Premises, scans: Scans) -> None:
        self._premises, self._scans = premises, scans

    def described(self, office: str, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """The data of a notice with every file of its results and documents as id, name, type, size and digest;
        `MalformedNotice` names the place of a file that cannot be used."""
        made, what = {**data, **self._listed(office, data, now, ("data",))}, data.get("what")
        if data.get("files"):
            made["files"] = self._files(office, data["files"], now, ("data", "files"))
        if isinstance(what, Mapping):
            made["what"] = {**what, **self._listed(office, _results_of(what), now, ("data", "what"))}
        return made

    def _listed(self, office: str, data: Mapping[str, Any], now: datetime, place: Place) -> dict[str, Any]:
        return {key: [{**one, "files": self._files(office, one.get("files") or (), now, (*place, key, at, "files"))}
                      for at, one in enumerate(data[key])] for key in _LISTS if data.get(key)}

    def _files(self, office: str, listed: Sequence[Mapping[str, Any]], now: datetime,
               place: Place) -> list[dict[str, Any]]:
        made = []
        for which, entry in enumerate(listed):
            try:
                made.append(self._file(office, entry, now))
            except _Unusable as error:
                raise MalformedNotice(str(error), errors=_nested((*place, which), [str(error)])) from error
        return made

    def _file(self, office: str, entry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        if entry.get("base64") is not None:
            return self._inline(office, entry, now)
        with self._premises.database.read() as tx:
            found = files.several(tx, [str(entry.get("file", ""))]).get(str(entry.get("file", "")))
        if found is not None and found.owner == files.spoiled(f"department:{office}"):
            raise _Unusable(f"结果文件“{found.name}”里查出病毒，已经停用；请换一个没有病毒的文件，再发送回告。")
        if found is None or found.owner != f"department:{office}":  # another's file is as unknown as none
            raise _Unusable("本部门没有上传过回告引用的结果文件；请先上传文件，再发送回告。")
        return {"file": found.file, "name": found.name, "type": found.type, "size": found.size, "sha256": found.sha256}

    def _inline(self, office: str, entry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        content, name = _decoded(str(entry["base64"])), clean_name(str(entry.get("name") or "结果文件"))
        try:
            kind = _checked(content, name)
            refuse_claim(kind, str(entry.get("type") or ""))
            row = stored_files.fresh(f"department:{office}", kind.named(name), kind.type, now)
            cleared = self._scans.cleared(row.owner, [content], now)
        except BadFile as error:
            raise _Unusable(f"回告内嵌文件“{name}”不能使用：{error.say}") from error
        failpoints.reach("result.before_write")
        kept = stored_files.keep(self._premises, row, [content], cleared=cleared)
        return {"file": kept.file, "name": kept.name, "type": kept.type, "size": kept.size, "sha256": kept.sha256}


class _Unusable(ValueError):
    """A file of a notice cannot be used; the message says why and what to do."""


def _nested(place: Sequence[str | int], says: list[str]) -> Any:
    tree: Any = says
    for part in reversed(place):
        tree = {part: tree}
    return tree


def brings_files(data: Mapping[str, Any]) -> bool:
    """Whether a notice has files inside itself, which would have to be stored."""
    return any(file.get("base64") is not None for file in _all_files(data))


def named_in(data: Mapping[str, Any]) -> list[str]:
    """The ids of the files that the described data of a notice names."""
    return sorted({str(file["file"]) for file in _all_files(data)})


def _all_files(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from data.get("files") or ()
    for key in _LISTS:
        for one in data.get(key) or ():
            yield from one.get("files") or ()
    if isinstance(data.get("what"), Mapping):
        yield from _all_files(_results_of(data["what"]))


def _results_of(what: Mapping[str, Any]) -> dict[str, Any]:
    """All of a correction that may have files; what stands in it beside nobody has read."""
    return {"results": what.get("results")}


def _checked(content: bytes, name: str) -> FileKind:
    with tempfile.NamedTemporaryFile(prefix="yjs-inline-") as held:
        held.write(content)
        held.flush()
        return kind_of(Path(held.name), name)


def _decoded(text: str) -> bytes:
    if len(text) > LARGEST_INLINE * 4 // 3 + 4:
        raise _Unusable("回告内嵌文件超过 256 kB；请改用结果文件接口上传。")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _Unusable("回告内嵌文件不是有效的 base64；请把文件的原始字节编成一行标准 base64。") from None
