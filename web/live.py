"""The part of a page that changes by itself: asked again every few seconds, answered with 304 while it is the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flask import Response, make_response, render_template, request


@dataclass(frozen=True, slots=True)
class Live:
    """What the part says now (`body`), and where it is asked for again after so many seconds; `address` None: it will
    not change any more."""

    body: str
    address: str | None
    seconds: int

    @property
    def tag(self) -> str:
        """What tells this part from another."""
        return hashlib.sha256(self.body.encode()).hexdigest()[:24]

    @property
    def shown(self) -> str:
        """The part as it stands in its page."""
        return render_template("_live.html", body=self.body, address=self.address, seconds=self.seconds, tag=self.tag)

    def answer(self) -> Response:
        """The part alone, or 304 if the page has it already, which says so itself: nothing of it is stored."""
        response = make_response(self.shown)
        response.set_etag(self.tag)
        response.make_conditional(request)
        return response
