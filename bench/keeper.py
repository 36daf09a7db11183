"""Ends what a process has started once that process is gone, however it went: also by SIGKILL, which nothing can catch.

A keeper waits at a pipe whose other end only that process holds. What is to end bears a mark in its environment, which
each process hands on: so nothing is missed that was started just before, nor a worker that a master brings up for ever.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MARK = "TOWN_OF"
GLANCE_SECONDS = 0.05


class Keeper:
    """The end of the pipe that the process holds which starts things."""

    def __init__(self, mark: str) -> None:
        self._process = subprocess.Popen([sys.executable, "-S", __file__, mark], stdin=subprocess.PIPE,
                                         start_new_session=True)

    def let_go(self) -> None:
        """End whatever still bears the mark, and wait until it is gone."""
        self._process.communicate()


def marked(mark: str) -> Iterator[int]:
    """The processes that bear a mark, but for this one."""
    wanted = f"{MARK}={mark}".encode()
    for found in Path("/proc").iterdir():
        with suppress(OSError):  # it is gone, or somebody else's
            if found.name.isdigit() and wanted in (found / "environ").read_bytes().split(b"\0"):
                yield int(found.name)


def end(mark: str) -> None:
    """Kill what bears the mark until nothing does."""
    while left := list(marked(mark)):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(GLANCE_SECONDS)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end(sys.argv[1])
