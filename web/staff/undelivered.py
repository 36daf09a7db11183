"""What did not reach its department: listed with its reason, sent again exactly after a look at what that would do; and
one leg with every attempt that was made at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from cases.model import LegState
from cases.words import EVENT_NAMES, STATE_NAMES
from desk.errors import CannotRetry, DeskError
from desk.upkeep.troubles import Trouble, attempts_at, troubles_after
from web.errors import not_found
from web.staff.root import AT_ONCE, act_of_form, bp, turned
from web.wiring import house

STANDS = {"stuck": "等人处理", "refused": "部门系统拒收", "unknown": "结果不明，正在查询", "due": "将自动再送"}
ATTEMPTS = {
    "received": "送达", "refused": "被拒收", "unknown": "结果不明", "absent": "部门答复没有收到",
    "setup": "地址或密钥不对", "again": "没有成功，稍后再送", "not_sent": "没有送出", "cannot_be_written": "写不出内容",
}


@bp.get("/undelivered")
def undelivered() -> str:
    """What did not arrive, oldest first, a page at a time; of one office if asked."""
    return _list("")


def _list(problem: str, chosen: Sequence[str] = ()) -> str:
    office, retrying = request.values.get("office", ""), "retrying" in request.args
    found, then = troubles_after(house().database, request.args.get("after"), AT_ONCE, retrying=retrying, office=office)
    return render_template(
        "staff/undelivered.html", problem=problem, lines=[_shown(line) for line in found], office=office,
        retrying=retrying, chosen=chosen, offices={body.id: body.name for body in house().deployment.bodies.values()},
        **turned(then))


def _shown(line: Trouble) -> dict[str, Any]:
    matter = house().catalog.matters.get(line.matter)
    return {"key": line.key, "leg": line.leg, "office": _office(line.office), "reason": line.reason,
            "matter": matter.name if matter else line.matter, "message": message_name(line.key),
            "state": STATE_NAMES[LegState(line.state)], "stands": STANDS.get(line.message_state, line.message_state),
            "since": line.since, "attempts": line.attempts, "next_at": line.next_at}


def _office(office: str) -> str:
    body = house().deployment.bodies.get(office)
    return body.name if body else f"{office}（接入清单里没有）"


def message_name(key: str) -> str:
    """What a message to a department is about, by its key."""
    type_ = key.partition(":")[2].partition(":")[0]
    return "申请" if type_ == "leg.filed" else EVENT_NAMES.get(type_, type_)


@bp.post("/undelivered")
def resend() -> str | tuple[str, int] | AnyResponse:
    """Send the chosen messages again, or all that the page showed: first what that would do, then, confirmed, exactly
    that."""
    keys = request.form.getlist("shown" if "all" in request.form else "key")
    corrected = request.form.get("how") == "corrected"
    if not keys:
        return _list("请先选中要重发的消息"), 422
    try:
        act = act_of_form()
        made = house().desk.operations.resends.retry(keys, corrected, act, house().clock.now())
    except CannotRetry as refused:
        return _list(refused.detail, keys), refused.status
    except DeskError as missing:
        return _list(missing.detail, keys), missing.status
    if act.dry_run:
        return render_template("staff/resend.html", made=[{**one, "office": _office(one["office"]),
                                                           "message": message_name(one["key"])} for one in made],
                               corrected=corrected, reason=act.reason, office=request.form.get("office", ""))
    flash(f"已安排重发 {len(made)} 条，送到后会从这里消失。")
    return redirect(url_for("staff.undelivered", office=request.form.get("office") or None), 303)


@bp.get("/legs")
def find_leg() -> AnyResponse:
    """The page of the leg whose number was typed in."""
    return redirect(url_for("staff.leg", leg=request.args.get("leg", "").strip().upper() or "-"), 303)


@bp.get("/legs/<leg>")
def leg(leg: str) -> str:
    """A leg: how it stands, its messages, and every attempt at them; nothing of what they say."""
    found = attempts_at(house().database, leg)
    if found is None:
        raise not_found()
    matter = house().catalog.matters.get(found.row.matter)
    return render_template(
        "staff/leg.html", leg=leg, row=found.row, matter=matter.name if matter else found.row.matter,
        office=_office(found.row.office), state=STATE_NAMES[found.row.state], names=ATTEMPTS,
        messages=[(message_name(message.key), _office(message.office), message, attempts)
                  for message, attempts in found.messages])
