"""How many may wait for sources at once: a register that takes seconds must not keep the threads from all others.

It is not down while it answers, so its breaker never opens; sixteen filings at once then kept every page and every
notice of a department waiting for as long as it took.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

from desk.errors import SourcesBusy
from store.engine.turns import away

PATIENCE = 0.2  # seconds: a moment of many quick look-ups is no reason to turn anybody away


class Places:
    """So many of them; shared by threads."""

    def __init__(self, most: int) -> None:
        self._free = Semaphore(most)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Have one; `SourcesBusy` if none becomes free."""
        with away():
            taken = self._free.acquire(timeout=PATIENCE)
        if not taken:
            raise SourcesBusy
        try:
            yield
        finally:
            self._free.release()
