"""What left for applicants and officers through the message gateway: what waits, and what somebody must look at."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from desk.errors import DeskError
from store.chains import moved
from store.telling import bulletins
from web.staff.root import AT_ONCE, act_of_form, bp, turned
from web.wiring import house

STANDS = {"stuck": "试了三天没有送到", "refused": "网关拒收"}


@bp.get("/bulletins", endpoint="bulletins")
def list_bulletins() -> str:
    """How many wait, and those that need somebody, the oldest first."""
    return _list()


def _list(problem: str = "") -> str:
    with house().database.read() as tx:
        figures, unlooked = bulletins.figures(tx), moved.count(tx)
        found, then = bulletins.troubled(tx, request.args.get("after"), AT_ONCE)
    return render_template("staff/bulletins.html", lines=found, figures=figures, unlooked=unlooked, stands=STANDS,
                           gateway=house().settings.gateway, problem=problem, **turned(then))


@bp.post("/bulletins")
def resend_bulletins() -> tuple[str, int] | AnyResponse:
    """Send those that the page showed again, with their keys and bytes."""
    names = request.form.getlist("key")
    if not names:
        return _list("请先选中要重发的提醒"), 422
    try:
        sent = house().desk.bulletins.resend(names, act_of_form(), house().clock.now())
    except DeskError as refused:
        return _list(refused.detail), refused.status
    flash(f"已安排重发 {sent} 条，送到后会从这里消失。")
    return redirect(url_for("staff.bulletins"), 303)
