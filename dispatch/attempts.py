"""What becomes of one claimed message: it leaves or is asked about, its answer is judged, the next in its lane follows.

Most messages leave by the exchange, which waits for nobody; the others by a thread of a pool as large as all lanes
together, so that a hanging office cannot take another's place.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from connectors.base import Answer, Body, Delivery, Outgoing, Registry
from desk.sending.claims import LEASE_SECONDS, Claim
from desk.sending.recording import Came
from dispatch.exchange import Exchange, Outside
from dispatch.lanes import Errand, Lanes
from dispatch.retry import DONE, FINAL, Then, Tried, able, after, allowed
from store import failpoints
from store.engine.turns import Floor
from store.errors import StoreError

LOG = logging.getLogger("yijianshi.dispatch")
MOST_THREADS = 256
Begin = Callable[[Outgoing, Body, datetime], Delivery | None]
SOON = timedelta(seconds=1)
NOT_SENT, TOO_LATE = (Answer("again", detail=why, sent=False) for why in ("not sent", "too late"))


@dataclass(frozen=True, slots=True)
class Around:
    """What attempts share with the dispatcher's other threads: the `floor` (one of them works at a time), and whom they
    tell: `came` takes what one came to, `record` is called once some came, `claim` once a lane takes more messages."""

    floor: Floor
    came: Callable[[Came], None]
    record: Callable[[], None]
    claim: Callable[[], None]


class Attempts:
    """Attempts at claimed messages, each in a place of its lane."""

    def __init__(self, registry: Registry, lanes: Lanes, clock: Callable[[], datetime], around: Around) -> None:
        self._registry, self._lanes, self._clock, self._around = registry, lanes, clock, around
        self._pool = ThreadPoolExecutor(min(MOST_THREADS, max(1, lanes.places)), "attempt")
        self._exchange = Exchange(self, around.floor)
        self._absent_since: dict[str, datetime] = {}
        self._wanted = False  # a lane takes more, and nobody was told yet

    def start(self) -> None:
        """Begin."""
        self._exchange.start()

    def stop(self) -> None:
        """No more attempts; what runs is not waited for."""
        self._exchange.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def alive(self) -> bool:
        """Whether messages leave and answers are heard."""
        return self._exchange.alive()

    def begin(self, errand: Errand) -> None:
        """Begin an attempt at a message, or put it into its lane's stock."""
        failpoints.reach("push.after_lease")
        if self._lanes.starts(errand):
            self._exchange.put(errand)

    def hand_back(self, errands: Sequence[Errand], why: Answer = NOT_SENT) -> None:
        """Messages that were claimed and are not sent now after all; nothing of them has left."""
        if errands:
            soon = self._clock() + SOON
            for errand in errands:
                self._around.came(Came(errand.claim, why, Then(errand.claim.purpose, soon)))

    def leave(self, errand: Errand) -> Outside | None:
        """Let a message leave without waiting for its answer; None where a thread has to do it."""
        began = time.monotonic()
        try:
            delivery = None if _too_late(errand, began) else self._left(errand.claim)
        except Exception as error:  # noqa: BLE001  # this thread is everybody's
            LOG.error("a message could not leave: %s", code_of(error))
            delivery = None
        if delivery is not None:
            return Outside(errand, delivery, began)
        self._pool.submit(self._work, errand)
        return None

    def finish(self, outside: Outside) -> Errand | None:
        """Take in what came back, or that nothing did in time; gives the message that takes its place in the lane."""
        return self._ended(outside.errand, outside.began, partial(outside.delivery.finish, self._clock))

    def finish_by_thread(self, outside: Outside) -> None:
        """The same by a thread, which may have to wait."""
        self._pool.submit(self._go_on, lambda: self.finish(outside))

    def hand_over(self) -> None:
        """Let the answers be recorded that came, and lanes be filled that take more."""
        self._around.record()
        if self._wanted:
            self._wanted = False
            self._around.claim()

    def _work(self, errand: Errand) -> None:
        """One place of a lane, by a thread."""
        began = time.monotonic()
        if _too_late(errand, began):
            self.hand_back([errand], TOO_LATE)
            self._go_on(lambda: self._following(errand.claim, None, began, self._clock()))
        else:
            self._go_on(lambda: self._ended(errand, began, lambda: self._talk(errand.claim)))

    def _go_on(self, end: Callable[[], Errand | None]) -> None:
        """End an attempt; what follows in its place may leave by the exchange."""
        following = end()
        self.hand_over()
        if following is not None:
            self._exchange.put(following)

    def _ended(self, errand: Errand, began: float, answered: Callable[[], Answer]) -> Errand | None:
        claim, answer = errand.claim, None
        try:
            answer = answered()
            failpoints.reach("push.after_response")
            now = self._clock()
            self._around.came(Came(claim, answer, self._next(claim, answer, now)))
        except Exception as error:  # noqa: BLE001
            # An attempt must never take its lane along; its lease makes it an unknown outcome.
            LOG.error("an attempt failed: %s", code_of(error))
            now = self._clock()
        return self._following(claim, answer, began, now)

    def _following(self, claim: Claim, answer: Answer | None, began: float, now: datetime) -> Errand | None:
        """The next message of the lane; what its lane does not send now after all is handed back."""
        turn = self._lanes.ended(claim, answer, time.monotonic() - began, now)
        self.hand_back(turn.unsent)
        self._wanted = self._wanted or turn.wants
        return turn.following

    def _left(self, claim: Claim) -> Delivery | None:
        """A message on its way, if its connector need not wait for the answer."""
        begin: Begin | None = getattr(self._registry.get(claim.body.connector), "begin", None)
        if begin is None or _means(claim) != "send":
            return None
        delivery = begin(claim.outgoing, claim.body, self._clock())
        if delivery is not None:
            failpoints.reach("push.after_send")
        return delivery

    def _talk(self, claim: Claim) -> Answer:
        what = _means(claim)
        if what == "stuck":
            return Answer("unknown", detail="it can neither be asked about nor be sent again")
        connector = self._registry.get(claim.body.connector)
        if what == "ask":
            return connector.ask(claim.leg, claim.body, self._clock())
        return connector.send(claim.outgoing, claim.body, self._clock())

    def _next(self, claim: Claim, answer: Answer, now: datetime) -> Then:
        if answer.kind in FINAL:
            self._absent_since.pop(claim.outgoing.key, None)
            return DONE
        what = _means(claim)
        if what == "stuck":
            return Then("stuck")
        tried = Tried(claim.attempt, what, claim.first_at, now, self._absent_for(claim, answer, now))
        return after(answer, able(claim.body, claim.outgoing.type), tried, random.random())  # noqa: S311  jitter

    def _absent_for(self, claim: Claim, answer: Answer, now: datetime) -> float:
        """Kept in memory only: after a restart the read lag simply begins again."""
        if answer.kind != "absent":
            self._absent_since.pop(claim.outgoing.key, None)
            return 0.0
        return (now - self._absent_since.setdefault(claim.outgoing.key, now)).total_seconds()


def code_of(error: Exception) -> str:
    """What may stand in a log: never the text of an exception, it may quote a person's data."""
    return error.code if isinstance(error, StoreError) else type(error).__name__


def _too_late(errand: Errand, began: float) -> bool:
    """An attempt must have ended before its lease does: whoever takes it over asks the department first, and must not
    be told "not found" by one that is still being written to."""
    return began - errand.since + errand.claim.body.deadline > LEASE_SECONDS


def _means(claim: Claim) -> Literal["send", "ask", "stuck"]:
    """What may be done with the message."""
    return allowed(claim.purpose, able(claim.body, claim.outgoing.type))
