"""What is late, soon will be or stands still, and what was asked beside what is published (预警): whose it is, how
often it was urged, how far that has come; and the urge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from cases.model import LegState
from cases.words import STATE_NAMES
from desk.errors import DeskError, MissingReason
from desk.staff.acts import Act
from oversight.escalation import NAMES, level_of
from store import overseeing
from store.legs import LegRow
from store.overseeing import After
from store.port import Tx
from web.identity import subject
from web.staff.names import matter_name, office_name
from web.staff.root import AT_ONCE, bp
from web.wiring import house


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of the page: what it is called, its rows, and the time of a row that it is ordered by."""

    name: str
    rows: Callable[[Tx, datetime, After, int, str], list[LegRow]]
    time: str

    def at(self, row: LegRow) -> datetime:
        """That time."""
        found = getattr(row, self.time)
        assert isinstance(found, datetime)
        return found


LATE, SOON, STALLED, BEYOND, OWED = "late", "soon", "stalled", "beyond", "owed"  # as `overseeing.Late` counts
LISTS: Mapping[str, Listed] = {
    LATE: Listed("超期", overseeing.late, "due_at"), SOON: Listed("即将到期", overseeing.soon, "yellow_at"),
    STALLED: Listed("停着的", overseeing.stalled, "stalls_at"),
    BEYOND: Listed("清单之外", overseeing.beyond, "beyond_at"), OWED: Listed("后补逾期", overseeing.owed, "owed_at"),
}


@bp.get("/warnings")
def warnings() -> str:
    """Late legs, the longest overdue first, those that soon will be, those that stand, or those of which more was asked
    than is published; of one office if asked."""
    return _list("")


def _list(problem: str, chosen: Sequence[str] = ()) -> str:
    office, now = request.values.get("office", ""), house().clock.now()
    which = next((name for name in LISTS if name in request.values), LATE)
    listed = LISTS[which]
    after = _after(request.args.get("after", ""))
    with house().database.read() as tx:
        found = listed.rows(tx, now, after, AT_ONCE + 1, office)
        urges = overseeing.urges(tx, [row.reference for row in found])
        offices = overseeing.by_office(tx, now)
    shown = found[:AT_ONCE]
    beside = house().desk.notices.beside([(row.reference, row.leg) for row in shown] if which == BEYOND else [])
    return render_template(
        "staff/warnings.html", problem=problem, which=which, lists=LISTS, office=office, chosen=chosen,
        first=after == After(),
        lines=[{**_shown(row, listed.at(row), urges.get((row.reference, row.leg), [])),
                "beside": beside.get((row.reference, row.leg), ())} for row in shown],
        next=_cursor(shown[-1], listed) if len(found) > AT_ONCE else None,
        offices=[{"id": one.office, "name": office_name(one.office), **{name: getattr(one, name) for name in LISTS}}
                 for one in offices],
        many={name: sum(getattr(one, name) for one in offices) for name in LISTS})


def _cursor(row: LegRow, listed: Listed) -> str:
    return "|".join(After.of(listed.at(row), row.reference, row.leg))


def _shown(row: LegRow, at: datetime, urged: Sequence[Any]) -> dict[str, Any]:
    calendar, now = house().desk.calendar, house().clock.now()
    level = level_of(urged, calendar)
    return {"leg": f"{row.reference}-{row.leg}", "reference": row.reference, "office": office_name(row.office),
            "matter": matter_name(row.matter), "state": STATE_NAMES[row.state], "at": at, "due_at": row.due_at,
            "days": (calendar.date_of(now) - calendar.date_of(at)).days, "since": row.since,
            "stood": (calendar.date_of(now) - calendar.date_of(row.since)).days,
            "granted": row.state is LegState.GRANTED, "waits": row.waits,
            "urged": len(urged), "last": urged[-1] if urged else None, "level": NAMES[level]}


def _after(text: str) -> After:
    """Where the page before ended; the beginning for anything that is no such place."""
    parts = text.split("|")
    return After(*parts) if len(parts) == 3 and text.isprintable() else After()


@bp.post("/warnings")
def urge() -> str | tuple[str, int] | AnyResponse:
    """Urge the chosen legs, for a reason that their departments and the audit log get."""
    chosen, done, refused = request.form.getlist("leg")[:AT_ONCE], 0, list[str]()
    if not chosen:
        return _list("请先选中要催办的分办件"), 422
    try:
        act = Act(subject(), request.form.get("reason", "").strip())
    except MissingReason:
        return _list("请写明催办的原因：部门会看到，也记入审计日志", chosen), 422
    for leg in chosen:
        try:
            house().desk.urging.by_supervisor(leg, act, house().clock.now())
            done += 1
        except DeskError as error:
            refused.append(f"{leg}：{error.detail}")
    for line in ([f"已催办 {done} 件，部门马上会收到。"] if done else []) + refused:
        flash(line)
    shown = dict.fromkeys((name for name in (SOON, STALLED) if name in request.form), 1)
    query: dict[str, Any] = {"office": request.form.get("office") or None, **shown}
    return redirect(url_for("staff.warnings", **query), 303)
