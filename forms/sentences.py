"""The sentences that explain a line of the plan to the applicant: who asks, who gives, where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from forms.legs import Leg

NAMED: Final = 3


def leg_names(legs: Iterable[Leg]) -> dict[str, str]:
    """What each leg is called in a sentence: the matter, for repeats with its own row."""
    return {leg.number: leg.planned.title for leg in legs}


def askers_words(names: Mapping[str, str], legs: Iterable[str]) -> str:
    """`“供水报装”“供电报装”等 16 项` — the first few by name, all by number."""
    found = list(dict.fromkeys(names[leg] for leg in legs))
    shown = "".join(f"“{name}”" for name in found[:NAMED])
    return f"{shown}等 {len(found)} 项" if len(found) > NAMED else shown
