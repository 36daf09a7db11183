"""The command of `flask` that counts a period for those who have to report on it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

import click

from cases.calendar_days import work_calendar
from commands.shell import JSON, beside, definitions, deployment, read_settings, stop
from oversight.pledges import Pledges
from oversight.report import Line, Report, report
from oversight.sheets import HEADINGS, NOTHING, TABLES, as_csv, named_tables, period_of, pledge_line
from store.encoding import moment
from store.port import Database
from store.report import CaseCount, Period, cases_of
from store.visits import visits


@click.command("report")
@click.argument("first", metavar="FROM")
@click.argument("last", metavar="TO")
@click.option("--of", type=click.Choice(tuple(TABLES)), default="bundles", show_default=True,
              help="Which table, with --csv.")
@click.option("--csv", "for_sheets", is_flag=True, help="One table as CSV, for a spreadsheet.")
@JSON
def report_(first: str, last: str, of: str, *, for_sheets: bool, as_json: bool) -> None:
    """What came and was decided from the day FROM to the day TO, in time or late, and how long people waited; by
    bundle, office and matter."""
    period = _period(first, last)
    with beside() as opened:
        tables = _tables(report(_found(opened.db, period), period))
    if as_json:
        click.echo(json.dumps({"from": first, "to": last, **tables}, ensure_ascii=False, indent=2))
    elif for_sheets:
        sys.stdout.write(as_csv(tables[of]))
    else:
        for name, title in TABLES.items():
            _print_table(title, tables[name])


@click.command("pledges")
@click.argument("first", metavar="FROM")
@click.argument("last", metavar="TO")
@click.option("--office", default=None, help="Only this office's.")
@click.option("--csv", "for_sheets", is_flag=True, help="As CSV, for a spreadsheet.")
@JSON
def pledges_(first: str, last: str, office: str | None, *, for_sheets: bool, as_json: bool) -> None:
    """Every paper for which a signed statement was taken in a leg granted from the day FROM to the day TO, with the day
    by which, or the matter in which, it has to be checked."""
    period, zone = _period(first, last), read_settings().zone
    calendar = work_calendar(definitions(read_settings()).calendar.values(), zone)
    with beside() as opened:
        found = sorted(Pledges(opened.db, calendar).of(_found(opened.db, period), period),
                       key=lambda one: (one.by is None, one.by or one.decided_at, one.leg, one.paper))
    table = [pledge_line(one, zone) for one in found if office in (None, one.office)]
    if as_json:
        click.echo(json.dumps(table, ensure_ascii=False, indent=2))
    elif for_sheets:
        sys.stdout.write(as_csv(table))
    else:
        _print_table("承诺待核查", table)


@click.command("visits")
@click.argument("first", metavar="FROM")
@click.argument("last", metavar="TO")
@JSON
def visits_(first: str, last: str, *, as_json: bool) -> None:
    """How many people clerks attended to from the day FROM to the day TO, and how many applications they filed, by
    counter and day."""
    period, zone = _period(first, last), read_settings().zone
    with beside() as opened, opened.db.read() as tx:
        found = visits.counted(tx, period.start, period.end)
    came, filed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in found:
        at = moment(one["opened_at"]).astimezone(zone).date().isoformat(), str(one["counter"])
        came[at] += 1
        filed[at] += int(one["cases"])
    table = [{"day": day, "counter": counter, "visits": came[day, counter], "cases": filed[day, counter]}
             for day, counter in sorted(came)]
    click.echo(json.dumps(table, ensure_ascii=False, indent=2) if as_json else "\n".join(
        f"{one['day']}  {one['counter']}  接待 {one['visits']}  提交 {one['cases']}" for one in table) or NOTHING)


def _period(first: str, last: str) -> Period:
    try:
        days = [date.fromisoformat(day) for day in (first, last)]
    except ValueError:
        stop("请把起止日写成 2026-01-01 2026-01-31")
    if days[1] < days[0]:
        stop(f"{last} 在 {first} 之前；请先写起始日，再写结束日")
    return period_of(days[0], days[1], read_settings().zone)


def _found(database: Database, period: Period) -> Iterator[CaseCount]:
    after: str | None = ""
    while after is not None:
        with database.read() as tx:
            page, after = cases_of(tx, period, after)
        yield from page


def _tables(made: Report) -> dict[str, list[Line]]:
    settings = read_settings()
    catalog, bodies = definitions(settings), deployment(settings).bodies
    names: dict[str, Callable[[str], str]] = {
        "bundles": partial(_name, catalog.bundles), "matters": partial(_name, catalog.matters),
        "offices": partial(_name, bodies)}
    return named_tables(made, names, catalog, {body.id: body.uscc for body in bodies.values()})


def _name(known: Mapping[str, Any], id_: str) -> str:
    """What it is called today; its id where nobody knows it any more."""
    found = known.get(id_)
    return str(found.name or id_) if found else id_


def _print_table(title: str, table: list[Line]) -> None:
    click.echo(f"{title}：{len(table) or NOTHING}")
    for line in table:
        said = (f"{HEADINGS[key]} {value}" for key, value in line.items()
                if key not in {"id", "name", "leg"} and (value or isinstance(value, float)))
        head = line["leg"] if "leg" in line else f"{line['name']}（{line['id']}）"
        click.echo(f"  {head}  {'  '.join(said)}")
