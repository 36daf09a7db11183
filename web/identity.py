"""Who sends this request, and the door: every endpoint is looked up in the policy table before its view runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import Flask, Request, Response, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from desk.parties.persons import masked
from people import personas
from people.accounts import Beside, nothing
from people.errors import PeopleError, TooManyAttempts, WrongLogin
from people.guesses import network_of
from people.identity import VISITOR, Identity
from people.oidc.accounts import via
from people.oidc.person import Person
from people.oidc.ticket import Ticket
from people.policy import AT_COUNTER, HANDED_OUT, POLICY, Access, Verdict
from people.sign_ins import came
from store.people import Account
from store.port import Tx
from store.sign_in.sign_ins import History
from web.bodies import CALLER, DEPARTMENT, MEMBER, NAMED
from web.errors import OWN_WORDS, Problem, answer, not_found, request_id, wants_json
from web.headers import refuse_unfit_form, refuse_unfit_parts
from web.inside import through_socket
from web.present import asked, noted
from web.rates import NETWORK, PERSON, PROGRAM
from web.sign_in_notes import note_failure, tell_last
from web.staff.tabs import tabs_of
from web.wiring import house

CSRF = CSRFProtect()
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a page asks by itself, whoever sits before it.
UNCOUNTED = frozenset({"static", "operation.healthz", "operation.readyz", "operation.metrics"})
POLLED = frozenset({"pages.case_live", "pages.tracked_live", "staff.health_live"})
VISIT = "visit"  # in the page cookie of a clerk: for which visit it keeps what it keeps
OWNER, TRACKED = "of", "tracked"  # in the page cookie: who signed in last in this browser, the case looked up by code


def cookie_name() -> str:
    """The session cookie's name; over TLS the `__Host-` prefix keeps it to this host and path."""
    return "__Host-yjs" if house().settings.secure else "yjs"


def half_cookie() -> str:
    """The cookie of a sign-in that is not whole."""
    return f"{cookie_name()}-half"


def current() -> Identity:
    """Who sends this request: by bearer token if there is one, else by the session cookie, else a visitor. On the pages
    where a clerk acts for a person who is at the counter it is that person."""
    kept = noted()
    found: Identity | None = kept.get("identity")
    if found is None:
        found = _by_bearer() if _BEARER in asked().environ else _by_cookie()
        found = kept.identity = found.attended if asked().endpoint in AT_COUNTER else found
    return found


def subject() -> str:
    """The subject of a signed-in caller; only for views whose policy row requires one."""
    found = current().subject
    if found is None:
        raise Problem(401, *OWN_WORDS[401])
    return found


def _by_bearer() -> Identity:
    kind, _, secret = request.headers["Authorization"].partition(" ")
    if kind.lower() != "bearer" or not secret.isascii():
        raise Problem(401, "bad_token", "Authorization 应为 “Bearer 令牌”，请检查后重试", headers=_CHALLENGE)
    office = house().deployment.body_of_token(secret.strip())
    if office is not None:
        return Identity(f"office:{office.id}", "officer", office.id, office.name, "bearer")
    return house().tokens.identity(secret.strip(), house().clock.now())


_BEARER = "HTTP_AUTHORIZATION"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="yijianshi"'}


def _by_cookie() -> Identity:
    asking = asked()
    secret = asking.cookies.get(cookie_name(), "")
    by_hand = asking.endpoint not in POLLED
    return house().sessions.identity(secret, house().clock.now(), active=by_hand) if secret else VISITOR


def sign_in(login: str, password: str) -> bool:
    """Sign in by password and open a new session, or begin a half sign-in where more is asked; whether it is whole.
    Raises `WrongLogin` or `TooManyAttempts` (one error page each)."""
    now = house().clock.now()
    try:
        account = house().accounts.by_password(login, password, request.remote_addr or "", now)
    except WrongLogin:
        note_failure(login, "password")
        raise
    g.new_half = house().halfway.begin(account, password, now)
    if g.new_half is None:
        enter(account, how="password")
    return g.new_half is None


def sign_in_as(persona_id: str) -> Identity:
    """Become a sample person; answers as an unknown page where there are none (production)."""
    persona = personas.find(house().personas, persona_id)
    if persona is None:
        raise not_found()
    return enter(personas.account_of(house().accounts, persona, house().clock.now()))


def sign_in_by(person: Person, ticket: Ticket) -> Identity:
    """Sign in a person whom the identity platform sent back with this ticket."""
    account = house().oidc_accounts.enter(person, ticket, house().clock.now())
    return enter(account, via(person.issuer, person.sid), "platform")


def sign_out() -> bool:
    """End this browser's session, or half sign-in; whether the person had come by the identity platform."""
    secret, half = request.cookies.get(cookie_name(), ""), request.cookies.get(half_cookie(), "")
    if half:
        house().halfway.end(half)
        g.new_half = ""
    by_platform = house().sessions.end(secret, house().clock.now()) if secret else False
    session.clear()
    g.identity, g.new_secret = VISITOR, ""
    return by_platform


def enter(account: Account, by: str | None = None, how: str = "", beside: Beside = nothing) -> Identity:
    """Open a session under a new secret, so that one planted before is worth nothing. `by`: which sign-in at the
    platform it came by; `how` somebody proved to be a member of the staff, who is told of the time before; what is
    `beside` it is written in its transaction."""
    now, before = house().clock.now(), list[History]()
    address = request.remote_addr or ""  # before the transaction: another request's thread may run its unit

    def noted_too(tx: Tx) -> None:
        beside(tx)
        if how and account.role != "applicant":
            before.append(came(tx, account, how, address, now))

    g.new_secret = house().sessions.open(account, now, request.cookies.get(cookie_name()), by, beside=noted_too)
    _hand_over(account.account)
    g.identity = house().sessions.identity(g.new_secret, now)
    for history in before[-1:]:  # a unit may be run again
        tell_last(history)
    return current()


def _hand_over(subject: str) -> None:
    """What pages keep in this browser goes on with the person who left it, or from a visitor to whoever signs in;
    another person finds nothing of it. A case looked up by code is closed in any event: its code opens it again.

    The CSRF token stays with a person as well, whose pages may be open from before the sign-in ran out; for anybody
    else it is a new one, so that a planted one is worth nothing."""
    before = session.get(OWNER)
    if before not in {None, subject}:
        session.clear()
    if before != subject:
        session.pop("csrf_token", None)
    session.pop(TRACKED, None)
    session[OWNER] = subject


def own_path(target: str | None, otherwise: str) -> str:
    """`target` if it is a path of this site, else `otherwise`: a sign-in page must not send people elsewhere."""
    inside = target and target.startswith("/") and not target.startswith("//")
    if not target or not inside or "\\" in target or not target.isprintable() or urlsplit(target).netloc:
        return otherwise
    return target


def guard(app: Flask) -> None:
    """Stand at the door of `app`: the policy table, CSRF for browsers, the session cookie."""
    CSRF.init_app(app)
    app.before_request(_door)
    app.after_request(_give_cookie)
    app.register_error_handler(PeopleError, _refused)
    app.context_processor(_shown)


def _shown() -> dict[str, Any]:
    """What every template may show."""
    settings, visit = house().settings, current().visit
    return {"identity": current(), "tabs": tabs_of(current().role), "env": settings.env, "demo": settings.demonstrates,
            "request_id": request_id(), "now": house().clock.now(), "zone": settings.zone,
            "visit": visit, "attended": masked(visit.name) if visit else ""}


def _door() -> AnyResponse | None:
    request, settings = asked(), house().settings
    if request.method == "HEAD":  # it is answered like GET, and no view may take it for a form that was sent
        request.method = "GET"
    endpoint = request.endpoint
    if endpoint is None:
        return None  # no such address: the router's own 404 or 405 follows
    access = POLICY.get(endpoint)
    if access is None:
        raise Problem(403, *OWN_WORDS[403])
    if access.demo and not settings.demonstrates:
        raise not_found()
    if access.relation == "socket" and not through_socket():
        raise not_found()
    if _BEARER in request.environ and request.path.startswith("/api/"):
        current()  # a wrong token is refused even where none is needed, or its owner would not notice
    verdict = access.verdict(current()) if access.roles else "allowed"
    if access.roles or endpoint in AT_COUNTER:
        keep_apart(current())
    if verdict != "allowed":
        return _turned_away(verdict, endpoint)
    _not_too_often(access)
    # Whoever must sign in has; only now may a body be read, and a thread wait for it.
    _say_whose(request, access)
    refuse_unfit_form()
    if access.relation not in {"signature", "socket"}:
        _protect(request, access.roles != frozenset())
    _note_act(endpoint, request)
    return None


def _turned_away(verdict: Verdict, endpoint: str) -> AnyResponse:
    """To the sign-in; a clerk to where a visit begins; nobody else anywhere."""
    if verdict == "sign_in":
        return _to_login()
    if current().role == "counter" and endpoint in AT_COUNTER and not wants_json():
        return redirect(url_for("staff.counter", nobody=1), 303)
    raise Problem(403, *OWN_WORDS[403])


def keep_apart(who: Identity) -> None:
    """What pages keep in a clerk's browser goes with the visit it was kept in; a form from before it is refused."""
    if who.role != "counter" and who.visit is None:
        return
    visit = who.visit.id if who.visit else ""
    if session.get(VISIT, "") != visit:
        session.clear()
        session[OWNER], session[VISIT] = who.visit.row.clerk if who.visit else who.subject, visit


def _note_act(endpoint: str, request: Request) -> None:
    """What a clerk does for somebody is in the audit log before it is done."""
    visit = current().visit
    if visit is None or endpoint not in AT_COUNTER:
        return
    if request.method not in SAFE_METHODS or endpoint in HANDED_OUT:
        named = request.view_args or {}
        which = str(named.get("reference") or named.get("draft") or named.get("bundle") or "")
        house().visits.note(visit.row, AT_COUNTER[endpoint] or endpoint, which, house().clock.now())


def _not_too_often(access: Access) -> None:
    """Whoever signed in is counted by themselves, a visitor with all others of the network; a department by what it
    signed (`count`), or anybody could use up what is another's. Files that never change and probes are not counted."""
    if access.relation in {"signature", "socket"} or asked().endpoint in UNCOUNTED:
        return
    who = current()
    if who.subject is None:
        count(f"network:{network_of(asked().remote_addr or '')}", NETWORK)
    else:
        count(f"{who.by}:{who.subject}", PERSON if who.by == "session" else PROGRAM)


def count(caller: str, usual: float) -> None:
    """Count a request of a caller who may make `usual` a second; 429 if that is too many."""
    if seconds := house().rates.wait(caller, usual):
        raise Problem(429, *OWN_WORDS[429], headers={"Retry-After": str(seconds)})


def _say_whose(request: Request, access: Access) -> None:
    """Whose places the body of this request takes; a visitor has nothing longer than a form to send."""
    if access.roles:
        request.environ[CALLER], request.environ[NAMED] = MEMBER, current().subject
    elif access.relation == "signature":
        request.environ[CALLER] = DEPARTMENT
    elif access.relation != "socket":
        request.max_content_length = house().settings.json_limit


def _protect(request: Request, for_members: bool) -> None:
    """CSRF for what a browser sends with its cookie: every page form, and the API when a session asks."""
    if request.method in SAFE_METHODS:
        return
    in_api = request.path.startswith("/api/")
    if in_api and (not for_members or current().by != "session"):
        return
    CSRF.protect()
    refuse_unfit_parts()


def _to_login() -> AnyResponse:
    if wants_json():
        raise Problem(401, *OWN_WORDS[401], headers=_CHALLENGE)
    if "HX-Request" in request.headers:
        # A part of a page asks: the whole page must go to sign in, or the sign-in form would appear inside it.
        shown = _parts(request.headers.get("HX-Current-URL", "")).path
        return Response(status=401, headers={"HX-Redirect": url_for("pages.login", next=shown or None)})
    if request.method in SAFE_METHODS:
        return redirect(url_for("pages.login", next=request.full_path.rstrip("?")), 303)
    return redirect(url_for("pages.login", next=_page_before(), unsaved=1), 303)


def _page_before() -> str | None:
    """The page of this site that a form was sent from, as far as the browser says."""
    came = _parts(request.referrer or "")
    return came._replace(scheme="", netloc="", fragment="").geturl() if came.netloc == request.host else None


def _parts(address: str) -> SplitResult:
    """The parts of an address as a browser says it; none of what is no address."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _refused(error: PeopleError) -> AnyResponse:
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooManyAttempts) else {}
    if error.status == 401:
        headers |= _CHALLENGE
    return answer(Problem(error.status, error.code, error.detail, headers=headers))


def _give_cookie(response: Response) -> Response:
    """Give the cookies of a session and of a half sign-in, where there is one that is new or has ended."""
    kept = noted()
    for key, name in (("new_secret", cookie_name), ("new_half", half_cookie)):
        secret: str | None = kept.get(key)
        if secret is None:
            continue
        secure = house().settings.secure
        if secret:
            response.set_cookie(name(), secret, secure=secure, httponly=True, samesite="Lax", path="/")
        else:
            response.delete_cookie(name(), secure=secure, httponly=True, samesite="Lax", path="/")
    return response
