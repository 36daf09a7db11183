"""How all cases stand (总览): per bundle open, ended, in time and late; from kept counters, whatever their number."""

from __future__ import annotations

from flask import render_template

from oversight import figures
from store import ratings, reading
from web.staff.names import bundle_name
from web.staff.root import bp
from web.wiring import house


@bp.get("/overview")
def overview() -> str:
    """The table of bundles, and what needs a look first."""
    now = house().clock.now()
    with house().database.read() as tx:
        lines, found, owed = figures.by_standing(tx), reading.figures(tx, now), ratings.late(tx, now)
    judged = figures.Share(sum(line.on_time for line in lines), sum(line.on_time + line.late for line in lines))
    return render_template("staff/overview.html", lines=[(bundle_name(line.bundle), line) for line in lines], owed=owed,
                           red=found.red, yellow=found.yellow, judged=judged, open=sum(line.open for line in lines),
                           ended=sum(line.ended for line in lines))
