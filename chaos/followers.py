"""Those who follow what was filed: applicants urge what is late and rate what ended, a supervisor urges from the list.

Each asks again in vain on the same day, repeats itself under the same key, and now and then hangs up before the answer.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from random import Random
from typing import Any

from chaos.clients import Office, Tail
from chaos.forms import RATED
from chaos.pages import PATIENCE, PAUSE, Browser, Page
from chaos.script import draw
from chaos.stage import Stage
from chaos.taking_part import thread_of
from sandbox.ledger import Ledger

LOOK_SECONDS = 0.5
LOOKED_AFTER = 12.0  # seconds from the receipt to the first look
RATES, AGAIN, HANGS_UP = 0.15, 0.3, 0.15
HUNG_UP_SECONDS = 0.004
RATED_AFTER_ALL = frozenset({"granted", "delivered", "refused", "not_accepted"})
WARNINGS = "/staff/warnings"
URGED_AT_ONCE = 12
BEFORE = "今天已经催办过"
_LEG = re.compile(r'name="leg" value="([^"]+)"')
_SAID = re.compile(r'<div class="govuk-inset-text" role="status">([^<]*)</div>')


class Follower(Office):
    """An applicant who looks after what was filed, and asks until there is no doubt what became of it."""

    def __init__(self, stage: Stage, log: Ledger, token: str) -> None:
        super().__init__(stage.url, token, "follows", log)
        self._seed, self._dice = stage.seed, Random(f"{stage.seed}/follows")
        self._rated: set[str] = set()

    def look_after(self, reference: str) -> None:
        """Urge what is late, rate what ended; some things twice."""
        view = self.see(reference)
        for leg in view["legs"]:
            if leg["can_urge"]:
                self._urge(reference, leg["id"])
            if leg["state"] in RATED_AFTER_ALL and draw(self._seed, "rates", leg["id"]) < RATES:
                self._rate(reference, leg["id"])
        if view["state"] in {"finished", "partly_finished", "not_granted"}:
            self._rate(reference, "")

    def _urge(self, reference: str, leg: str) -> None:
        key = f"urge-{leg}-{self._dice.randrange(10**9)}"
        for said in (key, *([f"{key}-vain", key] if self._dice.random() < AGAIN else ())):
            self._post(f"/api/cases/{reference}/urge", {"leg": leg}, said, leg)

    def _rate(self, reference: str, leg: str) -> None:
        """The level is the leg's own; the second key says another one, and comes too late."""
        if (leg or reference) in self._rated:
            return
        self._rated.add(leg or reference)
        level = 1 + int(draw(self._seed, "level", reference, leg) * 5)
        key = f"rating-{leg or reference}"
        vain = [(f"{key}-vain", level % 5 + 1), (key, level)] if self._dice.random() < AGAIN else []
        for said, stars in ((key, level), *vain):
            what = {"level": stars, "words": f"{RATED} {leg or reference}", **({"leg": leg} if leg else {})}
            self._post(f"/api/cases/{reference}/rating", what, said, leg or reference)

    def _post(self, path: str, what: Mapping[str, Any], key: str, about: str) -> None:
        """Say it until there is an answer, and only then note it."""
        kind = path.rpartition("/")[2]
        self.note(f"{kind}_tried", about=about, key=key, level=what.get("level"))
        self.seconds = HUNG_UP_SECONDS if self._dice.random() < HANGS_UP else 30.0
        answer = self.call("POST", path, json=dict(what), headers={"Idempotency-Key": key})
        self.note(kind, about=about, key=key, level=what.get("level"), status=answer.status_code)

    def once(self, method: str, path: str, **more: Any) -> Any:
        """One request; whoever hung up waits for the answer the next time."""
        try:
            return super().once(method, path, **more)
        finally:
            self.seconds = 30.0


class Supervisor(Browser):
    """Urges from the list of what is late, twice, and looks what became of it."""

    def __init__(self, stage: Stage, log: Ledger) -> None:
        super().__init__(stage.url, "supervisor", log, {"persona": "supervisor"})
        self._dice = Random(f"{stage.seed}/supervises")

    def go_through(self, day: int) -> None:
        """One look at the list: urge some of it, and the same once more in vain."""
        page = self.look(WARNINGS)
        legs = [unescape(leg) for leg in _LEG.findall(page.text)]
        chosen = self._dice.sample(legs, min(URGED_AT_ONCE, len(legs)))
        if chosen:
            self._urge(page, chosen, day)
            self._urge(self.look(WARNINGS), chosen, day)

    def _urge(self, page: Page, chosen: list[str], day: int) -> None:
        """Press until there is an answer. After a lost press, what is refused as urged today was done by it."""
        forms = [one for one in page.forms(WARNINGS) if one.value("csrf_token")]  # the other one only finds an office
        if not forms:  # nothing is late any more
            return
        filled = forms[0].filled({"leg": chosen, "reason": f"示例催办 {day}"})
        lost, until = False, time.monotonic() + PATIENCE
        while (told := self.press(filled)) in {"lost", "later", "elsewhere"} and time.monotonic() < until:
            lost = lost or told != "elsewhere"
            time.sleep(PAUSE)
            self.look(WARNINGS)
        refused = {line.partition("：")[0]: line for line in self._said()}
        for leg in chosen:
            done = leg not in refused or (lost and BEFORE in refused[leg])
            self.note("supervised", about=leg, day=day, done=done)

    def _said(self) -> list[str]:
        return [unescape(line) for line in _SAID.findall(self.look(WARNINGS).text)]


class Followers:
    """All who follow: the applicant, who has this token, and a supervisor. `days` tells how often the clock has leapt
    by days."""

    def __init__(self, stage: Stage, token: str, log: Ledger, days: Callable[[], int]) -> None:
        self._stage, self._form, self._days = stage, stage.form, days
        self._acks = Tail(stage.folder / "clients.jsonl")
        self._applicant = Follower(stage, log, token)
        self._supervisor = Supervisor(stage, log)
        self._over, self._seen = threading.Event(), dict[str, float]()
        self._looked = {"applicant": 0, "supervisor": 0}
        self.faults: list[str] = []
        self._threads = [thread_of(work, self.faults) for work in (self._apply, self._supervise)]

    def start(self) -> None:
        """Begin, if anything is followed."""
        for thread in self._threads if self._form.follows else ():
            thread.start()

    def await_days(self, seconds: float) -> None:
        """Wait until everybody has looked at what is late since the last leap of days."""
        until = time.monotonic() + seconds
        while self._form.follows and min(self._looked.values()) < self._days() and not self.faults:
            if time.monotonic() > until:
                self.faults.append("who follows did not come to an end")
                return
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Look at everything for a last time, and end."""
        self._over.set()
        for thread in self._threads if self._form.follows else ():
            thread.join(PATIENCE)

    def _apply(self) -> None:
        """Look at each followed case some time after its receipt, after each leap of days, and at the end."""
        known = self._days()
        while not self._over.wait(LOOK_SECONDS):
            self._notice()
            due = [one for one, at in self._seen.items() if at <= time.monotonic()]
            if self._days() != known:
                known, due = self._days(), list(self._seen)
            for reference in due:
                self._seen[reference] = float("inf")
                self._applicant.look_after(reference)
            self._looked["applicant"] = known
        self._notice()
        for reference in self._seen:
            self._applicant.look_after(reference)

    def _notice(self) -> None:
        for reference in self._followed():
            self._seen.setdefault(reference, time.monotonic() + LOOKED_AFTER)

    def _followed(self) -> Iterator[str]:
        for line in self._acks.fresh():
            mine = line["what"] == "ack" and line["body"].startswith("client-")
            if mine and draw(self._stage.seed, "follows", line["reference"]) < self._form.follows:
                yield line["reference"]

    def _supervise(self) -> None:
        known = self._days()
        while not self._over.wait(LOOK_SECONDS):
            if self._days() != known:
                known = self._days()
                self._supervisor.go_through(known)
                self._looked["supervisor"] = known
