"""The pages of a person's news (消息): what came, and what one chooses to be told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cases.news import CHOICES, KINDS, URGENT
from desk.errors import DeskError, InvalidAnswers
from store.errors import StoreError
from store.telling.news import News
from store.telling.preferences import Preferences
from web.api.news import place_of
from web.identity import current, subject
from web.pages.again import keep, taken
from web.pages.inputs import Linked
from web.pages.root import bp, desk, now
from web.wiring import house

AT_ONCE, SHOWN = 60, 3  # pieces of news on a page; of a case at first, beside what calls for its reader


@dataclass(frozen=True, slots=True)
class OfCase:
    """What a page has of one case, the latest first: what is `shown` at once, and the `rest`, which is opened; `about`
    tells cases of one bundle apart. `unread` counts what other pages have, too."""

    reference: str
    bundle: str
    about: str
    shown: tuple[News, ...]
    rest: tuple[News, ...]
    unread: int

    @property
    def calls(self) -> bool:
        """Whether its reader has to do something."""
        return any(_calls(one) for one in self.shown)


@bp.get("/news")
def news() -> str:
    """A page of one's news by case: those that call for their reader first, then the latest."""
    inbox = desk().inbox
    found, then = inbox.page(subject(), request.args.get("after"), now(), AT_ONCE)
    of: dict[str, list[News]] = {}
    for one in found:
        of.setdefault(one.reference, []).append(one)
    unread = inbox.unread_by_case(subject(), of.keys(), now())
    cases = [_of_case(reference, pieces, unread[reference]) for reference, pieces in of.items()]
    return render_template(
        "news.html", cases=sorted(cases, key=lambda case: not case.calls), next=then, first="after" not in request.args,
        urgent=URGENT, until=now(), done=taken(), left=inbox.unread(subject(), now()))


def _calls(one: News) -> bool:
    return one.read_at is None and one.kind in URGENT


def _of_case(reference: str, pieces: Sequence[News], unread: int) -> OfCase:
    latest = [one for one in pieces if not _calls(one)][:SHOWN]
    shown = tuple(one for one in pieces if _calls(one) or one in latest)
    rest = tuple(one for one in pieces if one not in shown)
    about = ""
    with suppress(DeskError):  # what cannot be read just now is listed all the same
        about = desk().about(subject(), reference, now())
    return OfCase(reference, pieces[0].bundle, about, shown, rest, unread)


@bp.get("/news/<reference>/<key>")
def open_news(reference: str, key: str) -> Response:
    """On to where one can do something about it; it is read by that."""
    return redirect(place_of(desk().inbox.open(subject(), reference, key, now())), 303)


@bp.post("/news")
def read_news() -> Response:
    """All that was there when the page was made is read, or all of one case."""
    try:
        until = datetime.fromisoformat(request.form.get("until", ""))
        until = until.astimezone(UTC) if until.tzinfo else now()
    except (ValueError, OverflowError):
        until = now()
    desk().inbox.read_all(subject(), until, now(), request.form.get("reference", ""))
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
