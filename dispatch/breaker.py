"""A lane's breaker: after several failures in a row it opens, then lets one probe through. Pure.

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
        if now < self.open_until or running:
            return 0
        return min(free, 1)

    def after(self, answer: Answer, leg: str, now: datetime) -> Breaker:
        """The breaker after an attempt ended with `answer`."""
        if answer.kind not in _UNWELL or _asks_for_patience(answer):
            return WELL
        misset = self.misset | {leg} if answer.kind == "setup" else self.misset
        failures = self.failures + 1
        if failures < FAILURES_TO_OPEN and len(misset) < LEGS_TO_STOP and self.open_until is None:
            return replace(self, failures=failures, misset=misset)
        pause = min(FIRST_PAUSE * 2**self.opened, LONGEST_PAUSE)
        return Breaker(failures, misset, self.opened + 1, now + pause)


WELL = Breaker()


def _asks_for_patience(answer: Answer) -> bool:
    """An answer with Retry-After comes from a system that is there and says when; its message waits, not its lane."""
    return answer.retry_after is not None
