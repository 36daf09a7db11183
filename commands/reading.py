"""The commands of `flask` that read beside the portal: export, verify, audit, diff, reconcile."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, tzinfo
from pathlib import Path

import click

from cases.errors import CaseError
from cases.instants import read_instant
from catalog.edition import UnknownEditionBundle, edition_of
from catalog.load import load_catalog
from commands.shell import (
    JSON,
    REFUSALS,
    beside,
    changed,
    definitions,
    handed_in,
    moment,
    printable,
    read_settings,
    stop,
    told,
    who,
)
from connectors.deployment import read_deployment
from connectors.matter_codes import codes_at
from connectors.shipped import registry
from desk.differences import KIND_NAMES, Difference, between, brief
from desk.records.export import Extent, export, plain
from store import audit, editions, operating
from store.audit import Entry
from store.chains.chain import Head
from store.chains.proof import verify as walk
from store.chains.seals import SEALS
from store.copies.backup import read_manifest
from store.engine.folder import write_durably
from store.errors import NoCopy
from store.port import Database, Tx

FOLDER = "folder"
SHORTEST = 6


@click.command("export")
@click.option("--jsonl", is_flag=True, required=True, help="One JSON object a line, sorted by id.")
@click.option("--since", default=None, help="Only what happened from then on (RFC 3339, or a day).")
@click.option("--personal", is_flag=True, help="Personal values as they are; this is recorded in the audit log.")
@click.option("--into", type=click.Path(path_type=Path, dir_okay=False), default=None, metavar="FILE",
              help="Into this file, for its owner alone; it has its name once it is whole.")
@click.option("--by", default=who, help="Who exports; the login name if not given.")
@click.option("--reason", default="导出", help="Why; recorded when personal values are exported.")
def export_(jsonl: bool, since: str | None, into: Path | None, *, personal: bool, **said: str) -> None:
    """Cases, legs, attempts, events, quarantine and the audit head, without secrets."""
    del jsonl
    extent = Extent(_moment(since), personal, _codes())
    if personal:  # what cannot be recorded does not happen
        changed("note", {"action": "export.personal", "target": "store", "data": {"since": since}, **said})
    with beside() as opened:
        lines = (json.dumps(line, ensure_ascii=False, default=plain) for line in export(opened.db, extent))
        if into is None:
            for line in lines:
                click.echo(line)
        else:
            _kept(into, lines)


def _codes() -> Callable[[str, str], Mapping[str, str | None]]:
    """The codes of a matter at an office, as far as definitions and list can be read; a fault in them keeps nobody from
    the export."""
    settings = read_settings()
    matters = load_catalog(settings.bundles).catalog.matters
    bodies = read_deployment(settings.departments, os.environ, registry()).bodies if settings.departments else {}

    def of(matter: str, office: str) -> Mapping[str, str | None]:
        basic = known.code if (known := matters.get(matter)) else ""
        return {"code": basic, **codes_at(bodies.get(office), matter, basic).as_json()}

    return of


def _kept(path: Path, lines: Iterator[str]) -> None:
    try:
        write_durably(path, (f"{line}\n".encode() for line in lines))
    except OSError as error:
        stop(f"写不了 {path}（{error.strerror}）；请检查目录的属主、权限和空间")
    click.echo(f"已导出到 {path}")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return read_instant(text, read_settings().zone)
    except CaseError as error:
        stop(str(error))


@click.command("verify")
@click.option("--head", default=None, metavar="N:HASH", help="A head of the sealed list kept outside the database.")
@click.option("--manifest", type=click.Path(path_type=Path), default=None, help="A backup, whose head is compared.")
@click.option("--by", default=who, help="Who has it checked; the login name if not given.")
@click.option("--reason", default="例行核对", help="Why; what comes out is recorded with it.")
@JSON
def verify_(head: str | None, manifest: Path | None, *, as_json: bool, **said: str) -> None:
    """Walk every chain and record what came out; exit 1 and the first entry that does not hold."""
    outside = _head(head, manifest)
    with beside() as opened:
        verdict = walk(opened.db, outside)
    found = {"holds": verdict.holds, "chains": verdict.chains, "entries": verdict.entries,
             "erased": verdict.erased, "seals": verdict.seals, "first_bad": verdict.first_bad}
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif verdict.holds:
        click.echo(f"审计链完整：{verdict.chains} 条链，{verdict.entries} 条记录"
                   f"（其中 {verdict.erased} 条的内容已依法删除），{verdict.seals} 次封存。")
    else:
        click.echo(f"审计链不成立，第一处：{verdict.first_bad}", err=True)
    try:
        handed_in("verified", {**found, "outside": outside.n if outside else None, **said})
    except (*REFUSALS, OSError) as refused:  # what was found counts all the same
        click.echo(f"这次核对没有记下：{told(refused)}", err=True)
    sys.exit(0 if verdict.holds else 1)


def _head(text: str | None, manifest: Path | None) -> Head | None:
    try:
        if manifest is not None:
            made = read_manifest(manifest)
            return Head(SEALS, made.seals, made.seal)
        if text is None:
            return None
        number, _, hash_ = text.partition(":")
        return Head(SEALS, int(number), hash_)
    except NoCopy as error:
        stop(error.says)
    except ValueError:
        stop(f"封存编号 {text} 应写成 编号:摘要，例如日志里 sealed 后面的 12:9f86d0…")


@click.command()
@click.argument("bundle")
@click.argument("old")
@click.argument("new")
@JSON
def diff(bundle: str, old: str, new: str, as_json: bool) -> None:
    """What two editions of BUNDLE say differently (a hash or its beginning, or `folder`: the definitions here), and
    what it does to open cases."""
    with beside() as opened, opened.db.read() as tx:
        before, after = _edition(tx, bundle, old), _edition(tx, bundle, new)
        standing = operating.open_on(tx, before[0])
    found = between(before[1], after[1])
    if as_json:
        click.echo(json.dumps({
            "bundle": bundle, "old": before[0], "new": after[0], "differences": [one.as_json() for one in found],
            "open_cases": {"on_old": standing, "effect": "stay_on_old" if before[0] != after[0] else "none"},
        }, ensure_ascii=False, indent=2))
        return
    click.echo(f"{bundle}：{before[0][:12]} → {after[0][:12]}，{len(found)} 处不同")
    for one in found:
        click.echo(_difference(one))
    click.echo(f"{standing} 件在办件按旧版受理，继续按旧版办完；新的申请按新版。")


def _edition(tx: Tx, bundle: str, name: str) -> tuple[str, bytes]:
    """An edition's hash and canonical bytes, stored or made from the folder."""
    if name == FOLDER:
        return _of_folder(bundle)
    found = operating.editions_like(tx, bundle, name) if len(name) >= SHORTEST else []
    if len(found) != 1:
        known = [hash_[:12] for hash_ in operating.editions_like(tx, bundle, "")]
        stop(f"没有唯一一个以 {name} 开头的版次（至少 {SHORTEST} 位）；"
             f"{bundle} 已保存的版次：{'、'.join(known) or '无'}；当前目录中的定义请写 {FOLDER}")
    return found[0], editions.get(tx, found[0]).body.encode()


def _of_folder(bundle: str) -> tuple[str, bytes]:
    catalog = definitions(read_settings())
    try:
        made = edition_of(catalog, bundle)
    except UnknownEditionBundle:
        stop(f"没有一件事 {bundle}；可用：{'、'.join(sorted(catalog.bundles))}")
    return made.hash, made.body


@click.command("audit")
@click.option("--since", default=None, help="Only what was done from then on (RFC 3339, or a day).")
@JSON
def audit_(since: str | None, as_json: bool) -> None:
    """Who did what to what, when and why: every act of operators and every sight of personal data, oldest first."""
    first, zone = _moment(since), read_settings().zone
    with beside() as opened:
        for one in _entries(opened.db, first):
            click.echo(_entry(one, zone, as_json))


def _entries(database: Database, since: datetime | None) -> Iterator[Entry]:
    """Every entry, or those from a time on, read page by page."""
    then: str | None = ""
    while then is not None:
        with database.read() as tx:
            page, then = audit.by_time(tx, since, then)
        yield from page


def _entry(one: Entry, zone: tzinfo, as_json: bool) -> str:
    """A line: an object of JSON, or words."""
    if as_json:
        return json.dumps({"n": one.n, "at": moment(one.at, zone), "by": one.actor, "action": one.action,
                           "target": one.target, "data": one.data}, ensure_ascii=False)
    more = {name: value for name, value in one.data.items() if name != "reason" and value not in (None, "", {}, [])}
    words = (str(one.n), moment(one.at, zone), one.actor, one.action, one.target, str(one.data.get("reason", "–")),
             *([json.dumps(more, ensure_ascii=False)] if more else []))
    return "  ".join(map(printable, words))


def _difference(one: Difference) -> str:
    about = f"{KIND_NAMES[one.kind]} {one.id} {one.name}"
    if not one.path:
        return f"  {'新增' if one.change == 'added' else '删去'} {about}"
    return f"  {about}  {one.path}：{brief(one.old)} → {brief(one.new)}"
