"""Taking legs to another office (转办): what would go and what stays, then, confirmed, exactly that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from cases.model import LegState
from cases.words import STATE_NAMES
from desk.errors import DeskError
from desk.staff.acts import Act
from desk.staff.transfers import Line, Order, Part
from web.staff.names import matter_name, office_name
from web.staff.root import act_of_form, bp
from web.wiring import house

BASES = {"successor": "职能承接：接手单位接着原单位办，时限接着算",
         "misdirected": "管辖移送：本来就不归原单位办，时限从接手单位受理起算"}
SHOWN = 100


@bp.get("/transfers")
def transfers() -> str:
    """What goes where is asked here; a leg or an office that a link names is filled in."""
    return _form({"legs": request.args.get("leg", ""), "office": request.args.get("from", ""),
                  "to": request.args.get("to", ""), "basis": request.args.get("basis", "")}, "")


def _form(given: Mapping[str, Any], problem: str) -> str:
    bodies = house().deployment.bodies
    matters = sorted((matter.name, id_) for id_, matter in house().catalog.matters.items())
    return render_template(
        "staff/transfers.html", problem=problem, given=given, bases=BASES, matters=matters,
        offices={body.id: body.name or body.id for body in bodies.values()},
        targets={body.id: body.name or body.id for body in bodies.values() if body.takes_new})


@bp.post("/transfers")
def transfer() -> str | tuple[str, int] | AnyResponse:
    """Say what would become of each leg; once that is confirmed, do it. Of many it is some at once."""
    form = request.form
    order = Order(to=form.get("to", ""), legs=form.get("legs", "").upper().split(), office=form.get("office", ""),
                  matter=form.get("matter", "") if form.get("office") else "", unanswered="unanswered" in form,
                  basis="misdirected" if form.get("basis") == "misdirected" else "successor",
                  after=form.get("after", ""))
    try:
        act = act_of_form()
        part = house().desk.operations.transfers.transfer(order, act, house().clock.now())
    except DeskError as refused:
        return _form(form, refused.detail), refused.status
    if act.dry_run or part.next or any(line.why for line in part.legs):
        return _told(order, act, part)
    flash(f"已转办 {len(part.legs)} 件，由{office_name(order.to)}接着办。")
    return redirect(url_for("staff.transfers"), 303)


def _told(order: Order, act: Act, part: Part) -> str:
    """The page that says what goes and what stays: before it is done, or after it where something is left."""
    going = [_shown(line) for line in part.legs if not line.why]
    stays = [_shown(line) for line in part.legs if line.why]
    return render_template(
        "staff/transfer.html", order=order, reason=act.reason, done=not act.dry_run, going=going[:SHOWN],
        count=len(going), stays=stays[:SHOWN], left=len(stays), whys=Counter(line["why"] for line in stays),
        to=office_name(order.to), from_=office_name(order.office) if order.office else "", basis=BASES[order.basis],
        told=sum(line["told"] for line in going), other_kind=any(line["other_kind"] for line in going), next=part.next)


def _shown(line: Line) -> dict[str, Any]:
    return {"leg": line.leg, "told": line.told, "why": line.why, "other_kind": line.other_kind,
            "matter": matter_name(line.matter), "office": office_name(line.office),
            "state": STATE_NAMES[LegState(line.state)]}
