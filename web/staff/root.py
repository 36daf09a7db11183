"""What every staff page works with: the blueprint, the first page of a role, and what an act of an operator carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from desk.acts import Act
from web.errors import not_found
from web.identity import current, subject
from web.staff.tabs import tabs_of

AT_ONCE, MOST_PAGES = 50, 100_000
One = TypeVar("One")

bp = Blueprint("staff", __name__, url_prefix="/staff")


@bp.get("/")
def home() -> Response:
    """The first page of the role that is signed in."""
    tabs = tabs_of(current().role)
    if not tabs:
        raise not_found()
    return redirect(url_for(tabs[0].endpoint), 303)


def act_of_form() -> Act:
    """Who acts and why, as the form says: only tried out until its second step confirms it. `MissingReason`."""
    return Act(by=subject(), reason=request.form.get("reason", "").strip(), dry_run="confirmed" not in request.form)


def page_asked() -> int:
    """The page of a list that is asked for, from 1; nobody turns so many that a number is too large."""
    return min(max(1, request.args.get("page", 1, type=int) or 1), MOST_PAGES)


def page_of(after: Callable[[One | None, int], list[One]]) -> tuple[list[One], int, bool]:
    """The page of a list that is asked for, or its last one, the page's number, and whether more follow; `after` gives
    so many after one."""
    place, found = 1, after(None, AT_ONCE + 1)
    while len(found) > AT_ONCE and place < page_asked():
        place, found = place + 1, after(found[AT_ONCE - 1], AT_ONCE + 1)
    return found[:AT_ONCE], place, len(found) > AT_ONCE
