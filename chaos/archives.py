"""Packages for an archive, made by a command that is killed in the midst, with and without the portal beside it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from chaos.stage import Stage

WHY = ("--reason", "故障试验")
SECONDS = 60.0  # that a command may take to its next package
GLANCE_SECONDS = 0.002
MOMENT = 0.04  # within which the kill comes after a package was seen: in the midst of the next one


class Archives:
    """Makes the packages of some cases, again and again until all are there."""

    def __init__(self, stage: Stage, references: Sequence[str]) -> None:
        self._stage, self._references = stage, [*references]
        self._folder = stage.folder / "archive"
        self._dice = Random(f"{stage.seed}/archives")

    def make(self, kills: int) -> dict[str, Any]:
        """What the checker wants to know: what lay there after each kill, what lies there at the end, what the check of
        it says."""
        there = [dict(self._lying()) for _ in range(kills) if self._killed()]
        if kills:
            there.append(self._without_the_portal())
        code, said = self._stage.try_flask(*self._command())
        checked = self._stage.try_flask("archive", "check", *map(str, sorted(self._folder.glob("*.zip"))))
        return {"wanted": self._references, "there": there, "left": dict(self._lying()), "made": [code, said[-2000:]],
                "checked": [*checked]}

    def _command(self) -> list[str]:
        return ["archive", "make", *self._references, "--into", str(self._folder), *WHY]

    def _lying(self) -> Iterator[tuple[str, str]]:
        yield from ((path.stem, hashlib.sha256(path.read_bytes()).hexdigest()) for path in self._folder.glob("*.zip"))

    def _killed(self) -> bool:
        """Kill the command once it has made one more package and is at the next."""
        made = self._begun()
        try:
            self._wait_for_one_more(made)
            time.sleep(self._dice.uniform(0, MOMENT))
        finally:
            if made.poll() is None:
                os.killpg(made.pid, signal.SIGKILL)
            made.wait()
        return True

    def _without_the_portal(self) -> dict[str, str]:
        """The portal is killed under the command, which may end as it likes; what lies there then."""
        made = self._begun()
        self._wait_for_one_more(made)
        self._stage.kill("group")
        made.wait()
        there = dict(self._lying())
        self._stage.begin_portal()
        self._stage.await_portal()
        return there

    def _begun(self) -> subprocess.Popen[bytes]:
        return self._stage.begin_flask("archive.log", *self._command())

    def _wait_for_one_more(self, made: subprocess.Popen[bytes]) -> None:
        before, until = self._number(), time.monotonic() + SECONDS
        while self._number() == before and made.poll() is None and time.monotonic() < until:
            time.sleep(GLANCE_SECONDS)

    def _number(self) -> int:
        return sum(1 for _ in self._folder.glob("*.zip"))
