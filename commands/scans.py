"""`flask scans`: what no virus scanner has cleared, and that an operator has seen to what was found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import tzinfo
from typing import Any

import click

from commands.shell import JSON, act, beside, changed, minute, printable, read_settings
from store.port import Database
from store.uploads import uncleared
from store.uploads.uncleared import Figures, Uncleared

PAGE = 200


def scanned(found: Figures, zone: tzinfo) -> list[str]:
    """What operators are told of files that no scanner has cleared."""
    waits = [f"待查病毒：{found.waiting} 个文件，最早自 {minute(found.since, zone)}；带它们的消息等着，查过后自动续送。"
             "请看 clamd 是否在运行，逐个见 flask scans"] if found.since else []
    return [*waits, *([f"有病毒：{found.infected} 个文件已停用；逐个见 flask scans"] if found.infected else [])]


@click.group(invoke_without_command=True)
@JSON
@click.pass_context
def scans(command: click.Context, /, *, as_json: bool) -> None:
    """Files that no virus scanner has cleared: those that wait for it, and those in which something was found."""
    if command.invoked_subcommand is not None:
        return
    with beside() as opened:
        found = list(_uncleared(opened.db))
    if as_json:
        click.echo(json.dumps([{**asdict(one), "since": one.since.isoformat(), "case": case,
                                "next_at": one.next_at.isoformat() if one.next_at else None,
                                "seen_at": one.seen_at.isoformat() if one.seen_at else None}
                               for one, case in found], ensure_ascii=False, indent=2))
        return
    zone = read_settings().zone
    for one, case in found:
        dealt = f"（{minute(one.seen_at, zone)} 已处理）" if one.seen_at else ""
        what = f"有病毒 {printable(one.detail)}{dealt}" if one.state == "infected" else \
            f"待查  查过 {one.tries} 次{'：' if one.detail else ''}{printable(one.detail)}"
        click.echo(f"{one.file}  {case or '还没有用在办件里'}  自 {minute(one.since, zone)}  {what}")
    click.echo(f"共 {len(found)} 个文件。")


def _uncleared(database: Database) -> Iterator[tuple[Uncleared, str | None]]:
    """All of them, read page by page."""
    then: str | None = ""
    while then is not None:
        with database.read() as tx:
            page, then = uncleared.listed(tx, then, PAGE)
        yield from page


@scans.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@act()
def seen(files: tuple[str, ...], **said: Any) -> None:
    """Note that what infected files call for is done; they stay out of use, and nothing asks to look at them."""
    for file in changed("scan-seen", {"files": files, **said})["files"]:
        click.echo(f"{file}：{'将登记' if said['dry_run'] else '已登记'}为已处理")
