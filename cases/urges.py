"""Urges (催办): who asked a department to hurry with a leg, on which working days, and whether one may ask now.

Facts of a leg's history, computed on reading. An applicant urges what is late or has
stood still for too long; a supervisor whatever a department works
on; the portal (`platform`) what is late, by itself. Each of them asks at most once a working day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from cases.calendar_days import ONE_DAY, WorkCalendar
from cases.due import Dates
from cases.edges import planned
from cases.lights import light
from cases.model import Case, Event, Leg, LegState
from cases.outcome import next_actor
from cases.stalled import stalls_at
from cases.states import WORK

URGED = "leg.urged"
APPLICANT, SUPERVISOR, PLATFORM = "applicant", "supervisor", "platform"


def is_late(dates: Dates, number: str) -> bool:
    """Whether the leg's light is red: past its day while the department's clock runs."""
    case = dates.case
    return light(case.legs[number], planned(case, number), dates.of(number), dates.now).colour == "red"


def is_stalled(case: Case, number: str, now: datetime, calendar: WorkCalendar) -> bool:
    """Whether the leg's department lets it stand, for longer than it said or than anybody has to bear."""
    at = stalls_at(case, number, calendar, on_paper=False)
    return at is not None and at < now and is_worked_on(case, number)


def is_worked_on(case: Case, number: str) -> bool:
    """Whether the leg's department has it and is the one to act."""
    leg = case.legs[number]
    mine = leg.state in WORK and leg.state is not LegState.SUPPLEMENT_REQUIRED and not leg.withdrawing
    return mine and next_actor(case, number).kind == "department"


def urged_by(leg: Leg, who: str, now: datetime, calendar: WorkCalendar) -> bool:
    """Whether `who` (an actor, or all of a kind such as `applicant`) has urged the leg on the working day of `now`."""
    today = working_day(now, calendar)
    return any(who in (event.by, event.by.partition(":")[0]) and working_day(event.at, calendar) == today
               for event in reversed(leg.history) if event.type == URGED)


def is_taken(leg: Leg) -> bool:
    """Whether the department's system has refused no urge of this leg so far."""
    return not any(event.type == "leg.message_refused" and event.data.get("message") == URGED for event in leg.history)


def urge(leg: Leg, now: datetime, by: str, reason: str = "") -> Event:
    """The event of an urge; `by` is the actor, of which the department learns only the kind."""
    said = {"reason": reason} if reason else {}
    return Event(URGED, now, by, leg.leg, {**said, "by": by.partition(":")[0], "times": leg.rounds.get("urge", 0) + 1})


def working_day(at: datetime, calendar: WorkCalendar) -> date:
    """The working day that a moment belongs to: its own day, or the last one that was worked before it."""
    day = calendar.date_of(at)
    while not calendar.works(day):
        day -= ONE_DAY
    return day


def urged_days(times: Iterable[datetime], calendar: WorkCalendar) -> int:
    """On how many working days urges at these times fell."""
    return len({working_day(at, calendar) for at in times})
