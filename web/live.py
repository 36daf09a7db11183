"""The part of a page that changes by itself: asked again every few seconds, answered with 304 while it is the same."""

from __future__ import annotations

import hashlib

from flask import Response, make_response, render_template, request


def live(body: str, address: str | None, seconds: int) -> str:
    """The part as it stands in its page; `address` None: it will not change any more."""
    return render_template("_live.html", body=body, address=address, seconds=seconds, tag=tag_of(body))


def live_answer(body: str, address: str | None, seconds: int) -> Response:
    """The part alone, or 304 if the page has it already."""
    response = make_response(live(body, address, seconds))
    response.set_etag(tag_of(body))
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def tag_of(body: str) -> str:
    """What tells this part from another."""
    return hashlib.sha256(body.encode()).hexdigest()[:24]
