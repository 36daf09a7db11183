"""Signing in and out; in the demo one click makes the visitor a sample person."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from people.errors import PeopleError
from web.identity import current, own_path, sign_in, sign_in_as, sign_out
from web.pages_root import bp, demo
from web.staff.tabs import tabs_of
from web.wiring import house


def _onward() -> Response:
    first = "staff.home" if tabs_of(current().role) else "pages.home"
    return redirect(own_path(request.values.get("next"), url_for(first)), 303)


@bp.route("/login", methods=["GET", "POST"])
def login() -> str | tuple[str, int] | Response:
    """Sign in by name and password; a wrong one says so beside the form."""
    if request.method == "GET":
        return _page("")
    try:
        sign_in(request.form.get("login", ""), request.form.get("password", ""))
    except PeopleError as error:
        return _page(error.detail), error.status
    return _onward()


def _page(problem: str) -> str:
    return render_template("login.html", problem=problem, next=request.values.get("next", ""),
                           unsaved="unsaved" in request.args,
                           login=request.form.get("login", ""), personas=house().personas if demo() else ())


@bp.post("/login/persona")
def persona() -> Response:
    """Become a sample person (demo and test only)."""
    sign_in_as(request.form.get("persona", ""))
    return _onward()


@bp.post("/logout")
def logout() -> Response:
    """End the session of this browser."""
    sign_out()
    return redirect(url_for("pages.home"), 303)
