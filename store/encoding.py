"""How values stand in columns: fixed-width UTC timestamps, JSON as opaque text, packed bytes."""

from __future__ import annotations

import json
import threading
import zlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
import zstandard

_SHORT = 1_000  # bytes; to compress fewer takes more than it saves
_DIGITS = bytes(ord("0") if ord("0") <= byte <= ord("9") else ord(" ") for byte in range(256))
_LONG_NUMBER = b"0" * 19
_MOMENTS = 1024  # one change writes the same few moments into column after column, and times never change


@lru_cache(maxsize=_MOMENTS)
def stamp(at: datetime) -> str:
    """`at` as fixed-width UTC text, so that text order is time order; refuses a naive time."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError("a stored time needs an offset")
        at = at.astimezone(UTC)
    return f"{at.isoformat(timespec='microseconds')[:-6]}Z"


@lru_cache(maxsize=_MOMENTS)
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
    plain = unsqueeze(data)
    # The quick reader would make a fraction of a whole number beyond 64 bits.
    if len(plain) >= len(_LONG_NUMBER) and _LONG_NUMBER in plain.translate(_DIGITS):
        return json.loads(plain)
    try:
        return orjson.loads(plain)
    except orjson.JSONDecodeError:  # a number that is none, which only the stock writer lets through
        return json.loads(plain)


def squeeze(plain: bytes) -> bytes:
    """Bytes compressed if they are long; the first byte says whether they were, and how."""
    return b"\0" + plain if len(plain) <= _SHORT else b"\2" + _OWN.press.compress(plain)


def unsqueeze(data: bytes) -> bytes:
    """What `squeeze` was given; ValueError for anything else."""
    if data[:1] == b"\0":
        return data[1:]
    if data[:1] == b"\2":
        return _OWN.unpress.decompress(data[1:])
    if data[:1] == b"\1":  # as it was until the first release
        return zlib.decompress(data[1:])
    raise ValueError("these bytes were not squeezed here")


class _Press(threading.local):
    """Zstandard for one thread; it takes a fifth of the time that zlib takes for a letter of 3 kB."""

    def __init__(self) -> None:
        self.press = zstandard.ZstdCompressor(level=1)
        self.unpress = zstandard.ZstdDecompressor()


_OWN = _Press()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


_CANONICAL = (orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)  # keeps nothing
