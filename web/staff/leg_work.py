"""One leg before its officer: what is in it, what happened, and the acts that may be chosen now."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from cases.states import OVERDUE
from desk.errors import MalformedNotice, NotNow
from desk.sending.feed import Taker
from desk.staff.officer_acts import Said
from desk.staff.officers import Sheet
from web.errors import answer, from_http, not_found
from web.identity import current, subject
from web.pages.inputs import Linked
from web.pages.materials import MB, MOST_SWALLOWED, swallow
from web.staff.act_forms import KINDS, Form, data_of, filled, form_of, told_faults
from web.staff.inbox import LOOKS, officers, own_office, refuse_while_paused
from web.staff.leg_sheet import papers_of, parts_of, replies_of
from web.staff.result_forms import filled_blocks
from web.staff.root import bp
from web.wiring import house

FRESH = {"leg.filed": "新的申请", "leg.supplemented": "申请人交来了补正", "leg.material_added": "材料有补充或更正",
         "leg.withdrawn": "申请人要求撤回", "leg.urged": "催办", "leg.converted": "改为另一种程序",
         OVERDUE: "后补的材料过了期限"}


@bp.errorhandler(413)
def too_large(error: HTTPException) -> AnyResponse:
    """A form sends all its files at once: what they are together may be too much, which is found before it is read."""
    sent, limit = request.content_length or 0, house().settings.upload_limit
    if request.endpoint != "staff.act" or sent <= limit or not current().signed_in:
        return answer(from_http(error))
    swallow(MOST_SWALLOWED * limit)
    flash(f"没有提交：选的文件一共约 {sent / MB:.0f} MB，一次最多 {limit // MB} MB。"
          "请按浏览器的“返回”回到刚才填写的页面，换小一些的文件。")
    return redirect(url_for("staff.work", leg=(request.view_args or {})["leg"]), 303)


def _sheet(leg: str) -> Sheet:
    """The leg as this officer may see it; that personal data are seen stands in the audit log before."""
    now = house().clock.now()
    sheet = officers().sheet(own_office(), leg, now)
    if sheet.opened:
        house().desk.sights.leg(subject(), sheet.id, now)
    return sheet


@bp.get("/work/<leg>")
def work(leg: str) -> str:
    """The leg, or what is known of it before it is opened."""
    return _page(_sheet(leg))


def _page(sheet: Sheet, sent: Form | None = None, problems: Sequence[Linked] = ()) -> str:
    """The page; `sent` is the form that came back, with what was typed into it."""
    forms = [sent if sent is not None and sent.type == type_ else form_of(sheet, type_) for type_ in sheet.acts]
    if sent is not None and sent.type not in sheet.acts:  # nothing that was typed is lost
        forms.append(sent)
    shown = {"parts": parts_of(sheet), "papers": papers_of(sheet), "replies": replies_of(sheet)}
    return render_template(
        "staff/work.html", sheet=sheet, line=sheet.line, next=officers().next_after(sheet, house().clock.now()),
        forms=forms, problems=problems, looks=LOOKS, token=secrets.token_hex(16), **shown,
        fresh=[FRESH.get(type_, type_) for type_ in dict.fromkeys(sheet.fresh)],
        people={happened.officer: _name(happened.officer) for happened in sheet.history if happened.officer})


def _name(officer: str) -> str:
    found = house().accounts.get(officer)
    return found.name if found else officer


@bp.post("/work/<leg>/open")
def open_work(leg: str) -> AnyResponse:
    """Open what is new of a leg: from now on it is received."""
    refuse_while_paused()
    now = house().clock.now()
    if house().desk.officer_acts.open(_officer(), leg, now):
        house().desk.sights.opened(subject(), leg, now)
    return redirect(url_for("staff.work", leg=leg), 303)


def _officer() -> Taker:
    return Taker(own_office(), subject())


@bp.route("/work/<leg>/acts/<act>", methods=["GET", "POST"])
def act(leg: str, act: str) -> str | tuple[str, int] | AnyResponse:
    """Do an act; what stands in its way is said on the page, with all that was typed and every file that was taken.
    Its address alone, as of that page opened again, leads to the leg."""
    if request.method == "GET":
        return redirect(url_for("staff.work", leg=leg), 303)
    type_ = f"leg.{act}"
    if type_ not in KINDS:
        raise not_found()
    refuse_while_paused()
    sheet = _sheet(leg)
    blank = form_of(sheet, type_)
    form = filled(replace(blank, handed=filled_blocks(blank.handed, own_office(), leg)), request.form)
    if "do" in request.form:  # another row, or one less
        return _page(sheet, form, [])
    if form.problems:
        return _page(sheet, form, form.problems), 422
    token = request.form.get("token", "")
    said = Said(type_, token, request.form.get("seen", ""), data_of(form, request.form, token))
    try:
        house().desk.officer_acts.tell(_officer(), leg, said, house().clock.now())
    except MalformedNotice as wrong:
        faulty = told_faults(form, wrong.errors.get("data") or {})
        return _page(sheet, faulty, faulty.problems or [Linked(wrong.detail)]), 422
    except NotNow as refused:
        return _page(_sheet(leg), form, [Linked(refused.detail)]), refused.status
    flash(f"{form.done}。")
    return redirect(url_for("staff.work", leg=leg), 303)
