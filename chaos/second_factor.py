"""The second factor of the staff: an app, and clerks who sign in by its codes again and again.

One presses a code in two windows at once, and once more later, also across a kill; the same with recovery codes. The
other one guesses until nobody is let in, with the right code neither, and comes back once the time for that is over.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import cycle

from chaos.authenticator import App
from chaos.pages import CODE, LOGIN, PATIENCE, PAUSE, Browser, Sheet
from chaos.stage import Stage
from chaos.taking_part import Part
from sandbox.ledger import Ledger

INSIDE, OFFICE = "/staff/arrivals", "tax"
CLERKS = ("clerk-twice", "clerk-locked")
WAYS = ("code", "again", "recovery", "again")
PAUSES, BETWEEN_GUESSES = 1.0, 4.0
WRONG, GUESSES = "000000", 5
AFTER_A_LEAP = 4.0  # seconds in which what was begun before it is still under way
LOCKED_FOR = timedelta(minutes=16)  # a minute longer than it lasts
MOST_KEPT = 3


class Clerk(Browser):
    """One member of the staff, at as many windows as are opened."""

    def __init__(self, stage: Stage, login: str, log: Ledger) -> None:
        password = hashlib.sha256(login.encode()).hexdigest()
        stage.account(login, password, OFFICE)
        super().__init__(stage.url, login, log, {"login": login, "password": password})
        self.app = self._app = App(stage.clock)
        self._record = log
        self._used: list[str] = []
        self._ways = cycle(WAYS)

    def go_round(self, over: threading.Event) -> None:
        """One sign-in in two windows, or codes that counted once more."""
        way = next(self._ways)
        if way == "again":
            for code in () if over.is_set() else self._used[-MOST_KEPT:]:
                self._enter(code, way, windows=1)
            return
        code = self._app.recovery.pop() if way == "recovery" and self._app.recovery else self._app.code(over)
        if code and not over.is_set():
            self._used.append(code)
            self._enter(code, way, windows=2)

    def be_locked_out(self, over: threading.Event) -> None:
        """Guess until nobody is let in, try with the right code, and come again once the time is over."""
        begun, window = time.time(), self._guess()
        self.note("locked_out", begun=begun, inside=window.prove(window.half(), self._app.code()))
        until = self._app.now() + LOCKED_FOR
        while self._app.now() < until:
            if over.wait(BETWEEN_GUESSES) and self._app.now() < until:
                return
            if self._app.now() < until:
                self._guess()  # a start has forgotten what was guessed before it
                now = self._app.now()
                until = until if now < until else now + LOCKED_FOR  # the clock leapt under it
        time.sleep(AFTER_A_LEAP)
        begun, window = time.time(), self._window()
        self.note("locked_no_more", begun=begun, inside=window.prove(window.half(), self._app.code()))

    def _guess(self) -> Window:
        """Guess until nobody is let in."""
        window = self._window()
        form = window.half()
        for _ in range(GUESSES):
            window.prove(form, WRONG)
        return window

    def _enter(self, code: str, way: str, windows: int) -> None:
        begun = time.time()
        with ThreadPoolExecutor(windows) as pool:
            ready = list(pool.map(lambda window: (window, window.half()), [self._window() for _ in range(windows)]))
            opened = sum(pool.map(lambda one: one[0].prove(one[1], code), ready))
        mark = hashlib.sha256(f"{self.name}|{code}".encode()).hexdigest()[:16]
        self.note("proved", way=way, code=mark, begun=begun, opened=opened)

    def _window(self) -> Window:
        return Window(self._url, self.name, self._record, self._credentials)


class Window(Browser):
    """A browser in which a sign-in is under way."""

    def half(self) -> Sheet:
        """The password alone, which must open nothing; the form for the code."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            page = self._page(LOGIN)
            form = page.form(LOGIN) if page else None
            if form is None or self.press(form.filled(self._credentials)) != "done":
                time.sleep(PAUSE)
                continue
            self.note("half", inside=self.is_inside())
            asked = self._page(CODE)
            if asked is not None and (ready := asked.form(CODE)) is not None:
                return ready
        raise TimeoutError("the form for a code did not come")

    def prove(self, form: Sheet, code: str) -> bool:
        """Send a code, again while nobody hears what became of it; whether that opened a session."""
        filled, until = form.filled({"code": code}), time.monotonic() + PATIENCE
        while self.press(filled) in {"lost", "later"} and time.monotonic() < until:
            time.sleep(PAUSE)
        return self.is_inside()

    def is_inside(self) -> bool:
        """Whether there is a session."""
        return self.is_at(INSIDE)


class SecondFactor(Part):
    """Both clerks, if the form has the factor."""

    def __init__(self, stage: Stage, log: Ledger) -> None:
        super().__init__()
        if stage.form.factors:
            with ThreadPoolExecutor(2) as pool:
                twice, locked = pool.map(lambda login: Clerk(stage, login, log), CLERKS)
            self._play(partial(self._run, twice, twice.go_round), partial(self._run, locked, locked.be_locked_out))

    def _run(self, clerk: Clerk, act: Callable[[threading.Event], None]) -> None:
        clerk.look(INSIDE)  # chooses a password, and sets the factor up
        while not self._over.wait(PAUSES):
            act(self._over)
