"""The officers of an office without a system: they work on the portal's own pages, and press as people press.

Twice at once; two of them the same act, each on a page of their own; a form of a page that is old by now; a form that
was used, with other words; and where the answer is lost they look whether their act was done, and press the same form
again until they are told. Every press is on record before it, and what became of it after it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from chaos.authenticator import App
from chaos.forms import RATED
from chaos.pages import PATIENCE, PAUSE, Browser, Outcome, Page, Sheet
from chaos.script import draw
from chaos.stage import Stage
from sandbox.ledger import Ledger

IDLE_SECONDS, LONGEST_IDLE = 0.5, 3.0  # between two looks; the longer, the less there was to open
ARRIVALS = "/staff/arrivals"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
                       "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
SOMETIMES = (("remark", 0.12), ("supplement_required", 0.06), ("in_review", 0.1))
ENDS = (("not_accepted", 0.04), ("refused", 0.06))  # else it is granted
TARRIES, ACCEPTS, DELIVERS, FILES, READS = 0.12, 0.5, 0.15, 0.2, 0.3
UNTOLD = frozenset({"lost", "later", "elsewhere"})
CARRIED = frozenset({"csrf_token", "token", "seen"})  # what every form of a page has
CUT_SECONDS = (0.001, 0.04)
_PAPER = re.compile(r'href="(/api/files/[^"]+)"')
MOST_PRESSED = 40  # of one leg; whoever needs more is refused for ever


@dataclass(slots=True)
class Task:
    """What an officer means to do with a leg, next first; `aside` until everybody is told to hurry."""

    steps: list[str]
    aside: bool = False
    pressed: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """What the officers of one office share."""

    stage: Stage
    office: str
    log: Ledger
    hurry: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


class Officer(Browser):
    """One officer, who takes the legs that are `number` of `among` by a draw."""

    def __init__(self, desk: Desk, name: str, credentials: dict[str, str], place: tuple[int, int]) -> None:
        super().__init__(desk.stage.url, name, desk.log, credentials)
        self._desk, self._place = desk, place
        self.colleague: Browser = self
        self._tasks: dict[str, Task] = {}
        self.faults: list[str] = []

    def run(self) -> None:
        """Work until it is over; an officer who gives up is a finding, not the end of the run."""
        idle = IDLE_SECONDS
        try:
            while not self._desk.over.wait(idle):
                idle = IDLE_SECONDS if self._round() else min(idle * 1.5, LONGEST_IDLE)
        except Exception as fault:  # noqa: BLE001
            self.faults.append(f"{self.name}: {type(fault).__name__}: {str(fault)[:300]}")

    def _draw(self, *parts: object) -> float:
        return draw(self._desk.stage.seed, *parts)

    def _round(self) -> int:
        """Open what has come and work on it; how much that was."""
        fresh = [form for form in self.see(ARRIVALS).forms("/staff/work/") if self._is_mine(form.action.split("/")[3])]
        for form in fresh:
            if not self._desk.over.is_set():
                self._open(form.action.split("/")[3], form)
        for leg in [leg for leg, task in self._tasks.items() if task.aside] if self._desk.hurry.is_set() else ():
            self._tasks[leg].aside = False
            self._work(leg, self.see(_page_of(leg)))
        return len(fresh)

    def _is_aside(self, leg: str) -> bool:
        return self._draw("aside", leg) < TARRIES

    def _is_mine(self, leg: str) -> bool:
        return int(self._draw("officer", leg) * self._place[1]) == self._place[0]

    def see(self, path: str) -> Page:
        """A page; nothing of a rating may stand on it."""
        page = self.look(path)
        if RATED in page.text:
            self.note("leak", path=path)
        return page

    def _open(self, leg: str, form: Sheet) -> None:
        """Open what is new of a leg, and work on."""
        if self._until_told(form) == "done":
            self.note("opened", leg=leg)
            self._tasks.setdefault(leg, Task(list(self._steps(leg)), self._is_aside(leg)))
            page = self.see(_page_of(leg))
            if self._draw("reads", leg) < READS:
                self._read(leg, page)
            self._work(leg, page)

    def _read(self, leg: str, page: Page) -> None:
        """Read the papers of a leg."""
        for path in dict.fromkeys(_PAPER.findall(page.text)):
            status, digest = self.fetch(path)
            self.note("read", leg=leg, status=status, sha256=digest)

    def _until_told(self, form: Sheet) -> Outcome:
        """Press until it is known what became of it."""
        until = time.monotonic() + PATIENCE
        while (told := self.press(form)) in UNTOLD and time.monotonic() < until:
            time.sleep(PAUSE)
            self.look(ARRIVALS)  # signs in where the session ran out
        return told

    def _steps(self, leg: str) -> Iterator[str]:
        """What this officer will do with a leg, as the seed decides."""
        end = _chosen(self._draw("end", leg), ENDS) or "granted"
        if end != "not_accepted":  # whatever else is done of a leg accepts it
            yield from ["accepted"] if self._is_aside(leg) or self._draw("accepts", leg) < ACCEPTS else ()
            yield from (act for act, share in SOMETIMES if self._draw(act, leg) < share)
        yield end
        if end == "granted" and self._draw("delivered", leg) < DELIVERS:
            yield "delivered"

    def _work(self, leg: str, page: Page) -> None:
        """Go on with a leg as far as it goes now."""
        task = self._tasks[leg]
        if page.form(_act_of(leg, "withdraw_confirmed")):
            task.steps, task.aside = ["withdraw_confirmed"], False
        while task.steps and not (task.aside and not self._desk.hurry.is_set() and task.steps[0] != "accepted"):
            form = page.form(_act_of(leg, task.steps[0]))
            if form is None:  # the leg is over, or waits for the applicant: what is new brings it back
                return
            done = task.steps.pop(0) if self._act(leg, task, form) == "done" else ""
            if done == "supplement_required" or not task.steps:
                return
            page = self.see(_page_of(leg))
            if page.form(_act_of(leg, "withdraw_confirmed")):
                task.steps = ["withdraw_confirmed"]

    def _act(self, leg: str, task: Task, form: Sheet) -> Outcome:
        """One act in the way that the draw says, and what became of it."""
        act = task.steps[0]
        task.pressed += 1
        if task.pressed > MOST_PRESSED:
            raise RuntimeError(f"{leg} {act} is refused again and again")
        mark = f"{leg}-{act}-{task.pressed}"
        how = _chosen(self._draw("way", mark), [*self._desk.stage.form.ways.items()])
        if how in {"old", "words"}:
            (self._press_old if how == "old" else self._both_leave_word)(leg, form, mark)
            return "refused"
        filled = _filled(act, form, mark, self._draw("file", mark) < FILES)
        if how == "cut":
            least, most = CUT_SECONDS
            seconds = least + self._draw("cut", mark) * (most - least)
            self._once(leg, filled, lambda form: self.press(form, seconds))
            self._look_for(leg, filled, mark)
        if how == "twice":
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda press: self._once(leg, filled, press), (self.press, self.press_beside)))
        if how == "both" and self._with_a_colleague(leg, filled, mark) == "done":
            return "done"
        told = self._to_the_end(leg, filled)
        if how == "other" and told == "done" and act != "delivered":
            self._once(leg, _filled(act, form, f"{mark}-other", False))
        return told

    def _press_old(self, leg: str, old: Sheet, mark: str) -> None:
        """Leave word for the applicant on a page of now, and then press a form of the page before, twice."""
        act = _name_of(old)
        remark = self.see(_page_of(leg)).form(_act_of(leg, "remark"))
        if remark is not None and self._to_the_end(leg, _filled("remark", remark, f"{mark}-before", False)) == "done":
            filled = _filled(act, old, f"{mark}-old", False)
            for _ in range(2):
                self._to_the_end(leg, filled)

    def _with_a_colleague(self, leg: str, form: Sheet, mark: str) -> Outcome:
        """Both press the same act at once, each on a page of their own; what became of either."""
        theirs = self.colleague.look(_page_of(leg)).form(form.action)
        if theirs is None:
            return "refused"
        forms = (form, _filled(_name_of(form), theirs, f"{mark}-both", False))
        with ThreadPoolExecutor(2) as pool:
            told = {*pool.map(lambda who, one: self._to_the_end(leg, one, who), (self, self.colleague), forms)}
        return "done" if "done" in told else "refused"

    def _both_leave_word(self, leg: str, form: Sheet, mark: str) -> None:
        """Both leave word for the applicant at once: one of them is told that something has happened meanwhile."""
        remark = replace(form, action=_act_of(leg, "remark"), whole=False, fields=tuple(
            (name, value) for name, value in form.fields if name in CARRIED))
        self._with_a_colleague(leg, _filled("remark", remark, f"{mark}-word", False), mark)

    def _to_the_end(self, leg: str, form: Sheet, who: Browser | None = None) -> Outcome:
        """Press the same form until it is known what became of it."""
        person, until = who or self, time.monotonic() + PATIENCE
        while (told := self._once(leg, form, who=person)) in UNTOLD and time.monotonic() < until:
            time.sleep(PAUSE)
            person.look(ARRIVALS)
        return told

    def _once(self, leg: str, form: Sheet, press: Callable[[Sheet], Outcome] | None = None,
              who: Browser | None = None) -> Outcome:
        """One press, on record before and after."""
        person = who or self
        said = {"leg": leg, "act": f"leg.{_name_of(form)}", "form": form.value("token"), "words": _words(form)}
        person.note("press", read=form.read, **said)
        told = (press or person.press)(form)
        person.note("told", outcome=told, **said)
        return told

    def _look_for(self, leg: str, form: Sheet, mark: str) -> None:
        """Whether the page shows that the act was done whose answer was lost."""
        page = self.see(_page_of(leg))
        if _name_of(form) in SHOWN:
            self.note("looked", leg=leg, form=form.value("token"), shown=mark in page.text)


SHOWN = frozenset({"remark", "in_review", "granted"})  # whose words stand on the page, and nowhere else on it


class Officers:
    """All officers of all offices without a system."""

    def __init__(self, stage: Stage, log: Ledger) -> None:
        self.desks = [Desk(stage, office, log) for office in stage.form.desks]
        with ThreadPoolExecutor(2) as pool:  # each account is a command of its own
            self._people = [one for people in pool.map(_people_of, self.desks) for one in people]
        self._threads = [threading.Thread(target=one.run, daemon=True) for one in self._people]

    @property
    def faults(self) -> list[str]:
        """Who gave up, and why."""
        return [fault for one in self._people for fault in one.faults]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def hurry(self) -> None:
        """Nothing is set aside any more."""
        for desk in self.desks:
            desk.hurry.set()

    def stop(self) -> None:
        """End, once the act in hand is done."""
        for desk in self.desks:
            desk.over.set()
        for thread in self._threads:
            thread.join(PATIENCE)


def _people_of(desk: Desk) -> list[Officer]:
    """The officers of an office: its sample person, and others with accounts, whose ids the portal gives."""
    number = desk.stage.form.officers
    names = {f"officer-{desk.office}": {"persona": f"officer-{desk.office}"}}
    for place in range(1, number):
        login, password = f"window-{place}-{desk.office}", hashlib.sha256(desk.office.encode()).hexdigest()
        names[desk.stage.account(login, password, desk.office)] = {"login": login, "password": password}
    people = [Officer(desk, *named, (place, number)) for place, named in enumerate(names.items())]
    for one in people[1:] if desk.stage.form.factors else ():
        one.app = App(desk.stage.clock)
    for one, other, (name, credentials) in zip(people, people[1:], [*names.items()][1:], strict=False):
        one.colleague = Browser(desk.stage.url, name, desk.log, credentials)  # at a line of its own
        one.colleague.app = other.app
    return people


def _filled(act: str, form: Sheet, mark: str, with_file: bool) -> Sheet:
    """The form of an act with words that are nobody else's."""
    said: Mapping[str, Mapping[str, str]] = {
        "accepted": {"ref": mark}, "remark": {"text": f"示例留言 {mark}"}, "in_review": {"step": f"示例步骤 {mark}"},
        "supplement_required": {"other": "示例材料", "reason": f"示例原因 {mark}"},
        "not_accepted": {"reason_code": "SL01", "reason": f"示例理由 {mark}"},
        "refused": {"reason_code": "SL02", "reason": f"示例理由 {mark}"},
        "granted": {"0.on": "yes", "0.number": mark, "0.for_ever": "yes"},
        "withdraw_confirmed": {"reason": f"示例说明 {mark}"}, "delivered": {"mode": "window"},
    }
    filled = form.filled({f"{act}.{name}": value for name, value in said[act].items()})
    files = {f"{act}.0.file": (f"{mark}.png", PNG, "image/png")} if with_file and form.whole else {}
    return replace(filled, files=files)


def _words(form: Sheet) -> str:
    """What a form says, beside its token, as a digest."""
    said = sorted(pair for pair in form.fields if pair[0] not in {"token", "seen", "csrf_token"})
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _chosen(at: float, shares: Sequence[tuple[str, float]]) -> str:
    for name, share in shares:
        at -= share
        if at < 0:
            return name
    return ""


def _name_of(form: Sheet) -> str:
    return form.action.rpartition("/")[2]


def _page_of(leg: str) -> str:
    return f"/staff/work/{leg}"


def _act_of(leg: str, act: str) -> str:
    return f"/staff/work/{leg}/acts/{act}"
