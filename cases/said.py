"""What stands in the data of an event, read softly: it may be of any age, and of any shape that was ever taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cases.model import Event
from catalog.limits import BadLimit, Limit, parse_limit


def read_limit(value: object) -> Limit | None:
    """A limit written in a notice, or None where it is missing or no limit."""
    try:
        return parse_limit(value) if isinstance(value, str) else None
    except BadLimit:
        return None


def read_day(value: object) -> str | None:
    """An ISO day, or None for anything else."""
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def entries(value: object, key: str) -> tuple[Mapping[str, Any], ...]:
    """A list of objects that all have a text under `key`; a bare text stands for an object with only that, and
    `code`, `kind`, `id` or `name` serve where a department names it otherwise."""
    listed = value if isinstance(value, (list, tuple)) else ()
    found: list[Mapping[str, Any]] = []
    for entry in listed:
        shown = entry if isinstance(entry, Mapping) else {key: entry}
        name = next((t for k in (key, "code", "kind", "id", "name") if (t := plain_text(shown.get(k)))), None)
        if name is not None:
            found.append({**shown, key: name})
    return tuple(found)


def text(event: Event, key: str) -> str | None:
    """The text under `key` of the event's data; None where there is none."""
    return plain_text(event.data.get(key))


def plain_text(value: object) -> str | None:
    """A text that says something; None for anything else."""
    return value if isinstance(value, str) and value else None
