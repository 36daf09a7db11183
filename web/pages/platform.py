"""Signing in by the city's identity platform: there, back, and out again from either side.

The ticket of a sign-in is a signed cookie of its own, so that windows of one browser do not take each other's, and any
process may finish what another began. The `next` in it is a path of ours, which is looked at when it is made and again
when it is used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from flask import Response, make_response, redirect, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as AnyResponse

from people.errors import PeopleError, SignInDeclined, SignInRefused
from people.guesses import PLATFORM, PLATFORM_KNOWN, TRUSTED, network_of
from people.oidc.ticket import TICKET_LIFE, Ticket, new_ticket
from web.errors import Problem, not_found
from web.identity import own_path, sign_in_by
from web.pages.login import login_page, onward
from web.pages.root import bp
from web.wiring import house

if TYPE_CHECKING:
    from people.oidc.flow import Flow
    from people.oidc.person import Person

LOG = logging.getLogger("yijianshi.identity")
MOST_TICKETS = 4  # of one browser; the oldest goes
LONGEST_NEXT = 1_000
_CAME = "came by the platform"


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
    platform, now, mark = _platform(), house().clock.now(), _mark()
    name = _name(request.args.get("state", ""))
    ticket = _ticket(name)
    try:
        person = _counted(lambda before: platform.finish(ticket, request.args, now, before), mark, now)
        sign_in_by(person, ticket or new_ticket("", now))
    except PeopleError as error:
        return _forget(_again(error, ticket.next if ticket else ""), name)
    answer = _forget(onward(ticket.next if ticket else None), name)
    answer.set_cookie(_marked(), _signer(_CAME).dumps([mark or token_hex(16), now.isoformat()]),
                      max_age=int(TRUSTED.total_seconds()), secure=house().settings.secure, httponly=True,
                      samesite="Lax", path="/")
    return answer


def _counted(ask: Callable[[Callable[[], None]], Person], mark: str, now: datetime) -> Person:
    """Who it is that the platform vouches for. A code that it does not know counts: for the browser if somebody was let
    in with it lately, else for its network, which may be a whole village. So one who makes up codes keeps nobody out
    who has been here before. What never came to the platform, and that it is down, counts for nobody."""
    kind, name, limit = ("platform browser", mark, PLATFORM_KNOWN) if mark else (
        "platform", network_of(request.remote_addr or ""), PLATFORM)
    guesses, wrong, asked = house().guesses, False, []

    def before() -> None:
        guesses.guess(kind, name, limit, now)
        asked.append(name)

    try:
        return ask(before)
    except SignInRefused:
        wrong = True
        raise
    finally:
        if asked and not wrong:
            guesses.back(kind, name)


def _mark() -> str:
    """By what this browser is known, if somebody was let in with it lately: random signs that say nothing of whom."""
    try:
        mark, at = _signer(_CAME).loads(request.cookies.get(_marked(), ""))
        return str(mark) if house().clock.now() - datetime.fromisoformat(at) < TRUSTED else ""
    except (BadSignature, TypeError, ValueError):
        return ""


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


def _signer(what: str = "sign-in by the platform") -> URLSafeSerializer:
    return URLSafeSerializer(house().parts.cookie_key, salt=what)


def _marked() -> str:
    return "__Host-yjs-came" if house().settings.secure else "yjs-came"


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
