"""How a leg's clock runs: since when, while what stands, until when a decision must wait, and by how much it was
lawfully extended (延期, 行政许可法 第42条)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from cases.calendar_days import ONE_DAY, WorkCalendar
from cases.clock import Due, Span, explain, warn_at
from cases.model import Event, Leg
from cases.said import read_day, read_limit
from catalog.limits import LARGEST_AMOUNT, Limit
from forms.plan import PlannedLeg

SILENCE_COUNTS = Limit(5, "wd")
BEYOND_THE_LAW = Limit(10, "wd")  # what the head of an organ may add to the limit of the law
PAUSE_WORDS: Mapping[str, str] = {
    "supplement": "补正", "special": "特别程序", "forwarded": "上报", "simulated": "模拟审批", "held": "等待申请人",
}


def clock_start(leg: Leg, calendar: WorkCalendar, now: datetime) -> datetime | None:
    """When the department's clock started: its acceptance, or its receipt once it was silent for five working days."""
    spoke = any(ask.by == "department" for ask in leg.asks)  # a request of ours breaks no silence of theirs
    if leg.accepted_at is not None or leg.received_at is None or spoke:
        return leg.accepted_at
    silent = now > explain(leg.received_at, SILENCE_COUNTS, (), calendar).due
    return leg.received_at if silent or leg.decided_at is not None else None


def spans_of(leg: Leg, now: datetime) -> tuple[Span, ...]:
    """The leg's pauses as intervals; one that lasts is closed at `now`."""
    return tuple(
        Span(p.start, p.end or max(p.start, now), PAUSE_WORDS.get(p.kind, p.kind)) for p in leg.pauses
    )


def wait_until(planned: PlannedLeg, leg: Leg, calendar: WorkCalendar) -> datetime | None:
    """The end of the minimum time (publicity, bids) before which the leg may not be decided; None without one.

    It runs on the calendar from the leg's start whatever pauses (language 2.6).
    """
    start = leg.started_at or leg.accepted_at
    return explain(start, planned.wait, (), calendar).due if planned.wait and start else None


def limit_of(planned: PlannedLeg) -> Limit | None:
    """The limit that a department's clock runs by."""
    return planned.promised or planned.statutory


def end_of(leg: Leg, start: datetime, limit: Limit, spans: Sequence[Span], calendar: WorkCalendar) -> Due:
    """When the limit ends, with what it was extended by: counted on from its last day."""
    own = explain(start, limit, spans, calendar)
    if leg.extension is None:
        return own
    more = explain(own.due, leg.extension.limit, spans, calendar)
    return Due(more.due, own.provisional or more.provisional, (*own.days, *more.days[1:]))


def warned_at(leg: Leg, start: datetime, limit: Limit, spans: Sequence[Span], calendar: WorkCalendar) -> datetime:
    """When little is left of the limit, or of what it was extended by."""
    if leg.extension is None:
        return warn_at(start, limit, spans, calendar)
    return warn_at(explain(start, limit, spans, calendar).due, leg.extension.limit, spans, calendar)


def extended(planned: PlannedLeg, leg: Leg, notice: Event, calendar: WorkCalendar) -> Event | str:
    """A notice of an extension with what it adds and the day on which it ends as told; or the code under which it is
    put aside: there is nothing to extend, or the limit is over by then, or the law does not allow that much."""
    limit = limit_of(planned)
    if limit is None:
        return "extension_unfit"
    start, spans = clock_start(leg, calendar, notice.at) or notice.at, spans_of(leg, notice.at)
    now_ends = end_of(leg, start, limit, spans, calendar).due
    added = read_limit(notice.data.get("limit")) or _until(read_day(notice.data.get("until")), now_ends, calendar)
    if added is None or not added.amount:
        return "extension_unfit"
    ends = explain(now_ends, added, spans, calendar).due
    if notice.at > now_ends:
        return "extension_late"
    if planned.statutory is not None:
        by_law = explain(start, planned.statutory, spans, calendar).due
        if ends > explain(by_law, BEYOND_THE_LAW, spans, calendar).due:
            return "extension_too_long"
    return notice._replace(data={**notice.data, "adds": str(added), "ends": calendar.date_of(ends).isoformat()})


def _until(day: str | None, now_ends: datetime, calendar: WorkCalendar) -> Limit | None:
    """The working days from the present end to a day, so that what pauses meanwhile moves that, too."""
    if day is None:
        return None
    last, first = date.fromisoformat(day), calendar.date_of(now_ends)
    if not 0 < (last - first).days <= LARGEST_AMOUNT:
        return None
    days = (first + ONE_DAY * n for n in range(1, (last - first).days + 1))
    return Limit(sum(calendar.works(one) for one in days), "wd")
