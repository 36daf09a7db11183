"""Ratings (评价): the bad ones that must be answered, by the day they are due, and the figures of all."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from desk.errors import DeskError
from desk.staff.acts import Act
from oversight import figures
from oversight.ratings import ITEMS, LEVELS
from store import legs, ratings
from store.errors import Unknown
from store.ratings import Rating
from web.errors import not_found
from web.identity import subject
from web.staff.names import bundle_name, matter_name, office_name
from web.staff.root import AT_ONCE, bp, turned
from web.wiring import house


@bp.get("/ratings", endpoint="ratings")
def list_ratings() -> str:
    """Bad ratings that are owed an answer, the one due first in front, and the figures."""
    with house().database.read() as tx:
        found, then = ratings.owed(tx, request.args.get("after"), AT_ONCE)
        owed = ratings.late(tx, house().clock.now())
        tables = (("按一件事（整件事的评价）", [(bundle_name(line.name), line) for line in figures.by_bundle(tx)]),
                  ("按单位（各事项的评价）", [(office_name(line.name), line) for line in figures.by_office(tx)]))
    return render_template("staff/ratings.html", lines=[_shown(one) for one in found], owed=owed,
                           tables=tables, levels=LEVELS, **turned(then))


def _shown(one: Rating) -> dict[str, Any]:
    assert one.due_at is not None
    return {"entry": f"{one.reference}-{one.leg}" if one.leg else one.reference, "reference": one.reference,
            "bundle": bundle_name(one.bundle), "office": office_name(one.office) if one.office else "",
            "level": LEVELS[one.level], "at": one.at, "due_at": one.due_at, "late": house().clock.now() > one.due_at,
            "fixed_at": one.fixed_at, "called_at": one.called_at, "owed": one.owed}


@bp.get("/ratings/<entry>")
def rating(entry: str) -> str:
    """One bad rating: what is known of it without looking inside, and what was done."""
    return _one(_found(entry))


def _found(entry: str) -> Rating:
    reference, _, leg = entry.partition("-")
    try:
        return house().ratings.bad(reference, leg)
    except DeskError:
        raise not_found() from None


def _one(found: Rating, **more: Any) -> str:
    return render_template("staff/rating.html", one=_shown(found), rating=found, matter=_matter(found),
                           **{"problem": "", "inside": None, "reason": "", **more})


def _matter(found: Rating) -> str:
    """What was rated: a matter, or the whole case."""
    if not found.leg:
        return "整件事"
    with house().database.read() as tx:
        try:
            return matter_name(legs.get(tx, found.reference, found.leg).matter)
        except Unknown:
            return found.leg


@bp.post("/ratings/<entry>/look")
def look_at_rating(entry: str) -> str | tuple[str, int]:
    """What was said and whom to call back; that somebody looked is recorded with the reason."""
    found = _found(entry)
    try:
        act = Act(subject(), request.form.get("reason", "").strip())
        house().ratings.look(found, act, house().clock.now())
    except DeskError as refused:
        return _one(found, problem=_said(refused)), refused.status
    said = found.body
    if said is None:
        return _one(found, problem="内容已依法删除")
    name, numbers = house().desk.contact(found.reference)
    items = [(ITEMS[item], LEVELS[level]) for item, level in said.get("items", {}).items()]
    return _one(found, inside={"words": said.get("words", ""), "items": items, "name": name, "numbers": numbers})


@bp.post("/ratings/<entry>")
def answer_rating(entry: str) -> str | tuple[str, int] | AnyResponse:
    """Write down what was put right, or that the person was called back."""
    found, do = _found(entry), request.form.get("do", "")
    ways = {"fix": house().ratings.fix, "call": house().ratings.call}
    if do not in ways:
        return _one(found, problem="请选择登记整改还是回访"), 422
    try:
        ways[do](found, Act(subject(), request.form.get("reason", "").strip()), house().clock.now())
    except DeskError as refused:
        return _one(found, problem=_said(refused)), refused.status
    flash("已登记整改。" if do == "fix" else "已登记回访。")
    return redirect(url_for("staff.rating", entry=entry), 303)


def _said(refused: DeskError) -> str:
    return "请写一句说明（不超过 1000 字）；它会记入审计日志" if refused.code == "missing_reason" else refused.detail
