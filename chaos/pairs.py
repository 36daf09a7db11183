"""A principal and their agent: mandates are given, used, ended and run out, and both act on one case at one moment.

What was begun is on record before it, what became of it after its answer; an act bears the moment at which its first
attempt was begun, so that one begun after an acknowledged end is known as such.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from random import Random
from threading import Lock
from typing import Any

import requests

from bench.applicant import good
from chaos.clients import BUNDLE, Office
from chaos.stage import ZONE, Stage
from sandbox.ledger import Ledger
from settings.clock import Clock

ACTS = ("file", "answer", "withdraw", "results", "urge")
LONG = timedelta(days=300)
COINCIDES = 0.4  # seconds within which what shall happen at the same time begins
MOST_CODES = 5  # shown before one is taken: the clock may leap while one is shown
TAKEN_BACK = {"reason": "示例撤回"}
STANDING = 0.5  # of the cases under a standing mandate both take back at once


class Person(Office):
    """Somebody with a name, who is on record with every act."""

    def __init__(self, stage: Stage, log: Ledger, name: str, token: str) -> None:
        super().__init__(stage.url, token, name, log)
        self.name = name

    def did(self, act: str, path: str, what: Mapping[str, Any] | None, key: str, **about: Any) -> requests.Response:
        """One act, begun again until there is an answer, and noted then; without a key it is a look."""
        begun = time.time()
        more = {"json": dict(what or {}), "headers": {"Idempotency-Key": key}} if key else {}
        answer = self.call("POST" if key else "GET", path, **more)
        self.note_did(act, begun, answer, key=key, **about)
        return answer

    def note_did(self, act: str, begun: float, answer: requests.Response, **about: Any) -> None:
        """What came of an act."""
        said = answer.json() if not answer.ok else {}
        self.note("did", act=act, begun=begun, status=answer.status_code, why=said.get("why") or said.get("code"),
                  **about)


@dataclass
class Given:
    """A mandate of this pair, and the cases that were filed under it as far as their receipts came."""

    mandate: str
    kind: str
    last: str = ""
    cases: list[str] = field(default_factory=list)
    over: bool = False


class Pair:
    """One principal and one agent. `turn`: an agent of several principals has one code at a time."""

    def __init__(self, stage: Stage, principal: Person, agent: Person, turn: Lock) -> None:
        self.principal, self.agent = principal, agent
        self._stage, self._turn = stage, turn
        self._dice = Random(f"{stage.seed}/{principal.name}")
        self._numbers = count()
        self._filing: dict[str, Any] = {}
        self.given: list[Given] = []
        self.owned: list[str] = []  # what the principal filed alone

    def prepare(self) -> None:
        """What the agent files: without the paper for which the mandate stands."""
        whole = self.agent.prepare(BUNDLE)
        form = {name: value for name, value in whole["form"].items() if not name.startswith("mandate_")}
        papers = {key: names for key, names in whole["materials"].items() if key != "AU01"}
        self._filing = {**whole, "form": form, "materials": papers, "on_behalf_of": self.principal.name}

    def file_alone(self) -> None:
        """The principal files a case of their own."""
        whole = self.principal.prepare(BUNDLE)
        self.owned.append(self.principal.submit(whole, f"{self.principal.name}-alone")["reference"])

    def go_round(self, kind: str) -> None:
        """One mandate from its beginning to what becomes of it."""
        given = self._entrusted(kind)
        if given is None:
            return
        self.given.append(given)
        self._file(given)
        if not given.cases:  # it ran out before
            return
        act: Callable[[Given], None] = {
            "taken": self._ended_meanwhile, "given_up": self._ended_meanwhile, "narrow": self._beyond_its_scope,
            "standing": self._both_at_once, "until_asked": self._file}.get(kind, lambda _: None)
        act(given)

    def answer(self, given: Given, reference: str, view: Mapping[str, Any]) -> None:
        """Answer what is asked: both at once; or the agent, while the principal ends the mandate."""
        open_asks = [(leg, ask) for leg in view["legs"] for ask in leg["asks"] if ask["open"]]
        for leg, ask in open_asks:
            ends = given.kind == "until_asked" and not given.over
            hands = [self.agent] if ends else [self.principal, self.agent]
            acts = [self._answering(who, reference, leg, ask) for who in hands]
            self._at_once([*map(self._after_a_while, acts),
                           *([self._after_a_while(lambda: self.end(given, self.principal))] if ends else [])])
            if ends:  # in case it had ended before
                self._answering(self.principal, reference, leg, ask)()

    def urge(self, reference: str) -> None:
        """Both urge what is late, at once."""
        view = good(self.principal.call("GET", f"/api/cases/{reference}"))
        for leg in [leg["id"] for leg in view["legs"] if leg["can_urge"]]:
            self._at_once([self._urging(who, reference, leg) for who in (self.principal, self.agent)])

    def ran_out(self, given: Given) -> bool:
        """Look at what a mandate lets be seen; once it has run out, try everything that it allowed."""
        if self._see(given).ok and given.last >= self.today():
            return False
        given.over = True
        self._try_in_vain(given)
        return True

    def end(self, given: Given, by: Person) -> None:
        """End a mandate, and note what there is of it from then on."""
        given.over = True
        by.note("ends", mandate=given.mandate)
        answer = good(by.call("POST", f"/api/mandates/{given.mandate}/revoke"))
        by.note("ended", mandate=given.mandate, state=answer["state"])
        self._note_what_is_there(given)

    def _note_what_is_there(self, given: Given) -> None:
        """The cases of this mandate, and what was done as an agent, as the principal sees them now."""
        begun, seen, acts = time.time(), [], []
        for line in good(self.principal.call("GET", "/api/cases"))["cases"]:
            view = good(self.principal.call("GET", f"/api/cases/{line['reference']}"))
            if view["on_behalf"] and view["on_behalf"]["mandate"] == given.mandate:
                seen.append(line["reference"])
            acts += [[leg["id"], one["type"], one["at"]] for leg in view["legs"] for one in leg["timeline"]
                     if one["on_behalf"]]
        self.principal.note("afterwards", mandate=given.mandate, begun=begun, cases=seen, acts=acts)

    def _entrusted(self, kind: str) -> Given | None:
        """A new mandate; None where the clock leapt again and again."""
        for _ in range(MOST_CODES):
            key = f"{self.principal.name}-give-{next(self._numbers)}"
            about = {"principal": self.principal.name, "agent": self.agent.name, "key": key}
            with self._turn:
                code = good(self.agent.call("POST", "/api/mandates/code"))["code"]
                wish = {"code": code, "valid_until": self._last_day(kind), "bundles": [BUNDLE], "reason": kind,
                        **({"acts": ["file"]} if kind == "narrow" else {})}
                self.principal.note("entrusts", **about, acts=wish.get("acts", ACTS), bundles=[BUNDLE])
                answer = self.principal.call("POST", "/api/mandates", json=wish, headers={"Idempotency-Key": key})
            if answer.ok:
                made = answer.json()
                self.principal.note("entrusted", **about, **{name: made[name] for name in (
                    "mandate", "acts", "bundles", "valid_from", "valid_until")})
                return Given(made["mandate"], kind, made["valid_until"])
        return None

    def today(self) -> str:
        """The day of the town's clock."""
        return self._day().isoformat()

    def _day(self) -> date:
        return Clock(self._stage.clock).now().astimezone(ZONE).date()

    def _last_day(self, kind: str) -> str:
        return (self._day() if kind == "expiring" else self._day() + LONG).isoformat()

    def _ready(self) -> dict[str, Any]:
        return self.agent.anew(self._filing)

    def _file(self, given: Given, filing: dict[str, Any] | None = None) -> None:
        """The agent files; once."""
        filing, key = filing or self._ready(), f"{self.principal.name}-case-{next(self._numbers)}"
        self.agent.note("tried", key=key)
        begun = time.time()
        answer = self.agent.try_to_file(filing, key)
        self.agent.note_did("file", begun, answer, key=key, principal=self.principal.name)
        self._filing["materials"] |= filing["materials"]
        if answer.ok:
            self.agent.note_receipt(answer.json(), filing, key)
            given.cases.append(answer.json()["reference"])

    def _see(self, given: Given) -> requests.Response:
        return self.agent.did("see", f"/api/cases/{given.cases[0]}", None, "", principal=self.principal.name,
                              reference=given.cases[0])

    def _withdrawing(self, who: Person, reference: str) -> Callable[[], object]:
        key = f"{who.name}-withdraw-{next(self._numbers)}"
        self.principal.note("withdraws", reference=reference)  # a leg that is over meanwhile is no fault of its office
        return lambda: who.did("withdraw", f"/api/cases/{reference}/withdraw", TAKEN_BACK, key,
                               principal=self.principal.name, reference=reference)

    def _answering(self, who: Person, reference: str, leg: Mapping[str, Any],
                   ask: Mapping[str, Any]) -> Callable[[], object]:
        key, what = f"{who.name}-answer-{next(self._numbers)}", who.supply(leg, ask)
        return lambda: who.did("answer", f"/api/cases/{reference}/supplement", what, key,
                               principal=self.principal.name, reference=reference, leg=leg["id"], ask=ask["id"])

    def _urging(self, who: Person, reference: str, leg: str) -> Callable[[], None]:
        key = f"{who.name}-urge-{next(self._numbers)}"

        def urge() -> None:
            who.note("urge_tried", about=leg, key=key)
            answer = who.did("urge", f"/api/cases/{reference}/urge", {"leg": leg}, key, principal=self.principal.name,
                             reference=reference, leg=leg)
            who.note("urge", about=leg, key=key, status=answer.status_code)

        return urge

    def _after_a_while(self, act: Callable[[], object]) -> Callable[[], None]:
        pause = self._dice.uniform(0, COINCIDES)

        def later() -> None:
            time.sleep(pause)
            act()

        return later

    def _at_once(self, acts: Iterable[Callable[[], object]]) -> None:
        with ThreadPoolExecutor() as hands:
            for done in [hands.submit(act) for act in acts]:
                done.result()

    def _ended_meanwhile(self, given: Given) -> None:
        """The agent files again, looks and takes back while somebody ends the mandate; then once more, in vain."""
        by = self.principal if given.kind == "taken" else self.agent
        filing, first = self._ready(), given.cases[0]
        acts: list[Callable[[], object]] = [lambda: self._file(given, filing), lambda: self._see(given)]
        acts += [self._withdrawing(self.agent, first)] if self._dice.random() < STANDING else []
        self._at_once([*map(self._after_a_while, acts), self._after_a_while(lambda: self.end(given, by))])
        self._try_in_vain(given)

    def _try_in_vain(self, given: Given) -> None:
        """Everything that a mandate allowed which is over."""
        self._file(given)
        self._see(given)
        self._withdrawing(self.agent, given.cases[0])()

    def _beyond_its_scope(self, given: Given) -> None:
        self._withdrawing(self.agent, given.cases[0])()
        self.end(given, self.principal)

    def _both_at_once(self, given: Given) -> None:
        """Another case, which both take back at once."""
        if self._dice.random() < STANDING:
            self._file(given)
            self._at_once([self._withdrawing(who, given.cases[-1]) for who in (self.principal, self.agent)])
