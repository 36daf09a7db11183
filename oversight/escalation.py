"""Escalation (群—场—会): what urging in vain has come to, read from the history of urges and stored nowhere.

First the departments talk in a group (群), then they meet on the site (场), then in a meeting that decides (会). Each
step follows when a leg was urged on two more working days and its department has still not decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import IntEnum

from cases.calendar_days import WorkCalendar
from cases.urges import urged_days

DAYS_A_STEP = 2


class Level(IntEnum):
    """How far it has come with a leg."""

    NONE = 0
    GROUP = 1
    SITE = 2
    MEETING = 3


NAMES: Mapping[Level, str] = {
    Level.NONE: "", Level.GROUP: "群里协调", Level.SITE: "到现场协调", Level.MEETING: "上专题会",
}


def level_of(times: Iterable[datetime], calendar: WorkCalendar) -> Level:
    """The level of an open leg that was urged at these times; several urges on one working day count once."""
    return Level(min(urged_days(times, calendar) // DAYS_A_STEP, Level.MEETING))
