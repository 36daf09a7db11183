"""What the legs together mean: the state of the case, and who has to act next on a leg."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cases.edges import ending, over, planned, waits_for, withheld
from cases.model import Case, CaseState, Leg, LegState
from cases.states import FINAL, OUT, UNSENT
from cases.words import handler

_UNTOUCHED = OUT | UNSENT


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts next: the applicant, a department, the platform, another leg, or nobody (`none`), with a name."""

    kind: Literal["applicant", "department", "platform", "leg", "none"]
    name: str


def case_state(case: Case) -> CaseState:
    """The state of the case, derived from its legs (language 2.7).

    When all legs are over: finished if all were granted (not needed ones aside). If no department said no and the
    applicant took something back: withdrawn if nothing was granted, else partly finished. Otherwise not granted if
    a must-have is missing or nothing was granted, else partly finished. Before that: needs the applicant while a
    request is open, filed while no department has answered.
    """
    if is_final(case):
        return _ended(case)
    if any(map(open_asks, case.legs.values())):
        return CaseState.NEEDS_APPLICANT
    untouched = all(leg.state in _UNTOUCHED for leg in case.legs.values())
    return CaseState.FILED if untouched else CaseState.IN_PROGRESS


def is_final(case: Case) -> bool:
    """Whether nothing is decided any more: every leg is granted or closed."""
    return all(over(leg) for leg in case.legs.values())


def open_asks(leg: Leg) -> bool:
    """Whether the applicant still owes an answer on this leg."""
    return bool(leg.asks) and not over(leg) and any(ask.open for ask in leg.asks)


def next_actor(case: Case, number: str) -> Actor:
    """Who has to act next on this leg."""
    leg, line = case.legs[number], planned(case, number)
    if leg.state in FINAL:
        return Actor("none", "")
    if open_asks(leg):
        return Actor("applicant", "申请人")
    if leg.state is LegState.GRANTED:
        held_back = withheld(case, number)
        return Actor("leg", _names(case, held_back)) if held_back else Actor("department", handler(leg, line))
    waits = leg.state is LegState.WAITING or leg.accepted_at is not None
    if waits and (above := waits_for(case, number)):
        return Actor("leg", _names(case, above))
    if leg.state in _UNTOUCHED:
        return Actor("platform", "平台")
    to = leg.forwarded_to if leg.state is LegState.FORWARDED else None
    return Actor("department", to or handler(leg, line))


def _names(case: Case, numbers: tuple[str, ...]) -> str:
    return "、".join(str(planned(case, number).name) for number in numbers)


def _ended(case: Case) -> CaseState:
    ends = {number: ending(case, number) for number in case.legs}
    counted = {number: end for number, end in ends.items() if end != "not_needed"}
    granted = [number for number, end in counted.items() if end == "granted"]
    if counted and len(granted) == len(counted):
        return CaseState.FINISHED
    if any(end == "withdrawn" for end in counted.values()) and not _refused(case):
        return CaseState.PARTLY_FINISHED if granted else CaseState.WITHDRAWN
    missing = any(planned(case, number).must_have and end != "granted" for number, end in counted.items())
    return CaseState.NOT_GRANTED if missing or not granted else CaseState.PARTLY_FINISHED


def _refused(case: Case) -> bool:
    """Whether a department said no to some leg; legs that a rule closed because of it do not count."""
    said_no = {LegState.REFUSED, LegState.NOT_ACCEPTED, LegState.TERMINATED}
    return any(leg.state in said_no for leg in case.legs.values())
