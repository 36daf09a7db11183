"""Signing in and out; in the demo one click makes the visitor a sample person."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from people.errors import PeopleError, SignInDeclined
from web.identity import current, own_path, sign_in, sign_in_as, sign_out
from web.languages import COOKIE, KEPT
from web.pages.root import bp, demo
from web.staff.tabs import tabs_of
from web.wiring import house


def onward(target: str | None) -> Response:
    """On to where a person was going who has just signed in."""
    first = "staff.home" if tabs_of(current().role) else "pages.home"
    return redirect(own_path(target, url_for(first)), 303)


@bp.route("/login", methods=["GET", "POST"])
def login() -> str | tuple[str, int] | Response:
    """Sign in by name and password; a wrong one says so beside the form."""
    if request.method == "GET":
        return login_page("", request.args.get("next", ""))
    try:
        whole = sign_in(request.form.get("login", ""), request.form.get("password", ""))
    except PeopleError as error:
        return login_page(error.detail, request.values.get("next", ""), "login"), error.status
    target = request.values.get("next")
    return onward(target) if whole else redirect(url_for("account.code", next=target or None), 303)


def login_page(problem: str, next_: str, beside: str = "") -> str:
    """The sign-in page; a `problem` is said on top, and beside the field that it is about."""
    platform = house().oidc
    return render_template("login.html", problem=problem, next=next_, beside=beside, unsaved="unsaved" in request.args,
                           declined=SignInDeclined().detail if "declined" in request.args else "",
                           platform=platform.setup.label if platform else "",
                           login=request.form.get("login", ""), personas=house().personas if demo() else ())


@bp.post("/login/persona")
def persona() -> Response:
    """Become a sample person (demo and test only)."""
    sign_in_as(request.form.get("persona", ""))
    return onward(request.form.get("next"))


@bp.post("/language")
def language() -> Response:
    """Choose the language that is read beside the Chinese, or none, and stay on the page."""
    answer = redirect(own_path(request.form.get("next"), url_for("pages.home")), 303)
    answer.set_cookie(COOKIE, request.form.get("tag", "")[:8], max_age=KEPT, secure=house().settings.secure,
                      httponly=True, samesite="Lax")
    return answer


@bp.post("/logout")
def logout() -> str | Response:
    """End the session of this browser; whoever came by the identity platform is led on to sign out there, too."""
    platform = house().oidc
    away = platform.way_out(house().clock.now()) if sign_out() and platform else None
    if away is None:
        return redirect(url_for("pages.home"), 303)
    return render_template("signed_out.html", away=away)
