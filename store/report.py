"""What statistics of a period are counted from: rows, and types and times of events. Nothing sealed is opened, so a
count of what was erased since is the same as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
_SETTLED = " or ".join(f"type = '{type_}'" for type_ in (*_DECISIONS, _CORRECTED))  # the words of its index
_CASE = ("select reference, bundle, edition, plan, case when subject = '' then 1 else 0 end as erased, filed_at,"
         " closed_at, ended_as from cases")


class Period(NamedTuple):
    """From a moment on until before another; `since` and `before` are how references begin that are filed on the day
    of the one and of the other, or later."""

    start: datetime
    end: datetime
    before: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class LegCount:
    """A leg: when it was filed, how and when its department first decided, how often it asked for more before that,
    how often it put a decision right, and how often it asked beside what is published."""

    leg: str
    matter: str
    office: str
    filed_at: datetime
    due_at: datetime | None
    decided_at: datetime | None
    how: str
    asked: int
    corrected: int
    beyond: int = 0


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
    found = tx.rows(f"{_CASE} where reference > :after and reference < :before"
                    " and (closed_at is null or closed_at >= :start)"
                    " order by reference limit :limit",
                    after=after, before=period.before, start=stamp(period.start), limit=limit)
    return _with_legs(tx, found), found[-1]["reference"] if len(found) == limit else None


def cases_named(tx: Tx, references: Sequence[str]) -> list[CaseCount]:
    """These cases, by reference."""
    found = [row for names, each in named(references)
             for row in tx.rows(f"{_CASE} where reference in ({names})", **each)]
    return _with_legs(tx, sorted(found, key=lambda row: str(row["reference"])))


def counting_in(tx: Tx, period: Period) -> list[str]:
    """The cases of which something is counted in a short period, by reference: they were filed in it, or ended, or a
    department decided."""
    within = {"start": stamp(period.start), "end": stamp(period.end)}
    return sorted({row["reference"] for row in (
        *tx.rows("select reference from cases where reference >= :since and reference < :before",
                 since=period.since, before=period.before),
        *tx.rows("select reference from cases where closed_at >= :start and closed_at < :end", **within),
        *tx.rows(f"select distinct reference from events where ({_SETTLED}) and at >= :start and at < :end", **within),
    )})


def unsettled(tx: Tx, since: datetime, period: Period) -> list[datetime]:
    """When, before a period, something happened to the cases in which a decision was put right in that period, from
    `since` on, or more was asked than is published: what was counted of those moments counts otherwise now."""
    within = {"since": stamp(max(since, period.start)), "end": stamp(period.end)}
    found = (*tx.rows("select distinct reference from events where"
                      f" ({_SETTLED}) and at >= :since and at < :end and type = '{_CORRECTED}'", **within),
             *tx.rows("select distinct reference from legs where beyond_at >= :since and beyond_at < :end", **within))
    return [moment(row["at"]) for names, each in named(list({row["reference"] for row in found}))
            for row in tx.rows(f"select at from events where reference in ({names}) and at < :start",
                               start=stamp(period.start), **each)]


def first_reference(tx: Tx) -> str | None:
    """The reference of the case that was filed first; None while there is none."""
    found: str | None = tx.rows("select min(reference) as reference from cases")[0]["reference"]
    return found


def erased_of(tx: Tx, references: Iterable[str]) -> set[str]:
    """Those of these cases whose personal data is gone."""
    return {row["reference"] for names, each in named(references)
            for row in tx.rows(f"select reference from cases where reference in ({names}) and subject = ''", **each)}


def _with_legs(tx: Tx, found: Sequence[Row]) -> list[CaseCount]:
    references = [row["reference"] for row in found]
    legs: dict[str, list[LegCount]] = {}
    events = _events(tx, references)
    for names, each in named(references):
        for row in tx.rows("select reference, leg, matter, office, filed_at, due_at, beyond from legs"
                           f" where reference in ({names}) order by reference, leg", **each):
            legs.setdefault(row["reference"], []).append(_leg(row, events.get((row["reference"], row["leg"]), [])))
    return [CaseCount(row["reference"], row["bundle"], row["edition"], row["plan"], bool(row["erased"]),
                      moment(row["filed_at"]), _moment(row["closed_at"]), row["ended_as"],
                      tuple(legs.get(row["reference"], ()))) for row in found]


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
                    types.count(_CORRECTED), row["beyond"])


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)
