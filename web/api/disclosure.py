"""API: a copy of all that is kept of a person; who gets what of it for a case; taking back the consent it rests on."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response

from desk.applicants.disclosure import Disclosure
from web.answers import shown
from web.api.catalog import api
from web.api.operations import KEY, Operation, operation
from web.identity import subject
from web.inputs import idempotency_key, only_args
from web.own_copy import Person, entries
from web.packed import attached
from web.wiring import house


@api.get("/me/copy")
@operation(Operation(
    "Fetch all that is kept of the caller", {200: "one ZIP, written while it is sent"},
    more="Account, news, mandates, drafts, and a folder for each case: a text for people, JSON for programs, papers, "
    "results. Of cases filed for others only that they were."))
def own_copy() -> Response:
    """A copy of one's own data."""
    only_args()
    at = house().clock.now().astimezone(house().settings.zone)
    person = Person(subject(), at, house().desk, house().accounts, house().visits)
    return attached(entries(person), f"copy-{at:%Y%m%d}.zip", at)


@api.get("/cases/<reference>/consent")
@operation(Operation("Who gets what of a case", {200: "every office with what it gets, and the consent"},
                     refuses=(404,), returns="Disclosure"))
def disclosure(reference: str) -> Response:
    """Who gets what."""
    only_args()
    return shown(_shown(house().desk.disclosure(subject(), reference, house().clock.now())))


@api.post("/cases/<reference>/consent/withdraw")
@operation(Operation(
    "Take back the consent for a case", {200: "every office with what it gets, and the consent"}, arguments=(KEY,),
    refuses=(400, 404, 409, 503), returns="Disclosure",
    more="Every leg that still can be withdrawn is; what is decided stands. Once; then 409 `not_now`."))
def take_back_consent(reference: str) -> Response:
    """Take it back."""
    only_args()
    house().desk.afterwards.take_back_consent(subject(), reference, idempotency_key(), house().clock.now())
    return shown(_shown(house().desk.disclosure(subject(), reference)))


def _shown(found: Disclosure) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(found).items()}


def _plain(value: Any) -> Any:
    """Moments in the deployment's zone, everything else as it is."""
    if isinstance(value, datetime):
        return value.astimezone(house().settings.zone).isoformat()
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
