"""The pages of a person's news (消息): what came, and what one chooses to be told."""

from __future__ import annotations

from datetime import datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cases.news import CHOICES, KINDS, URGENT
from desk.errors import InvalidAnswers
from store.errors import StoreError
from store.preferences import Preferences
from web.api.news import place_of
from web.identity import current, subject
from web.pages.again import keep, taken
from web.pages.inputs import Linked
from web.pages.root import bp, desk, now
from web.wiring import house


@bp.get("/news")
def news() -> str:
    """A page of one's news, the latest first."""
    found, then = desk().inbox.page(subject(), request.args.get("after"), now())
    return render_template("news.html", news=found, next=then, first="after" not in request.args,
                           urgent=URGENT, until=now(), done=taken())


@bp.get("/news/<reference>/<key>")
def open_news(reference: str, key: str) -> Response:
    """On to where one can do something about it; it is read by that."""
    return redirect(place_of(desk().inbox.open(subject(), reference, key, now())), 303)


@bp.post("/news")
def read_news() -> Response:
    """All that was there when the page was made is read."""
    try:
        until = datetime.fromisoformat(request.form.get("until", ""))
    except ValueError:
        until = now()
    desk().inbox.read_all(subject(), until if until.tzinfo else now(), now())
    return redirect(url_for("pages.news"), 303)


@bp.route("/news/preferences", methods=["GET", "POST"])
def news_preferences() -> str | tuple[str, int] | Response:
    """What one wants to be told outside this site, and by which number."""
    if request.method == "GET":
        return _page(desk().inbox.preferences(subject()))
    mobile = request.form.get("mobile", "").replace(" ", "") if "agreed" in request.form else ""
    kinds = request.form.getlist("kind")
    try:
        desk().inbox.choose(subject(), kinds, mobile)
    except InvalidAnswers as wrong:
        problems = [Linked(texts[0], f"#{name}") for name, texts in wrong.errors.items()]
        return _page(Preferences(frozenset(kinds), mobile), problems), 422
    page = url_for("pages.news")
    keep(page, "已按您的选择保存。")
    return redirect(page, 303)


def _page(chosen: Preferences, problems: list[Linked] | None = None) -> str:
    settings = house().settings
    return render_template("news_preferences.html", chosen=chosen, problems=problems or [], choices=CHOICES,
                           kinds=KINDS, urgent=[KINDS[name].title for name in KINDS if name in URGENT],
                           leaves=settings.gateway is not None, by_mobile=settings.gateway_mobile,
                           quiet=settings.quiet_hours)


def unread() -> int:
    """How many news the person who asks has not read, for the head of every page; none where that cannot be known."""
    if current().role != "applicant":
        return 0
    try:
        return desk().inbox.unread(subject(), now())
    except StoreError:
        return 0
