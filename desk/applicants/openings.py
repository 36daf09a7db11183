"""How a case begins: worked out once for a plan and a day, and set to the moment and the number of each filing.

Limits in days make dates that depend on the day of the filing alone. So of two cases of one plan that are filed on one
day, all that differs is their numbers, who filed, and the moment itself wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases import fold, follow
from cases.model import Case, Event, Leg
from desk.book import Book
from desk.editions import Composed
from desk.known import Known
from desk.premises import Premises
from desk.writing import Change
from forms.plan import Plan
from store.cases import CaseRow
from store.chains.chain import GENESIS, Head
from store.legs import LegRow

IN_DAYS = frozenset({"wd", "nd", "mo"})


@dataclass(frozen=True, slots=True)
class Model:
    """The first change of some case; of every leg and row the names under which its moment stands."""

    change: Change
    legs: tuple[tuple[Leg, tuple[str, ...]], ...]
    rows: tuple[tuple[LegRow, tuple[str, ...]], ...]


class Openings:
    """The first change of every case."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def change(self, row: CaseRow, composed: Composed, by: str, later: Sequence[str]) -> Change:
        """What files the case `row`; `later` are the tolerated papers that were not brought with it."""
        now, calendar = row.filed_at, self._premises.calendar
        today = calendar.date_of(now)
        if later or not calendar.start_of(today) < now <= calendar.end_of(today):
            return self._made(row, composed, by, later)
        model = composed.openings.get(today)
        if isinstance(model, Model):
            return set_to(model, row, by)
        made = self._made(row, composed, by, later)
        if counts_in_days(composed.plan):
            composed.openings.clear()  # yesterday's
            composed.openings[today] = model_of(made)
        return made

    def _made(self, row: CaseRow, composed: Composed, by: str, later: Sequence[str]) -> Change:
        begun = fold.begin(row.reference, composed.plan, row.filed_at)
        opening = follow.opening(begun, by, later, self._premises.calendar)
        return self._book.opened(row, composed.offices, opening, row.filed_at)


def counts_in_days(plan: Plan) -> bool:
    """Whether no limit of the plan is counted in hours or minutes."""
    limits = [limit for leg in plan.legs for limit in (leg.promised, leg.statutory, leg.wait)]
    limits += [edge.within for edge in plan.edges]
    return all(limit is None or limit.unit in IN_DAYS for limit in limits)


def model_of(change: Change) -> Model:
    """The model that a change makes for others of its plan and day."""
    case = change.known.case
    return Model(change, tuple((leg, _standing_in(leg, case.filed_at)) for leg in case.legs.values()),
                 tuple((row, _standing_in(row, case.filed_at)) for row in change.changed))


def set_to(model: Model, row: CaseRow, by: str) -> Change:
    """The first change of the case `row`, filed by `by`."""
    change, now = model.change, row.filed_at
    events = tuple(Event(event.type, now, by if event.leg is None else event.by, event.leg, event.data)
                   for event in change.events)
    own = {event.leg: (event,) for event in events}
    legs = {leg.leg: leg.but(history=own[leg.leg], **dict.fromkeys(names, now)) for leg, names in model.legs}
    rows = tuple(leg.but(reference=row.reference, **dict.fromkeys(names, now)) for leg, names in model.rows)
    case = Case(row.reference, change.known.case.plan, now, legs)
    known = Known(row, case, change.known.n, {})
    return Change(known, events, change.letters, rows, Head(row.reference, 0, GENESIS))


def _standing_in(value: Leg | LegRow, moment: datetime) -> tuple[str, ...]:
    columns: Mapping[str, Any] = value.__dict__
    return tuple(name for name, inner in columns.items() if isinstance(inner, datetime) and inner == moment)
