"""When each leg and the whole case are due, computed on dates from the events, the calendar and now.

Rules: language 2.6 (what moves a date), contract 3.4 (the clock starts at acceptance), 行政许可法 第32条 (no word for
five working days counts as accepted on receipt), the dated scenario of the domain notes, Appendix B.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cases.calendar_days import WorkCalendar
from cases.clock import DayLine, explain
from cases.edges import edges_to, end_state, ending, over, planned, satisfied, waits_for
from cases.model import Case, Leg
from cases.running import PAUSE_WORDS, clock_start, end_of, limit_of, spans_of, wait_until, warned_at
from cases.states import UNSENT
from cases.words import handler
from catalog.limits import Limit
from forms.plan import PlannedEdge, PlannedLeg


class LegDue(NamedTuple):
    """One leg's dates. `started` tells whether the clock really runs (else `start` and `due` are expected ones).

    `due` is the promised end, `statutory` the one by law; `yellow_at` when little is left; `finish` when it ended or
    is expected to; `paused` why the clock stands, in Chinese; `bound_by` the leg above that sets `start` or `due`;
    `wait_until` before which no decision may fall; `answer_by` the day an open request to the applicant ends; `days`
    the promised limit day by day.
    """

    leg: str
    start: datetime | None = None
    started: bool = False
    due: datetime | None = None
    statutory: datetime | None = None
    yellow_at: datetime | None = None
    finish: datetime | None = None
    provisional: bool = False
    paused: str | None = None
    waits_for: tuple[str, ...] = ()
    bound_by: str | None = None
    wait_until: datetime | None = None
    answer_by: str | None = None
    days: tuple[DayLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """When the case is expected to end: the longest chain of what is left, from its first leg to its last.

    `promised` is the end of the bundle's own promise, counted from the first acceptance.
    """

    due: datetime | None
    provisional: bool
    chain: tuple[str, ...]
    why: str
    promised: datetime | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every leg's dates by its number, and the case's."""

    legs: Mapping[str, LegDue]
    expected: Expected


class Dates:
    """The dates of one case as of one moment, leg by leg as they are asked for; open pauses are taken to end at
    `now`, so dates are the earliest possible."""

    def __init__(self, case: Case, calendar: WorkCalendar, now: datetime) -> None:
        self.case, self.calendar, self.now = case, calendar, now
        self._done: dict[str, LegDue] = {}

    def of(self, number: str) -> LegDue:
        """The dates of one leg, and with them of those it waits for."""
        found = self._done.get(number)
        if found is None:
            found = self._done[number] = _leg_due(self, number)
        return found


def schedule(case: Case, calendar: WorkCalendar, now: datetime) -> Schedule:
    """Every date of the case as of `now`."""
    dates = Dates(case, calendar, now)
    legs = {number: dates.of(number) for number in case.legs}
    return Schedule(legs, _expected(case, calendar, legs))


def same_dates(before: Leg, after: Leg) -> bool:
    """Whether a change of one leg moves no date of any leg, its own included: all that dates are made of is equal."""
    return before is after or _dated_by(before) == _dated_by(after)


def _dated_by(leg: Leg) -> tuple[object, ...]:
    return (leg.state in UNSENT, end_state(leg), leg.started_at, leg.accepted_at, leg.decided_at, leg.decided_at or
            leg.closed_at, leg.received_at if leg.decided_at else None, leg.pauses, leg.asks, leg.settled, leg.results,
            leg.extension)


def _leg_due(dates: Dates, number: str) -> LegDue:
    case, calendar, now = dates.case, dates.calendar, dates.now
    leg, plan = case.legs[number], planned(case, number)
    started = clock_start(leg, calendar, now)
    start, bound_by = (started or leg.started_at, None) if leg.state not in UNSENT else _expected_start(dates, leg)
    limit = limit_of(plan)
    common = LegDue(
        number, start, started is not None, finish=_ended(leg), paused=_paused(leg), waits_for=waits_for(case, number),
        bound_by=bound_by, wait_until=wait_until(plan, leg, calendar), answer_by=_answer_by(leg),
    )
    if start is None or limit is None:
        return common
    return _dated(dates, common, plan, limit)


def _dated(dates: Dates, known: LegDue, plan: PlannedLeg, limit: Limit) -> LegDue:
    calendar, now, start = dates.calendar, dates.now, known.start
    assert start is not None
    leg = dates.case.legs[known.leg]
    spans = spans_of(leg, now)
    own = end_of(leg, start, limit, spans, calendar)
    statutory = explain(start, plan.statutory, spans, calendar).due if plan.statutory else None
    if statutory is not None and leg.extension is not None:  # as far as the law lets it be extended
        statutory = max(statutory, own.due)
    above = _decided_after(dates, known.leg)
    due, bound_by = own.due, known.bound_by
    if above is not None and above[0] > due:
        due, bound_by = above
    if known.wait_until is not None:
        due = max(due, known.wait_until)
    moved = due != own.due
    yellow = calendar.start_of(calendar.date_of(due)) if moved else warned_at(leg, start, limit, spans, calendar)
    finish = known.finish or (due if due >= now else calendar.end_of(calendar.date_of(now)))
    provisional = own.provisional or (moved and bound_by is not None and dates.of(bound_by).provisional)
    return known._replace(due=due, statutory=statutory, yellow_at=yellow, finish=finish, provisional=provisional,
                          bound_by=bound_by, days=own.days)


def _expected_start(dates: Dates, leg: Leg) -> tuple[datetime | None, str | None]:
    """When a leg that still waits can start, and which leg it waits for longest."""
    if over(leg):
        return leg.started_at, None
    latest: tuple[datetime, str | None] = (dates.now, None)
    for index, edge in edges_to(dates.case, leg.leg):
        if edge.kind != "before_start" or satisfied(dates.case, index):
            continue
        found = _end_of_targets(dates, edge)
        if found is not None and (found[0] > latest[0] or latest[1] is None):
            latest = (max(found[0], latest[0]), found[1])
    return latest


def _decided_after(dates: Dates, number: str) -> tuple[datetime, str] | None:
    """The latest end of what this leg may not be decided before; an end on a day counts as the end of that day."""
    ends = [
        found for index, edge in edges_to(dates.case, number)
        if edge.kind == "before_decide" and not _given_up(dates.case, index)
        and (found := _end_of_targets(dates, edge)) is not None
    ]
    return max(ends, default=None)


def _given_up(case: Case, index: int) -> bool:
    """Whether the edge no longer counts because its failure was continued or answered."""
    targets = case.plan.edges[index].targets
    return satisfied(case, index) and not any(ending(case, t) in ("granted", "open") for t in targets)


def _end_of_targets(dates: Dates, edge: PlannedEdge) -> tuple[datetime, str] | None:
    calendar = dates.calendar
    ends = [
        (calendar.end_of(calendar.date_of(finish)), target) for target in edge.targets
        if (finish := _ended(dates.case.legs[target]) or dates.of(target).finish) is not None
    ]
    if not ends:
        return None
    return min(ends) if edge.join == "any" else max(ends)


def _ended(leg: Leg) -> datetime | None:
    """When the leg was decided, or closed without a decision; None while it is open."""
    return (leg.decided_at or leg.closed_at) if over(leg) else None


def _paused(leg: Leg) -> str | None:
    last = next((p for p in reversed(leg.pauses) if p.end is None), None)
    if last is None:
        return None
    name = PAUSE_WORDS.get(last.kind, last.kind)
    return f"{name}({last.why})" if last.kind == "special" and last.why else name


def _answer_by(leg: Leg) -> str | None:
    return min((ask.until for ask in leg.asks if ask.until and ask.open and not ask.overdue), default=None)


def _expected(case: Case, calendar: WorkCalendar, legs: Mapping[str, LegDue]) -> Expected:
    open_legs = [d for d in legs.values() if not over(case.legs[d.leg])]
    dated = [(d.finish, d.leg) for d in (open_legs or legs.values()) if d.finish is not None]
    promised = _promise(case, calendar)
    if not dated:
        return Expected(None, False, (), "尚无可以推算的日期：剩下的事项没有公布办理时限", promised)
    due, last = max(dated)
    chain = _chain(legs, last)
    provisional = any(legs[number].provisional for number in chain)
    why = _why(case, legs, chain) if open_legs else f"全部事项已于{day_words(due, calendar)}办结"
    return Expected(due, provisional, chain, why, promised)


def _promise(case: Case, calendar: WorkCalendar) -> datetime | None:
    if case.plan.promised is None:
        return None
    accepted = [leg.accepted_at for leg in case.legs.values() if leg.accepted_at is not None]
    return explain(min(accepted, default=case.filed_at), case.plan.promised, (), calendar).due


def _chain(legs: Mapping[str, LegDue], last: str) -> tuple[str, ...]:
    chain = [last]
    while (above := legs[chain[-1]].bound_by) is not None and above not in chain:
        chain.append(above)
    return tuple(reversed(chain))


def _why(case: Case, legs: Mapping[str, LegDue], chain: Iterable[str]) -> str:
    """Who waits for whom along the chain, in Chinese, each with its day."""
    parts: list[str] = []
    for number in chain:
        line, date = planned(case, number), legs[number].finish
        assert date is not None
        when = f"{date.month}月{date.day}日"
        paused = legs[number].paused
        late = _paused_words(paused) if paused else ""
        who = handler(case.legs[number], line)
        lead = f"「{line.name}」({who})预计{when}办结"
        parts.append(f"{lead}{late}" if not parts else f"之后「{line.name}」({who}){when}办结{late}")
    return "，".join(parts)


def _paused_words(paused: str) -> str:
    return f"(现因{paused}暂停计时，恢复后顺延)"


def day_words(instant: datetime, calendar: WorkCalendar) -> str:
    """`10月13日` in the calendar's zone."""
    day = calendar.date_of(instant)
    return f"{day.month}月{day.day}日"
