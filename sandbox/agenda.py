"""Runs things later: one thread keeps the order of time, a few workers do the work."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_WORKERS = 8


class Agenda:
    """Things to do, each after a number of seconds; `speed` shortens all of them."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sandbox")
        self._thread = threading.Thread(target=self._run, name="sandbox-agenda", daemon=True)
        self._thread.start()

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do `act` after `seconds` of the script's time."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds / self._speed, next(self._order), act))
            self._changed.notify()

    def pause(self, seconds: float) -> None:
        """Hold the calling thread for `seconds` of the script's time, or until the sandbox stops."""
        ends = time.monotonic() + seconds / self._speed
        with self._changed:
            while not self._stopped and (left := ends - time.monotonic()) > 0:
                self._changed.wait(left)

    @property
    def seconds(self) -> float:
        """The script's time now, from an arbitrary start."""
        return time.monotonic() * self._speed

    def stop(self) -> None:
        """Drop what is due later and wait for what runs."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            self._changed.notify_all()
        self._thread.join(10)
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                act = heapq.heappop(self._due)[2]
                self._workers.submit(_shown, act)


def _shown(act: Callable[[], None]) -> None:
    """Do it; a fault of the sandbox itself is shown, not lost in a worker."""
    try:
        act()
    except Exception:
        traceback.print_exc()
        raise
