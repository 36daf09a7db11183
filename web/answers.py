"""What goes out: JSON in UTF-8, and answers that a poller may ask for again by ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Response, json, request


def shown(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as a JSON answer in UTF-8."""
    made = Response(json.dumps(value, ensure_ascii=False, sort_keys=False), status, content_type="application/json")
    if headers:
        made.headers.extend(dict(headers))
    return made


def live(value: Any) -> Response:
    """`value` as a JSON answer that a poller may ask for again by ETag; unchanged is 304 without a body."""
    return conditional(shown(value))


def conditional(made: Response) -> Response:
    """`made` with an ETag of its bytes: the same bytes again cost the caller nothing."""
    made.set_etag(hashlib.sha256(made.get_data()).hexdigest()[:32])
    made.headers["Cache-Control"] = "private, no-cache"
    made.make_conditional(request)
    return made
