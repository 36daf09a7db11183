"""The command with which operators take legs to another office (转办)."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from commands.shell import JSON, act, changed, stop
from desk.staff.transfers import BASES


@click.command()
@click.argument("names", metavar="[LEG…]", nargs=-1)
@click.option("--from", "office", default="", help="All that is open at this office.")
@click.option("--matter", default="", help="With --from: only legs of this matter.")
@click.option("--to", required=True, help="The office that takes them over.")
@click.option("--basis", type=click.Choice(BASES), default="successor", show_default=True,
              help="successor: it stands in the old one's place, the limit runs on. misdirected: the old one was never "
                   "competent, the limit begins with the acceptance by the new one.")
@click.option("--unanswered", is_flag=True, help="Also legs that the old office may have, without waiting to know.")
@JSON
@act()
def transfer(names: tuple[str, ...], office: str, to: str, as_json: bool, **said: Any) -> None:
    """Take legs to another office: named ones, or all that is open at one."""
    if bool(names) is bool(office):
        stop("请写分办件编号，或用 --from 写原单位，二者选一。")
    lines: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        part = changed("transfer", {"legs": names, "office": office, "to": to, "after": after, **said})
        lines, after = [*lines, *part["legs"]], part["next"]
    stays = [line for line in lines if line["why"]]
    if as_json:
        click.echo(json.dumps(lines, ensure_ascii=False, indent=2))
    else:
        for line in lines:
            click.echo(_said(line, to, dry_run=said["dry_run"]))
        click.echo(f"共 {len(lines)} 件：{'将转' if said['dry_run'] else '已转'} {len(lines) - len(stays)} 件，"
                   f"没有转 {len(stays)} 件。")
    sys.exit(1 if stays else 0)


def _said(line: dict[str, Any], to: str, *, dry_run: bool) -> str:
    if line["why"]:
        return f"{line['leg']}  {line['office']}  {line['matter']}：不转，{line['why']}"
    told = "原单位会收到 leg.transferred" if line["told"] else "还没有送到原单位，直接改送"
    kind = "；注意：接手单位是另一类部门" if line["other_kind"] else ""
    when = "将转办" if dry_run else "已转办"
    return f"{line['leg']}  {line['office']} → {to}  {line['matter']}：{when}，{told}{kind}"
