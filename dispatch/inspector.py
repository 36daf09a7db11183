"""The inspector: has files that wait for the virus scanner looked at, beside everything else. A scanner that hangs
holds this thread and nothing else; several hosts share the work.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from connectors.scanners import Scanner
from desk.upkeep.late_scans import LateScans
from dispatch.attempts import code_of

LOG = logging.getLogger("yijianshi.scans")
NAP = 3.0
SHORTEST_JOIN = 0.2


class Inspector:
    """Runs until `stop`; make it with `start`."""

    def __init__(self, scans: LateScans, scanner: Scanner, clock: Callable[[], datetime]) -> None:
        self._scans, self._scanner, self._clock = scans, scanner, clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inspector", daemon=True)

    def start(self) -> Inspector:
        """Begin."""
        self._thread.start()
        return self

    def halt(self) -> None:
        """No other file is looked at."""
        self._stopping.set()

    def stop(self, seconds: float) -> None:
        """Wait for the file that is being looked at; what is not over by then is looked at again after its lease."""
        self.halt()
        if self._thread.is_alive():
            self._thread.join(max(SHORTEST_JOIN, seconds))

    def _run(self) -> None:
        told_of = False
        while not self._stopping.is_set():
            try:
                told_of = told_of or self._tell_if_away()
                busy = self._scans.go_round(self._clock()) > 0
            except Exception as error:  # noqa: BLE001  # whatever the store has, the next round may find it well
                LOG.error("files are not looked at: %s", code_of(error))
                busy = False
            if not busy:
                self._stopping.wait(NAP)

    def _tell_if_away(self) -> bool:
        """Say at the start whether nobody answers; True, for that is said once."""
        if not self._scanner.answers():
            LOG.warning("YJS_SCANNER=%s: no clamd answers there (nor is anybody asked outside private addresses without"
                        " YJS_SCANNER_ANYWHERE=on); uploads are kept and wait for it", self._scanner.name)
        return True
