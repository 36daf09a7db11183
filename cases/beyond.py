"""What a department asked beside what is published (清单之外): a paper that is on no list, a fee that is not declared
or higher than declared, and whatever was not said the first time (一次性告知).

Nothing is refused for it: an ask still stands. What the published list said as a notice was understood is kept with its
event under `BEYOND`, so that a leg says for ever the same, whatever the definitions become.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from cases.calendar_days import WorkCalendar
from cases.feeds import kind_of
from cases.model import Event, Leg

BEYOND = "beyond"  # ours, in the data of the events below
ASKED, FEE = "leg.supplement_required", "leg.fee"
Kind = Literal["unlisted_paper", "asked_later", "undeclared_fee", "higher_fee"]
WORDS: Mapping[Kind, str] = {
    "unlisted_paper": "{what}不在这个事项公布的材料清单里",
    "asked_later": "{what}在前一次要求补正时没有提出；要补的应当一次告知",
    "undeclared_fee": "这个事项公布的清单里没有收费，部门告知了 {what}",
    "higher_fee": "部门告知的费用是 {what}，多于公布的收费",
}


@dataclass(frozen=True, slots=True)
class Beyond:
    """One such thing: the notice that brought it, what it asks, and the list's own words (papers by name, fees)."""

    kind: Kind
    event: Event
    what: tuple[str, ...]
    listed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """In neutral words."""
        return WORDS[self.kind].format(what="、".join(self.what))


def beyond(leg: Leg, calendar: WorkCalendar) -> tuple[Beyond, ...]:
    """All that was asked of a leg beside what is published, in the order in which it was said."""
    if not leg.fees and not leg.rounds.get("supplement"):
        return ()
    said = [event for event in leg.history if event.type in (ASKED, FEE) and not event.filled]
    found = [*_papers(said), *_later(said, calendar), *_fees(said)]
    return tuple(sorted(found, key=lambda one: one.event.at))


def _papers(said: list[Event]) -> Iterator[Beyond]:
    for event in said:
        asked = _list_of(event)
        names = tuple(asked.get("papers", ())) if event.type == ASKED else ()
        if names:
            yield Beyond("unlisted_paper", event, tuple(map(quoted, names)), tuple(asked.get("listed", ())))


def _later(said: list[Event], calendar: WorkCalendar) -> Iterator[Beyond]:
    """What an office asked later than on the day of its first request, and in none before: some systems write a notice
    for each paper, and who asks for the same again is not content with what was brought."""
    first: dict[str, date] = {}
    before: dict[str, set[str]] = {}
    for event in (one for one in said if one.type == ASKED):
        office, day, things = _office(event), calendar.date_of(event.at), _things(event)
        known = before.setdefault(office, set())
        fresh = tuple(quoted(name) for code, name in things.items() if code not in known)
        if fresh and day > first.setdefault(office, day):
            yield Beyond("asked_later", event, fresh)
        known.update(things)


def _fees(said: list[Event]) -> Iterator[Beyond]:
    """A fee that is told again under its basis takes the place of what was told before; others add up."""
    told: dict[tuple[str, str], Decimal] = {}
    for event in (one for one in said if one.type == FEE):
        asked, amount = _list_of(event), yuan(event.data.get("amount"))
        told[_office(event), str(event.data.get("basis"))] = amount
        if "declared" not in asked or not amount:
            continue
        declared = yuan(asked["declared"])
        every = sum((one for (office, _), one in told.items() if office == _office(event)), Decimal())
        if every > declared:
            listed = tuple(asked.get("listed", ()))
            yield Beyond("higher_fee" if listed else "undeclared_fee", event, (f"{every.normalize():f} 元",), listed)


def _things(event: Event) -> dict[str, str]:
    """What a request asks for, by code, each with its name."""
    entries = [(key, entry) for key in ("material", "field") for entry in event.data.get(f"{key}s") or ()]
    return {f"{key}:{kind_of(str(entry[key]))}": str(entry.get("name") or entry[key]) for key, entry in entries
            if isinstance(entry, Mapping) and key in entry}


def _list_of(event: Event) -> Mapping[str, Any]:
    kept = event.data.get(BEYOND)
    return kept if isinstance(kept, Mapping) else {}


def _office(event: Event) -> str:
    """`department:{office}`, whoever of it said so."""
    return ":".join(event.by.split(":")[:2])


def quoted(name: str) -> str:
    """A name among other words."""
    return f"“{name}”"


def yuan(amount: object) -> Decimal:
    """An amount as it is told; nothing for what is no number."""
    try:
        return Decimal(str(amount))
    except InvalidOperation:
        return Decimal()
