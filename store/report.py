"""What statistics of a period are counted from: rows, and types and times of events. Nothing sealed is opened, so a
count of what was erased since is the same as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from store.encoding import moment, stamp
from store.port import Row, Tx
from store.rows import named

GRANTED, REFUSED, NOT_ACCEPTED = "leg.granted", "leg.refused", "leg.not_accepted"
_HANDED_OUT = "leg.delivered"  # a grant that nobody told apart from its delivery
_DECISIONS = (GRANTED, REFUSED, NOT_ACCEPTED, _HANDED_OUT)
_ASKED, _CORRECTED = "leg.supplement_required", "leg.corrected"
_COUNTED = ", ".join(f"'{type_}'" for type_ in (*_DECISIONS, _ASKED, _CORRECTED))


class Period(NamedTuple):
    """From a moment on until before another; `before` is how references begin that are filed on its day or later."""

    start: datetime
    end: datetime
    before: str


@dataclass(frozen=True, slots=True)
class LegCount:
    """A leg: when it was filed, how and when its department first decided, how often it asked for more before that, and
    how often it put a decision right."""

    leg: str
    matter: str
    office: str
    filed_at: datetime
    due_at: datetime | None
    decided_at: datetime | None
    how: str
    asked: int
    corrected: int


@dataclass(frozen=True, slots=True)
class CaseCount:
    """A case and its legs; `ended_as` as `store/endings.py` has noted it. Of one that is `erased` the plan is bare."""

    reference: str
    bundle: str
    edition: str
    plan: str
    erased: bool
    filed_at: datetime
    closed_at: datetime | None
    ended_as: str | None
    legs: tuple[LegCount, ...]


def cases_of(tx: Tx, period: Period, after: str, limit: int = 200) -> tuple[list[CaseCount], str | None]:
    """A page of cases of which something may lie in the period, by reference; and where the next one begins (None: this
    was the last)."""
    found = tx.rows("select reference, bundle, edition, plan, case when subject = '' then 1 else 0 end as erased,"
                    " filed_at, closed_at, ended_as from cases where reference > :after and reference < :before"
                    " and (closed_at is null or closed_at >= :start)"
                    " order by reference limit :limit",
                    after=after, before=period.before, start=stamp(period.start), limit=limit)
    references = [row["reference"] for row in found]
    legs: dict[str, list[LegCount]] = {}
    events = _events(tx, references)
    for names, each in named(references):
        for row in tx.rows("select reference, leg, matter, office, filed_at, due_at from legs"
                           f" where reference in ({names}) order by reference, leg", **each):
            legs.setdefault(row["reference"], []).append(_leg(row, events.get((row["reference"], row["leg"]), [])))
    made = [CaseCount(row["reference"], row["bundle"], row["edition"], row["plan"], bool(row["erased"]),
                      moment(row["filed_at"]), _moment(row["closed_at"]), row["ended_as"],
                      tuple(legs.get(row["reference"], ()))) for row in found]
    return made, references[-1] if len(references) == limit else None


def _events(tx: Tx, references: list[str]) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
    """Type and time of what is counted of each leg, in order."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for names, each in named(references):
        for row in tx.rows(f"select reference, leg, type, at from events where reference in ({names})"
                           f" and type in ({_COUNTED}) order by reference, n", **each):
            found.setdefault((row["reference"], row["leg"]), []).append((row["type"], row["at"]))
    return found


def _leg(row: Row, events: list[tuple[str, str]]) -> LegCount:
    place = next((n for n, (type_, _) in enumerate(events) if type_ in _DECISIONS), None)
    type_, at = ("", None) if place is None else events[place]
    types = [type_ for type_, _ in events]
    return LegCount(row["leg"], row["matter"], row["office"], moment(row["filed_at"]), _moment(row["due_at"]),
                    _moment(at), GRANTED if type_ == _HANDED_OUT else type_, types[:place].count(_ASKED),
                    types.count(_CORRECTED))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)
