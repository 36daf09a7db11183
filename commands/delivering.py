"""The command with which operators record what the office that granted it cannot tell any more."""

from __future__ import annotations

from typing import Any

import click

from commands.shell import act, changed
from desk.staff.delivering import MODES


@click.command()
@click.argument("names", metavar="LEG…", nargs=-1, required=True)
@click.option("--mode", type=click.Choice(MODES), required=True, help="How the result reached the applicant.")
@act()
def delivered(names: tuple[str, ...], **said: Any) -> None:
    """Record that results were handed out whose office is not in the department list any more."""
    for leg in changed("deliver", {"legs": names, **said})["legs"]:
        click.echo(f"{leg}：{'将登记' if said['dry_run'] else '已登记'}为已送达")
