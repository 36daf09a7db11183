"""What departments said and could not be applied: why, and the two ways to settle it."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from cases.judge import BELONGS_ELSEWHERE, QUARANTINE
from cases.words import EVENT_NAMES
from desk.errors import DeskError, UnknownStrange
from desk.staff.acts import Act
from desk.staff.quarantine import OF_A_STAY, public_leg
from store import notices
from store.errors import UnknownEntry
from store.notices import Strange
from web.errors import not_found
from web.identity import subject
from web.staff.root import AT_ONCE, act_of_form, bp, turned
from web.wiring import house

OUTCOMES = {"applied": "已采用", "known": "没有新内容，登记为已知", "discarded": "已作废"}


@bp.get("/strange")
def strange() -> str:
    """Entries that nobody has settled yet, oldest first."""
    with house().database.read() as tx:
        found, then = notices.listed(tx, request.args.get("after"), AT_ONCE)
    return render_template("staff/strange.html", lines=[_shown(one) for one in found], **turned(then))


def _shown(one: Strange) -> dict[str, Any]:
    office = house().deployment.bodies.get(one.department)
    return {"id": one.id, "at": one.at, "leg": public_leg(one), "office": office.name if office else one.department,
            "type": EVENT_NAMES.get(one.type, one.type), "why": QUARANTINE.get(one.code, one.code), "code": one.code}


@bp.get("/strange/<entry>")
def strange_one(entry: str) -> str:
    """One entry: what is known of it without looking inside."""
    return _one(entry)


def _one(entry: str, **more: Any) -> str:
    with house().database.read() as tx:
        try:
            found = notices.entry(tx, entry)
        except UnknownEntry:
            raise not_found() from None
    return render_template("staff/strange_one.html", one=_shown(found), settled=found,
                           belongs_elsewhere=found.code == BELONGS_ELSEWHERE, of_a_stay=found.code in OF_A_STAY,
                           **{"problem": "", "said": None, "tried": None, "reason": "", **more})


@bp.post("/strange/<entry>/look")
def look_inside(entry: str) -> str | tuple[str, int]:
    """What the department said; that it was looked at is recorded, for it may hold personal data."""
    try:
        act = Act(subject(), request.form.get("reason", "").strip())
        found = house().desk.operations.quarantine.show(entry, act, house().clock.now())
    except DeskError as refused:
        return _one(entry, problem=refused.detail), refused.status
    return _one(entry, said=_readable(found["said"]), reason=act.reason)


def _readable(said: str) -> str:
    """What was said, a line each; just as it came where it is no JSON."""
    try:
        return json.dumps(json.loads(said), ensure_ascii=False, indent=2)
    except ValueError:
        return said


@bp.post("/strange/<entry>")
def settle(entry: str) -> str | tuple[str, int] | AnyResponse:
    """Apply an entry or put it away: first what that would do, then, confirmed, exactly that."""
    quarantine, decision = house().desk.operations.quarantine, request.form.get("decision", "")
    ways = {"apply": quarantine.apply, "discard": quarantine.discard}
    if decision not in ways:
        return _one(entry, problem="请选择采用还是作废", reason=request.form.get("reason", "")), 422
    try:
        act = act_of_form()
        done = ways[decision](entry, act, house().clock.now())
    except UnknownStrange as gone:
        return _one(entry, problem=gone.detail), gone.status
    except DeskError as refused:
        return _one(entry, problem=refused.detail, reason=request.form.get("reason", "")), refused.status
    if act.dry_run:
        return _one(entry, tried={"decision": decision, "outcome": OUTCOMES[done["outcome"]]}, reason=act.reason)
    flash(f"{done['leg'] or '这条回告'}：{OUTCOMES[done['outcome']]}。")
    return redirect(url_for("staff.strange"), 303)
