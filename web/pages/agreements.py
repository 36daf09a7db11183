"""The pages of agreements (另一方确认): whoever fills in asks somebody by a code, and whoever is asked answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from catalog.papers import ID_CARD, kind_of, number_of, number_words, of_kind
from desk.errors import DeskError
from desk.parties.agreements import Reply, Seen, complete
from people.errors import PeopleError
from web.api.agreements import open_by_code
from web.identity import subject
from web.pages.again import keep, taken
from web.pages.inputs import Linked
from web.pages.lists import lists
from web.pages.root import bp, desk, draft_of, now
from web.wiring import house

LAST_SIGNS = 4
TOLD: Mapping[str, str] = {"agree": "您已经同意。申请提交以前，随时可以在这里收回。",
                              "refuse": "您没有同意，这份申请不能提交。改主意了，可以在这里再答复。",
                              "take_back": "您收回了同意，这份申请现在不能提交。"}
NOT_AGREED = "请勾选，表示您看清楚并且同意；不同意的请按“不同意”"
NO_CODE = "请填写确认码；还没有的，请填表的人告诉您"
NOT_SENSITIVE = "敏感信息需要您单独同意"


@bp.get("/drafts/<draft>/agreements")
def draft_agreements(draft: str) -> str:
    """Who else must agree to a draft, how far they have, and once the code that was just made."""
    found, told = draft_of(draft), taken() or {}
    return render_template("draft_agreements.html", draft=found, ready=complete(found), role=told.get("role"),
                           code=told.get("code"), until=told.get("until"))


@bp.post("/drafts/<draft>/agreements/<role>")
def ask_to_agree(draft: str, role: str) -> Response:
    """A code for one person of a draft."""
    at = url_for("pages.draft_agreements", draft=draft)
    code, until = desk().agreements.invite(subject(), draft, role, now())
    keep(at, {"role": role, "code": code, "until": until.isoformat()})
    return redirect(at, 303)


@bp.route("/agreements", methods=["GET", "POST"])
def agreements() -> str | tuple[str, int] | Response:
    """What this person was asked, and where a code is typed in."""
    if request.method == "GET":
        return _list_page("")
    if not request.form.get("code", "").strip():
        return _list_page(NO_CODE), 422  # nothing was guessed
    try:
        return redirect(url_for("pages.agreement", agreement=open_by_code(request.form.get("code", "")).agreement), 303)
    except (DeskError, PeopleError) as refused:
        return _list_page(refused.detail), refused.status


def _list_page(problem: str) -> str:
    return render_template("agreements.html", lists=lists(asked=desk().agreements.of), problem=problem,
                           told=(taken() or {}).get("told", ""),
                           code=request.form.get("code", ""))


@bp.route("/agreements/<agreement>", methods=["GET", "POST"])
def agreement(agreement: str) -> str | tuple[str, int] | Response:
    """Everything that is agreed to, and the answer."""
    if request.method == "POST" and request.form.get("do") == "take_back":
        shut = desk().agreements.take_back(subject(), agreement, now()).statement is None
        return _told(url_for("pages.agreements") if shut else request.path, "take_back")
    seen = desk().agreements.one(subject(), agreement, now())
    if request.method == "GET":
        return _page(seen, [], (taken() or {}).get("told", ""))
    yes = request.form.get("do") != "refuse"
    problems = _problems(seen) if yes else []
    if problems:
        return _page(seen, problems), 422
    try:
        reply = Reply(yes, request.form.get("digest"), request.form.get("sensitive") == "yes")
        desk().agreements.answer(subject(), agreement, reply, now())
    except DeskError as refused:
        if refused.status != 409:
            raise
        return _page(desk().agreements.one(subject(), agreement, now()), [Linked(refused.detail)]), 409
    return _told(request.path, "agree" if yes else "refuse")


def _told(at: str, said: str) -> Response:
    """Go to a page that says once what was just said."""
    keep(at, {"told": TOLD[said]})
    return redirect(at, 303)


def _problems(seen: Seen) -> list[Linked]:
    """Why what was sent is no agreement to what is shown."""
    found = []
    if request.form.get("agreed") != "yes":
        found.append(Linked(NOT_AGREED, "#agreed"))
    if seen.statement and seen.statement["sensitive"] and request.form.get("sensitive") != "yes":
        found.append(Linked(NOT_SENSITIVE, "#sensitive"))
    return found


def _page(seen: Seen, problems: list[Linked], told: str = "") -> str:
    return render_template("agreement.html", seen=seen, problems=problems, told=told,
                           number=_partly(seen.statement) if seen.statement else "")


def _partly(statement: Mapping[str, Any]) -> str:
    """The person's own number with its kind of paper, most of it hidden, so that nobody beside the screen reads it."""
    value, catalog = str(statement["number"]), house().catalog
    bundle = catalog.bundles.get(statement["bundle"])
    role = None if bundle is None else catalog.roles_of(bundle).get(statement["role"])
    names = {} if role is None else {one.code: str(one.name) for one in catalog.fields[role.id].options}
    number = number_of(value)
    first, last = len(number) // 3, min(LAST_SIGNS, len(number) // 4)
    hidden = number[:first] + "*" * (len(number) - first - last) + number[len(number) - last:]
    return number_words(of_kind(kind_of(value), hidden), names) if kind_of(value) != ID_CARD else f"身份证号 {hidden}"
