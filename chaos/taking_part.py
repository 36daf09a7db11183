"""The thread of somebody who takes part in a run: whoever gives up is a finding, and not the end of the run."""

from __future__ import annotations

import threading
from collections.abc import Callable

PATIENCE = 240.0  # seconds in which whoever is told to end does so


def thread_of(work: Callable[[], None], faults: list[str]) -> threading.Thread:
    """A thread that does this work once it is started; `faults` gets a line if it gives up."""
    def run() -> None:
        try:
            work()
        except Exception as fault:  # noqa: BLE001
            faults.append(f"{type(fault).__name__}: {str(fault)[:300]}")

    return threading.Thread(target=run, daemon=True)


class Part:
    """Somebody who takes part in threads of their own, until told that it is over."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self.faults: list[str] = []
        self._threads: list[threading.Thread] = []

    def _play(self, *works: Callable[[], None]) -> None:
        """Do each of these works in a thread once it starts; without any nobody takes part."""
        self._threads = [thread_of(work, self.faults) for work in works]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, once what is in hand is done."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
