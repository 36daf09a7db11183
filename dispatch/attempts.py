"""What becomes of one claimed message: it leaves or is asked about, its answer is judged, the next in its lane follows.

Most messages leave by the exchange, which waits for nobody. What has to wait (a question, a long message, a connector
that knows nothing of the exchange, an odd answer) is done by a thread of a pool. It has one for each place of all
lanes, so that a hanging office takes nobody else's, up to `MOST_THREADS`. Where more places than that hang together,
others wait until those offices have failed five times each and are left alone; what would outlive its lease meanwhile
is handed back unsent.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from connectors.base import Answer, Body, Delivery, Outgoing, Registry
from desk.faults import told
from desk.sending.claims import LEASE_SECONDS, Claim
from desk.sending.recording import Came
from dispatch.exchange import Exchange, Outside
from dispatch.lanes import Errand, Lanes
from dispatch.retry import DONE, FINAL, Then, Tried, able, after, allowed, unheard
from store import failpoints
from store.engine.turns import Floor
from store.errors import StoreError

LOG = logging.getLogger("yijianshi.dispatch")
MOST_THREADS = 256
Begin = Callable[[Outgoing, Body, datetime], Delivery | None]
SOON = timedelta(seconds=1)
AFTER_A_FAULT = timedelta(minutes=1)  # of ours; as long as it takes when a host died
NOT_SENT, TOO_LATE = (Answer("again", detail=why, sent=False) for why in ("not sent", "too late"))
NOT_HEARD = Answer("unknown", detail="not heard")


@dataclass(frozen=True, slots=True)
class Around:
    """What attempts share with the dispatcher's other threads: the `floor` (one of them works at a time), and whom they
    tell: `came` takes what one came to, `record` is called once some came, `claim` once a lane takes more messages;
    `absent_since` knows since when a department has said that it does not have a message's leg."""

    floor: Floor
    came: Callable[[Came], None]
    record: Callable[[], None]
    claim: Callable[[], None]
    absent_since: Callable[[Claim], datetime | None]


class Attempts:
    """Attempts at claimed messages, each in a place of its lane."""

    def __init__(self, registry: Registry, lanes: Lanes, clock: Callable[[], datetime], around: Around) -> None:
        self._registry, self._lanes, self._clock, self._around = registry, lanes, clock, around
        self._pool = ThreadPoolExecutor(min(MOST_THREADS, max(1, lanes.places)), "attempt")
        self._exchange = Exchange(self, around.floor)
        self._wanted = False  # a lane takes more, and nobody was told yet
        self._waiting: set[Callable[[], None]] = set()  # what is done instead of what no thread has begun

    def start(self) -> None:
        """Begin."""
        self._exchange.start()

    def stop(self) -> None:
        """No more attempts; what runs is not waited for, and what did not begin is handed back."""
        for errand in self._exchange.stop():
            self._put_back(errand, NOT_SENT, time.monotonic())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for without in [*self._waiting]:
            without()

    def alive(self) -> bool:
        """Whether messages leave and answers are heard."""
        return self._exchange.alive()

    def begin(self, errand: Errand) -> None:
        """Begin an attempt at a message, or put it into its lane's stock; if its lane rests, it is handed back."""
        try:
            failpoints.reach("push.after_lease")
            place = self._lanes.place(errand, self._clock())
        except Exception as error:  # noqa: BLE001  # those that were claimed with it must leave
            LOG.error("a message could not begin: %s", told(error))
            self.hand_back([errand])
            self._around.record()
            return
        if place == "starts":
            self._exchange.put(errand)
        elif place == "rests":
            self.hand_back([errand])
            self._around.record()

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
            self._place(self._ended(errand, began, partial(_raised, error)))  # it may have left: not once more
            return None
        if delivery is not None:
            return Outside(errand, delivery, began)
        self._by_thread(lambda: self._work(errand), lambda: self._put_back(errand, NOT_SENT, began))
        return None

    def finish(self, outside: Outside) -> Errand | None:
        """Take in what came back, or that nothing did in time; gives the message that takes its place in the lane."""
        return self._ended(outside.errand, outside.began, partial(outside.delivery.finish, self._clock))

    def finish_by_thread(self, outside: Outside) -> None:
        """The same by a thread, which may have to wait."""
        self._by_thread(lambda: self.finish(outside), lambda: self._given_up(outside))

    def hand_over(self) -> None:
        """Let the answers be recorded that came, and lanes be filled that take more."""
        self._around.record()
        if self._wanted:
            self._wanted = False
            self._around.claim()

    def _by_thread(self, end: Callable[[], Errand | None], without: Callable[[], Errand | None]) -> None:
        """Have an attempt ended by a thread, or `without` one where none can be had. What a pool took that could start
        no thread it may still do later, so one of both does it and the other finds that it is done. So it is at a stop.
        """
        first = threading.Lock()

        def go_on() -> None:
            self._waiting.discard(instead)
            if first.acquire(blocking=False):
                self._go_on(end)

        def instead() -> None:
            self._waiting.discard(instead)
            if first.acquire(blocking=False):
                self._place(without())

        self._waiting.add(instead)
        try:
            self._pool.submit(go_on)
        except Exception as error:  # noqa: BLE001  # the thread that asks is everybody's
            LOG.error("no thread for a message: %s", told(error))
            instead()

    def _work(self, errand: Errand) -> Errand | None:
        """One place of a lane, by a thread."""
        began = time.monotonic()
        if _too_late(errand, began):
            return self._put_back(errand, TOO_LATE, began)
        return self._ended(errand, began, lambda: self._talk(errand.claim))

    def _put_back(self, errand: Errand, why: Answer, began: float) -> Errand | None:
        """A message that has its place in its lane and is not sent; the one that takes the place."""
        self.hand_back([errand], why)
        return self._following(errand.claim, None, began, self._clock())

    def _given_up(self, outside: Outside) -> Errand | None:
        """Nobody can wait for what a message comes to that has left."""
        def unheard() -> Answer:
            outside.delivery.close()
            return NOT_HEARD
        return self._ended(outside.errand, outside.began, unheard)

    def _go_on(self, end: Callable[[], Errand | None]) -> None:
        """End an attempt; what follows in its place may leave by the exchange."""
        try:
            following = end()
            self.hand_over()
            self._place(following)
        except Exception as error:  # noqa: BLE001  # a pool says nothing of what its threads ran into
            LOG.error("an attempt did not end: %s", told(error))

    def _place(self, following: Errand | None) -> None:
        if following is not None:
            self._exchange.put(following)

    def _ended(self, errand: Errand, began: float, answered: Callable[[], Answer]) -> Errand | None:
        """What an attempt came to, and the next message of its lane. Whatever fails here: it may have left, so it is an
        unknown outcome, and its lane goes on."""
        claim = errand.claim
        try:
            answer = answered()
            failpoints.reach("push.after_response")
            now = self._clock()
            then = self._next(claim, answer, now)
        except Exception as error:  # noqa: BLE001
            LOG.error("an attempt failed: %s", told(error))
            now = self._clock()
            answer, then = Answer("unknown", detail=code_of(error)), Then("ask", now + AFTER_A_FAULT)
        self._around.came(Came(claim, answer, then))
        return self._following(claim, answer, began, now)

    def _following(self, claim: Claim, answer: Answer | None, began: float, now: datetime) -> Errand | None:
        """The next message of the lane; what its lane does not send now after all is handed back."""
        try:
            turn = self._lanes.ended(claim, answer, time.monotonic() - began, now)
        except Exception as error:  # noqa: BLE001  # one lane must not take the others along
            LOG.error("the lane of %s stumbled: %s", claim.body.id, told(error))
            return None
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
            return unheard(connector.ask(claim.leg, claim.body, self._clock()), claim.body)
        return connector.send(claim.outgoing, claim.body, self._clock())

    def _next(self, claim: Claim, answer: Answer, now: datetime) -> Then:
        if answer.kind in FINAL:
            return DONE
        what = _means(claim)
        if what == "stuck":
            return Then("stuck")
        tried = Tried(claim.attempt, what, claim.first_at, now, self._absent_for(claim, answer, now))
        return after(answer, able(claim.body, claim.outgoing.type), tried, random.random())  # noqa: S311  jitter

    def _absent_for(self, claim: Claim, answer: Answer, now: datetime) -> float:
        """By what is recorded, for another host may have asked, or sent the message again, since this one asked. Where
        that cannot be read the read lag begins again."""
        if answer.kind != "absent" or claim.body.honours_keys:  # which may have it at once
            return 0.0
        try:
            since = self._around.absent_since(claim)
        except StoreError as error:
            LOG.warning("since when a leg is not found is not known: %s", code_of(error))
            since = None
        return 0.0 if since is None else (now - since).total_seconds()


def _raised(error: Exception) -> Answer:
    raise error


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
