"""Which time at an office a notice speaks of, where a leg left it and came back.

An office that has heard that the leg left stops, but what it was just telling may arrive after the return; and one that
does not stop goes on telling of what is over. By the office alone neither can be told from a word about the new filing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from cases.fold import stay
from cases.model import Event, Leg
from cases.said import text
from cases.states import NOTICES, TRANSFERRED

BEFORE_RETURN = "before_return"
_WHOLE = timedelta(seconds=1)  # many systems write no parts of a second


def came_back(leg: Leg) -> bool:
    """Whether the office that has a leg had it before, or may have had it."""
    return leg.office is not None and leg.office in leg.left


def said_by(notice: Event) -> str:
    """The office that says a notice: `department:{office}`, or an officer of it, `department:{office}:{subject}`."""
    return notice.by.split(":", 2)[1] if ":" in notice.by else ""


def of_an_earlier_stay(leg: Leg, notice: Event, begun: datetime | None) -> bool:
    """Whether a notice by the office of a leg that came back tells of an earlier time there. `begun` is when the filing
    of the present stay left first, None if it never did: then the office can know of nothing but earlier times.

    The office's own number decides where it can: one that only this stay has is of now, and so is one that is new where
    all earlier ones are known; any other, though this stay has one, is of before. An office that numbers the leg alike
    each time, or not at all, or whose number is not known yet, is told by the time at which it wrote: before its filing
    left it knew nothing of that.
    """
    if begun is None:
        return True
    here, number = set(_numbers(stay(leg), leg.office)), text(notice, "ref")
    before, all_known = _earlier(leg)
    if number and number not in before and (all_known or number in here):
        return False
    if number and here and number not in here:
        return True
    written = notice.at if notice.at.microsecond else notice.at + _WHOLE
    return written <= begun


def _earlier(leg: Leg) -> tuple[set[str], bool]:
    """Under which numbers the present office had the leg before, and whether one is known of each time."""
    numbers, all_known = set[str](), True
    moves = [place for place, event in enumerate(leg.history) if event.type == TRANSFERRED]
    for first, end in pairwise([0, *moves]):
        left = leg.history[end].data
        if left["from"] == leg.office and left.get("told"):
            found = {*_numbers(leg.history[first:end], leg.office), *filter(None, [left.get("ref")])}
            numbers, all_known = numbers | found, all_known and bool(found)
    return numbers, all_known


def _numbers(events: tuple[Event, ...], office: str | None) -> Iterator[str]:
    """Under which numbers an office spoke of a leg."""
    return (number for event in events if event.type in NOTICES and said_by(event) == office
            and (number := text(event, "ref")))
