"""The sentence for a name that does not exist: nearest name and what there is."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN_NAMES = 20


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, or None when nothing is near."""
    names = list(known)
    by_letters = {one.lower(): one for one in names}
    if name.lower() in by_letters:
        return by_letters[name.lower()]
    found = get_close_matches(name, names, n=1, cutoff=0.6)
    return found[0] if found else None


def unknown(name: str, known: Iterable[str], list_all: bool = False) -> str:
    """`；是否想写 X？` when there is a near name; with `list_all` (or a short list without one) `可用：…`."""
    names = list(known)
    near = nearest(name, names)
    guess = f"；是否想写 {near}？" if near else ""
    if not names or (near and not list_all):
        return guess
    shown = "、".join(names[:SHOWN_NAMES]) + ("…" if len(names) > SHOWN_NAMES else "")
    return f"{guess}可用：{shown}" if near else f"；可用：{shown}"
