"""From when a leg has stood still for too long (停着的): a clock that stands is no delay by law, so nobody would see
it; neither is a grant whose result was never handed out."""

from __future__ import annotations

from datetime import date, datetime

from cases.calendar_days import WorkCalendar
from cases.clock import explain
from cases.edges import over, withheld
from cases.model import Case, Leg, LegState, Pause
from catalog.limits import Limit

STANDS_AT_MOST = Limit(20, "wd")  # unless it said when it ends: as long as 行政许可法 第42条 gives for a whole decision
SAID_AT_MOST = Limit(12, "mo")  # whatever it said: a day in the year 9999 would keep it from being seen for ever
HANDED_OVER_WITHIN = Limit(10, "wd")  # 行政许可法 第44条
BY_DEPARTMENT = frozenset({LegState.SPECIAL, LegState.FORWARDED, LegState.SIMULATED, LegState.SUPPLEMENT_REQUIRED})


def stalls_at(case: Case, number: str, calendar: WorkCalendar, *, on_paper: bool) -> datetime | None:
    """The moment from which a leg that stands as it does now has stood still for too long; None for one that does not
    stand, or whose standing ends by itself. `on_paper`: its results are sent by post or collected at a counter."""
    leg = case.legs[number]
    if leg.state is LegState.GRANTED:
        owed = on_paper and any(not result.void for result in leg.results) and not withheld(case, number)
        return explain(leg.decided_at, HANDED_OVER_WITHIN, (), calendar).due if owed and leg.decided_at else None
    return _standing(leg, calendar) if leg.state in BY_DEPARTMENT else None


def expected_end(leg: Leg, calendar: WorkCalendar) -> str | None:
    """The day by which whoever let it stand expected that it goes on; a day that was over by then is none."""
    pause = _lasting(leg)
    said = None if pause is None or pause.until is None else date.fromisoformat(pause.until)
    return said.isoformat() if said and pause and said >= calendar.date_of(pause.start) else None


def _lasting(leg: Leg) -> Pause | None:
    return next((pause for pause in reversed(leg.pauses) if pause.end is None), None)


def owed_since(case: Case, number: str, calendar: WorkCalendar) -> datetime | None:
    """Since when a paper that was to follow (容缺) is overdue: its day passed, it was not brought, and the department
    has not decided without it."""
    asks = () if over(case.legs[number]) else case.legs[number].asks
    return min((calendar.end_of(date.fromisoformat(ask.until)) for ask in asks
                if ask.open and ask.overdue and ask.until), default=None)


def _standing(leg: Leg, calendar: WorkCalendar) -> datetime | None:
    pause = _lasting(leg)
    if pause is None or (pause.kind == "supplement" and any(ask.open and ask.until for ask in leg.asks)):
        return None
    if (said := expected_end(leg, calendar)) is not None:
        return min(calendar.end_of(date.fromisoformat(said)), explain(pause.start, SAID_AT_MOST, (), calendar).due)
    return explain(pause.start, STANDS_AT_MOST, (), calendar).due
