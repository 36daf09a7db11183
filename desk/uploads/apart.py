"""Opens uploaded files in a process of their own that may use little: what a file costs is known only once it is
opened, and a few kilobytes can unfold into gigabytes.

One small process waits with everything loaded and is started by the first file. For every file it forks a child (a few
milliseconds, no new interpreter) with little memory, little processor time and an alarm clock. A child that answers
gives a verdict; one that dies or is late gives none, and its file is too complex for us. Linux only.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from desk.errors import Busy
from store.engine.turns import away

AT_ONCE = 3  # each may take its whole allowance of memory
PATIENCE = 2.0
SECONDS = 20  # of the clock on the wall; the child's own limits end it before
SPARE_SECONDS = 3.0
LONGEST_ANSWER = 16_384
HOME = Path(__file__).resolve().parent.parent.parent
GIVEN = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG")  # of our environment; the rest is none of its business
Verdict = tuple[str, str]  # code and sentence


class NoVerdict(Exception):
    """The child died or was late."""


class Apart:
    """The process that waits, and the way to it. A child has `seconds` for one file."""

    def __init__(self, seconds: int = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The number of the process that waits, if it was started."""
        return self._process.pid if self._process else None

    def verdict(self, opened: BinaryIO, ending: str) -> Verdict | None:
        """Why a file that says to be of this ending is refused, None if it is not; raises `NoVerdict`, and `Busy` if
        too many are being opened already."""
        found = self.asked(opened, ending)
        return (found[0], found[1]) if found else None

    def asked(self, opened: BinaryIO, question: str) -> Any:
        """The answer to a question about a file (`desk.uploads.opened.QUESTIONS`); raises as `verdict` does."""
        with away():
            if not self._places.acquire(timeout=PATIENCE):
                raise Busy
            try:
                return self._ask(opened, question)
            finally:
                self._places.release()

    def end(self) -> None:
        """End the process; the next file starts another one."""
        with self._lock:
            self._end()

    def _ask(self, opened: BinaryIO, question: str) -> Any:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                line = self._hand_over(f"{question} {self._seconds}".encode(), [opened.fileno(), theirs.fileno()])
            ours.settimeout(self._seconds + SPARE_SECONDS)
            try:
                said = ours.recv(LONGEST_ANSWER)
            except TimeoutError:
                self._give_up(line)
                raise NoVerdict from None
            except OSError:
                said = b""
        if not said:
            raise NoVerdict
        return json.loads(said)

    def _hand_over(self, said: bytes, handed: list[int]) -> socket.socket:
        """Hand the file to the process, to a new one if it has died meanwhile."""
        for _ in range(2):
            try:
                line = self._way()
                socket.send_fds(line, [said], handed)
            except OSError:
                self._give_up(self._line)
            else:
                return line
        raise NoVerdict

    def _way(self) -> socket.socket:
        with self._lock:
            if self._line is None:
                self._line = self._start()
            return self._line

    def _start(self) -> socket.socket:
        """A new process, in a session of its own: no signal to our group reaches it, it ends when its line does."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(SPARE_SECONDS)
        with theirs:
            environ = {name: os.environ[name] for name in GIVEN if name in os.environ}
            self._process = subprocess.Popen([sys.executable, "-m", "desk.uploads.opened"], cwd=HOME, env=environ,
                                             stdin=theirs.fileno(), stdout=subprocess.DEVNULL,
                                             start_new_session=True)
        return ours

    def _give_up(self, line: socket.socket | None) -> None:
        """End the process at the other end of `line`, unless another thread did it already."""
        with self._lock:
            if line is self._line:
                self._end()

    def _end(self) -> None:
        line, process, self._line, self._process = self._line, self._process, None, None
        if line is not None:
            line.close()
        if process is not None:
            process.kill()
            process.wait()


APART = Apart()
atexit.register(APART.end)
