"""An officer's lists: what has to be worked on by due date, what nobody has opened yet, what is done."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from desk.errors import UnknownCase
from desk.staff.officers import Listed, Officers
from web.errors import Problem
from web.identity import current
from web.staff.root import bp
from web.wiring import house

LOOKS = {"white": "running", "yellow": "soon", "red": "late", "green": "done", "grey": "ended"}


def officers() -> Officers:
    """The desk's side of these pages."""
    return house().desk.officers


def own_office() -> str:
    """The office of the officer who asks; anybody else's is not there."""
    return current().department or ""


def _page(name: str, found: Listed, **more: Any) -> str:
    office, (size, fresh) = officers().office(own_office()), officers().sizes(own_office())
    unheard = house().settings.gateway is not None and not house().desk.bells.readers(own_office())
    return render_template(f"staff/{name}.html", office=office, size=size, count=fresh, lines=found.lines,
                           unheard=unheard, next=found.next, first="after" not in request.args, looks=LOOKS,
                           **{"problem": "", **more})


@bp.get("/inbox")
def inbox() -> str:
    """What the office has to work on, by due date."""
    return _page("inbox", officers().inbox(own_office(), request.args.get("after"), house().clock.now()))


@bp.get("/arrivals")
def arrivals() -> str:
    """What has come and was not opened yet, the oldest first."""
    return _page("arrivals", officers().fresh(own_office(), request.args.get("after"), house().clock.now()))


@bp.get("/done")
def done() -> str:
    """What is granted or over, the latest first."""
    return _page("done", officers().done(own_office(), request.args.get("after"), house().clock.now()))


@bp.get("/work")
def find_work() -> str | tuple[str, int] | AnyResponse:
    """The leg whose number, or the number of whose application, was typed in; where it is not one's own, the inbox."""
    wanted = request.args.get("leg", "").strip().upper()
    try:
        found = officers().legs_of(own_office(), wanted.partition("-")[0]) if wanted else []
    except UnknownCase:
        found = []
    chosen = [leg for leg in found if "-" not in wanted or leg == wanted]
    if not chosen:
        listed = officers().inbox(own_office(), None, house().clock.now())
        return _page("inbox", listed, problem=f"本单位没有编号为“{wanted}”的件，请核对编号"), 404
    return redirect(url_for("staff.work", leg=chosen[0]), 303)


def refuse_while_paused() -> None:
    """A paused service gives nothing to departments and takes nothing of them."""
    if house().desk.operations.paused() is not None:
        raise Problem(503, "paused", "服务暂停办理（检修或恢复数据），刚才的操作没有执行；请返回上一页，稍后再提交")
