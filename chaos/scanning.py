"""What befalls the virus scanner, and somebody who brings files that it has to find something in.

The scanner is killed, or stops in the midst of a stream and is killed then, and comes back after a while. Meanwhile
whoever brings something files an application with an infected paper, offers others, and looks what can be read.
"""

from __future__ import annotations

import hashlib
import math
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any

import requests

from chaos.clients import BUNDLE, Office
from chaos.pages import PATIENCE
from chaos.scanner import EICAR
from chaos.stage import Stage
from chaos.taking_part import thread_of
from sandbox.ledger import Ledger

AWAY_SECONDS, STILL_SECONDS = (1.0, 4.0), (2.0, 6.0)
FREEZES = 0.5  # of the troubles: it stops answering and is killed only then
LOOK_SECONDS = 0.5
MOST_ROUNDS = 3  # for each application that shall come with an infected paper: it may be found at once
AWAITS = 20.0  # seconds that somebody waits until the scanner is away
READABLE_WITHIN = 90.0  # that a file may take until it can be read once the scanner stays: it rests, and much may wait
PAPER, SPOILED = "K18", ("K16", "K17", "K18", "K19")  # what is asked in the bundle that is filed here, as PDF
_WAITING = re.compile(r"^yijianshi_scans_waiting ([0-9.]+)$", re.MULTILINE)


class Troubles:
    """Kills the scanner again and again. `away` is set while it does not answer."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._dice = stage, Random(f"{stage.seed}/scanner")
        self.away = threading.Event()
        self.over = threading.Event()

    def run(self) -> None:
        """Until it is over; then the scanner is there, and at no loss any more."""
        pauses = self._stage.form.scan_pauses or (0.0, 0.0)
        while not self.over.wait(self._dice.uniform(*pauses)):
            if self._dice.random() < FREEZES:
                self._scanner.send_signal(signal.SIGSTOP)
                self.away.set()
                self.over.wait(self._dice.uniform(*STILL_SECONDS) * self._stage.form.scan_stops)
            self._again(None)
        self._again(0.0)

    @property
    def _scanner(self) -> subprocess.Popen[bytes]:
        assert self._stage.scanner is not None
        return self._stage.scanner

    def _again(self, errors: float | None) -> None:
        """Kill it, and start it after a while."""
        self.away.set()
        self._scanner.kill()
        self._scanner.wait()
        self.over.wait(self._dice.uniform(*AWAY_SECONDS))
        self._stage.start_scanner(errors)
        self.away.clear()


class Bringer(Office):
    """Brings clean and infected files, on record with what became of each."""

    def __init__(self, stage: Stage, token: str, log: Ledger, away: threading.Event) -> None:
        super().__init__(stage.url, token, "client-brings", log)
        self._away, self._dice = away, Random(f"{stage.seed}/brings")
        self._offered: list[tuple[str, str]] = []  # infected files that were taken, each with its digest
        self.filed: list[str] = []
        self.taken = 0  # applications with an infected paper that nobody had looked at

    def go_round(self, prepared: Mapping[str, Any], number: int, over: threading.Event) -> None:
        """File with an infected paper while the scanner is away, offer another, look at a clean one and at all."""
        self._away.wait(AWAITS)
        self._file(prepared, number)
        self._offer(spoiled=True)
        clean = self._offer(spoiled=False)
        self._await(*clean, over)
        for one in self._offered:
            self._look(*one)

    def _await(self, file: str, digest: str, over: threading.Event) -> None:
        """Look at a clean file until it can be read. How long it waits counts once the scanner stays, and since it is
        no less and less that waits with it."""
        least, since, late = math.inf, math.inf, False
        while not self._look(file, digest, last=late) and not late:
            time.sleep(LOOK_SECONDS)
            waits = self._waiting()
            if over.is_set() and waits is not None and waits < least:
                least, since = waits, time.monotonic()
            late = time.monotonic() > since + READABLE_WITHIN

    def answer(self) -> None:
        """Bring another paper wherever one is asked for again."""
        for reference in self.filed:
            self.answer_asks(self.see(reference))

    def _file(self, prepared: Mapping[str, Any], number: int) -> None:
        key = self._dice.choice(SPOILED)
        file, digest = self._offer(spoiled=True, key=key)
        filing = self.anew(prepared)
        filing["materials"] |= {key: [file]} if file else {}
        receipt = self.submit(filing, f"brings-{number}")
        self.filed.append(receipt["reference"])
        if filing["materials"][key] == [file]:  # else it was found just before, and another was brought instead
            self.taken += 1
            self.note("spoils", reference=receipt["reference"], file=file, sha256=digest, material=key)

    def _offer(self, *, spoiled: bool, key: str = PAPER) -> tuple[str, str]:
        """Upload a file; its id, empty where it is refused, and its digest."""
        name, type_, content = self.paper(key)
        content += b"%" + EICAR + b"\n" if spoiled else b""
        digest = hashlib.sha256(content).hexdigest()
        self.note("offers", sha256=digest, spoiled=spoiled)
        answer = self.send(name, type_, content)
        said = answer.json()
        self.note("offered", sha256=digest, spoiled=spoiled, status=answer.status_code, code=said.get("code"),
                  file=said.get("file", ""))
        if spoiled and answer.ok:
            self._offered.append((said["file"], digest))
        return str(said.get("file", "")), digest

    def _look(self, file: str, digest: str, *, last: bool = True) -> bool:
        """Try to read a file, and look whether operators are told that files wait; whether it can be read. What is
        tried last is on record."""
        if not file:
            return True
        begun = time.time()
        answer, waiting = self.call("GET", f"/api/files/{file}"), self._waiting()
        if answer.ok or last:
            self.note("looked_at", file=file, sha256=digest, begun=begun, status=answer.status_code, waiting=waiting,
                      code="" if answer.ok else answer.json()["code"])
        return answer.ok

    def _waiting(self) -> int | None:
        with suppress(requests.RequestException):
            found = _WAITING.search(requests.get(f"{self._url}/metrics", timeout=10).text)
            return int(float(found[1])) if found else None
        return None


class Scanning:
    """Both, if the form has a scanner."""

    def __init__(self, stage: Stage, token: str, log: Ledger) -> None:
        self._form, self._plays = stage.form, bool(stage.form.scan_pauses)
        self._troubles, self._over = Troubles(stage), threading.Event()
        self._bringer = Bringer(stage, token, log, self._troubles.away)
        self.faults: list[str] = []
        self._threads = [thread_of(work, self.faults) for work in (self._troubles.run, self._bring, self._answer)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads if self._plays else ():
            thread.start()

    def calm(self) -> None:
        """Nothing befalls the scanner any more, and nothing more is brought."""
        self._troubles.over.set()
        for thread in self._threads[:2] if self._plays else ():
            thread.join(PATIENCE)

    def stop(self) -> None:
        """Nobody answers any more."""
        self._over.set()
        for thread in self._threads if self._plays else ():
            thread.join(PATIENCE)

    def _bring(self) -> None:
        prepared = self._bringer.prepare(BUNDLE)
        for number in range(MOST_ROUNDS * self._form.brings):
            if self._troubles.over.is_set() or self._bringer.taken >= self._form.brings:
                return
            self._bringer.go_round(prepared, number, self._troubles.over)

    def _answer(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._bringer.answer()
