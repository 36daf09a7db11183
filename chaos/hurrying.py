"""A program gone mad, which asks without a pause until it is refused, comes back when it was told to, and goes on; and
a calm one under a name of its own, which is refused nothing meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import requests

from chaos.clients import TOO_OFTEN, Office
from chaos.stage import Stage
from chaos.taking_part import Part
from sandbox.ledger import Ledger

NAMES = ("hasty", "calm-program")
AT_ONCE, MOST = 4, 400  # requests at one moment, and of one flood
ASKED, CALMLY = "/api/cases", 1.0


class Program(Office):
    """Asks once, and takes a refusal as it is."""

    def ask(self) -> requests.Response | None:
        """One question; None where nobody answers just now."""
        try:
            return self.once("GET", ASKED)
        except requests.RequestException:
            return None

    def flood(self) -> None:
        """Ask until it is refused; come back when it was told to."""
        begun, told = time.time(), None
        with ThreadPoolExecutor(AT_ONCE) as hands:
            for answer in hands.map(lambda _: self.ask(), range(MOST)):
                told = answer if answer is not None and answer.status_code == TOO_OFTEN else told
        after = told.headers.get("Retry-After", "") if told is not None else ""
        time.sleep(int(after) if after.isdecimal() else 1)
        again = self.ask()
        self.note("hurried", begun=begun, refused=told is not None, after=after,
                  then=again.status_code if again is not None else None)

    def go_calmly(self) -> None:
        """Ask once in a while."""
        begun, answer = time.time(), self.ask()
        self.note("asked_calmly", begun=begun, status=answer.status_code if answer is not None else None)
        time.sleep(CALMLY)


class Hurrying(Part):
    """Both, if the form counts how often anybody asks."""

    def __init__(self, stage: Stage, log: Ledger) -> None:
        super().__init__()
        if stage.form.rate:
            hasty, calm = (Program(stage.url, stage.token(subject=name), name, log) for name in NAMES)
            self._play(*(partial(self._run, act) for act in (hasty.flood, calm.go_calmly)))

    def _run(self, act: Callable[[], None]) -> None:
        while not self._over.is_set():
            act()
