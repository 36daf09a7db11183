"""API: what an applicant may do about how a case is handled: urge a late leg, rate what has ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response

from desk.applicants.afterwards import Urge
from desk.errors import UnknownCase
from oversight.handlings import Handling
from oversight.ratings import LEVELS, Given
from store.ratings import Rating
from web.answers import shown
from web.api.catalog import api
from web.api.operations import AGAIN, KEY, Operation, operation
from web.api.schemas import RatingBody, UrgeBody
from web.api.views import case_json
from web.identity import subject
from web.inputs import body, idempotency_key, only_args
from web.wiring import house


@api.post("/cases/<reference>/urge")
@operation(Operation(
    "Urge a late leg", {200: "the case"}, body=UrgeBody, arguments=(KEY,),
    refuses=(400, 403, 404, 409, 413, 415, 422, 503), returns="Case",
    more="While a leg's light is red, at most once a working day; `can_urge` says whether now. Else 409 `not_now`. The "
    "department is told by `leg.urged`. " + AGAIN))
def urge(reference: str) -> Response:
    """Urge."""
    only_args()
    key = idempotency_key()
    sent = body(UrgeBody)
    now = house().clock.now()
    house().desk.afterwards.urge(subject(), reference, Urge(sent["leg"], sent.get("reason") or ""), key, now)
    return shown(case_json(house().desk.case_after(subject(), reference, now)))


@api.get("/cases/<reference>/rating")
@operation(Operation("What of a case can be rated, and was", {200: "the whole case and each leg"}, refuses=(404,),
                     returns="Ratings"))
def ratings(reference: str) -> Response:
    """What can be rated."""
    only_args()
    return shown(_shown(house().ratings.of_case(subject(), reference, house().clock.now())))


@api.post("/cases/<reference>/rating")
@operation(Operation(
    "Rate a leg or the whole case", {200: "what can be rated, and was"}, body=RatingBody, arguments=(KEY,),
    refuses=(400, 403, 404, 409, 413, 415, 422, 503), returns="Ratings",
    more="Once, within 60 days of its end. Departments never learn who rated. A bad one (1 or 2) is put right, and the "
    "person called back, within 15 working days. To an agent whose mandate has ended since, `handlings` is empty."))
def rate(reference: str) -> Response:
    """Rate."""
    only_args()
    key = idempotency_key()
    sent = body(RatingBody)
    given = Given(sent.get("leg", ""), sent["level"], sent.get("items", {}), sent.get("words", ""))
    house().ratings.give(subject(), reference, given, key, house().clock.now())
    try:
        return shown(_shown(house().ratings.of_case(subject(), reference, house().clock.now())))
    except UnknownCase:  # of an agent whose mandate has ended since
        return shown(_shown([]))


def _shown(found: list[Handling]) -> dict[str, Any]:
    now = house().clock.now()
    return {"handlings": [
        {"leg": one.leg or None, "ended_at": _stamp(one.ended_at), "open": one.open(now), "until": _stamp(one.until),
         "rating": _rating(one.rating) if one.rating else None} for one in found]}


def _rating(rating: Rating) -> dict[str, Any]:
    said = rating.body or {}
    return {"level": rating.level, "level_name": LEVELS[rating.level], "items": said.get("items", {}),
            "words": said.get("words", ""), "at": _stamp(rating.at), "answer_by": _stamp(rating.due_at),
            "fixed_at": _stamp(rating.fixed_at), "fix": rating.fix["words"] if rating.fix else None,
            "called_at": _stamp(rating.called_at)}


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(house().settings.zone).isoformat()
