"""The light of a leg: white on time, yellow little time left, red overdue, green decided, grey the clock stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cases.due import LegDue
from cases.edges import over
from cases.model import Leg, LegState
from cases.words import STATE_NAMES, state_name
from forms.plan import PlannedLeg

Colour = Literal["white", "yellow", "red", "green", "grey"]
DECIDED = frozenset({LegState.GRANTED, LegState.DELIVERED, LegState.REFUSED, LegState.NOT_ACCEPTED})
_NOT_SURE = frozenset({LegState.OUTCOME_UNKNOWN, LegState.STUCK})


@dataclass(frozen=True, slots=True)
class Light:
    """A colour and the same fact in Chinese words, so that nothing is said by colour alone."""

    colour: Colour
    words: str


def light(leg: Leg, planned: PlannedLeg, dates: LegDue, now: datetime) -> Light:
    """The leg's light at `now`: computed from state and clock on reading, never stored.

    Red only while the department's clock really runs: not while it stands, while another leg or the applicant is
    waited for, or before the department has accepted.
    """
    if over(leg):
        return _closed(leg, planned, dates)
    if dates.paused is not None or leg.state is LegState.HELD:
        return Light("grey", f"{dates.paused or '等待申请人'}，暂停计时")
    if leg.withdrawing:
        return Light("grey", "等部门确认撤回")
    if leg.state is LegState.WAITING:
        return Light("white", "等待前一环节")
    if leg.state in _NOT_SURE:
        return Light("yellow", STATE_NAMES[leg.state])
    return _running(dates, now)


def _closed(leg: Leg, planned: PlannedLeg, dates: LegDue) -> Light:
    name = state_name(leg.state, planned)
    late = dates.due is not None and leg.decided_at is not None and leg.decided_at > dates.due
    return Light("green", f"{name}(超过时限)" if late else name) if leg.state in DECIDED else Light("grey", name)


def _running(dates: LegDue, now: datetime) -> Light:
    if dates.due is None or dates.yellow_at is None:
        return Light("white", "正在办理")
    if dates.waits_for and now <= dates.due:
        return Light("white", "正在办理，等前一环节的结果")
    if now > dates.due:
        return Light("red", "已超期") if dates.started else Light("yellow", "部门尚未受理")
    if now >= dates.yellow_at:
        return Light("yellow", "即将到期")
    return Light("white", "正常办理")
