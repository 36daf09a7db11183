"""Pages that hold several lists: the first page begins all of them, a later page goes on with one alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request

from web.identity import subject
from web.pages.root import now

LISTED = 50
Listing = Callable[[str, datetime, str | None, int], tuple[list[Any], str | None]]


@dataclass(frozen=True, slots=True)
class Listed:
    """What of a list is on this page, where its next page begins (None: this was the last), and whether it begins
    here."""

    rows: list[Any]
    next: str | None
    first: bool


def lists(**listings: Listing) -> dict[str, Listed]:
    """The lists of this page by name: each from its beginning, or the one that is turned over (`list`, `after`)."""
    one, after = request.args.get("list"), request.args.get("after")
    shown, place = ({one: listings[one]}, after) if one in listings else (listings, None)
    return {name: Listed(*listing(subject(), now(), place, LISTED), first=place is None)
            for name, listing in shown.items()}
