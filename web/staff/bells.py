"""An officer chooses whether to be reminded of the office's work, and by which number."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from desk.errors import InvalidAnswers
from desk.news.bells import Bells
from web.identity import subject
from web.staff.inbox import officers, own_office
from web.staff.root import bp
from web.wiring import house


def _bells() -> Bells:
    return house().desk.bells


@bp.get("/bells")
def bells() -> str:
    """What is chosen."""
    return _page(_bells().chosen(subject()))


@bp.post("/bells")
def set_bell() -> str | tuple[str, int] | AnyResponse:
    """Choose."""
    wanted = "wanted" in request.form
    mobile = request.form.get("mobile", "").replace(" ", "") if wanted and "agreed" in request.form else ""
    try:
        _bells().choose(subject(), own_office(), house().clock.now(), wanted=wanted, mobile=mobile)
    except InvalidAnswers as wrong:
        return _page(mobile, wrong.errors["mobile"]), 422
    flash("已保存：有新到、今天到期和超期的件会提醒您。" if wanted else "已保存：不再提醒您。")
    return redirect(url_for("staff.bells"), 303)


def _page(mobile: str | None, problems: list[str] | None = None) -> str:
    settings, calendar = house().settings, house().desk.calendar
    return render_template(
        "staff/bells.html", office=officers().office(own_office()), wanted=mobile is not None, mobile=mobile or "",
        problems=problems or [], readers=_bells().readers(own_office()), leaves=settings.gateway is not None,
        by_mobile=settings.gateway_mobile, hours=[f"{begins:%H:%M}–{ends:%H:%M}" for begins, ends in calendar.office])
