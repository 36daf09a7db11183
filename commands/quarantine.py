"""`flask quarantine`: what departments said and could not be applied."""

from __future__ import annotations

import json
from typing import Any

import click

from commands.shell import JSON, act, beside, changed, printable, who
from desk.upkeep.troubles import PAGE
from store import notices
from store.notices import Strange


@click.group()
def quarantine() -> None:
    """Settle what departments said and could not be applied."""


@quarantine.command("list")
@JSON
def quarantine_list(as_json: bool) -> None:
    """Entries that nobody has settled yet, oldest first."""
    found: list[Strange] = []
    then: str | None = ""
    with beside() as opened, opened.db.read() as tx:
        while then is not None:
            page, then = notices.listed(tx, then, PAGE)
            found += page
    shown = [{"id": one.id, "at": one.at.isoformat(), "department": one.department, "type": one.type,
              "code": one.code, "leg": f"{one.reference}-{one.leg}"} for one in found]
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for line in shown:
        click.echo("  ".join(map(printable, line.values())))
    click.echo(f"共 {len(shown)} 条待处理。")


@quarantine.command("show")
@click.argument("entry", metavar="ID")
@click.option("--by", default=who, help="Who looks; the login name if not given.")
@click.option("--reason", default="查看异常回告", help="Why; the sight is recorded in the audit log.")
def quarantine_show(entry: str, by: str, reason: str) -> None:
    """One entry with what the department said (it may hold personal data)."""
    found = changed("quarantine-show", {"id": entry, "by": by, "reason": reason})
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@quarantine.command("apply")
@click.argument("entry", metavar="ID")
@act()
def quarantine_apply(entry: str, **said: Any) -> None:
    """Judge an entry again on the case as it stands now, and apply it."""
    _settled("quarantine-apply", entry, said)


@quarantine.command("discard")
@click.argument("entry", metavar="ID")
@act()
def quarantine_discard(entry: str, **said: Any) -> None:
    """Put an entry away; the case stays as it is."""
    _settled("quarantine-discard", entry, said)


def _settled(verb: str, entry: str, said: dict[str, Any]) -> None:
    done = changed(verb, {"id": entry, **said})
    words = {"applied": "采用", "known": "登记为已知（没有新内容）", "discarded": "作废"}
    when = "将" if said["dry_run"] else "已"
    click.echo(f"{done['id']}  {done['leg']}  {done['type']}：{when}{words[done['outcome']]}")
