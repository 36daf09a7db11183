"""How values stand in columns: fixed-width UTC timestamps, JSON as opaque text, packed bytes."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

_SHORT, _LONG = 400, 32_768
_MOMENTS = 1024  # one change writes the same few moments into column after column, and times never change


@lru_cache(maxsize=_MOMENTS)
def stamp(at: datetime) -> str:
    """`at` as fixed-width UTC text, so that text order is time order; refuses a naive time."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError("a stored time needs an offset")
        at = at.astimezone(UTC)
    return f"{at.isoformat(timespec='microseconds')[:-6]}Z"


def moment(text: str) -> datetime:
    """The aware UTC time a stamp stands for."""
    return datetime.fromisoformat(text)


def to_json(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, Chinese kept; times become stamps."""
    return written(value).decode()


def written(value: Any) -> bytes:
    """Canonical JSON in UTF-8. What the quick writer does not know (a key that is no text, a whole number beyond 64
    bits) the stock one writes, whose text is the same for all that both know but for a float's exponent."""
    try:
        return orjson.dumps(value, _plain, _CANONICAL)
    except TypeError:
        return _WRITER.encode(value).encode()


def pack(value: Any) -> bytes:
    """A JSON value as bytes, compressed where that pays."""
    return squeeze(written(value))


def unpack(data: bytes) -> Any:
    """What `pack` was given."""
    return json.loads(unsqueeze(data))


def squeeze(plain: bytes) -> bytes:
    """Bytes compressed if they are long; the first byte says whether they were."""
    if len(plain) <= _SHORT:
        return b"\0" + plain
    if len(plain) > _LONG:
        return b"\1" + zlib.compress(plain, 1)
    # The usual compressor clears a quarter of a megabyte first, which costs ten times what these few bytes do.
    small = zlib.compressobj(1, zlib.DEFLATED, wbits=13, memLevel=6)
    return b"\1" + small.compress(plain) + small.flush()


def unsqueeze(data: bytes) -> bytes:
    """What `squeeze` was given; ValueError for anything else."""
    if data[:1] == b"\0":
        return data[1:]
    if data[:1] != b"\1":
        raise ValueError("these bytes were not squeezed here")
    return zlib.decompress(data[1:])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


_CANONICAL = (orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)  # keeps nothing
