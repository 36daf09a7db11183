"""API: one's news, what of it was read, and what one wants to be told."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from cases.news import ASKS, CHOICES, KINDS, URGENT
from store.telling.news import News
from store.telling.preferences import Preferences
from web.answers import shown
from web.api.catalog import api
from web.api.operations import AFTER, Operation, operation
from web.api.schemas import PreferencesBody, ReadNewsBody
from web.identity import subject
from web.inputs import body, only_args
from web.wiring import house


@api.get("/news")
@operation(Operation("Read one's news", {200: "a page, the latest first"}, arguments=(AFTER,), refuses=(400,),
                     returns="News"))
def news() -> Response:
    """A page of one's news."""
    only_args("after")
    return _page(request.args.get("after"))


@api.post("/news/read")
@operation(Operation("Note that news was read", {200: "the first page of one's news"}, body=ReadNewsBody,
                     refuses=(400, 404, 413, 415, 422, 503), returns="News"))
def read_news() -> Response:
    """Note what was read."""
    only_args()
    for name in body(ReadNewsBody)["news"]:
        reference, _, key = name.partition("/")
        house().desk.inbox.open(subject(), reference, key, house().clock.now())
    return _page(None)


@api.get("/news/preferences")
@operation(Operation("What one is told outside the portal", {200: "what is chosen, and what can be"},
                     returns="Preferences"))
def news_preferences() -> Response:
    """What is chosen."""
    only_args()
    return shown(_chosen(house().desk.inbox.preferences(subject())))


@api.put("/news/preferences")
@operation(Operation(
    "Choose what to be told outside the portal", {200: "what is chosen now"}, body=PreferencesBody,
    refuses=(400, 413, 415, 422, 503), returns="Preferences",
    more="News about a limit that runs leaves in any event. A number given here is consent to be reached by it."))
def choose_news() -> Response:
    """Choose."""
    only_args()
    sent = body(PreferencesBody)
    return shown(_chosen(house().desk.inbox.choose(subject(), sent["kinds"], sent["mobile"])))


def place_of(one: News) -> str:
    """The page where one goes on: of an ask that of its answer, else the case."""
    if one.kind in ASKS:
        return url_for("pages.answer", reference=one.reference, leg=one.leg, ask=one.about)
    return url_for("pages.case", reference=one.reference, _anchor=f"leg-{one.leg}" if one.leg else None)


def _page(after: str | None) -> Response:
    inbox, now = house().desk.inbox, house().clock.now()
    found, then = inbox.page(subject(), after, now)
    return shown({"unread": inbox.unread(subject(), now), "news": [_shown(one) for one in found], "next": then})


def _shown(one: News) -> dict[str, Any]:
    return {"news": f"{one.reference}/{one.key}", "kind": one.kind, "kind_name": KINDS[one.kind].title,
            "urgent": one.kind in URGENT, "reference": one.reference, "leg": one.leg or None,
            "bundle_name": one.bundle, "text": one.text, "until": one.until,
            "at": one.at.astimezone(house().settings.zone).isoformat(), "read": one.read_at is not None,
            "link": f"{house().settings.public_url}{place_of(one)}"}


def _chosen(chosen: Preferences) -> dict[str, Any]:
    return {"kinds": [name for name in CHOICES if name in chosen.kinds], "choices": list(CHOICES),
            "mobile": chosen.mobile, "leaves": house().settings.gateway is not None}
