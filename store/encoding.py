"""How values stand in columns: fixed-width UTC timestamps, JSON as opaque text, packed bytes."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import Any


def stamp(at: datetime) -> str:
    """`at` as fixed-width UTC text, so that text order is time order; refuses a naive time."""
    if at.tzinfo is None:
        raise ValueError("a stored time needs an offset")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The aware UTC time a stamp stands for."""
    return datetime.fromisoformat(text)


def to_json(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, Chinese kept; times become stamps."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def pack(value: Any) -> bytes:
    """A JSON value as compressed bytes."""
    return zlib.compress(to_json(value).encode(), 1)


def unpack(data: bytes) -> Any:
    """What `pack` was given."""
    return json.loads(zlib.decompress(data))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")
