"""What a period came to (效能): by bundle, office and matter, from figures kept day by day; tables for spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from oversight.daily import DAYS_ALONE, Added, Total
from oversight.figures import Share
from oversight.report import Cases, Legs, Line, Report
from oversight.sheets import PLEDGES, TABLES, as_csv, named_tables
from web.errors import not_found
from web.pictures.by_day import Span, by_day
from web.staff.names import bundle_name, matter_name, office_name
from web.staff.root import bp
from web.wiring import house

PERIODS = {"month": "本月", "last_month": "上月", "quarter": "本季度", "last_quarter": "上季度", "year": "今年",
           "last_year": "去年"}
NAMES: Mapping[str, Callable[[str], str]] = {"bundles": bundle_name, "offices": office_name, "matters": matter_name}
LONGEST = timedelta(days=1100)  # three years, each day of which is read
ONE_DAY = timedelta(days=1)
PLEDGES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """The period that is asked for: its name (empty: two days of one's own), its days, and what is wrong with it."""

    name: str
    first: date
    last: date
    problem: str = ""


@bp.get("/report")
def report() -> str | tuple[str, int]:
    """The figures of a period; without one, of this month."""
    chosen = _chosen()
    added = house().daily.added(chosen.first, chosen.last, house().clock.now())
    tables, spans = _tables(added.report), _spans(added.totals)
    page = render_template(
        "staff/report.html", chosen=chosen, periods=PERIODS, tables=tables, titles=TABLES, added=added, spans=spans,
        whole=_whole(added), legs=_legs(added), picture=by_day(spans) if spans else None,
        slowest=_in_order(tables["bundles"]), least=_in_order(tables["offices"], "on_time_percent"),
        pledges=added.pledges[:PLEDGES_SHOWN], office_name=office_name)
    return (page, 422) if chosen.problem else page


@bp.get("/report/<table>.csv")
def report_table(table: str) -> Response | AnyResponse:
    """A table of it, as `flask report --csv` and `flask pledges --csv` print it; back to the page if it is not whole
    yet, which says so."""
    chosen = _chosen()
    added = house().daily.added(chosen.first, chosen.last, house().clock.now())
    if table not in {*TABLES, PLEDGES}:
        raise not_found()
    if chosen.problem or added.uncounted:
        return redirect(url_for("staff.report", first=request.args.get("first"), last=request.args.get("last")), 303)
    lines = added.pledges if table == PLEDGES else _tables(added.report)[table]
    return attached(as_csv(lines), "text/csv", f"{table}-{chosen.first}-{chosen.last}.csv")


def _tables(counted: Report) -> dict[str, list[Line]]:
    bodies = house().deployment.bodies.values()
    return named_tables(counted, NAMES, house().catalog, {body.id: body.uscc for body in bodies})


def attached(text: str, kind: str, name: str) -> Response:
    """A text as a file to be kept, shown by nothing."""
    made = Response(text, content_type=f"{kind}; charset=utf-8")
    made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    made.headers["Cache-Control"] = "private, no-store"
    return made


def _chosen() -> Chosen:
    today = house().desk.calendar.date_of(house().clock.now())
    said = request.args.get("first", "").strip(), request.args.get("last", "").strip()
    name = request.args.get("period", "month")
    if not any(said):
        name = name if name in PERIODS else "month"
        return Chosen(name, *_days_of(name, today))
    try:
        first, last = map(date.fromisoformat, said)
    except ValueError:
        problem = "请把起止日都写成 2026-01-01 这样的日期"
    else:
        problem = "结束日在起始日之前，请调换" if first > last else ""
        problem = problem or ("一次最多看三年，请分几次看" if last - first > LONGEST else "")
    return Chosen("month", *_days_of("month", today), problem) if problem else Chosen("", first, last)


def _days_of(name: str, today: date) -> tuple[date, date]:
    """The first and the last day of the month, quarter or year that is, or was before."""
    kind = name.removeprefix("last_")
    first = _begin(kind, today)
    if name == kind:
        return first, today
    before = first - ONE_DAY
    return _begin(kind, before), before


def _begin(kind: str, day: date) -> date:
    month = {"month": day.month, "quarter": day.month - (day.month - 1) % 3, "year": 1}[kind]
    return day.replace(month=month, day=1)


def _whole(added: Added) -> Cases:
    """All bundles together."""
    whole = Cases()
    for one in added.report.bundles.values():
        whole.take(one)
    return whole


def _legs(added: Added) -> dict[str, Share]:
    """How all legs together were decided."""
    whole = Legs()
    for one in added.report.offices.values():
        whole.take(one)
    return {"on_time": Share(whole.on_time, whole.on_time + whole.late),
            "at_first": Share(whole.at_first, whole.decided)}


def _spans(days: Sequence[Total]) -> list[Span]:
    """Day by day, or of more days month by month."""
    if not days or (days[-1].day - days[0].day).days <= DAYS_ALONE:
        return [Span(f"{one.day.month}-{one.day.day}", one.filed, one.ended) for one in days]
    months = ((name, list(some)) for name, some in groupby(days, key=lambda one: f"{one.day:%Y-%m}"))
    return [Span(name, sum(one.filed for one in some), sum(one.ended for one in some)) for name, some in months]


def _in_order(table: Sequence[Mapping[str, Any]], by: str = "mean_days") -> list[tuple[Mapping[str, Any], float]]:
    """The lines that have this figure, those first that need a look, each with its share of the longest bar."""
    found = [line for line in table if line[by] is not None]
    longest = 100.0 if by != "mean_days" else max((line[by] for line in found), default=0.0) or 1.0
    return [(line, round(100 * line[by] / longest, 1))
            for line in sorted(found, key=lambda line: (line[by] if by != "mean_days" else -line[by], line["id"]))]
