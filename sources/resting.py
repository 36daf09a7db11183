"""When a source that does not answer is asked again, so that filings wait for it at most once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

FAILURES_TO_REST = 3
FIRST_PAUSE, LONGEST_PAUSE = 15.0, 600.0


class Resting:
    """One source: after some failures in a row it is left alone, then one caller tries it. Shared by threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._failures = self._pauses = 0
        self._until: float | None = None
        self._tried = False

    def may_ask(self) -> bool:
        """Whether it may be asked now. While it rests nobody may, and then whoever comes first; the others wait for
        what that one hears, or for as long again."""
        with self._lock:
            if self._until is None:
                return True
            if self._clock() < self._until:
                return False
            self._until, self._tried = self._clock() + self._pause(), True
            return True

    def heard(self) -> bool:
        """It answered; true if it had been resting."""
        with self._lock:
            rested = self._until is not None
            self._failures, self._pauses, self._until, self._tried = 0, 0, None, False
            return rested

    def failed(self, wait: float | None = None) -> float | None:
        """It did not answer, or wants to be asked again after `wait` seconds. For how long it is left alone from now
        on, if that begins or goes on with this; None else. Many are asked at once, so only the first of those that fail
        together, and whoever tries it later, lets it rest longer."""
        with self._lock:
            self._failures += 1
            resting = self._until is not None and not self._tried
            if resting or (wait is None and self._failures < FAILURES_TO_REST):
                return None
            pause = self._pause() if wait is None else min(wait, LONGEST_PAUSE)
            self._until, self._tried, self._pauses = self._clock() + pause, False, self._pauses + 1
            return pause

    @property
    def rests(self) -> bool:
        """Whether it is left alone, or was and nobody has heard of it since."""
        with self._lock:
            return self._until is not None

    def _pause(self) -> float:
        return float(min(FIRST_PAUSE * 2**min(self._pauses, 10), LONGEST_PAUSE))
