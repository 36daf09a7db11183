"""A lane's breaker: after several failures in a row it opens, then lets one probe through. Pure.

Only a probe that fails makes the next rest longer. What was under way when it opened says no more than the failures
that opened it, or a department of sixteen places that is down for a moment would be left alone for ten minutes.

A wrong set-up (contract 3.2: login, redirect, 404 to a filing) stops the lane after three different legs and probes
with one leg, so that nothing is lost and nobody is flooded with refusals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.base import Answer

FAILURES_TO_OPEN = 5
LEGS_TO_STOP = 3
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=10)
_UNWELL = frozenset({"again", "unknown", "setup"})


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a lane has been doing: failures in a row, legs that met a wrong set-up, and until when it rests."""

    failures: int = 0
    misset: frozenset[str] = frozenset()
    opened: int = 0
    open_until: datetime | None = None

    def room(self, free: int, running: int, now: datetime) -> int:
        """How many attempts may start: none while open, one as a probe afterwards, else what is free."""
        if self.open_until is None:
            return free
        return 0 if running or self._rests(now) else min(free, 1)

    def _rests(self, at: datetime) -> bool:
        """Whether nothing may start at this moment. No rest is longer than the longest: if the end of one lies further
        ahead, the clock was set back, and it is over."""
        return self.open_until is not None and timedelta() < self.open_until - at <= LONGEST_PAUSE

    def after(self, answer: Answer, leg: str, began: datetime, now: datetime) -> Breaker:
        """The breaker after an attempt that `began` then ended with `answer`."""
        if answer.kind not in _UNWELL or _asks_for_patience(answer):
            return WELL
        learns = answer.kind == "setup" and len(self.misset) < LEGS_TO_STOP
        misset = self.misset | {leg} if learns else self.misset
        failures = self.failures + 1
        if self.open_until is None:
            opens = failures >= FAILURES_TO_OPEN or len(misset) >= LEGS_TO_STOP
        else:
            opens = not self._rests(began)  # it was the probe
        if not opens:
            return replace(self, failures=failures, misset=misset)
        return Breaker(failures, misset, self.opened + 1, now + _pause(self.opened))


WELL = Breaker()


def _pause(opened: int) -> timedelta:
    """How long it rests when it was opened so many times before; nobody counts how often a department can be down."""
    doublings = min(opened, int(LONGEST_PAUSE / FIRST_PAUSE).bit_length())
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _asks_for_patience(answer: Answer) -> bool:
    """An answer with Retry-After comes from a system that is there and says when; its message waits, not its lane."""
    return answer.retry_after is not None
