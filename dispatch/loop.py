"""The dispatcher: claims due messages, hands each to its connector in its office's lane, records the answer.

One scheduler thread, woken by the store's commits and by attempts that end; it never polls for work that is there.
Attempts run in a pool as large as all lanes together, so that a hanging office cannot take another's place. One
recorder thread writes what they came to: all that wait for it in one commit. Sweeps run beside them. No transaction is
open while a department is talked to.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from connectors.base import Answer, Registry
from connectors.deployment import Deployment
from desk.claims import LEASE_SECONDS, Claim
from desk.desk import Desk
from desk.recording import Came
from dispatch.lanes import Errand, Lanes
from dispatch.retry import Then, Tried, able, after, allowed
from store import failpoints
from store.errors import StoreError

LOG = logging.getLogger("yijianshi.dispatch")
LONGEST_NAP = 1.0  # seconds; bounds how late a moved clock or another host's message is noticed
MOST_THREADS = 256
BATCH = 256
STOP_SECONDS = 8.0
SHORTEST_JOIN = 1.0
NOT_SENT, TOO_LATE = (Answer("again", detail=why, sent=False) for why in ("not sent", "too late"))


@dataclass(frozen=True, slots=True)
class Works:
    """What the dispatcher works with; `clock` reads the time, `recover` voids older leases (only process)."""

    desk: Desk
    registry: Registry
    deployment: Deployment
    clock: Callable[[], datetime]
    recover: bool = True


class Dispatcher:
    """Runs until `stop`; make it with `start`."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._lanes = Lanes(works.deployment.bodies)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(min(MOST_THREADS, max(1, self._lanes.places)), "attempt")
        self._threads = [threading.Thread(target=self._schedule, name="dispatch", daemon=True),
                         threading.Thread(target=self._sweep, name="sweep", daemon=True)]
        self._ended: SimpleQueue[Came | None] = SimpleQueue()
        self._recorder = threading.Thread(target=self._record, name="record", daemon=True)
        self._held: list[Came] = []  # answers that the store could not take yet
        self._writing = threading.Lock()
        self._absent_since: dict[str, datetime] = {}
        self.beat = time.monotonic()

    def start(self) -> Dispatcher:
        """Begin."""
        self._works.desk.on_work(self._wake.set)
        for thread in (*self._threads, self._recorder):
            thread.start()
        return self

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """No new attempts; wait for running ones. What still runs stays leased and is an unknown outcome later."""
        self._stopping.set()
        self._wake.set()
        until = time.monotonic() + seconds
        # The scheduler ends first, so that nothing is claimed behind what is handed back.
        for thread in self._threads:
            thread.join(max(SHORTEST_JOIN, until - time.monotonic()))
        self._hand_back(self._lanes.emptied(), NOT_SENT)
        while self._lanes.running() and time.monotonic() < until:
            time.sleep(0.02)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._ended.put(None)
        self._recorder.join(max(SHORTEST_JOIN, until - time.monotonic()))
        if self._held:
            LOG.error("%s answers could not be recorded; they will be asked for", len(self._held))

    def alive(self, within: float = 10.0) -> bool:
        """Whether the scheduler moved within the last seconds."""
        return time.monotonic() - self.beat < within

    def resting(self) -> dict[str, datetime]:
        """Offices that are left alone for now, and until when."""
        return self._lanes.resting(self._works.clock())

    def _recover(self) -> None:
        """Take up what an earlier process left open. Nothing is claimed before that, but people are served meanwhile:
        after a kill in the middle of a burst it takes seconds."""
        while self._works.recover and not self._stopping.is_set():
            self.beat = time.monotonic()
            try:
                left = self._works.desk.recover(self._works.clock())
            except Exception as error:  # noqa: BLE001  # a store that is away for a moment is no reason never to begin
                LOG.error("what was left open is not known: %s", _code(error))
                self._stopping.wait(LONGEST_NAP)
                continue
            if left:
                LOG.warning("%s attempts were found open; their outcome is asked for", left)
            return

    def _schedule(self) -> None:
        self._recover()
        while not self._stopping.is_set():
            self.beat = time.monotonic()
            self._wake.clear()
            since = time.monotonic()
            try:
                claims = self._works.desk.claim(self._lanes.room(self._works.clock()), self._works.clock(), BATCH)
            except Exception as error:  # noqa: BLE001  # whatever one message or the store has, the others must leave
                LOG.error("claiming failed: %s", _code(error))
                claims = []
                self._stopping.wait(LONGEST_NAP)
            for claim in claims:
                self._begin(Errand(claim, since))
            if not claims:
                self._wake.wait(self._nap())

    def _nap(self) -> float:
        """Seconds until something is due; what is due already waits for room, which wakes us."""
        try:
            due = self._works.desk.next_due()
        except Exception as error:  # noqa: BLE001  # nobody else would send
            LOG.error("the next message is not known: %s", _code(error))
            return LONGEST_NAP
        if due is None:
            return LONGEST_NAP
        left = (due - self._works.clock()).total_seconds()
        return LONGEST_NAP if left <= 0 else min(left, LONGEST_NAP)

    def _begin(self, errand: Errand) -> None:
        failpoints.reach("push.after_lease")
        if self._lanes.starts(errand):
            self._pool.submit(self._work, errand)

    def _work(self, errand: Errand) -> None:
        """One place of a lane: an attempt, and what waits in its stock after it."""
        following: Errand | None = errand
        while following is not None:
            following = self._attempt(following)

    def _attempt(self, errand: Errand) -> Errand | None:
        """An attempt must have ended before its lease does: whoever takes it over asks the department first, and must
        not be told "not found" by one that is still being written to."""
        claim, answer, began = errand.claim, None, time.monotonic()
        try:
            if began - errand.since + claim.body.deadline > LEASE_SECONDS:
                self._hand_back([errand], TOO_LATE)
            else:
                answer = self._talk(claim)
                failpoints.reach("push.after_response")
                self._ended.put(Came(claim, answer, self._next(claim, answer, self._works.clock())))
        except Exception as error:  # noqa: BLE001
            # An attempt must never take its lane along; its lease makes it an unknown outcome.
            LOG.error("an attempt failed: %s", _code(error))
        now = self._works.clock()
        turn = self._lanes.ended(claim, answer, time.monotonic() - began, now)
        self._hand_back(turn.unsent, NOT_SENT)
        if self._lanes.wants(claim.body.id, now):
            self._wake.set()
        return turn.following

    def _hand_back(self, errands: Iterable[Errand], why: Answer) -> None:
        """Messages that were claimed and are not sent now after all; nothing of them has left."""
        soon = self._works.clock() + timedelta(seconds=LONGEST_NAP)
        for errand in errands:
            self._ended.put(Came(errand.claim, why, Then(errand.claim.purpose, soon)))

    def _record(self) -> None:
        going = True
        while going:
            came, going = self._all_ended()
            try:
                self._write(came)
                failpoints.reach("push.after_outcome_commit")
            except Exception as error:  # noqa: BLE001  # the answers of others must be recorded all the same
                LOG.error("recording failed: %s", _code(error))

    def _write(self, came: list[Came]) -> None:
        """Write answers, those first that could not be written before. While the store takes nothing they are held: an
        answer that is known must not become an unknown outcome, which some departments can not be asked about."""
        with self._writing:
            before = len(self._held)
            came, self._held = [*self._held, *came], []
            if not came:
                return
            left = self._works.desk.record(came, self._works.clock())
            self._held = [one.came for one in left if one.later]
            for one in left:
                if not one.later:
                    LOG.error("an answer could not be recorded (%s); it will be asked for", _code(one.fault))
            if bool(before) != bool(self._held):
                LOG.warning("%s answers wait for the store", len(self._held))

    def _all_ended(self) -> tuple[list[Came], bool]:
        """Every answer that waits, at least one, or none in time for those that are held to be tried again; False once
        nothing more will come."""
        came: list[Came] = []
        try:
            one = self._ended.get(timeout=LONGEST_NAP if self._held else None)
        except Empty:
            return came, True
        while one is not None:
            came.append(one)
            if len(came) >= BATCH or self._ended.empty():
                return came, True
            one = self._ended.get()
        return came, False

    def _talk(self, claim: Claim) -> Answer:
        what = allowed(claim.purpose, able(claim.body, claim.outgoing.type))
        if what == "stuck":
            return Answer("unknown", detail="it can neither be asked about nor be sent again")
        connector = self._works.registry.get(claim.body.connector)
        if what == "ask":
            return connector.ask(claim.leg, claim.body, self._works.clock())
        return connector.send(claim.outgoing, claim.body, self._works.clock())

    def _next(self, claim: Claim, answer: Answer, now: datetime) -> Then:
        body = able(claim.body, claim.outgoing.type)
        what = allowed(claim.purpose, body)
        if what == "stuck":
            return Then("stuck")
        tried = Tried(claim.attempt, what, claim.first_at, now, self._absent_for(claim, answer, now))
        return after(answer, body, tried, random.random())  # noqa: S311  jitter, no secret

    def _absent_for(self, claim: Claim, answer: Answer, now: datetime) -> float:
        """Kept in memory only: after a restart the read lag simply begins again."""
        if answer.kind != "absent":
            self._absent_since.pop(claim.outgoing.key, None)
            return 0.0
        return (now - self._absent_since.setdefault(claim.outgoing.key, now)).total_seconds()

    def _sweep(self) -> None:
        while not self._stopping.is_set():
            try:
                self._write([])  # first, for a sweep ends the leases of answers that waited long
                again = self._works.desk.sweep(self._works.clock())
                nap = (again - self._works.clock()).total_seconds()
            except Exception as error:  # noqa: BLE001  # a sweep that failed is tried again, it must not end all sweeps
                LOG.error("a sweep failed: %s", _code(error))
                nap = LONGEST_NAP
            self._stopping.wait(max(LONGEST_NAP, min(nap, 60.0)))


def _code(error: Exception) -> str:
    """What may stand in a log: never the text of an exception, it may quote a person's data."""
    return error.code if isinstance(error, StoreError) else type(error).__name__
