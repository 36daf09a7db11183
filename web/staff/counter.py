"""The counter (窗口办理): whom the clerk attends to now, and what this counter filed that is not over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from catalog.papers import ID_CARD
from catalog.reading import kinds_of_paper
from desk.parties.persons import folded, masked, number_on
from desk.staff.counter import MANDATE
from forms.formats import BadFormat
from people import personas
from people.oidc.person import Person, known_of
from people.visits import CHECKED, PLACE, UNNAMED, WHY, Shown
from store.people import Account
from web.errors import Problem
from web.identity import cookie_name, current, keep_apart, subject
from web.pages.at_counter import SCANS
from web.pages.inputs import Linked
from web.pages.materials import keep_paper
from web.staff.root import AT_ONCE, bp, turned
from web.wiring import house

LONGEST_NAME = 50
OTHER_NAME = "这个号码在这里登记的不是这个姓名；请对照证件核对姓名和号码，改过名的请联系运维人员"


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody whose paper the clerk has looked at."""

    name: str
    number: str


@bp.get("/counter")
def counter() -> str:
    """Who is attended to, or the form by which a visit begins; and what this counter filed that goes on."""
    return _page([Linked("先登记来的是谁，才能替人办理", "#name")] if "nobody" in request.args else [])


def _page(problems: list[Linked]) -> str:
    place = str(house().accounts.details(subject()).get(PLACE) or UNNAMED)
    lines, then = house().desk.counter.still_open(place, request.args.get("after"), AT_ONCE)
    return render_template("staff/counter.html", place=place, lines=lines, problems=problems, asked=request.form,
                           kinds=_kinds(), checked=CHECKED, why=WHY,
                           minutes=house().settings.visit_idle // 60, **turned(then))


def _kinds() -> dict[str, str]:
    """The kinds of paper that somebody may show, by code, the identity card in front."""
    catalog = house().catalog
    every = (one for field in catalog.fields.values() for one in (field, *field.inner))
    names = {option.code: str(option.name) for one in every if one.type == "citizen_id" for option in one.options}
    kinds = kinds_of_paper(catalog)
    return {ID_CARD: "居民身份证"} | {kind: names[kind] for kind in sorted(kinds & names.keys()) if kind != ID_CARD}


@bp.post("/counter/visits")
def open_visit() -> tuple[str, int] | Response:
    """Begin to attend to somebody: find or make their account, and act for them from now on."""
    problems, form = list[Linked](), request.form
    body: dict[str, Any] = {name: form.get(name, "") for name in ("why", "checked", "paper")}
    person = _came("", problems)
    if body["checked"] not in CHECKED:
        problems.append(Linked("请选择证件是怎么核对的", "#checked-reader"))
    if body["why"] not in WHY:
        problems.append(Linked("请选择来的是本人还是受托人", "#why-present"))
    if body["why"] == "proxy":
        sent = _came("proxy_", problems)
        body["proxy"] = {"name": sent.name, "number": sent.number}
    account = None if problems else _account(person, problems)
    if account is None:
        return _page(problems), 422
    try:
        if "proxy" in body:
            body[MANDATE] = [_mandate(account.account)]
    except Problem as problem:
        return _page([Linked(problem.detail, "#mandate")]), problem.status
    secret = request.cookies.get(cookie_name(), "")
    house().visits.open(current(), secret, account, body, house().clock.now())
    return redirect(url_for("pages.cases" if "cases" in form else "pages.home"), 303)


def _came(before: str, problems: list[Linked]) -> Came:
    """Who came, as the fields say whose names begin so; what is wrong with them is added to the `problems`."""
    name, kind = request.form.get(f"{before}name", "").strip(), request.form.get(f"{before}paper", ID_CARD)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        problems.append(Linked("请照证件填写姓名", f"#{before}name"))
    number = ""
    try:
        number = number_on(kind, request.form.get(f"{before}number", "")) if kind in _kinds() else ""
    except BadFormat as wrong:
        problems.append(Linked(str(wrong), f"#{before}number"))
    else:
        if not number:
            problems.append(Linked("请照证件填写号码", f"#{before}number"))
    return Came(name, number)


def _account(came: Came, problems: list[Linked]) -> Account | None:
    """The account of whoever it is for; none, and why, where the number is known under another name."""
    for sample in house().personas:  # as if they had signed in before, so that they find there what is filed here
        if sample.number == came.number:
            personas.account_of(house().accounts, sample, house().clock.now())
    details = known_of(Person("", "", None, came.name, citizen_id=came.number), house().parts.roles)
    account = house().visits.account(Shown(came.name, came.number, details), house().clock.now())
    if folded(account.name) == folded(came.name):
        return account
    problems.append(Linked(OTHER_NAME, "#name"))
    return None


def _mandate(owner: str) -> str:
    """The scan of the paper by which somebody acts for the owner of an account, kept as the owner's; a `Problem`."""
    file = request.files.get(MANDATE)
    if file is None or not file.filename:
        raise Problem(422, "no_file", "请上传委托书的扫描件或照片")
    return keep_paper(file, "委托书", SCANS, owner)


@bp.post("/counter/end")
def end_visit() -> Response:
    """Attend to nobody any more."""
    visit = current().visit
    if visit is not None:
        house().visits.end(visit.row, house().clock.now())
        keep_apart(house().sessions.identity(request.cookies.get(cookie_name(), ""), house().clock.now()))
        flash(f"已结束为{masked(visit.name)}的代办，材料和证件请交还本人。")
    return redirect(url_for("staff.counter"), 303)
