"""A case that is over as one file that outlives this service: what was filed, said, decided and handed out, the
definitions it was filed under, and the evidence that nothing of it was changed (归档信息包).

A ZIP with plain JSON, text and the files as they came; nobody needs this program or its keys to read it. Its manifest
lists every entry with its digest. `desk/records/archive_check.py` checks a package by itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, BinaryIO

from cases import fold
from catalog import canonical
from catalog.edition import open_edition
from catalog.worded import worded
from desk.errors import CannotArchive
from desk.records.archive_sheet import Names, sheet
from desk.records.export import Extent, Line, mandate_line, of_case, plain
from desk.view import BY_AGENT
from forms.plan import Plan
from store import cases, editions, mandates, messages, reading
from store.cases import CaseRow
from store.chains import links
from store.chains.chain import Head
from store.chains.links import Link
from store.encoding import stamp
from store.errors import UnknownCase, UnknownMandate
from store.files import FileRow
from store.messages import MessageId
from store.port import Database, Tx
from store.reading import Whole
from store.uploads import uncleared
from store.uploads.vault import Vault

FORMAT = "yijianshi-archive/1"
MANIFEST, SHEET, RECORDS, CHAIN, EDITION, PLAN = (
    "manifest.json", "办件.txt", "records.jsonl", "chain.jsonl", "edition.json", "plan.json")
MEANINGS: Mapping[str, str] = {
    SHEET: "给人看的办件经过", RECORDS: "办件、分办件、推送、同意、另一方确认、评价、事件和代办的委托，一行一个 JSON",
    CHAIN: "事件的散列链，payload 是 base64", EDITION: "提交时有效的办事规定", PLAN: "提交时的办理方案"}


@dataclass(frozen=True, slots=True)
class Made:
    """When a package is made and by whom, and the city's zone for the sheet that people read."""

    at: datetime
    by: str
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that the store has of one case but the bytes of its files."""

    row: CaseRow
    lines: tuple[Line, ...]
    links: tuple[Link, ...]
    end: Head
    edition: str
    plan: str
    letters: Mapping[MessageId, bytes]
    files: tuple[FileRow, ...]


def gather(database: Database, reference: str) -> Gathered:
    """Everything of a case that is over, read in one snapshot; `CannotArchive` says what stands in the way."""
    with database.read() as tx:
        try:
            row = cases.get(tx, reference)
        except UnknownCase:
            raise CannotArchive("没有这个办件") from None
        if cases.is_erased(row):
            raise CannotArchive("内容已经依法删除，没有可以归档的")
        if row.closed_at is None:
            raise CannotArchive("还没有办结")
        return _gathered(tx, row)


def _gathered(tx: Tx, row: CaseRow) -> Gathered:
    whole = _cleared(tx, reading.whole_case(tx, row.reference))
    found, end = links.of_case(tx, row.reference)
    wrong = links.wrong_in(found, end)
    if wrong is not None:
        raise CannotArchive(f"真实性：事件链不成立（{wrong}）；请先用 flask verify 查清")
    plan = editions.plan(tx, row.plan)
    planned = {str(leg.leg) for leg in _plan(plan).legs}
    if planned != {leg.leg for leg in whole.legs}:
        raise CannotArchive("完整性：分办件与提交时的方案不符；请先用 flask legs 查清")
    said = [*of_case(tx, whole, Extent(personal=True)), *_under(tx, whole)]
    lines = tuple(sorted(said, key=lambda line: str(line["id"])))
    return Gathered(row, lines, tuple(found), end, editions.get(tx, row.edition).body, plan,
                    messages.bodies(tx, whole.messages), whole.files)


def _cleared(tx: Tx, whole: Whole) -> Whole:
    """A case without the files that were put out of use, for their bytes are for nobody; one with files that wait for
    the virus scanner waits too."""
    barred = uncleared.barred(tx, [file.file for file in whole.files])
    if waits := sum(state == "waits" for state in barred.values()):
        raise CannotArchive(f"安全性：有 {waits} 个文件还在等病毒检查；请等扫描程序恢复后再归档（flask scans）")
    return replace(whole, files=tuple(file for file in whole.files if file.file not in barred)) if barred else whole


def _under(tx: Tx, whole: Whole) -> Iterator[Line]:
    """The mandates under which somebody filed the case for its owner, and acted on it later: without them nobody could
    say who may have."""
    acted = (recorded.event.by.removeprefix(BY_AGENT) for recorded in whole.events
             if recorded.event.by.startswith(BY_AGENT))
    filed = [whole.agency.mandate] if whole.agency is not None else []
    for number in dict.fromkeys([*filed, *acted]):
        with suppress(UnknownMandate):
            yield mandate_line(tx, mandates.get(tx, number), Extent(personal=True))


def _plan(text: str) -> Plan:
    return canonical.loads(text.encode(), Plan)


def write(stream: BinaryIO, case: Gathered, vault: Vault, made: Made) -> None:
    """Write the package; the manifest comes last."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        listed = [_put(package, path, chunks, about) for path, chunks, about in _entries(case, vault, made)]
        package.writestr(_named(MANIFEST), _json(_manifest(case, made, listed), indent=2))


def _entries(case: Gathered, vault: Vault, made: Made) -> Iterator[tuple[str, Iterable[bytes], str]]:
    """Path, bytes and meaning of every entry but the manifest."""
    filed_under = open_edition(case.edition.encode())
    known = worded(filed_under, filed_under.bundles[case.row.bundle])
    names = Names({file.file: file for file in case.files}, known.regions, known.fields)
    folded = fold.replay(case.row.reference, _plan(case.plan), case.row.filed_at, _events(case))
    texts = {
        SHEET: [sheet(folded, case.row.body, names, made.zone).encode()],
        RECORDS: (_json(line) + b"\n" for line in case.lines),
        CHAIN: (_json(_linked(link)) + b"\n" for link in case.links),
        EDITION: [case.edition.encode()], PLAN: [case.plan.encode()],
    }
    yield from ((path, chunks, MEANINGS[path]) for path, chunks in texts.items())
    for which, body in sorted(case.letters.items()):
        yield f"messages/{which.leg}.{which.type}.{which.n}.json", [body], "发给部门的消息原文"
    for file in case.files:
        yield path_of(file.file, file.name), vault.open(file.file), file.name


def path_of(file: str, name: str) -> str:
    """Where a file stands in a package: under its id, with the ending of its name."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return f"files/{file}.{ending}" if ending.isascii() and ending.isalnum() else f"files/{file}"


def _events(case: Gathered) -> Sequence[Any]:
    return [link.event for link in case.links]


def _linked(link: Link) -> dict[str, Any]:
    return {"n": link.n, "leg": link.leg, "type": link.type, "at": link.at, "actor": link.actor, "filled": link.filled,
            "payload": base64.b64encode(link.payload).decode(), "digest": link.digest, "prev": link.prev,
            "hash": link.hash}


def _put(package: zipfile.ZipFile, path: str, chunks: Iterable[bytes], about: str) -> dict[str, Any]:
    """Write one entry; what the manifest says of it."""
    digest, size = hashlib.sha256(), 0
    with package.open(_named(path), "w") as entry:
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            entry.write(chunk)
    return {"path": path, "size": size, "sha256": digest.hexdigest(), "about": about}


def _named(path: str) -> zipfile.ZipInfo:
    """An entry without a time of its own: the same case gives the same bytes but for who made the package and when."""
    named = zipfile.ZipInfo(path)
    named.compress_type = zipfile.ZIP_DEFLATED
    return named


def _manifest(case: Gathered, made: Made, listed: list[dict[str, Any]]) -> dict[str, Any]:
    row = case.row
    return {"format": FORMAT, "reference": row.reference, "bundle": row.bundle, "edition": row.edition,
            "plan": row.plan, "filed_at": stamp(row.filed_at), "closed_at": stamp(row.closed_at or made.at),
            "made_at": stamp(made.at), "by": made.by, "end": {"n": case.end.n, "hash": case.end.hash},
            "entries": listed}


def _json(value: Any, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=plain, indent=indent).encode()
