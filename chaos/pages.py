"""The portal's pages as a person without scripts uses them: signs in, reads, fills in a form, presses, looks again.

The answer to a press may be lost, because the person's line is cut before it comes or because the portal is killed;
then nobody knows whether the press had its effect, and only the page tells.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from typing import Any, Literal
from urllib.parse import urlsplit

import requests

from chaos.authenticator import App
from sandbox.ledger import Ledger

CHOOSING, OTHER, OWN = "/login/password", "other", "own"  # where another password is chosen; the one that it was, or is
CODE, SETTING_UP = "/login/code", "/login/factor"  # where the second factor is asked for, and set up
MOST_STEPS = 6  # of one sign-in; a code that was not heard of is not taken twice
PATIENCE = 240.0
WHOLE_SECONDS = 30.0
PAUSE = 0.1
LOGIN, OK, FORGED = "/login", 200, 400  # a form whose token the session does not know is not looked at
Outcome = Literal["done", "refused", "lost", "later", "elsewhere"]
Fields = tuple[tuple[str, str], ...]
_FORMS = re.compile(r"<form\b[^>]*>.*?</form>", re.DOTALL)
_ACTION = re.compile(r'<form\b[^>]*\baction="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form as it stood on a page that had come at `read`; `whole` says that it is sent in parts, as with files."""

    action: str
    fields: Fields
    read: float
    whole: bool = False
    files: Mapping[str, tuple[str, bytes, str]] = field(default_factory=dict)

    def filled(self, values: Mapping[str, str | Sequence[str]]) -> Sheet:
        """The same with these values; a sequence is a control that is sent more than once."""
        kept = tuple((name, value) for name, value in self.fields if name not in values)
        new = tuple((name, one) for name, value in values.items()
                    for one in ([value] if isinstance(value, str) else value))
        return replace(self, fields=(*kept, *new))

    def value(self, name: str) -> str:
        """What one of its controls holds."""
        return next((value for known, value in self.fields if known == name), "")


@dataclass(frozen=True, slots=True)
class Page:
    """What came: its status, the path that it stands at in the end, its text; `at` is when it had come."""

    status: int
    path: str
    text: str
    at: float

    def forms(self, begins: str = "") -> list[Sheet]:
        """Its forms whose address begins so, as they would be sent without a change."""
        found = []
        for form in _FORMS.findall(self.text):
            action = _ACTION.match(form)
            address = unescape(action[1]) if action else self.path
            if address.startswith(begins):
                found.append(Sheet(address, _controls(form), self.at, 'enctype="multipart/form-data"' in form))
        return found

    def form(self, action: str) -> Sheet | None:
        """The form with this address."""
        return next((one for one in self.forms(action) if one.action == action), None)


class HasLeft(Exception):
    """The person has no account any more, so no page comes for signing in."""


class Browser:
    """One person's session. Every answer that is no good one is on record in `log`. `has_left`: whether this person has
    no account any more, where they may have closed it."""

    def __init__(self, url: str, name: str, log: Ledger, credentials: dict[str, str]) -> None:
        self._url, self.name, self._log, self._credentials = url, name, log, credentials
        self.app: App | None = None
        self.answered = ""
        self.has_left: Callable[[], bool] = lambda: False
        self._http = requests.Session()
        self._http.trust_env = False

    def note(self, what: str, **more: Any) -> None:
        """One line of the record."""
        self._log.write(datetime.now(UTC), self.name, what, **{"at": time.time(), **more})

    def look(self, path: str) -> Page:
        """A page, asked for again while anything is in doubt; whoever is sent to sign in does so, or `HasLeft`."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            page = self._page(path)
            if page is not None and page.path == LOGIN:
                if self.has_left():
                    raise HasLeft
                self.sign_in()
            elif page is not None:
                return page
            else:
                time.sleep(PAUSE)
        raise TimeoutError(f"{path} did not come")

    def is_at(self, path: str) -> bool:
        """Whether a page opens as it is, and does not send this person elsewhere."""
        until = time.monotonic() + PATIENCE
        while (page := self._page(path)) is None and time.monotonic() < until:
            time.sleep(PAUSE)
        return page is not None and (page.path, page.status) == (path, OK)

    def fetch(self, path: str) -> tuple[int, str]:
        """A file behind a link, asked for until there is an answer: its status, and the digest of what came."""
        until = time.monotonic() + PATIENCE
        while True:
            with suppress(requests.RequestException):
                answer = self._http.get(f"{self._url}{path}", timeout=WHOLE_SECONDS)
                if answer.status_code < 500 or time.monotonic() > until:
                    return answer.status_code, hashlib.sha256(answer.content).hexdigest()
            time.sleep(PAUSE)

    def sign_in(self) -> None:
        """Sign in with what this person has: a sample person's name, or a login and a password, in whose place another
        has to be chosen once, for an operator chose it."""
        page, has = self._page(LOGIN), self._credentials
        form = page.form(f"{LOGIN}/persona" if "persona" in has else LOGIN) if page else None
        if form is None:
            return
        said = self.press(form.filled({name: value for name, value in has.items() if name not in {OTHER, OWN}}))
        if said == "refused" and OTHER in has:  # nobody heard which of the two it is
            has["password"], has[OTHER] = has[OTHER], has["password"]
        elif said == "done" and "password" in has:
            with self.app.turn if self.app else nullcontext():
                self._go_on()

    def _go_on(self) -> None:
        """Whatever else is asked, one step after the other."""
        steps = {CHOOSING: self._choose_a_password, CODE: self._prove, SETTING_UP: self._set_up}
        for _ in range(MOST_STEPS):
            page = self._page(CODE)  # sends on to the step whose turn it is, or inside
            form = page.form(page.path) if page and page.path in steps else None
            if page is None or form is None:
                return
            steps[page.path](page, form)

    def _prove(self, _: Page, form: Sheet) -> None:
        if self.app is not None:
            self.press(form.filled({"code": self.app.code()}))

    def _set_up(self, page: Page, form: Sheet) -> None:
        """Take the secret into the app, before the press: it may have its effect and not be heard of."""
        if self.app is not None:
            self.app.read(page.text)
            self.press(form.filled({"code": self.app.code()}))
            self.app.keep(self.answered)

    def _choose_a_password(self, _: Page, form: Sheet) -> None:
        """The same however often it has to be chosen: of answers that were lost nobody knows which had its effect."""
        has = self._credentials
        own = has.setdefault(OWN, f"{has['password']} of my own")
        said = self.press(form.filled({"new": own, "again": own}))
        if said != "refused" and has["password"] != own:
            self._credentials |= {"password": own, OTHER: has["password"]}

    def press(self, form: Sheet, seconds: float = WHOLE_SECONDS) -> Outcome:
        """Send a form once; whoever waits only `seconds` for the answer may not hear what became of it."""
        return self._pressed(self._http, form, seconds)

    def press_beside(self, form: Sheet) -> Outcome:
        """Send a form over a line of its own, as the second press of a double one is."""
        with requests.Session() as line:
            line.trust_env = False
            line.cookies.update(self._http.cookies)
            return self._pressed(line, form, WHOLE_SECONDS)

    def _pressed(self, line: requests.Session, form: Sheet, seconds: float) -> Outcome:
        began = time.time()
        try:
            answer = line.post(f"{self._url}{form.action}", timeout=(WHOLE_SECONDS, seconds), allow_redirects=False,
                               **_content(form))
        except requests.RequestException:
            return "lost"
        path, status, self.answered = urlsplit(answer.headers.get("Location", "")).path, answer.status_code, answer.text
        if not answer.ok:
            self.note("answer", path=form.action.rpartition("/")[2], status=status, took=time.time() - began)
        away = path == LOGIN and not form.action.startswith(LOGIN)  # the session ran out: nothing was done
        if away or status == FORGED:
            return "elsewhere"
        return "done" if status == 303 else "later" if status >= 500 else "refused"

    def _page(self, path: str) -> Page | None:
        """One page; None where there was no answer or the portal cannot now."""
        try:
            answer = self._http.get(f"{self._url}{path}", timeout=WHOLE_SECONDS)
        except requests.RequestException:
            return None
        if not answer.ok:
            self.note("answer", path=path.split("/")[2] if path.count("/") > 1 else path, status=answer.status_code)
        if answer.status_code >= 500:
            return None
        return Page(answer.status_code, urlsplit(answer.url).path, answer.text, time.time())


def _content(form: Sheet) -> dict[str, Any]:
    if not form.whole:
        return {"data": list(form.fields)}
    return {"files": [*((name, (None, value)) for name, value in form.fields), *form.files.items()]}


class _Controls(HTMLParser):
    """Collects what a browser would send of the controls of a form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._list = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One control, or the chosen option of a list."""
        given = dict(attrs)
        name, value, kind = given.get("name") or "", given.get("value") or "", given.get("type")
        if tag == "select":
            self._list = name
        elif tag == "option" and "selected" in given:
            self.found.append((self._list, value))
        elif tag == "input" and name and kind != "file" and (kind not in {"radio", "checkbox"} or "checked" in given):
            self.found.append((name, value))


def _controls(form: str) -> Fields:
    reader = _Controls()
    reader.feed(form)
    return tuple(reader.found)
