"""One run from the first start to the files that the checker reads; one seed is one schedule of faults."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import requests

from chaos.absence import Absence
from chaos.cast import Cast
from chaos.forms import Form
from chaos.killer import Killer, Watch, seen_resources
from chaos.readout import ReadOut
from chaos.stage import Stage
from sandbox.ledger import Ledger

SAMPLE_SECONDS = 2.0
TELL_SECONDS, TELLS_WITHIN = 2_000.0, 180.0  # by the town's clock, longer than news waits for other news; in truth
ARCHIVE_KILLS = 2
STILL_SECONDS, LONGEST = 60.0, 3  # for something more to end; times the form's own limit
OVER = frozenset({"granted", "delivered", "refused", "not_accepted", "withdrawn", "terminated", "voided", "not_needed"})
LEGS = re.compile(r'^yijianshi_legs\{key="(\w+)"\} ([0-9.]+)$', re.MULTILINE)
CASES = re.compile(r'^yijianshi_cases\{key="([^"|]*)[^"]*"\} ([0-9.]+)$', re.MULTILINE)
SCANS = re.compile(r"^yijianshi_scans_(waiting|infected) ([0-9.]+)$", re.MULTILINE)
RESTING = re.compile(r'^yijianshi_offices_resting\{key="[^"]*"\} ([0-9.]+)$', re.MULTILINE)
DRIFT = re.compile(r'^yijianshi_counter_drift ([0-9.]+)$', re.MULTILINE)
BREACHES = re.compile(r'^yijianshi_breaches\{key="([^"]*)"\} ([0-9.]+)$', re.MULTILINE)

Say = Callable[[str], None]


class Patience:
    """How long what is left may take: `limit` seconds from `now`, and longer, but at most three times as long, while
    less and less is left or an office rests. A machine that others use as well is slow and not wrong; and an office
    that failed five times and then at each probe gets nothing for 15, 30, 60, 120 seconds (`dispatch/breaker.py`)."""

    def __init__(self, limit: float, now: float) -> None:
        self._until, self._last = now + limit, now + LONGEST * limit
        self._least = sys.maxsize

    def see(self, left: int, resting: bool, now: float) -> None:
        """Note how much is left, and whether an office rests."""
        if left < self._least or resting:
            self._least = min(left, self._least)
            self._until = min(max(self._until, now + STILL_SECONDS), self._last)

    def lasts(self, now: float) -> bool:
        """Whether to go on waiting."""
        return now < self._until


class Samples:
    """What the portal's metrics say, every few seconds."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.taken: list[dict[str, Any]] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        self._thread.join(30)

    def take(self) -> dict[str, Any] | None:
        """One sample; None while the portal is away."""
        try:
            answer = requests.get(f"{self._stage.url}/metrics", timeout=10)
        except requests.RequestException:
            return None
        if not answer.ok:
            return None
        legs = {state: int(float(number)) for state, number in LEGS.findall(answer.text)}
        breaches = {rule: int(float(number)) for rule, number in BREACHES.findall(answer.text) if float(number)}
        drift = sum(map(float, DRIFT.findall(answer.text)))
        cases: Counter[str] = Counter()
        for bundle, number in CASES.findall(answer.text):
            cases[bundle] += int(float(number))
        return {"at": time.time(), "legs": legs, "breaches": breaches, "drift": int(drift), "cases": cases,
                "scans": {name: int(float(number)) for name, number in SCANS.findall(answer.text)},
                "resting": int(sum(map(float, RESTING.findall(answer.text))))}

    def _run(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            if (sample := self.take()) is not None:
                self.taken.append(sample)


class Run:
    """A run of `form` in `folder`; `say` tells the person at the keyboard how far it is."""

    def __init__(self, form: Form, seed: int, folder: Path, say: Say) -> None:
        self.form, self.seed, self.folder, self._say = form, seed, folder, say
        self.stage = Stage(folder, form, seed)
        self.facts: dict[str, Any] = {"seed": seed, "form": asdict(form), "began": time.time(),
                                      "closed_from": self.stage.closed_from}

    def play(self) -> None:
        """Play it and leave `run.json`, `clients.jsonl`, `officers.jsonl`, `ledger.jsonl`, `news.jsonl`, `export.jsonl`
        and `audit.jsonl` in the folder."""
        self.stage.prepare()
        log, desks = (Ledger(self.folder / f"{name}.jsonl") for name in ("clients", "officers"))
        try:
            self._die_while_migrating()
            self.stage.start_departments()
            self.stage.start_scanner()
            self.stage.start_portal()
            cast = self._filled(log, desks)
            self._read_out(cast)
        finally:
            self.stage.stop()
            log.close()
            desks.close()
        self.facts["ended"] = time.time()
        (self.folder / "run.json").write_text(json.dumps(self.facts, ensure_ascii=False, indent=1), "utf-8")

    def _die_while_migrating(self) -> None:
        """The very first start dies between two steps of making the tables."""
        if not self.form.kills:
            return
        self.stage.more = {**self.stage.unarmed, "FAILPOINTS": "migrate.step:kill@2"}
        self.stage.begin_portal()
        time.sleep(2.5)
        self.stage.kill("group")
        self.stage.more = self.stage.unarmed

    def _filled(self, log: Ledger, desks: Ledger) -> Cast:
        """Everything that happens while there are faults, until all is over."""
        watch, samples = Watch(self.stage), Samples(self.stage)
        killer = Killer(self.stage, self.form, Random(self.seed), watch)
        cast = Cast(self.stage, log, desks, lambda: killer.days)
        for one in (watch, samples, cast):
            one.start()
        allow = partial(cast.allow, say=self._say)
        if self.form.away:
            Absence(self.stage, killer, log, allow).play()
        killer.play(allow, cast.is_busy)
        self.facts["all_filed_at"] = cast.wait_until_filed(self._say)
        self._emptied(killer, samples, cast)
        cast.stop()
        self._recounted(killer)
        self._told(killer)
        for watching in (samples, watch):
            watching.stop()
        last_sample = samples.take()
        self.facts |= {
            "outages": watch.outages, "starts": killer.starts, "leaps": killer.leaps, "sigkills": killer.sigkills,
            "reached": killer.reached, "unreached": killer.unreached, "client_faults": cast.faults,
            "samples": [*samples.taken, *([last_sample] if last_sample else [])]}
        return cast

    def _emptied(self, killer: Killer, samples: Samples, cast: Cast) -> None:
        """The faults stop, nothing tarries any more, and every leg is given its time to end."""
        if self.form.calms_down:
            self.stage.calm_down()
        cast.hurry()
        self.stage.hurry()
        if self.form.kills:
            killer.settle()
        if self.form.scan_pauses:
            killer.outlast_scans()
        first = seen_resources(self.stage)
        drained = self._drain(samples)
        time.sleep(self.form.quiet_seconds)
        self.facts |= {"drained": drained, "resources": {"first": first, "last": seen_resources(self.stage)}}

    def _recounted(self, killer: Killer) -> None:
        """The portal counts everything anew once a day: on another day its figures say what it found."""
        if self.form.days:
            killer.another_day()

    def _told(self, killer: Killer) -> None:
        """Whatever waited for other news leaves: the start of another day has made it, and half an hour goes by."""
        if self.form.days:
            killer.pass_time(TELL_SECONDS)
            self.facts["told"] = self.stage.await_bulletins(TELLS_WITHIN)

    def _drain(self, samples: Samples) -> bool:
        """Whether every leg is over, and every notice told, before patience ends."""
        patience, said = Patience(self.form.drain_seconds, time.monotonic()), 0.0
        while patience.lasts(time.monotonic()):
            legs, notices, resting = self._left(samples)
            if not legs and not notices:
                return True
            patience.see(legs + notices, resting > 0, time.monotonic())
            if time.monotonic() - said > 10:
                said = time.monotonic()
                self._say(f"{legs} legs open, {notices} notices untold, {resting} offices resting")
            time.sleep(1.0)
        return False

    def _left(self, samples: Samples) -> tuple[int, int, int]:
        """How many legs are open (endless where nobody knows), how much departments have not decided or told, and how
        many offices rest."""
        sample, left = samples.take(), self.stage.left_to_do()
        if sample is None:
            return sys.maxsize, 0, 0
        legs = sum(number for state, number in sample["legs"].items() if state not in OVER)
        return legs, left["untold"] + left["open"], sample["resting"]

    def _read_out(self, cast: Cast) -> None:
        """Packages for an archive and everybody's news, then what the operator's commands say of it all."""
        read = ReadOut(self.stage, self.facts, self._say)
        if self.form.archives:
            read.archives(ARCHIVE_KILLS if self.form.kills else 0)
        if self.form.days:
            read.inboxes(cast.readers)
        read.commands()
