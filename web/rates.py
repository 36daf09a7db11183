"""How often one caller may ask: a bucket for each, in memory, of bounded size, so that a program gone mad slows nobody.

A bucket holds ten seconds of its rate and fills up again at it. Whoever finds theirs empty gets 429 with `Retry-After`,
before a body is read or the store is asked. Each process counts for itself.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from threading import Lock
from time import monotonic

LARGEST = 50_000
SECONDS_HELD = 10
# Requests a second; a page with its parts is about two (what does not change is not counted).
PERSON, NETWORK, PROGRAM = 20.0, 100.0, 200.0  # somebody signed in; all visitors of one network; a department, a token


class Rates:
    """Counts the requests of callers. `factor` times the usual rates; 0: nobody is counted."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._lock = Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str, usual: float) -> int:
        """Count a request; 0, or in how many whole seconds the caller should come again."""
        if not self._factor:
            return 0
        rate = usual * self._factor
        most, now = max(rate * SECONDS_HELD, 1.0), monotonic()
        with self._lock:
            left, at = self._left.get(caller, (most, now))
            left = min(most, left + (now - at) * rate)
            enough = left >= 1.0
            self._left[caller] = (left - 1.0 if enough else left, now)
            self._left.move_to_end(caller)
            while len(self._left) > LARGEST:
                self._left.popitem(last=False)
        return 0 if enough else math.ceil((1.0 - left) / rate)
