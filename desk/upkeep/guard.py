"""The parts of a sweep, each done by itself: what is wrong with one keeps none of the others from being done, and an
operator sees which one fails, in the log and at the portal, until it works again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from desk.errors import Outdated
from desk.faults import told
from store import marks
from store.errors import StoreClosed, StoreUnavailable, TransactionLost
from store.port import Database, Tx

LOG = logging.getLogger("yijianshi.sweep")
FAULT = "sweep.fault."
REMEMBERED = timedelta(days=1)  # a fault that nobody met again since was its host's, which is gone
# In the order in which a sweep does them.
PARTS = ("leases", "offices", "pauses", "lapses", "leftovers", "urges", "dates", "watch", "seals", "journal", "news",
         "counters", "endings", "recount", "sessions", "visits")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failing:
    """A part that failed when it was last done: kind and place of the fault, and when that was."""

    part: str
    why: str
    at: datetime


class Guard:
    """Does the parts of a process's sweeps."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._faults: dict[str, str] = {}  # how each part ended here the last time; "" is well

    def do(self, part: str, act: Callable[[datetime], T], now: datetime) -> T | None:
        """Do a part; None if it fails. A store that is away or closed, or that a newer version works on, is no matter
        of one part, and ends the sweep; a unit that kills its own transaction is the part's."""
        try:
            done = act(now)
        except Exception as fault:  # whatever one part meets, legs lapse and chains are sealed
            if isinstance(fault, (StoreUnavailable, StoreClosed, Outdated)) and not isinstance(fault, TransactionLost):
                raise
            self._failed(part, told(fault), now)
            return None
        self._worked(part)
        return done

    def _failed(self, part: str, why: str, now: datetime) -> None:
        if self._faults.get(part) != why:
            LOG.error("of each sweep a part is not done, which is tried again: %s: %s", part, why)
        self._faults[part] = why
        self._database.write(lambda tx: marks.put(tx, FAULT + part, why, now))

    def _worked(self, part: str) -> None:
        """Take back what was told of it: by this process, or by one before it."""
        before, self._faults[part] = self._faults.get(part), ""
        if before:
            LOG.warning("of each sweep this part is done again: %s", part)
        if before != "":
            self._database.write(lambda tx: marks.drop(tx, FAULT + part))


def failing(tx: Tx, now: datetime) -> tuple[Failing, ...]:
    """The parts that fail, whichever host it is that they fail at."""
    return tuple(Failing(mark.name.removeprefix(FAULT), mark.value, mark.at) for mark in marks.under(tx, FAULT)
                 if now - mark.at < REMEMBERED)
