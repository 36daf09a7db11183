"""API: mandates (委托): the code by which an agent is named, giving, listing and taking back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Response, request

from desk.agents.agency import ACTS
from desk.agents.mandates import Mandate, Wish
from desk.errors import InvalidAnswers, UnknownAgentCode
from web.answers import live, shown
from web.api.catalog import api
from web.api.operations import AFTER, KEY, Argument, Operation, operation
from web.api.schemas import MandateBody
from web.guesses import counted
from web.identity import subject
from web.inputs import body, idempotency_key, only_args
from web.wiring import house

AGENT_CODE = "agent-code"
AFTER_GIVEN = Argument("given_after", "query", {"type": "string"}, "`given_next` of the page before")
AFTER_RECEIVED = Argument("received_after", "query", {"type": "string"}, "`received_next` of the page before")


@api.post("/mandates/code")
@operation(Operation(
    "Show a code by which the caller can be entrusted", {201: "the code, and until when it is worth something"},
    returns="AgentCode", more="The caller tells it to the principal. One at a time, for 15 minutes, for one mandate."))
def agent_code() -> Response:
    """A new code of the caller."""
    only_args()
    code, until = house().desk.mandates.show_code(subject(), house().clock.now())
    return shown({"code": code, "until": _moment(until)}, 201)


@api.get("/mandates")
@operation(Operation("List the caller's mandates", {200: "a page of what the caller gave, and was given, newest first"},
                     arguments=(AFTER_GIVEN, AFTER_RECEIVED), refuses=(400,), returns="Mandates"))
def mandates() -> Response:
    """Both sides of the caller."""
    only_args("given_after", "received_after")
    desk, now, args = house().desk.mandates, house().clock.now(), request.args
    given, given_next = desk.given(subject(), now, args.get("given_after"))
    received, received_next = desk.received(subject(), now, args.get("received_after"))
    return shown({"given": [mandate_json(one) for one in given], "given_next": given_next,
                  "received": [mandate_json(one) for one in received], "received_next": received_next})


@api.get("/mandates/cases")
@operation(Operation("List what the caller filed as an agent", {200: "a page of the cases, newest first"},
                     arguments=(AFTER,), refuses=(400,), returns="FiledForOthers"))
def filed_for_others() -> Response:
    """Cases that the caller filed for others."""
    only_args("after")
    found, then = house().desk.filed_for_others(subject(), house().clock.now(), request.args.get("after"))
    return live({"cases": found, "next": then})


@api.post("/mandates")
@operation(Operation(
    "Entrust somebody", {201: "the mandate"}, body=MandateBody, arguments=(KEY,),
    refuses=(400, 404, 409, 413, 415, 422, 429, 503), returns="Mandate",
    more="By the code that the agent showed. Nobody gives on what was given. At most five wrong codes in 15 minutes; "
    "wrong and outdated are answered alike (404 `unknown_agent_code`). A year at most. An agent files with "
    "`on_behalf_of`, and only within the scope, else 403 `no_mandate` with `why`: none, early, expired, revoked, "
    "closed, scope or act."))
def give_mandate() -> Response:
    """Entrust whoever showed the code."""
    only_args()
    key = idempotency_key()
    sent = body(MandateBody)
    bundles = sent.get("bundles")
    wish = Wish(sent["code"], _day(sent["valid_until"], "valid_until"),
                None if bundles is None else tuple(bundles), tuple(sent.get("acts") or ACTS),
                None if sent.get("valid_from") is None else _day(sent["valid_from"], "valid_from"),
                sent.get("reason") or "")
    given = give(wish, key)
    return shown(mandate_json(given), 201)


@api.get("/mandates/<mandate>")
@operation(Operation("Read a mandate", {200: "the mandate"}, refuses=(404,), returns="Mandate"))
def read_mandate(mandate: str) -> Response:
    """One that the caller gave or was given."""
    only_args()
    return shown(mandate_json(house().desk.mandates.one(subject(), mandate, house().clock.now())))


@api.post("/mandates/<mandate>/revoke")
@operation(Operation(
    "End a mandate", {200: "the mandate"}, refuses=(404, 503), returns="Mandate",
    more="By its principal, or by its agent, who gives it up. It stops at once what it allowed, for good."))
def revoke_mandate(mandate: str) -> Response:
    """End one at once."""
    only_args()
    return shown(mandate_json(house().desk.mandates.revoke(subject(), mandate, house().clock.now())))


def give(wish: Wish, key: str) -> Mandate:
    """Give a mandate, with wrong codes counted; for the API and the page."""
    return counted(AGENT_CODE, UnknownAgentCode,
                   lambda: house().desk.mandates.give(subject(), wish, key, house().clock.now()))


def behind(code: str) -> str:
    """Who showed a code, with wrong ones counted."""
    return counted(AGENT_CODE, UnknownAgentCode,
                   lambda: house().desk.mandates.behind(code, subject(), house().clock.now()))


def mandate_json(mandate: Mandate) -> dict[str, Any]:
    """A mandate as one of its two sides sees it; `principal` is what `on_behalf_of` names."""
    row, said = mandate.row, mandate.row.body
    return {"mandate": row.mandate, "yours": "principal" if row.principal == subject() else "agent",
            "principal": row.principal, "principal_name": said["principal_name"], "agent_name": said["agent_name"],
            "bundles": said["bundles"], "acts": said["acts"], "reason": said["reason"], "state": mandate.state,
            "valid_from": _moment(row.valid_from), "valid_until": mandate.until, "given_at": _moment(row.given_at),
            "revoked_at": None if row.revoked_at is None else _moment(row.revoked_at)}


def _moment(at: datetime) -> str:
    return at.astimezone(house().settings.zone).isoformat()


def _day(text: str, part: str) -> date:
    """A day as it is sent; `InvalidAnswers` if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidAnswers(errors={part: ["请写成 2026-01-31 这样的日期"]}) from None
