"""What the pages of an account share: the blueprint, forms that were wrong, and acts in the audit log."""

from __future__ import annotations

from flask import Blueprint, request

from people.accounts import Beside
from people.errors import WeakPassword
from store import audit
from store.audit import Entry
from store.people import Account
from web.wiring import house

bp = Blueprint("account", __name__)


def came_from() -> str:
    """The address that this request comes from."""
    return request.remote_addr or ""


def done_by_owner(account: Account, action: str) -> Beside:
    """The entry of the audit log about what a member of the staff does with their own account; none for applicants."""
    entry = Entry(house().clock.now(), account.account, action, account.account)
    return lambda tx: audit.record(tx, entry) if account.role != "applicant" else None


def chosen_password() -> str:
    """The password that was typed twice; `WeakPassword` if it was not the same."""
    password = request.form.get("new", "")
    if password != request.form.get("again", ""):
        raise WeakPassword("两次输入的新密码不一样；请重新输入")
    return password
