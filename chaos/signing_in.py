"""People who sign in by the identity platform, out of two windows at once, and sign out there.

They come back from the platform once, twice at the same moment, or on a line that is cut before the answer. What tells
one account from another is a number that the first window of each has left in it; every later session has to find it.
"""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from chaos.pages import PATIENCE, PAUSE, WHOLE_SECONDS
from chaos.stage import Stage
from chaos.taking_part import Part
from sandbox.idp import PREFIX
from sandbox.ledger import Ledger

NUMBERS = {"sample-01": "13900000101", "sample-03": "13900000103"}
WINDOWS = 2
TWICE, CUT, LEAVES = 0.4, 0.2, 0.4
CUT_SECONDS = (0.005, 0.06)
PAUSES = (1.0, 4.0)
COOKIE = "yjs"
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


class Window:
    """One browser of a person; `known` is set once the person's number is in the account."""

    def __init__(self, stage: Stage, log: Ledger, person: str, number: int, known: threading.Event) -> None:
        self._stage, self._log, self._person, self._known = stage, log, person, known
        self._name, self._first = f"{person}/{number}", number == 0
        self._dice = Random(f"{stage.seed}/{self._name}")
        self._http = self._line()

    def go_round(self, over: threading.Event) -> None:
        """Sign in, look who one is here, and now and then sign out at the platform."""
        self._http = self._line()
        if not self._enter():
            return
        if self._first and not self._known.is_set():
            self._leave_number()
        while not self._known.wait(PAUSE) and not over.is_set():
            pass
        self._look("whoami")
        if self._dice.random() < LEAVES:
            self._get(f"{self._stage.departments_url}{PREFIX}/end")
            self._look("gone")

    def note(self, what: str, **more: Any) -> None:
        """One line of the record."""
        self._log.write(datetime.now(UTC), self._name, what, at=time.time(), person=self._person, **more)

    def _line(self) -> requests.Session:
        line = requests.Session()
        line.trust_env = False
        return line

    def _get(self, url: str) -> requests.Response:
        """A page without going on from it, asked for until it comes."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._http.get(url, timeout=WHOLE_SECONDS, allow_redirects=False)
                if answer.status_code < 500 or time.monotonic() > until:
                    return answer
            except requests.RequestException:
                if time.monotonic() > until:
                    raise
            time.sleep(PAUSE)

    def _enter(self) -> bool:
        """One sign-in with one ticket, whatever comes of it; whether there is a session."""
        begun = time.time()
        away = self._get(f"{self._stage.url}/login/platform").headers.get("Location", "")
        if PREFIX not in away:
            return False
        back = self._get(f"{away}&person={self._person}").headers["Location"]
        told, cut = self._come_back(back)
        opened = [one for one in told if one is not None and one.status_code == 303 and COOKIE in one.cookies]
        self.note("entered", begun=begun, state=parse_qs(urlsplit(back).query)["state"][0], opened=len(opened), cut=cut,
                  statuses=[one.status_code if one is not None else None for one in told])
        for one in opened[:1]:
            self._http.cookies.update(one.cookies)
        return bool(opened)

    def _come_back(self, back: str) -> tuple[list[requests.Response | None], bool]:
        """What came of going back from the platform, and whether a line was cut."""
        way = self._dice.random()
        if way < TWICE:
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(lambda _: self._press(back, WHOLE_SECONDS), range(2))), False
        cut = way < TWICE + CUT
        told = [self._press(back, self._dice.uniform(*CUT_SECONDS) if cut else WHOLE_SECONDS)]
        while told[-1] is None:
            cut = True
            time.sleep(PAUSE)
            told.append(self._press(back, WHOLE_SECONDS))
        return told, cut

    def _press(self, back: str, seconds: float) -> requests.Response | None:
        with self._line() as line:
            line.cookies.update(self._http.cookies)
            try:
                return line.get(back, timeout=(WHOLE_SECONDS, seconds), allow_redirects=False)
            except requests.RequestException:
                return None

    def _leave_number(self) -> None:
        """Leave the number by which this account is known again; whoever hears no answer does at the next sign-in."""
        token = _CSRF.search(self._get(f"{self._stage.url}/news").text)
        if token is None:
            return
        wish = {"kinds": [], "mobile": NUMBERS[self._person]}
        with suppress(requests.RequestException):
            answer = self._http.put(f"{self._stage.url}/api/news/preferences", json=wish, timeout=WHOLE_SECONDS,
                                    headers={"X-CSRFToken": token[1]})
            if answer.ok:
                self._known.set()

    def _look(self, what: str) -> None:
        """Who one is here, if anybody."""
        begun = time.time()
        answer = self._get(f"{self._stage.url}/api/news/preferences")
        self.note(what, begun=begun, status=answer.status_code,
                  number=answer.json().get("mobile") if answer.ok else None)


class SigningIn(Part):
    """All windows of all persons."""

    def __init__(self, stage: Stage, log: Ledger) -> None:
        super().__init__()
        known = {person: threading.Event() for person in NUMBERS}
        windows = [Window(stage, log, person, number, known[person]) for person in NUMBERS for number in range(WINDOWS)]
        self._play(*(partial(self._run, window, Random(f"{stage.seed}/{place}"))
                     for place, window in enumerate(windows if stage.form.signs_in else ())))

    def _run(self, window: Window, dice: Random) -> None:
        while not self._over.is_set():
            window.go_round(self._over)
            self._over.wait(dice.uniform(*PAUSES))
