"""A person's own account: what is known here, and closing it, with what goes and what stays said before the click."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from people import personas
from people.errors import PeopleError, WrongLogin
from store import audit, identities
from store.audit import Entry
from store.people import Account
from web.identity import sign_out, subject
from web.pages.case import ENDED
from web.pages.root import bp, desk, now
from web.wiring import house

SAMPLE = "这是演示用的示例人员，账号不能注销；正式使用时可以"
WRONG = "密码不对，请再输一次；忘记了请联系政务大厅窗口"
UNREAD = "请先勾选，表示您看过哪些会删除、哪些会留下"


@bp.get("/account")
def account() -> str:
    """What the account knows of its person, and how it is signed in to."""
    one = _own()
    fields = house().catalog.fields
    known = [str(fields[code].name) if code in fields else code for code in one.body]
    return render_template("account.html", one=one, known=known, platform=_by_platform(one))


@bp.route("/account/close", methods=["GET", "POST"])
def close_account() -> str | tuple[str, int] | Response:
    """First what goes and what stays; then, with the password where there is one, it is erased for good."""
    one = _own()
    if request.method == "GET":
        return _page(one, "")
    if personas.find(house().personas, one.account) is not None:
        return _page(one, SAMPLE), 403
    if "read" not in request.form:
        return _page(one, UNREAD), 422
    if one.password is not None:
        try:
            house().accounts.by_password(one.login, request.form.get("password", ""), request.remote_addr or "", now())
        except PeopleError as refused:
            return _page(one, WRONG if isinstance(refused, WrongLogin) else refused.detail), refused.status
    entry = Entry(now(), "applicant", "account.erase", one.account)
    house().erase_account(one.account, lambda tx: audit.record(tx, entry))
    sign_out()
    return render_template("account_closed.html")


def _own() -> Account:
    found = house().accounts.get(subject())
    return found or Account(subject(), "", "applicant", "", now())  # a program's own name has none


def _by_platform(one: Account) -> bool:
    with house().database.read() as tx:
        return bool(identities.bonds_of(tx, one.account))


def _page(one: Account, problem: str) -> str:
    at_desk, here = desk(), now()
    cases, more = at_desk.cases_of(one.account, here)
    running: list[dict[str, Any]] = [
        {**case, "code": at_desk.intake.receipt(one.account, case["reference"], here).code}
        for case in cases if case["state"] not in ENDED]
    given, _ = at_desk.mandates.given(one.account, here)
    received, _ = at_desk.mandates.received(one.account, here)
    mandates = [mandate for mandate in (*given, *received) if mandate.state in ("in_force", "coming")]
    return render_template(
        "account_close.html", one=one, problem=problem, running=running, ended=len(cases) - len(running), more=more,
        drafts=len(at_desk.drafts.of_subject(one.account, here)), mandates=len(mandates), platform=_by_platform(one),
        sample=personas.find(house().personas, one.account) is not None, read="read" in request.form)
