"""The page on which a person sees who gets what of a case, and takes back the consent it rests on."""

from __future__ import annotations

import secrets

from flask import render_template, request
from werkzeug.wrappers import Response

from web.identity import subject
from web.pages.answer import to_case
from web.pages.root import bp, desk, now


@bp.get("/cases/<reference>/consent")
def disclosure(reference: str) -> str:
    """Every office with what it gets; with `take_back` what taking the consent back would lead to."""
    found = desk().disclosure(subject(), reference, now())
    view = desk().case_view(subject(), reference, now())
    effects = None
    if "take_back" in request.args and found.taken_back_at is None:
        open_ = any(leg["can_withdraw"] for leg in view["legs"])
        effects = desk().afterwards.withdrawal(subject(), reference, None, now()) if open_ else []
    return render_template("disclosure.html", view=view, found=found, effects=effects, key=secrets.token_hex(16))


@bp.post("/cases/<reference>/consent")
def take_back_consent(reference: str) -> Response:
    """Take the consent back."""
    desk().afterwards.take_back_consent(subject(), reference, request.form.get("key", ""), now())
    return to_case(reference, "您已经撤回同意，还没有办完的事项随之撤回；每一项撤回没有，看下面的进度。")
