"""登录安全: the last sign-ins of a member of the staff, the password, and the second factor with its recovery codes."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from people.errors import PeopleError, WrongCode, WrongLogin
from store.people import Account
from web.account.root import bp, came_from, chosen_password, done_by_owner
from web.account.steps import codes_page
from web.errors import not_found
from web.identity import enter, subject
from web.sign_in_notes import HOW, note_failure
from web.wiring import house

Answer = str | tuple[str, int] | Response
WRONG_PASSWORD = "现在的密码不对；请检查后重试"  # noqa: S105  what is said, and no password


@bp.get("/account/security")
def page() -> str:
    """How one signs in, and did lately."""
    return _page(_own())


@bp.post("/account/password")
def change_password() -> Answer:
    """Choose another password. Every other session of the account ends."""
    account = _with_password()

    def change() -> Answer:
        _check_password(account)
        house().accounts.change_password(account, chosen_password(), house().clock.now(),
                                         done_by_owner(account, "account.own_password"))
        enter(account)
        flash("密码已更换，这个账号在别处的登录都已结束。")
        return redirect(url_for("account.page"), 303)

    return _tried("password", account, change)


@bp.post("/account/factor")
def new_factor() -> Answer:
    """Set up a second factor, or another one: the owner proves to be that, and goes on as at a sign-in."""
    account = _with_password(staff=True)

    def begin() -> Answer:
        if house().factors.of(account.account).since is None:
            _check_password(account)
        else:
            _check_code(account)
        g.new_half = house().halfway.begin_enrolling(account, house().clock.now())
        return redirect(url_for("account.factor", next=url_for("account.page")), 303)

    return _tried("factor", account, begin)


@bp.post("/account/codes")
def new_codes() -> Answer:
    """Ten new recovery codes; those from before are worthless."""
    account = _with_password(staff=True)

    def renew() -> Answer:
        _check_code(account)
        codes = house().factors.renew_codes(account.account, done_by_owner(account, "account.codes"))
        return codes_page(codes, url_for("account.page"))

    return _tried("codes", account, renew)


def _tried(form: str, account: Account, act: Callable[[], Answer]) -> Answer:
    """What came of a form of this page; what was wrong is said beside it."""
    try:
        return act()
    except PeopleError as error:
        if isinstance(error, WrongLogin | WrongCode):
            note_failure(account.login, "password" if isinstance(error, WrongLogin) else "code")
        said = WRONG_PASSWORD if isinstance(error, WrongLogin) else error.detail
        return _page(account, {form: said}), error.status


def _check_password(account: Account) -> None:
    """The password of today, counted like one at a sign-in."""
    house().accounts.by_password(account.login, request.form.get("password", ""), came_from(), house().clock.now())


def _check_code(account: Account) -> None:
    house().factors.prove(account.account, request.form.get("code", ""), came_from(), house().clock.now())


def _own() -> Account:
    found = house().accounts.get(subject())
    if found is None:
        raise not_found()
    return found


def _with_password(staff: bool = False) -> Account:
    """One's own account, if a password opens it (and it is one of the staff)."""
    found = _own()
    if found.password is None or (staff and found.role == "applicant"):
        raise not_found()
    return found


def _page(account: Account, problems: dict[str, str] | None = None) -> str:
    return render_template("account/page.html", account=account, has=house().factors.of(account.account),
                           asked=house().halfway.asks_of(account), history=house().sign_ins.of(account.account),
                           how=HOW, problems=problems or {})
