"""What was answered of a bundle's questions and not put into a draft yet, in the signed session cookie.

Several windows of one browser share the cookie: answers are kept for each bundle, and for each draft whose situation is
being changed, so that one window takes nothing from another. The oldest go where there are many or the cookie is full.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import session

from web.pages.again import fits

KEPT = "situation"
MOST_KEPT = 3


def kept_for(bundle: str, draft: str | None) -> dict[str, Any] | None:
    """What this browser keeps of a bundle's questions for a draft to come (None), or for the draft being changed."""
    return next((dict(entry["answers"]) for entry in _entries() if _whose(entry) == (bundle, draft)), None)


def keep(bundle: str, draft: str | None, given: Mapping[str, Any]) -> bool:
    """Keep the answers; False, and all as it was, where they alone are too much for a cookie."""
    before = _entries()
    others = [entry for entry in before if _whose(entry) != (bundle, draft)][1 - MOST_KEPT:]
    newest = {"bundle": bundle, "draft": draft, "answers": dict(given)}
    for first in range(len(others) + 1):
        session[KEPT] = [*others[first:], newest]
        if fits():
            return True
    session[KEPT] = before
    return False


def forget(bundle: str, draft: str | None) -> None:
    """Keep them no longer: they stand in a draft."""
    session[KEPT] = [entry for entry in _entries() if _whose(entry) != (bundle, draft)]


def _entries() -> list[dict[str, Any]]:
    kept = session.get(KEPT)
    return list(kept) if isinstance(kept, list) else []


def _whose(entry: Mapping[str, Any]) -> tuple[str, str | None]:
    return entry["bundle"], entry["draft"]
