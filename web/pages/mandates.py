"""The pages of mandates (委托): whom one has entrusted, who entrusts one, giving by the agent's code, and ending."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from desk.agents.agency import ACTS, FILE
from desk.agents.mandates import LONGEST, LONGEST_REASON, Wish
from desk.errors import DeskError
from people.errors import PeopleError
from web.api.mandates import behind, give
from web.identity import subject
from web.pages.again import keep, taken
from web.pages.inputs import Linked, flat
from web.pages.lists import lists
from web.pages.root import bp, desk, now, today
from web.wiring import house

USUAL = timedelta(days=90)


@bp.get("/mandates")
def mandates() -> str:
    """Both sides of the person, and once what was just done."""
    found, told = desk().mandates, taken() or {}
    return render_template("mandates.html", lists=lists(given=found.given, received=found.received),
                           told=told.get("told"), code=told.get("code"), until=told.get("until"))


@bp.post("/mandates/code")
def agent_code() -> Response:
    """Show a code by which this person can be entrusted."""
    code, until = desk().mandates.show_code(subject(), now())
    return _to_mandates({"code": code, "until": until.isoformat()})


def _to_mandates(told: Mapping[str, str]) -> Response:
    keep(url_for("pages.mandates"), dict(told))
    return redirect(url_for("pages.mandates"), 303)


@bp.route("/mandates/new", methods=["GET", "POST"])
def entrust() -> str | tuple[str, int] | Response:
    """Entrust somebody: first the code, then, once it is seen whose it is, what and until when."""
    if request.method == "GET":
        return _code_page("")
    if not request.form.get("code", "").strip():
        return _code_page("请填写代办码；还没有的，请代办人告诉您"), 422  # nothing was guessed
    try:
        if request.form.get("do") != "give":
            return _scope_page(behind(request.form.get("code", "")), [])
        given = give(_wish(), request.form.get("key", ""))
    except (DeskError, PeopleError) as refused:
        return _refused(refused)
    name, until = given.row.body["agent_name"], date.fromisoformat(given.until)
    return _to_mandates({"told": f"已委托{name}，到 {until.year}年{until.month}月{until.day}日为止。随时可以撤销。"})


def _refused(refused: DeskError | PeopleError) -> tuple[str, int] | Response:
    """What is wrong with the code beside the code, with the rest beside the rest; what was given already is there."""
    if getattr(refused, "errors", None):
        with suppress(DeskError, PeopleError):
            wrong = [Linked(text, f"#{part}") for part, texts in refused.errors.items()  # type: ignore[union-attr]
                     for text in flat(texts)]
            return _scope_page(behind(request.form.get("code", "")), wrong), 422
    return _code_page(refused.detail), refused.status


def _code_page(problem: str) -> str:
    return render_template("entrust_code.html", problem=problem, code=request.form.get("code", ""))


def _scope_page(name: str, problems: list[Linked]) -> str:
    form, last = request.form, today() + USUAL
    bundles = [(one.id, str(one.name)) for one in house().catalog.on_offer]
    return render_template(
        "entrust_scope.html", name=name, problems=problems, bundles=bundles, acts=ACTS, always=FILE,
        code=form.get("code", ""), key=form.get("key") or secrets.token_hex(16), most=LONGEST_REASON,
        first=today(), last=today() + LONGEST, until=form.get("valid_until") or last.isoformat(),
        whole=form.get("whole", "some"), some=form.getlist("bundle"), reason=form.get("reason", ""),
        chosen=form.getlist("act") if form.get("do") == "give" else list(ACTS))


def _wish() -> Wish:
    """What the form says."""
    form = request.form
    bundles = None if form.get("whole") == "all" else tuple(form.getlist("bundle"))
    acts = tuple(dict.fromkeys((FILE, *form.getlist("act"))))
    return Wish(form.get("code", ""), _day(form.get("valid_until", "")), bundles, acts, None,
                form.get("reason", "").strip())


def _day(text: str) -> date:
    """A day as it was typed; one long ago, which is refused, where it is none."""
    with suppress(ValueError):
        return date.fromisoformat(text)
    return date.min + LONGEST


@bp.route("/mandates/<mandate>/end", methods=["GET", "POST"])
def end_mandate(mandate: str) -> str | Response:
    """End a mandate: first what follows, then at once."""
    found = desk().mandates.one(subject(), mandate, now())
    mine = found.row.principal == subject()
    if request.method == "GET":
        return render_template("mandate_end.html", one=found, mine=mine)
    desk().mandates.revoke(subject(), mandate, now())
    whom: Any = found.row.body["agent_name" if mine else "principal_name"]
    return _to_mandates({"told": f"已撤销对{whom}的委托，从现在起不能再代办。" if mine else f"您不再替{whom}代办。"})
