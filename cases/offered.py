"""Which acts a person at an office may choose now: what the transition table lets happen, without what makes no sense.

The table takes more than this, since a department's system may leave steps out and tell things late: an end of a
special procedure that was never told, a hand-over of what was never granted. Nobody chooses such a thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from cases.calendar_days import WorkCalendar
from cases.model import Case, Event, Leg, LegState
from cases.running import extended, wait_until
from cases.states import NOTICES, OVER, Move, move
from cases.urges import URGED

Sense = Callable[[Leg], bool]
CORRECTED = "leg.corrected"
EXTENDED = "leg.extended"
_RESULTS: Mapping[str, Any] = {"results": ({},)}  # a grant of a leg that has no results yet brings them


def _in_special(leg: Leg) -> bool:
    return any(pause.kind == "special" and pause.end is None for pause in leg.pauses)


def _always(_leg: Leg) -> bool:
    return True


def _granted(leg: Leg) -> bool:
    return leg.state is LegState.GRANTED


# In the order in which they are offered, each with the sense that it must make beside the table.
ACTS: Mapping[str, Sense] = {
    "leg.withdraw_confirmed": lambda leg: leg.withdrawing,
    "leg.withdraw_rejected": lambda leg: leg.withdrawing or leg.revoking,
    "leg.accepted": lambda leg: leg.accepted_at is None,
    "leg.supplement_required": lambda leg: not _in_special(leg),
    "leg.not_accepted": lambda leg: leg.accepted_at is None,
    "leg.in_review": lambda leg: leg.state is not LegState.SUPPLEMENT_REQUIRED and not _in_special(leg),
    "leg.special_started": lambda leg: not _in_special(leg) and leg.state is not LegState.SUPPLEMENT_REQUIRED,
    "leg.special_ended": _in_special,
    EXTENDED: lambda leg: leg.accepted_at is not None,
    "leg.granted": lambda leg: not leg.withdrawing,
    "leg.refused": lambda leg: not leg.withdrawing,
    "leg.delivered": _granted,
    "leg.forwarded": lambda leg: leg.state is not LegState.SUPPLEMENT_REQUIRED and not _in_special(leg),
    "leg.simulated": lambda leg: leg.state is not LegState.SUPPLEMENT_REQUIRED and not _in_special(leg),
    "leg.fee": _always,
    "leg.remark": _always,
    CORRECTED: lambda leg: leg.state in OVER,
}


def progress(leg: Leg) -> str:
    """How far a leg has come, to be compared: another word after whatever may change what is decided, but not after an
    urge. No count: a store that was put back to an older copy comes to the same count by other events."""
    lived = [(event.type, event.at.isoformat(), event.by) for event in leg.history if event.type != URGED]
    return hashlib.sha256(repr(lived).encode()).hexdigest()[:20]


def said_next(leg: Leg, now: datetime) -> datetime:
    """When what a person does at `now` counts as said: behind every notice that the person has seen, though a clock
    somewhere runs ahead; else it would be folded in before them and might do nothing."""
    told = max((event.at for event in leg.history if event.type in NOTICES), default=now)
    return now if now > told else told + timedelta(microseconds=1)


def offered(case: Case, leg: Leg, calendar: WorkCalendar, now: datetime,
            authorities: Collection[str] = ()) -> tuple[str, ...]:
    """The acts, as types of notices, that the office of `leg` may choose at `now`; none before it has the leg, and no
    correction where nobody (`authorities`) may decide on one."""
    if leg.received_at is None:
        return ()
    line = case.plan.parts[leg.leg].line
    until = wait_until(line, leg, calendar)
    a_day = Event(EXTENDED, now, "", leg.leg, {"limit": "1wd"})
    barred = {*(["leg.granted"] if until is not None and now <= until else ()), *(() if authorities else [CORRECTED]),
              *([EXTENDED] if isinstance(extended(line, leg, a_day, calendar), str) else ())}
    return tuple(type_ for type_, sense in ACTS.items() if sense(leg) and type_ not in barred
                 and isinstance(move(leg, Event(type_, now, "", leg.leg, _RESULTS)), Move))
