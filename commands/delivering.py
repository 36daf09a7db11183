"""The command with which operators record what the office that granted it cannot tell any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from cases.model import LegState
from commands.shell import act, beside, changed, stop
from desk.staff.delivering import MODES
from store import operating
from store.port import Database

AT_ONCE = 100


@click.command()
@click.argument("names", metavar="[LEG…]", nargs=-1)
@click.option("--from", "office", default="", help="All that this office granted and has not delivered.")
@click.option("--mode", type=click.Choice(MODES), required=True, help="How the result reached the applicant.")
@act()
def delivered(names: tuple[str, ...], office: str, **said: Any) -> None:
    """Record that results were handed out whose office is not in the department list any more."""
    if bool(names) is bool(office):
        stop("请写分办件编号，或用 --from 写原单位，二者选一。")
    if office:
        with beside() as opened:
            names = tuple(_granted(opened.db, office))
    for first in range(0, len(names), AT_ONCE):
        for leg in changed("deliver", {"legs": names[first:first + AT_ONCE], **said})["legs"]:
            click.echo(f"{leg}：{'将登记' if said['dry_run'] else '已登记'}为已送达")
    click.echo(f"共 {len(names)} 件。")


def _granted(database: Database, office: str) -> Iterator[str]:
    then: str | None = ""
    while then is not None:
        with database.read() as tx:
            page, then = operating.legs_of(tx, [office], then)
        yield from (f"{one.leg.reference}-{one.leg.leg}" for one in page if one.leg.state is LegState.GRANTED)
