"""Signing in by the city's identity platform: there, back, and out again from either side.

The ticket of a sign-in is a signed cookie of its own, so that windows of one browser do not take each other's, and any
process may finish what another began. The `next` in it is a path of ours, which is looked at when it is made and again
when it is used.
"""

from __future__ import annotations

import logging
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flask import Response, make_response, redirect, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as AnyResponse

from people.attempts import PLATFORM, network_of
from people.errors import PeopleError, SignInDeclined, SignInRefused
from people.oidc.ticket import TICKET_LIFE, Ticket, new_ticket
from web.errors import Problem, not_found
from web.identity import own_path, sign_in_by
from web.pages.login import login_page, onward
from web.pages.root import bp
from web.wiring import house

if TYPE_CHECKING:
    from people.oidc.flow import Flow

LOG = logging.getLogger("yijianshi.identity")
MOST_TICKETS = 4  # of one browser; the oldest goes
LONGEST_NEXT = 1_000


def _platform() -> Flow:
    """The platform; where there is none this page does not exist."""
    found = house().oidc
    if found is None:
        raise not_found()
    return found


@bp.get("/login/platform")
def to_platform() -> AnyResponse:
    """Off to the platform, with a ticket for the way back."""
    platform, now = _platform(), house().clock.now()
    target = own_path(request.args.get("next"), "")
    ticket = new_ticket(target if len(target) <= LONGEST_NEXT else "", now)
    try:
        answer: AnyResponse = redirect(platform.begin(ticket, now), 303)
    except PeopleError as error:
        return _again(error, ticket.next)
    for name in _older():
        _forget(answer, name)
    answer.set_cookie(_name(ticket.state), _signer().dumps(_plain(ticket)), max_age=int(TICKET_LIFE.total_seconds()),
                      secure=house().settings.secure, httponly=True, samesite="Lax", path="/")
    return answer


@bp.get("/login/platform/back")
def from_platform() -> AnyResponse:
    """Back from the platform: who it is, a session of ours, and on to where the person was going."""
    platform, now, network = _platform(), house().clock.now(), network_of(request.remote_addr or "")
    name = _name(request.args.get("state", ""))
    ticket = _ticket(name)
    try:
        house().attempts.guess("platform", network, PLATFORM, now)
        sign_in_by(platform.finish(ticket, request.args, now), ticket or new_ticket("", now))
    except PeopleError as error:
        return _forget(_again(error, ticket.next if ticket else ""), name)
    house().attempts.back("platform", network)
    return _forget(onward(ticket.next if ticket else None), name)


@bp.post("/login/platform/out")
def left_platform() -> AnyResponse:
    """Somebody signed out at the platform, which says so itself (back-channel logout): the sessions end here too."""
    platform, now = _platform(), house().clock.now()
    try:
        out = platform.signed_out(request.form.get("logout_token"), now)
    except SignInRefused as error:
        LOG.warning("a logout token was refused: %s", error.why)
        raise Problem(400, "bad_logout_token", "注销令牌没有通过核对，没有会话因此结束；请核对 iss、aud、签名和时间",
                      headers={"Cache-Control": "no-store"}) from error
    house().oidc_accounts.leave(out, platform.setup.issuer)
    return Response(status=200, headers={"Cache-Control": "no-store"})


def _again(error: PeopleError, next_: str) -> AnyResponse:
    """The sign-in page with what went wrong and what to do; whoever has an account of ours signs in right there."""
    if isinstance(error, SignInDeclined):  # nothing went wrong
        return redirect(url_for("pages.login", next=next_ or None, declined=1), 303)
    if isinstance(error, SignInRefused):
        LOG.warning("a sign-in by the identity platform was refused: %s", error.why)
    return make_response(login_page(error.detail, next_), error.status)


def _plain(ticket: Ticket) -> dict[str, Any]:
    return {"s": ticket.state, "n": ticket.nonce, "v": ticket.verifier, "t": ticket.next, "a": ticket.at.isoformat()}


def _ticket(name: str) -> Ticket | None:
    """The ticket in the cookie called so, if we signed it."""
    try:
        kept = _signer().loads(request.cookies.get(name, ""))
        return Ticket(kept["s"], kept["n"], kept["v"], kept["t"], datetime.fromisoformat(kept["a"]))
    except (BadSignature, KeyError, TypeError, ValueError):
        return None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(house().parts.cookie_key, salt="sign-in by the platform")


def _prefix() -> str:
    return "__Host-yjs-go-" if house().settings.secure else "yjs-go-"


def _name(state: str) -> str:
    """The cookie of the sign-in with this state."""
    return _prefix() + sha256(state.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _older() -> list[str]:
    """The tickets of this browser that make room for one more: those that are none, and the oldest."""
    names = [name for name in request.cookies if name.startswith(_prefix())]
    kept = sorted(((ticket.at, name) for name in names if (ticket := _ticket(name)) is not None), reverse=True)
    stay = {name for _, name in kept[:MOST_TICKETS - 1]}
    return [name for name in names if name not in stay]


def _forget(answer: AnyResponse, name: str) -> AnyResponse:
    answer.delete_cookie(name, secure=house().settings.secure, httponly=True, samesite="Lax", path="/")
    return answer
