"""What is asked at a sign-in once the password was right, one page for each: a code, another password, a second factor
that is set up. None of them opens anything; a session opens after the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from people import factors, halfway, totp
from people.errors import HalfSignInOver, PeopleError, WrongCode
from people.halfway import Standing, Step
from store.port import Tx
from web.account.root import bp, came_from, chosen_password, done_by_owner
from web.identity import current, enter, half_cookie, own_path
from web.pages.login import login_page, onward
from web.pictures.qr import qr_code
from web.sign_in_notes import note_failure
from web.wiring import house

ISSUER = "一件事"  # what an app calls us
Answer = str | tuple[str, int] | Response
Serve = Callable[[Standing], Answer]


@bp.route("/login/code", methods=["GET", "POST"])
def code() -> Answer:
    """The second factor: a code of the app, or a recovery code."""
    return _at("code", lambda half: _page("code", half), _prove)


@bp.route("/login/password", methods=["GET", "POST"])
def new_password() -> Answer:
    """Another password, because somebody else chose this one, or it is too easy or too old."""
    return _at("new_password", lambda half: _page("new_password", half), _choose)


@bp.route("/login/factor", methods=["GET", "POST"])
def factor() -> Answer:
    """Set up a second factor: the picture for the app, and a code that proves it is there."""
    return _at("factor", _factor_page, _set_up)


def _at(step: Step, show: Serve, take: Serve) -> Answer:
    """The page of a step, or what was sent from it, if it is this step's turn; else the one whose turn it is."""
    half = _standing(request.cookies.get(half_cookie(), ""))
    if half is None:
        return onward(_next()) if current().signed_in else _over()
    try:
        if half.step != step:
            return _further(half)
        return show(half) if request.method == "GET" else take(half)
    except HalfSignInOver:
        return _over()


def _standing(secret: str) -> Standing | None:
    return house().halfway.found(secret, house().clock.now()) if secret else None


def _over() -> Answer:
    g.new_half = ""
    return login_page(HalfSignInOver().detail, _next()), HalfSignInOver.status


def _next() -> str:
    return request.values.get("next", "")


def _further(half: Standing | None) -> Answer:
    """On to the next step, or in."""
    if half is None:
        raise HalfSignInOver
    if half.step is not None:
        return redirect(url_for(f"account.{half.step}", next=_next() or None), 303)
    enter(half.account, how=half.half.how, beside=lambda tx: halfway.end(tx, half.half))
    g.new_half = ""
    return onward(_next())


def _prove(half: Standing) -> Answer:
    now = house().clock.now()
    try:
        house().factors.prove(half.account.account, request.form.get("code", ""), came_from(), now,
                              lambda tx, how: halfway.proved(tx, half.half, how))
    except HalfSignInOver:
        raise
    except PeopleError as error:
        if isinstance(error, WrongCode):
            note_failure(half.account.login, "code")
        return _page("code", half, error.detail), error.status
    return _further(_standing(request.cookies.get(half_cookie(), "")))


def _choose(half: Standing) -> Answer:
    secret, record = halfway.new_secret(), done_by_owner(half.account, "account.own_password")

    def beside(tx: Tx) -> None:
        halfway.renewed(tx, half.half, secret)
        record(tx)

    try:
        house().accounts.change_password(half.account, chosen_password(), house().clock.now(), beside)
    except PeopleError as error:
        return _page("new_password", half, error.detail), error.status
    g.new_half = secret
    return _further(_standing(secret))


def _set_up(half: Standing) -> Answer:
    codes, said = factors.new_codes(), request.form.get("code", "")
    record, now = done_by_owner(half.account, "account.factor"), house().clock.now()

    def beside(tx: Tx) -> None:
        factors.enrol(tx, half.half, said, codes, now)
        record(tx)

    try:
        enter(half.account, how="code", beside=beside)
    except WrongCode as error:
        return _factor_page(half, error.detail), error.status
    g.new_half = ""
    return codes_page(codes, _next())


def codes_page(codes: Sequence[str], next_: str) -> str:
    """Recovery codes, shown once."""
    return render_template("account/codes.html", codes=codes, then=own_path(next_, url_for("staff.home")))


def _factor_page(half: Standing, problem: str = "") -> str:
    secret = half.half.pending
    address = totp.address(secret, half.account.login, ISSUER)
    groups = " ".join(secret[at:at + 4] for at in range(0, len(secret), 4))
    return _page("factor", half, problem, picture=qr_code(address), address=address, secret=groups, issuer=ISSUER)


def _page(name: str, half: Standing, problem: str = "", **more: Any) -> str:
    return render_template(f"account/{name}.html", problem=problem, next=_next(), login=half.account.login,
                           account=half.account, until=half.half.until, **more)
