"""What goes out: JSON in UTF-8, and answers that a poller may ask for again by ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, json, request

# What Flask would write in its own way is left to it.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def shown(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as a JSON answer in UTF-8."""
    made = Response(_written(value), status, content_type="application/json")
    if headers:
        made.headers.extend(dict(headers))
    return made


def _written(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=_STRICT)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, sort_keys=False).encode()


def live(value: Any) -> Response:
    """`value` as a JSON answer that a poller may ask for again by ETag; unchanged is 304 without a body."""
    return conditional(shown(value))


def conditional(made: Response) -> Response:
    """`made` with an ETag of its bytes: the same bytes again cost the caller nothing."""
    made.set_etag(hashlib.sha256(made.get_data()).hexdigest()[:32])
    made.headers["Cache-Control"] = "private, no-cache"
    made.make_conditional(request)
    return made
