"""A case as the desk knows it: its stored row, its fold, its leg rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cases.model import Case, Leg
from cases.states import OUT, TAKEN
from forms.plan import PlannedLeg
from store.cases import CaseRow
from store.chains.chain import Head
from store.legs import LegRow

DELIVERY, ON_PAPER = "delivery", frozenset({"post", "pickup"})


@dataclass(frozen=True, slots=True)
class Known:
    """A case as of event number `n`, and its leg rows as last written; `end` of its chain, if it is known here."""

    row: CaseRow
    case: Case
    n: int
    legs: Mapping[str, LegRow]
    end: Head | None = None


def by_leg(case: Case) -> dict[str, PlannedLeg]:
    """The planned legs of a case by their number."""
    return {planned.leg: planned for planned in case.plan.legs}


def on_paper(known: Known) -> bool:
    """Whether results are to be sent by post or collected, as the applicant chose on the form."""
    return known.row.body.get("form", {}).get(DELIVERY) in ON_PAPER


def has_it(leg: Leg) -> bool:
    """Whether the department of a leg has it, or may have it."""
    return leg.reached or leg.state in TAKEN


def may_have_it(leg: Leg) -> bool:
    """Whether the department of a leg has it or is to get it now: neither one that waits for another leg, nor one that
    ended before its department heard of it, is anything that a department may read."""
    return has_it(leg) or leg.state in OUT
