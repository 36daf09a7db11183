"""A department that is away for more than a week of the town's clock, while the others work (form `outage`).

The clock is moved on from one promise to the next: just over each rest of the breaker, then in steps of hours until
messages are given up. What is seen meanwhile, by the ledger, `flask legs` and `/readyz`, is on record for the checker;
nothing here knows what the portal should have done at any of these moments.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import requests

from chaos.archives import WHY
from chaos.clients import Tail
from chaos.killer import Killer
from chaos.stage import Stage
from sandbox.ledger import Ledger

FIRST_REST, LONGEST_REST = 15.0, 600.0  # docs/connecting.md: left alone for so many seconds, twice as long each time
OPENS = 5  # failures in a row
HOURS, GIVEN_UP_DAYS = 9.0, 7.0  # a step; five working days are never more than so many
BACK_LEAPS = (601.0, 15 * 3_600.0, 601.0)  # a rest, and more than the last rung of the ladder
PATIENCE = 6.0  # for a call that is due, by a portal that looks once a second
SETTLES = 0.25  # that the portal takes for a failure after the department has seen it
GLANCE_SECONDS = 0.02
FILED_WITHIN = 60.0
CALM, BURST, MEANWHILE = 0.1, 0.5, 0.8  # which part of all is filed before, as it goes away, and while it rests


class Absence:
    """Plays it: moves the clock, kills, and is the operator who looks and sends again."""

    def __init__(self, stage: Stage, killer: Killer, log: Ledger, allow: Callable[[float], float]) -> None:
        self._stage, self._killer, self._log, self._allow = stage, killer, log, allow
        self._office = stage.form.away
        self._ledger = Tail(stage.ledger)
        self._called = self._failed = 0
        self._share, self._patience = 0.0, PATIENCE

    def play(self) -> None:
        """From before it goes to after it is back and what was given up has been sent again."""
        self._file(CALM)
        self._stage.put_away(self._office, "hang")  # as many as may be under way fail together
        self._permit(BURST)
        self._await(self._failed + OPENS)
        self._stage.put_away(self._office, "500")
        self._rest(self._stage.form.probes, MEANWHILE)
        self._list()
        self._killer.die()
        self._await(self._failed + OPENS)
        self._rest(OPENS, MEANWHILE)
        self._wear_on()
        self._list()
        self._stage.put_away(self._office, "")
        for seconds in BACK_LEAPS:
            self._leap(seconds)
            time.sleep(PATIENCE)
        self._resend()

    def _rest(self, probes: int, share: float) -> None:
        """Over so many rests, each with a probe that is in vain; a few applications are filed meanwhile."""
        begun = self._share
        for number in range(probes):
            self._permit(begun + (share - begun) * (number + 1) / probes)
            before = self._failed
            self._leap(min(FIRST_REST * 2 ** min(number, 10), LONGEST_REST) + 1)
            self._await(before + 1)

    def _wear_on(self) -> None:
        """Day after day until the oldest messages are given up, and then one after the other of them."""
        steps = int(GIVEN_UP_DAYS * 24 / HOURS) + 1
        for number in range(steps):
            before = self._failed
            self._leap(HOURS * 3_600)
            self._await(before + 1)
            if number == steps // 2:
                self._list()
                self._file(1.0)
        for _ in range(self._stage.form.probes):
            before = self._failed
            self._leap(LONGEST_REST + 1)
            self._await(before + 1)

    def _file(self, share: float) -> None:
        """Let so much be filed, and wait for it."""
        until = time.monotonic() + FILED_WITHIN
        while self._permit(share) < share and time.monotonic() < until:
            time.sleep(GLANCE_SECONDS)

    def _permit(self, share: float) -> float:
        """Let so much be filed by now; which part is."""
        self._share = max(share, self._share)
        return self._allow(self._share)

    def _await(self, failed: int) -> None:
        """Wait until so much was in vain in all and nothing is under way, but not for ever, and ever less where nothing
        comes any more; then look at `/readyz`."""
        until = time.monotonic() + self._patience
        while (self._failed < failed or self._failed < self._called) and time.monotonic() < until:
            time.sleep(GLANCE_SECONDS)
            self._look()
        self._patience = PATIENCE if self._failed >= failed else max(SETTLES, self._patience / 2)
        time.sleep(SETTLES)
        try:
            status = requests.get(f"{self._stage.url}/readyz", timeout=5).status_code
        except requests.RequestException:
            status = 0
        self._note("ready", status=status)

    def _look(self) -> None:
        for line in self._ledger.fresh():
            if line["body"] == self._office:
                self._called += line["what"] == "call"
                self._failed += line["what"] == "failed"

    def _leap(self, seconds: float) -> None:
        self._killer.pass_long(seconds)

    def _list(self) -> list[dict[str, Any]]:
        """What an operator is shown as stuck."""
        begun = time.time()
        code, said = self._stage.try_flask("legs", "--json")
        found = [one for one in json.loads(said)["legs"] if one["message_state"] == "stuck"] if not code else []
        self._note("stuck", begun=begun, code=code, keys=sorted(one["key"] for one in found))
        return found

    def _resend(self) -> None:
        """Send again exactly what is listed."""
        found = self._list()
        if not found:
            return
        begun = time.time()
        code, said = self._stage.try_flask("retry", *sorted({one["leg"] for one in found}), *WHY)
        again = sorted(line.split()[0] for line in said.splitlines() if ":leg." in line)
        self._note("resent", begun=begun, code=code, keys=again)

    def _note(self, what: str, **more: Any) -> None:
        self._log.write(datetime.now(UTC), "operator", what, at=time.time(), **more)
