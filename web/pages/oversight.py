"""What an applicant may do on the tracking page about how a case is handled: urge a late leg, rate what has ended."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cases.urges import working_day
from desk.agents.agency import URGE, may_do
from desk.applicants.afterwards import Urge, number_of
from desk.errors import DeskError, UnknownLeg
from oversight.handlings import Handling
from oversight.ratings import ITEMS, LEVELS, LONGEST_WORDS, Given
from web.identity import subject
from web.pages.answer import done_before, to_case
from web.pages.root import bp, desk, now
from web.pages.words import called
from web.wiring import house


@bp.post("/cases/<reference>/urge")
def urge(reference: str) -> Response:
    """Urge the leg whose button was pressed; pressed twice on one day it is once urged."""
    leg = number_of(reference, request.form.get("leg", ""))
    key = f"page-urge:{reference}:{leg}:{working_day(now(), desk().calendar)}"
    desk().afterwards.urge(subject(), reference, Urge(leg), key, now())
    return _back(reference, f"leg-{leg}")


def _back(reference: str, part: str) -> Response:
    """Back to a part of the tracking page; to the list where an agent's mandate has ended since."""
    if not desk().sees(subject(), reference, now()):
        return to_case(reference, "")
    return redirect(url_for("pages.case", reference=reference, _anchor=part), 303)


def rated(view: Mapping[str, Any]) -> dict[str, Any]:
    """What the tracking page says about ratings: the whole case, and legs that can be rated or were."""
    names = {leg["leg"]: called(leg) for leg in view["legs"]} | {"": "整件事"}
    found = [{"leg": one.leg, "name": names[one.leg], "open": one.open(now()), "rating": one.rating,
              "level": LEVELS[one.rating.level] if one.rating else "", "until": one.until}
             for one in house().ratings.of_case(subject(), view["reference"], now())]
    may = may_do(view, URGE)
    shown = [one for one in found if (one["open"] and may) or one["rating"]]
    return {"open": [one for one in shown if one["open"]], "given": [one for one in shown if one["rating"]]}


@bp.route("/cases/<reference>/rating", methods=["GET", "POST"])
def rating(reference: str) -> str | tuple[str, int] | Response:
    """Rate the whole case, or one leg of it; nothing is chosen beforehand."""
    if (done := done_before(reference)) is not None:
        return done
    leg = number_of(reference, request.values.get("leg", ""))
    found = next((one for one in house().ratings.of_case(subject(), reference, now()) if one.leg == leg), None)
    if found is None:
        raise UnknownLeg
    if request.method == "GET":
        return _page(reference, found, "")
    try:
        house().ratings.give(subject(), reference, _given(leg), request.form.get("key", ""), now())
    except DeskError as refused:
        if refused.status != 422:
            raise
        return _page(reference, found, _problem(refused)), 422
    return _back(reference, "ratings")


def _given(leg: str) -> Given:
    """The rating that the form says; level 0, which is none, where nothing was chosen."""
    items = {name: _level(given) for name in ITEMS if (given := request.form.get(f"item.{name}", ""))}
    return Given(leg, _level(request.form.get("level", "")), items, request.form.get("words", "").strip())


def _level(text: str) -> int:
    return int(text) if text in {str(level) for level in LEVELS} else 0


def _problem(refused: DeskError) -> str:
    """What is wrong first: the level, then the words."""
    if "level" in refused.errors:
        return "请选择满意程度"
    return str(next(iter(refused.errors.get("words", ())), refused.detail))


def _page(reference: str, of: Handling, problem: str) -> str:
    view = desk().case_view(subject(), reference, now())
    named = next((called(leg) for leg in view["legs"] if leg["leg"] == of.leg), view["bundle_name"])
    return render_template("rating.html", view=view, of=of, name=named, problem=problem, levels=LEVELS, items=ITEMS,
                           can=of.open(now()), most=LONGEST_WORDS, key=request.form.get("key") or secrets.token_hex(16))
