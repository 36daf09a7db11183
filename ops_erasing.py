"""The command of `flask` that erases what closed cases say of people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from cases.errors import CaseError
from cases.instants import read_instant
from shell import act, beside, changed, read_settings, stop
from store import erasure

AT_ONCE = 50


@click.command()
@click.argument("references", metavar="REFERENCE…", nargs=-1)
@click.option("--closed-before", default=None, metavar="DAY", help="Also every case that ended before that day.")
@act()
def erase(references: tuple[str, ...], closed_before: str | None, **said: Any) -> None:
    """Erase what closed cases say of people, for good; that they were, and how they ended, stays."""
    done, left = 0, iter([*references, *_closed(closed_before)])
    refused = 0
    while some := list(islice(left, AT_ONCE)):
        for reference, why in changed("erase", {"references": some, **said})["cases"].items():
            done, refused = (done, refused + 1) if why else (done + 1, refused)
            if why or said["dry_run"]:
                click.echo(f"{reference}  {why or '将删除'}")
    click.echo(f"{'将删除' if said['dry_run'] else '已删除'} {done} 件办件的个人信息，{refused} 件没有改动。"
               "备份里的旧内容随旧备份一起删除。")
    sys.exit(1 if refused else 0)


def _closed(day: str | None) -> Iterator[str]:
    """The cases that ended before a day, page by page."""
    if day is None:
        return
    try:
        before = read_instant(day, read_settings().zone)
    except CaseError as error:
        stop(str(error))
    last = ""
    with beside() as opened:
        while True:
            with opened.db.read() as tx:
                page = erasure.closed_before(tx, before, last)
            yield from page
            if not page:
                return
            last = page[-1]
