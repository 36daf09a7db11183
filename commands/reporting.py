"""The command of `flask` that counts a period for those who have to report on it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Any

import click

from cases.calendar_days import work_calendar
from commands.shell import JSON, beside, house, read_settings, stop
from oversight.pledges import Owed, Pledges
from oversight.report import Line, Report, lines, report
from store.port import Database
from store.report import CaseCount, Period, cases_of

HEADINGS = {
    "id": "编号", "name": "名称", "filed": "申请", "ended": "结束", "decided": "办结",
    "granted": "准予", "refused": "不予", "not_accepted": "不予受理", "at_first": "一次通过",
    "at_first_percent": "一次通过率%", "asked": "经过补正", "asked_percent": "补正率%",
    "on_time": "按时", "late": "超期", "on_time_percent": "按时办结率%",
    "undecided": "部门未作决定", "corrected": "有更正", "mean_days": "平均天数", "median_days": "中位天数",
    "p90_days": "九成在几天内", "leg": "分办件", "office": "单位", "matter": "事项", "paper": "承诺代替的材料",
    "form": "承诺书", "signers": "签署人", "decided_on": "办结日", "check_by": "核查到期",
    "check_within": "在此事项中核查"}
TABLES = {"bundles": "一件事", "offices": "单位", "matters": "事项"}
_MARK = "\ufeff"  # by which spreadsheets know that it is UTF-8


@click.command("report")
@click.argument("first", metavar="FROM")
@click.argument("last", metavar="TO")
@click.option("--of", type=click.Choice(tuple(TABLES)), default="bundles", show_default=True,
              help="Which table, with --csv.")
@click.option("--csv", "as_csv", is_flag=True, help="One table as CSV, for a spreadsheet.")
@JSON
def report_(first: str, last: str, of: str, *, as_csv: bool, as_json: bool) -> None:
    """What came and was decided from the day FROM to the day TO, in time or late, and how long people waited; by
    bundle, office and matter."""
    period = _period(first, last)
    with beside() as opened:
        tables = _tables(report(_found(opened.db, period), period))
    if as_json:
        click.echo(json.dumps({"from": first, "to": last, **tables}, ensure_ascii=False, indent=2))
    elif as_csv:
        _print_csv(tables[of])
    else:
        for name, title in TABLES.items():
            _print_table(title, tables[name])


@click.command("pledges")
@click.argument("first", metavar="FROM")
@click.argument("last", metavar="TO")
@click.option("--office", default=None, help="Only this office's.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV, for a spreadsheet.")
@JSON
def pledges_(first: str, last: str, office: str | None, *, as_csv: bool, as_json: bool) -> None:
    """Every paper for which a signed statement was taken in a leg granted from the day FROM to the day TO, with the day
    by which, or the matter in which, it has to be checked."""
    period, zone = _period(first, last), read_settings().zone
    calendar = work_calendar(house().catalog.calendar.values(), zone)
    with beside() as opened:
        found = sorted(Pledges(opened.db, calendar).of(_found(opened.db, period), period),
                       key=lambda one: (one.by is None, one.by or one.decided_at, one.leg, one.paper))
    table = [_pledge(one, zone) for one in found if office in (None, one.office)]
    if as_json:
        click.echo(json.dumps(table, ensure_ascii=False, indent=2))
    elif as_csv:
        _print_csv(table)
    else:
        _print_table("承诺待核查", table)


def _pledge(one: Owed, zone: tzinfo) -> Line:
    return {"leg": one.leg, "office": one.office, "matter": one.matter, "paper": one.paper, "form": one.form,
            "signers": "、".join(one.signers), "decided_on": f"{one.decided_at.astimezone(zone):%Y-%m-%d}",
            "check_by": f"{one.by.astimezone(zone):%Y-%m-%d}" if one.by else None, "check_within": one.within}


def _period(first: str, last: str) -> Period:
    zone = read_settings().zone
    try:
        start, end = (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=zone) for day in (first, last))
    except ValueError:
        stop("请把起止日写成 2026-01-01 2026-01-31")
    end += timedelta(days=1)
    if end <= start:
        stop(f"{last} 在 {first} 之前；请先写起始日，再写结束日")
    return Period(start, end, f"{end:%Y%m%d}")


def _found(database: Database, period: Period) -> Iterator[CaseCount]:
    after: str | None = ""
    while after is not None:
        with database.read() as tx:
            page, after = cases_of(tx, period, after)
        yield from page


def _tables(made: Report) -> dict[str, list[Line]]:
    home = house()
    names: dict[str, Callable[[str], str]] = {
        "bundles": partial(_name, home.catalog.bundles), "matters": partial(_name, home.catalog.matters),
        "offices": partial(_name, home.deployment.bodies)}
    return {name: lines(getattr(made, name), names[name]) for name in TABLES}


def _name(known: Mapping[str, Any], id_: str) -> str:
    """What it is called today; its id where nobody knows it any more."""
    found = known.get(id_)
    return str(found.name or id_) if found else id_


def _print_csv(table: list[Line]) -> None:
    sys.stdout.write(_MARK)
    writer = csv.writer(sys.stdout)
    writer.writerow([HEADINGS[key] for key in table[0]] if table else ["没有可以统计的"])
    writer.writerows([["" if value is None else value for value in line.values()] for line in table])


def _print_table(title: str, table: list[Line]) -> None:
    click.echo(f"{title}：{len(table) or '没有可以统计的'}")
    for line in table:
        said = (f"{HEADINGS[key]} {value}" for key, value in line.items()
                if key not in {"id", "name", "leg"} and (value or isinstance(value, float)))
        head = line["leg"] if "leg" in line else f"{line['name']}（{line['id']}）"
        click.echo(f"  {head}  {'  '.join(said)}")
