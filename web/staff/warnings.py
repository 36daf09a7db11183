"""What is late or soon will be (预警): whose it is, how often it was urged, how far that has come; and the urge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from cases.words import STATE_NAMES
from desk.errors import DeskError, MissingReason
from desk.staff.acts import Act
from oversight.escalation import NAMES, level_of
from store import overseeing
from store.legs import LegRow
from store.overseeing import After
from web.identity import subject
from web.staff.names import matter_name, office_name
from web.staff.root import AT_ONCE, bp
from web.wiring import house


@bp.get("/warnings")
def warnings() -> str:
    """Late legs, the longest overdue first, or those that soon will be; of one office if asked."""
    return _list("")


def _list(problem: str, chosen: Sequence[str] = ()) -> str:
    office, soon, now = request.values.get("office", ""), "soon" in request.values, house().clock.now()
    after = _after(request.args.get("after", ""))
    with house().database.read() as tx:
        found = (overseeing.soon if soon else overseeing.late)(tx, now, after, AT_ONCE + 1, office)
        urges = overseeing.urges(tx, [row.reference for row in found])
        offices = overseeing.by_office(tx, now)
    shown = found[:AT_ONCE]
    return render_template(
        "staff/warnings.html", problem=problem, soon=soon, office=office, chosen=chosen, first=after == After(),
        lines=[_shown(row, urges.get((row.reference, row.leg), [])) for row in shown],
        next=_cursor(shown[-1], soon) if len(found) > AT_ONCE else None,
        offices=[{"id": one.office, "name": office_name(one.office), "late": one.late, "soon": one.soon}
                 for one in offices], late=sum(one.late for one in offices), coming=sum(one.soon for one in offices))


def _shown(row: LegRow, urged: Sequence[Any]) -> dict[str, Any]:
    calendar, now = house().desk.calendar, house().clock.now()
    assert row.due_at is not None
    level = level_of(urged, calendar)
    return {"leg": f"{row.reference}-{row.leg}", "reference": row.reference, "office": office_name(row.office),
            "matter": matter_name(row.matter), "state": STATE_NAMES[row.state], "due_at": row.due_at,
            "days": (calendar.date_of(now) - calendar.date_of(row.due_at)).days, "waits": row.waits,
            "urged": len(urged), "last": urged[-1] if urged else None, "level": NAMES[level]}


def _cursor(row: LegRow, soon: bool) -> str:
    at = row.yellow_at if soon else row.due_at
    assert at is not None
    return "|".join(After.of(at, row.reference, row.leg))


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
    soon = 1 if "soon" in request.form else None
    return redirect(url_for("staff.warnings", office=request.form.get("office") or None, soon=soon), 303)
