"""All who entrust and are entrusted, each pair in a thread, and one more thread that answers what is asked of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random

from bench.applicant import good
from chaos.clients import LOOK_SECONDS, PATIENCE, Asked
from chaos.forms import REACHED
from chaos.pairs import Given, Pair, Person
from chaos.stage import Stage
from chaos.taking_part import thread_of
from sandbox.ledger import Ledger

# What becomes of a mandate: its principal ends it while the agent acts, or the agent gives it up; it only lets file;
# it stays, and both act at once; it runs out by the clock; it is ended in the moment in which an ask is answered. One
# that lasts stands beside no other of its pair, or it would be the one under which the agent acts.
MANDATES: Mapping[str, tuple[tuple[str, ...], str]] = {  # those that come first, again and again, and the last
    "principal-0": (("taken", "given_up", "narrow"), "standing"), "principal-1": (("given_up", "taken"), "standing"),
    "principal-2": ((), "expiring"), "principal-3": ((), "until_asked")}
AGENT = "agent"
GLANCE = 0.5
TOLD_WITHIN = 100.0  # seconds in which an ask is to be read in the inbox: the portal looks once a minute
NUMBERS = {"principal-1": REACHED}  # by which somebody agrees to be reached, and takes it back in the end
CHOSEN: Mapping[str, tuple[str, ...]] = {  # what they want to be told outside; whatever has a limit comes anyhow
    "principal-0": ("filed", "filed_for", "refused", "stopped", "withdrawn", "granted", "delivered", "ended"),
    "principal-1": ("refused", "stopped", "filed_for", "ended")}


class Agents:
    """All pairs of a run. `days` tells how often the clock has leapt by days."""

    def __init__(self, stage: Stage, log: Ledger, days: Callable[[], int]) -> None:
        self._stage, self._form, self._days = stage, stage.form, days
        self._over, self._hurry = threading.Event(), threading.Event()
        self._log = log
        self.people: dict[str, Person] = {}
        self._pairs: list[Pair] = []
        self._threads: list[threading.Thread] = []
        self.faults: list[str] = []
        if self._form.entrusts:
            self._invite()

    def _invite(self) -> None:
        """Each person's token is a command of its own."""
        names = (*MANDATES, AGENT)
        with ThreadPoolExecutor(2) as pool:
            tokens = dict(zip(names, pool.map(lambda name: self._stage.token(subject=name), names), strict=True))
        self.people = {name: self._person(name, token) for name, token in tokens.items()}
        turn = threading.Lock()
        self._pairs = [Pair(self._stage, self.people[name], self._person(AGENT, tokens[AGENT]), turn)
                       for name in MANDATES]
        self._threads = [thread_of(work, self.faults) for work in (
            *(self._entrusting(place, pair) for place, pair in enumerate(self._pairs)), self._answer)]

    def _person(self, name: str, token: str) -> Person:
        return Person(self._stage, self._log, name, token)

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wait_until_filed(self, seconds: float) -> None:
        """Wait until nobody files any more, and until what ran out by the clock was tried."""
        until = time.monotonic() + seconds
        for thread in self._threads[:-1]:
            thread.join(max(0.0, until - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads[:-1]):
            self.faults.append("who entrusts did not come to an end")

    def hurry(self) -> None:
        """Whoever is asked answers at once."""
        self._hurry.set()

    def stop(self) -> None:
        """Nobody answers any more."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _entrusting(self, place: int, pair: Pair) -> Callable[[], None]:
        """One pair's rounds; what ran out is tried once the clock has leapt."""
        dice = Random(f"{self._stage.seed}/pauses/{place}")

        def work() -> None:
            self._choose(pair.principal)
            pair.prepare()
            pair.file_alone()
            first, last = MANDATES[pair.principal.name]
            for kind in (*first * self._form.entrusts, last):
                pair.go_round(kind)
                self._over.wait(dice.uniform(*self._form.entrust_pauses))
            self._until_run_out(pair)
            self._choose(pair.principal, last=True)

        return work

    def _choose(self, person: Person, last: bool = False) -> None:
        """What somebody wants to be told, and by which number; a number is taken back in the end."""
        if person.name not in CHOSEN:
            return
        wish = {"kinds": CHOSEN[person.name], "mobile": "" if last else NUMBERS.get(person.name, "")}
        person.note("chooses", **wish)
        good(person.call("PUT", "/api/news/preferences", json=wish))
        person.note("chose", **wish)

    def _until_run_out(self, pair: Pair) -> None:
        """Look at what runs out by the clock until it has, and urge what is late then."""
        while not any(given.kind == "expiring" for given in pair.given) and self._days() < self._form.days:
            if self._over.wait(GLANCE):
                return
        left = [given for given in pair.given if given.kind == "expiring" and given.cases]
        while left and not self._over.wait(GLANCE):
            left = [given for given in left if self._days() < self._form.days or given.last < pair.today()]
            left = [given for given in left if not pair.ran_out(given)]
        for given in (given for given in pair.given if given.kind == "standing" and self._form.days):
            for reference in given.cases:
                pair.urge(reference)

    def _answer(self) -> None:
        """Answer what is asked, once its owner is told of it, or should have been."""
        asked, todo = Asked(self._stage.folder), dict[str, float]()
        while not self._over.wait(LOOK_SECONDS):
            todo |= {reference: time.time() for reference in asked.fresh()}
            for reference, since in sorted(todo.items()):
                found = next(self._places(reference), None)
                if found is not None and self._answered(*found, reference, since):
                    del todo[reference]

    def _places(self, reference: str) -> Iterator[tuple[Pair, Given]]:
        """Whose case it is, and under which mandate; one's own is as if under one that is over."""
        for pair in self._pairs:
            yield from ((pair, given) for given in pair.given if reference in given.cases)
            if reference in pair.owned:
                yield pair, Given("", "alone", cases=[reference], over=True)

    def _answered(self, pair: Pair, given: Given, reference: str, since: float) -> bool:
        """Whether nothing is left to be answered."""
        view = good(pair.principal.call("GET", f"/api/cases/{reference}"))
        asks = [ask for leg in view["legs"] for ask in leg["asks"] if ask["open"]]
        told = self._told(pair.principal, reference) if asks else 0
        patient = told < len(asks) and not self._hurry.is_set()
        if patient and time.time() - since < TOLD_WITHIN:
            return False
        pair.principal.note("answers", reference=reference, since=since, untold=len(asks) - told if patient else 0)
        pair.answer(given, reference, view)
        return True

    def _told(self, person: Person, reference: str) -> int:
        """How many open asks of a case stand in the inbox: what is answered need not be read any more."""
        return sum(one["reference"] == reference and one["kind"] == "ask" and not one["read"] for one in person.news())
