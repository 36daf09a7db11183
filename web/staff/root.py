"""What every staff page works with: the blueprint, the first page of a role, and what an act of an operator carries."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from desk.staff.acts import Act
from web.errors import not_found
from web.identity import current, subject
from web.staff.tabs import tabs_of

AT_ONCE = 50

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


def turned(then: str | None) -> dict[str, Any]:
    """What the foot of a list is drawn from: where the page after this one begins, and whether this is the first."""
    return {"next": then, "first": not request.args.get("after")}
