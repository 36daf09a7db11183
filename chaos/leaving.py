"""People who close their account: in the moment in which they file and sign in at another window, and are out then.

What was filed goes on without them. After the answer they try everything once more: the token, the session, the
password, a filing. An answer that was lost is asked for again, and whoever is sent to sign in then has left.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from typing import Any

from chaos.clients import Office
from chaos.forms import SCHOOL
from chaos.pages import PATIENCE as PAGES_PATIENCE
from chaos.pages import PAUSE, Browser, HasLeft
from chaos.stage import Stage
from chaos.taking_part import Part
from sandbox.ledger import Ledger

PAUSES = (1.0, 15.0)
SAID = "账号已注销"  # what the page says then
COINCIDES = 0.3
CLOSING, OWN, OK, GONE = "/account/close", "/account", 200, 401


class Leaver:
    """One person with a password, a session, and a program that files under this account."""

    def __init__(self, stage: Stage, number: int, log: Ledger) -> None:
        self.name, self._log, self._stage = f"leaver-{number}", log, stage
        password = hashlib.sha256(self.name.encode()).hexdigest()
        self.account = stage.flask("account", self.name, "--role", "applicant", "--name", "示例离开者",
                                   "--password", password).split()[-1]
        self._has = {"login": self.name, "password": password}
        self._window = Browser(stage.url, self.name, log, self._has)
        self._windows = [self._window]
        self.program = Office(stage.url, stage.token(subject=self.account), self.name, log)
        self._dice, self._filed = Random(f"{stage.seed}/{self.name}"), 0

    def live(self) -> None:
        """Come in and choose a password, file, begin a draft, and leave in the midst of it. The choice is over before
        a second window signs in: it ends every session, and a window knows the password that stood when it opened."""
        self._window.look(OWN)
        prepared = self.program.prepare(SCHOOL)
        self.file(prepared)
        self.program.call("POST", "/api/drafts", json={name: prepared[name] for name in ("bundle", "situation")})
        acts = [self.close, lambda: self.file(prepared), self._come_in]
        with ThreadPoolExecutor() as hands:
            for done in [hands.submit(self._later, act) for act in acts]:
                done.result()
        self._try_everything(prepared)

    def file(self, prepared: Mapping[str, Any]) -> None:
        """File once more, on record with what came of it."""
        self._filed += 1
        begun, key, filing = time.time(), f"{self.name}-{self._filed}", self.program.anew(prepared)
        self.program.note("tried", key=key)
        try:
            answer = self.program.try_to_file(filing, key)
        except RuntimeError as refused:  # the account was closed between the filing and a paper that it lacks
            if not str(refused).startswith(f"{GONE} "):
                raise
            self.program.note("as_member", by="file", begun=begun, status=GONE)
            return
        self.program.note("as_member", by="file", begun=begun, status=answer.status_code)
        if answer.ok:
            self.program.note_receipt(answer.json(), filing, key)

    def close(self) -> None:
        """Close the account by its page, until it is known that it is closed. An answer that was lost may have been
        under way still when the account was looked for."""
        self._window.has_left = self._is_out
        with suppress(HasLeft):
            self._press()
        self.program.note("left", account=self.account)

    def _press(self) -> None:
        until = time.monotonic() + PAGES_PATIENCE
        while time.monotonic() < until:
            page = self._window.look(CLOSING)
            form = page.form(page.path)
            if form is None:
                raise RuntimeError(f"{page.path} has no form to close an account: {page.status}")
            self._window.press(form.filled({"read": "1", "password": self._has["password"]}))
            if SAID in self._window.answered or self._is_out():
                return
            time.sleep(PAUSE)
        raise TimeoutError(f"{self.name} cannot leave")

    def _is_out(self) -> bool:
        """Whether the account is closed, as its token tells, where the answer was lost."""
        return self.program.call("GET", "/api/cases").status_code != OK

    def _come_in(self) -> None:
        """Sign in at another window, and look whether one is inside."""
        begun, window = time.time(), Browser(self._stage.url, self.name, self._log, {**self._has})
        window.sign_in()
        self._windows.append(window)
        inside = window.is_at(OWN)
        self.program.note("as_member", by="sign in", begun=begun, status=OK if inside else GONE)

    def _try_everything(self, prepared: Mapping[str, Any]) -> None:
        for what, path in (("cases", "/api/cases"), ("drafts", "/api/drafts"), ("news", "/api/news")):
            begun = time.time()
            self.program.note("as_member", by=what, begun=begun,
                              status=self.program.call("GET", path).status_code)
        self.file(prepared)
        self._come_in()
        for window in self._windows:
            begun = time.time()
            self.program.note("as_member", by="session", begun=begun, status=OK if window.is_at(OWN) else GONE)

    def _later(self, act: Callable[[], None]) -> None:
        time.sleep(self._dice.uniform(0, COINCIDES))
        act()


class Leavers(Part):
    """All who leave in a run."""

    def __init__(self, stage: Stage, log: Ledger) -> None:
        super().__init__()
        self._dice = Random(f"{stage.seed}/leavers")
        with ThreadPoolExecutor(2) as pool:  # each begins with two commands
            self._people = list(pool.map(lambda number: Leaver(stage, number, log), range(stage.form.leaves)))
        self._play(*[self._leave][:len(self._people)])

    def _leave(self) -> None:
        for one in self._people:
            self._over.wait(self._dice.uniform(*PAUSES))
            one.live()
