"""API: what somebody else must agree to before it is filed: asking by a code, and the answer of whoever is asked."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response, request

from desk.errors import NotTheParty, UnknownAgreementCode
from desk.parties.agreements import Reply, Seen
from web.answers import live, shown
from web.api.catalog import api
from web.api.operations import AFTER, Operation, operation
from web.api.schemas import AgreementAnswerBody, AgreementCodeBody
from web.guesses import counted
from web.identity import subject
from web.inputs import body, only_args
from web.wiring import house


@api.post("/drafts/<draft>/agreements/<role>/code")
@operation(Operation(
    "Show a code by which somebody is asked to agree to a draft",
    {201: "the code, and until when it is worth something"},
    refuses=(403, 404, 409, 503), returns="AgreementInvitation",
    more="For the person in this role, as `agreements` of the draft lists them. The form must be complete. The caller "
    "tells that person; one at a time, for 24 hours, and it opens only to the account that the form names."))
def ask_to_agree(draft: str, role: str) -> Response:
    """A new code for one person of a draft."""
    only_args()
    code, until = house().desk.agreements.invite(subject(), draft, role, house().clock.now())
    return shown({"code": code, "until": _moment(until)}, 201)


@api.get("/agreements")
@operation(Operation("List what the caller was asked to agree to", {200: "a page of it, newest first"},
                     arguments=(AFTER,), refuses=(400,), returns="Agreements"))
def agreements() -> Response:
    """What the caller has opened."""
    only_args("after")
    found, then = house().desk.agreements.of(subject(), house().clock.now(), request.args.get("after"))
    return live({"agreements": [agreement_json(one) for one in found], "next": then})


@api.post("/agreements/open")
@operation(Operation(
    "Open what the caller is asked to agree to", {200: "it, with everything that is agreed to"}, body=AgreementCodeBody,
    refuses=(400, 403, 404, 409, 413, 415, 422, 429, 503), returns="Agreement",
    more="By the code that whoever files has shown. 403 `not_the_party` unless the caller's account has the name and "
    "the number that the form says. At most five wrong codes in 15 minutes."))
def open_agreement() -> Response:
    """Open one by its code."""
    only_args()
    return shown(agreement_json(open_by_code(body(AgreementCodeBody)["code"])))


@api.get("/agreements/<agreement>")
@operation(Operation("Read what the caller is asked to agree to", {200: "it, as it stands; once filed, who got what"},
                     refuses=(403, 404, 409), returns="Agreement"))
def read_agreement(agreement: str) -> Response:
    """One that the caller has opened."""
    only_args()
    return live(agreement_json(house().desk.agreements.one(subject(), agreement, house().clock.now())))


@api.post("/agreements/<agreement>")
@operation(Operation(
    "Agree, refuse, or take the agreement back", {200: "it, as it stands then"}, body=AgreementAnswerBody,
    refuses=(400, 403, 404, 409, 413, 415, 422, 503), returns="Agreement",
    more="To what `digest` says, else 409 `agreement_changed`; with `sensitive` where the statement has some. It can "
    "be taken back until the application is filed, then 409 `not_now`. What is changed of what was shown voids it."))
def answer_agreement(agreement: str) -> Response:
    """What the caller says."""
    only_args()
    sent = body(AgreementAnswerBody)
    desk, now = house().desk.agreements, house().clock.now()
    if sent["answer"] == "take_back":
        return shown(agreement_json(desk.take_back(subject(), agreement, now)))
    reply = Reply(sent["answer"] == "agree", sent.get("digest"), sent.get("sensitive") is True)
    return shown(agreement_json(desk.answer(subject(), agreement, reply, now)))


def open_by_code(code: str) -> Seen:
    """Open one by its code, with wrong ones counted; for the API and the page. A right code in the wrong hands counts
    as well: nobody shall try out whom a form names."""
    return counted("agreement-code", (UnknownAgreementCode, NotTheParty),
                   lambda: house().desk.agreements.open(subject(), code, house().clock.now()))


def agreement_json(seen: Seen) -> dict[str, Any]:
    """An agreement as whoever is asked sees it."""
    return {"agreement": seen.agreement, "state": seen.state, "bundle_name": seen.bundle_name,
            "role_name": seen.role_name, "filer": seen.filer, "statement": seen.statement, "digest": seen.digest,
            "made_at": _moment(seen.made_at), "said_at": None if seen.said_at is None else _moment(seen.said_at),
            "reference": seen.reference,
            "recipients": [{**asdict(one), "since": None if one.since is None else _moment(one.since)}
                           for one in seen.recipients]}


def _moment(at: datetime) -> str:
    return at.astimezone(house().settings.zone).isoformat()
