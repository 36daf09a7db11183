"""What is noted of a try to sign in that failed, and what is told of the last sign-in to whoever has just signed in."""

from __future__ import annotations

from contextlib import suppress

from flask import Response, after_this_request, flash, request

from store.errors import StoreError
from store.sign_in.sign_ins import History
from web.wiring import house

HOW = {"password": "密码", "code": "密码和验证码", "recovery": "密码和恢复码", "platform": "统一身份认证"}


def note_failure(login: str, what: str) -> None:
    """Note that somebody failed to sign in with a login, once the answer has left: what it takes to look an account up
    and to write would tell who has one."""
    home, now, address = house(), house().clock.now(), request.remote_addr or ""

    def note() -> None:
        with suppress(StoreError):  # the refusal stands in any event
            home.sign_ins.failed(login, what, address, now)

    @after_this_request
    def _afterwards(response: Response) -> Response:
        response.call_on_close(note)
        return response


def tell_last(before: History) -> None:
    """Tell of the sign-in before this one, and of tries since, on the next page."""
    tries = f"此后有 {before.wrong} 次没有登录成功（密码或验证码不对）。" if before.wrong else ""
    if not before.last and not tries:
        return
    said = "这是这个账号第一次登录。"
    if before.last:
        last = before.last[0]
        at = last.at.astimezone(house().settings.zone)
        said = f"上次登录：{at:%Y-%m-%d %H:%M}，来自 {last.network}，用{HOW.get(last.how, last.how)}。"
    flash(f"{said}{tries}不是您本人？请马上在“登录安全”里改密码，并告诉运维人员。")
