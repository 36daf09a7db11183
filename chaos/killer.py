"""Kills the portal: at random moments, at named places, during its start; freezes it and moves its clock on."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import requests

from chaos.forms import SELDOM, Form
from chaos.stage import Stage

RESTARTS = ("master", "group", "startup")
LEAP_SECONDS = 75.0  # longer than a lease
LONGEST_SCAN = 300.0  # longer than the lease of a file that is looked at
LATE_DAYS = 4  # working days, longer than any promise of the bundle and shorter than an ask may stay open
LAST_DAYS_SECONDS = 300.0
REACH_SECONDS = 30.0
RECOUNT_SECONDS = 120.0  # for one whole sweep, on a busy machine and by a portal that may die in it
STEP_SECONDS = 30.0
AGAIN = (0.05, 1.0)
GLANCE_SECONDS = 0.02
FREEZES = 0.15


class Watch:
    """Notes when the portal was away: from when its worker is gone until it says again that it is ready."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.outages: list[tuple[float, float]] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        self._thread.join(10)

    def note(self, since: float, until: float) -> None:
        """An outage that the eye does not see: a frozen worker is still there."""
        self.outages.append((since, until))

    def _look(self) -> None:
        known = self._worker()
        while not self._over.wait(GLANCE_SECONDS):
            worker = self._worker()
            if worker == known and worker is not None:
                continue
            since = time.time() - GLANCE_SECONDS
            while not self._ready() and not self._over.is_set():
                time.sleep(GLANCE_SECONDS)
            known = self._worker()
            self.outages.append((since, time.time()))

    def _worker(self) -> int | None:
        try:
            return self._stage.worker()
        except OSError:
            return None

    def _ready(self) -> bool:
        if self._worker() is None:
            return False
        try:
            return requests.get(f"{self._stage.url}/readyz", timeout=1).ok
        except requests.RequestException:
            return False


class Killer:
    """Plays the kills of a form; `sigkills`, `reached` and `unreached` say what came of them, `days` how
    often the clock leapt by days."""

    def __init__(self, stage: Stage, form: Form, dice: Random, watch: Watch) -> None:
        self._stage, self._form, self._dice, self._watch = stage, form, dice, watch
        self._armed = ""
        self._failpoints = self._shuffled()
        self.sigkills = 0
        self.reached: Counter[str] = Counter()
        self.unreached: Counter[str] = Counter()
        self.starts: list[float] = []
        self.leaps: list[dict[str, float]] = []
        self.days = 0

    def play(self, allow: Callable[[float], float], busy: Callable[[], bool]) -> None:
        """Every kill; `allow` is told which part of all may be filed by then and says which part is; `busy` whether
        there is still load."""
        total = max(self._form.kills, self._form.jumps, 1)
        extra = self._extras(total)
        while self.sigkills < self._form.kills:
            if not self._armed:  # an armed one dies again and again: the next kill is the way out
                self._pass_days(self._keep_step(allow, total))
            for act in extra.pop(min(extra), []) if extra and min(extra) <= self.sigkills else []:
                act()
            time.sleep(self._dice.uniform(*(AGAIN if self._armed else self._form.pauses)))
            self._round(busy())
        allow(1.0)
        for acts in extra.values():
            for act in acts:
                time.sleep(self._form.pauses[0])
                act()
        if self._armed:
            self._kill("group", "")
        until = time.monotonic() + LAST_DAYS_SECONDS
        while self.days < self._form.days and time.monotonic() < until:
            filed = allow(1.0)
            time.sleep(self._form.pauses[0])
            self._pass_days(filed)

    def _keep_step(self, allow: Callable[[float], float], total: int) -> float:
        """Let the next part be filed, and wait until the part before it is, so that every kill meets its load; the
        part that is filed."""
        until = time.monotonic() + STEP_SECONDS
        while (filed := allow((self.sigkills + 1) / total)) < (self.sigkills - 1) / total and time.monotonic() < until:
            time.sleep(GLANCE_SECONDS)
        return filed

    def _pass_days(self, filed: float) -> None:
        """Leap by days once so much is filed that something is late by it; no ask has lapsed by then."""
        if self.days < self._form.days and filed >= (self.days + 1) / (self._form.days + 1):
            self._leap_days()

    def settle(self) -> None:
        """One more start, so that nothing rests any more because of what went wrong before; from then on the portal
        dies of nothing, where the departments behave as well."""
        if self._form.calms_down:
            self._stage.unarmed["FAILPOINTS"] = ""
        self._kill("group", "")

    def _extras(self, total: int) -> dict[int, list[Callable[[], None]]]:
        """Clock jumps and publications, spread over the kills."""
        found: dict[int, list[Callable[[], None]]] = {}
        for acts, act in ((self._form.jumps, self._leap), (self._form.publications, self._stage.publish)):
            for number in range(acts):
                found.setdefault(total * (number + 1) // (acts + 1), []).append(act)
        return found

    def _leap(self) -> None:
        self.pass_time(LEAP_SECONDS)

    def _leap_days(self) -> None:
        """Some working days on while the portal runs, the first time so many that what tarries is late. A start after
        so long takes itself for one after an outage and urges nobody by itself: whoever waits for that waits here."""
        self.leaps.append(self._stage.leap_days(1 if self.days else LATE_DAYS))
        if not self.days:
            self._stage.await_sweep(self._form.urge_seconds)
        self.days += 1

    def another_day(self) -> None:
        """A start on the next working day, at which everything is recounted."""
        self._stage.kill("group")
        self.leaps.append(self._stage.leap_days(1))
        self._start("")
        self._stage.await_sweep(RECOUNT_SECONDS)

    def outlast_scans(self) -> None:
        """So much time goes by that a file is looked at again whose scan was killed, or could not tell."""
        self.pass_long(LONGEST_SCAN)

    def pass_long(self, seconds: float) -> None:
        """So much time goes by that what departments are telling comes to its end before."""
        self.leaps.append(self._stage.leap_far(seconds))

    def die(self) -> None:
        """The whole portal is killed, and started again."""
        self._kill("group", "")

    def pass_time(self, seconds: float) -> None:
        """Time goes by while the portal runs."""
        self.leaps.append(self._stage.leap(seconds))

    def _shuffled(self) -> Iterator[str]:
        """Every failpoint of the form in an order of its own, again and again."""
        while True:
            names = list(self._form.failpoints)
            self._dice.shuffle(names)
            yield from names

    def _round(self, busy: bool) -> None:
        arms = busy and not self._armed and self._dice.random() < self._form.failpoint_share
        failpoint = next(self._failpoints) if arms else ""  # never two in a row: something must get on between them
        if not self._armed and not failpoint and self._dice.random() < FREEZES:
            began = time.time()
            self._stage.freeze(self._dice.uniform(1.0, 3.0))
            self._watch.note(began, time.time())
        how = self._dice.choice(RESTARTS if failpoint or self._armed else ("worker", *RESTARTS))
        self._kill(how, failpoint)
        if failpoint:
            self._await_death(failpoint)

    def _kill(self, how: str, failpoint: str) -> None:
        self._stage.kill("group" if how == "startup" else how)
        self.sigkills += 1
        if how == "worker":
            self._stage.await_portal()
            return
        if how == "startup":
            self._stage.begin_portal()
            time.sleep(self._dice.uniform(0.05, 1.5))
            self._stage.kill("group")
            self.sigkills += 1
        self._start(failpoint)

    def _start(self, failpoint: str) -> None:
        self._armed = failpoint
        more = dict(self._stage.unarmed)
        if failpoint == "publish.mid":
            self._stage.publish()
        if failpoint:
            nth = 1 if failpoint in SELDOM else self._dice.randint(1, 6)
            more["FAILPOINTS"] = ";".join(filter(None, (more["FAILPOINTS"], f"{failpoint}:kill@{nth}")))
        self._stage.more = more
        began = time.time()
        self._stage.begin_portal()
        if not failpoint:  # an armed one may die before it is seen to be ready
            self._stage.await_portal()
            self.starts.append(began)

    def _await_death(self, failpoint: str) -> None:
        """Wait until the armed place took the worker; it counts only where it did."""
        until = time.monotonic() + REACH_SECONDS
        worker = None
        while time.monotonic() < until:
            seen = self._stage.worker()
            if worker is not None and seen != worker:
                self.sigkills += 1
                self.reached[failpoint] += 1
                return
            worker = worker or seen
            time.sleep(GLANCE_SECONDS)
        self.unreached[failpoint] += 1


def seen_resources(stage: Stage) -> dict[str, Any]:
    """Memory in MB, threads and open files of the portal's worker."""
    process = stage.worker()
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    said = {line.partition(":")[0]: line.partition(":")[2].split() for line in lines}
    return {"megabytes": int(said["VmRSS"][0]) / 1024, "threads": int(said["Threads"][0]),
            "files": sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())}
