"""The command of `flask` that erases what closed cases say of people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import Any

import click

from cases.errors import CaseError
from cases.instants import read_instant
from commands.shell import act, beside, changed, clock, read_settings, stop
from store import erasure

AT_ONCE = 50


@click.command()
@click.argument("references", metavar="REFERENCE…", nargs=-1)
@click.option("--closed-before", default=None, metavar="DAY", help="Also every case that ended before that day.")
@click.option("--taken-back", is_flag=True, help="Also every case that is over and whose consent was taken back.")
@click.option("--undelivered", is_flag=True, help="Also cases with results that nobody said were handed out.")
@act()
def erase(references: tuple[str, ...], closed_before: str | None, *, taken_back: bool, **said: Any) -> None:
    """Erase what closed cases say of people, for good; that they were, and how they ended, stays."""
    found = [_all(partial(erasure.closed_before, day=_day(closed_before)))] if closed_before else []
    found += [_all(partial(erasure.taken_back, now=clock().now()))] if taken_back else []
    done, left = 0, iter([*references, *chain.from_iterable(found)])
    refused = 0
    while some := list(islice(left, AT_ONCE)):
        for reference, why in changed("erase", {"references": some, **said})["cases"].items():
            done, refused = (done, refused + 1) if why else (done + 1, refused)
            if why or said["dry_run"]:
                click.echo(f"{reference}  {why or '将删除'}")
    then = "恢复较早的备份时会再删除一次；备份里的旧内容随旧备份或旧密钥一起消失。" if done else ""
    click.echo(f"{'将删除' if said['dry_run'] else '已删除'} {done} 件办件的个人信息，{refused} 件没有改动。{then}")
    sys.exit(1 if refused else 0)


def _day(written: str) -> datetime:
    try:
        return read_instant(written, read_settings().zone)
    except CaseError as error:
        stop(str(error))


def _all(page: Callable[..., tuple[list[str], str | None]]) -> Iterator[str]:
    """What all pages list."""
    then: str | None = ""
    with beside() as opened:
        while then is not None:
            with opened.db.read() as tx:
                found, then = page(tx, after=then)
            yield from found
