"""The thread of somebody who takes part in a run: whoever gives up is a finding, and not the end of the run."""

from __future__ import annotations

import threading
from collections.abc import Callable


def thread_of(work: Callable[[], None], faults: list[str]) -> threading.Thread:
    """A thread that does this work once it is started; `faults` gets a line if it gives up."""
    def run() -> None:
        try:
            work()
        except Exception as fault:  # noqa: BLE001
            faults.append(f"{type(fault).__name__}: {str(fault)[:300]}")

    return threading.Thread(target=run, daemon=True)
