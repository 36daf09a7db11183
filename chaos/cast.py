"""All who take part in a run: who files, who works at an office's pages, who follows up, who entrusts, who signs in,
who takes legs to other offices.

Each of them is threads of the rig's own process, on record in `clients.jsonl` or `officers.jsonl`. The portal and the
process of the departments (`chaos/department.py`) are the other two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from chaos.agents import Agents
from chaos.agreeing import Agreeing
from chaos.clients import Crowd, Office
from chaos.followers import Followers
from chaos.hurrying import Hurrying
from chaos.latecomers import Latecomers
from chaos.leaving import Leavers
from chaos.officers import Officers
from chaos.scanning import Scanning
from chaos.second_factor import SecondFactor
from chaos.signing_in import SigningIn
from chaos.stage import Stage
from chaos.transferring import Transfers
from sandbox.ledger import Ledger

FOLLOW_SECONDS = 60.0
FILE_SECONDS = 900.0
SAY_SECONDS = 10.0


class Cast:
    """Everybody. `days` tells how often the clock has leapt by days, `say` tells the person at the keyboard."""

    def __init__(self, stage: Stage, log: Ledger, desks: Ledger, days: Callable[[], int]) -> None:
        self._form = stage.form
        with ThreadPoolExecutor(1) as beside:  # both begin with commands
            hired = beside.submit(Officers, stage, desks)
            self.crowd, self.officers = Crowd(stage, stage.form, stage.seed, log), hired.result()
        self.followers = Followers(stage, self.crowd.token, log, days)
        self.agents = Agents(stage, log, days)
        self.windows = SigningIn(stage, log)
        self.transfers = Transfers(stage, log)
        self.scanning = Scanning(stage, self.crowd.token, log)
        self.agreeing = Agreeing(stage, self.crowd.token, log)
        self.clerks = SecondFactor(stage, log)
        self.latecomers = Latecomers(stage, self.crowd.token, log, days)
        self.leavers = Leavers(stage, log)
        self.hurrying = Hurrying(stage, log)
        self._everybody = (self.crowd, self.officers, self.followers, self.agents, self.windows, self.transfers,
                           self.scanning, self.agreeing, self.clerks, self.latecomers, self.leavers,
                           self.hurrying)
        self._said = 0.0

    def start(self) -> None:
        """All begin."""
        for one in self._everybody:
            one.start()

    def allow(self, share: float, say: Callable[[str], None]) -> float:
        """Which part of all may be filed by now; which part is."""
        number = self._form.applications
        self.crowd.allow(round(number * share))
        if time.time() - self._said > SAY_SECONDS:
            self._said = time.time()
            say(f"{self.crowd.filed} of {number} filed")
        return self.crowd.filed / number

    def is_busy(self) -> bool:
        """Whether there is still load."""
        return self.crowd.filed < self.crowd.allowed or self.crowd.allowed < self._form.applications

    def wait_until_filed(self, say: Callable[[str], None]) -> float:
        """Wait until nobody begins anything new; when the last application had its receipt."""
        filed = self.crowd.wait_until_filed(FILE_SECONDS)
        say(f"{'all' if filed else 'only'} {self.crowd.filed} of {self._form.applications} filed; the last legs")
        at = time.time()
        self.followers.await_days(FOLLOW_SECONDS)
        self.agents.wait_until_filed(FILE_SECONDS)
        self.agreeing.wait_until_filed(FILE_SECONDS)
        self.windows.stop()
        self.clerks.stop()
        self.leavers.stop()
        self.hurrying.stop()
        self.latecomers.stop()
        self.scanning.calm()
        return at

    def hurry(self) -> None:
        """Nothing is set aside any more, and what is where it is stays there."""
        self.transfers.stop()
        self.agents.hurry()
        self.officers.hurry()

    def stop(self) -> None:
        """All end."""
        for one in (self.crowd, self.followers, self.officers, self.agents, self.scanning):
            one.stop()
        self.agreeing.list()

    @property
    def faults(self) -> list[str]:
        """Who gave up, and why."""
        return [fault for one in self._everybody for fault in one.faults]

    @property
    def readers(self) -> dict[str, Office]:
        """Whose news there is to be read."""
        return {"sample": self.crowd.reader(), **self.agents.people}
