"""The courier: brings bulletins to the city's message gateway, beside the dispatcher and without a part in its lanes.

A gateway that hangs for hours holds these few threads and nothing else. What an answer means, the ladder of retries and
the breaker are those of departments (`connectors/answers.py`, `dispatch/retry.py`, `dispatch/breaker.py`).
"""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from connectors.base import Answer
from connectors.gateway import Gateway
from desk.faults import told
from desk.news.bulletins import Bulletins, Departing
from dispatch.attempts import NOT_SENT, code_of
from dispatch.breaker import WELL, Breaker
from dispatch.retry import Tried, after
from store import failpoints
from store.errors import StoreUnavailable

LOG = logging.getLogger("yijianshi.news")
NAP = 2.0
MOST_ATTEMPTS = 16  # three days of the ladder; then a person has to look
STOP_SECONDS = 8.0
SHORTEST_JOIN = 0.2


class Courier:
    """Runs until `stop`; make it with `start`."""

    def __init__(self, bulletins: Bulletins, gateway: Gateway, clock: Callable[[], datetime]) -> None:
        self._bulletins, self._gateway, self._clock = bulletins, gateway, clock
        self._breaker = WELL
        self._owed: deque[tuple[Departing, Answer, datetime]] = deque()  # what they came to, and it is not noted yet
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> Courier:
        """Begin."""
        self._thread.start()
        return self

    def halt(self) -> None:
        """Nothing new leaves."""
        self._stopping.set()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for what is under way; what is not over by then is sent again with its key once its lease is over."""
        self.halt()
        if self._thread.is_alive():
            self._thread.join(max(SHORTEST_JOIN, seconds))
        self._gateway.close()

    def round(self) -> int:
        """Bring bulletins that are due, and only where there is room for more make others of what is to be told: the
        longer the gateway is away, the more leaves together. How many were made and brought."""
        now = self._clock()
        self._note_all()
        room = self._breaker.room(self._gateway.body.at_once, 0, now)
        leaving = self._bulletins.claim(room, now) if room else []
        made, more = self._others(room - len(leaving), now) if len(leaving) < room else (0, [])
        leaving += more
        if leaving:
            failpoints.reach("bulletin.after_lease")
        left = self._clock()
        for departing, answer in self._brought(leaving):
            now = self._clock()
            self._watch(self._breaker.after(answer, departing.bulletin.bulletin, left, now), answer)
            self._owed.append((departing, answer, now))
        self._note_all()
        return made + len(leaving)

    def _others(self, room: int, now: datetime) -> tuple[int, list[Departing]]:
        """Make others: how many, and those that leave at once."""
        try:
            made = self._bulletins.make(now)
            return made, self._bulletins.claim(room, now) if made else []
        except Exception as error:  # noqa: BLE001  # those that were taken before must leave all the same
            LOG.error("bulletins are not made: %s", told(error))
            return 0, []

    def _brought(self, leaving: Sequence[Departing]) -> list[tuple[Departing, Answer]]:
        """Bring some at the same time. The threads are daemons: a gateway that hangs keeps no process from ending."""
        answers = [NOT_SENT] * len(leaving)
        hands = [threading.Thread(target=self._bring, args=(answers, number, one), name="bulletin", daemon=True)
                 for number, one in enumerate(leaving)]
        begun = [hand for hand in hands if _begins(hand)]
        for hand in begun:
            hand.join()
        return list(zip(leaving, answers, strict=True))

    def _bring(self, answers: list[Answer], number: int, one: Departing) -> None:
        try:
            answers[number] = self._gateway.send(one.bulletin.bulletin, one.body, self._clock())
            failpoints.reach("bulletin.after_answer")
        except Exception as error:  # noqa: BLE001  # it may have arrived; the others that left with it must be noted
            LOG.error("a bulletin did not leave: %s", told(error))
            answers[number] = Answer("unknown", detail=code_of(error))

    def _note_all(self) -> None:
        """Note what came of those that were brought. What the store does not take waits for it, so that nobody is told
        twice; what cannot be noted is left to its lease."""
        while self._owed:
            departing, answer, at = self._owed[0]
            try:
                self._note(departing, answer, at)
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  # the others must be noted
                LOG.error("what came of a bulletin is not noted: %s", told(error))
            self._owed.popleft()

    def _note(self, departing: Departing, answer: Answer, now: datetime) -> None:
        one = departing.bulletin
        tried = Tried(one.attempts, "send", now, now)
        then = after(answer, self._gateway.body, tried, random.random())  # noqa: S311  jitter
        detail = answer.detail or answer.kind
        if answer.kind == "received":
            self._bulletins.end(departing, "sent", detail, now)
        elif answer.kind == "refused" or one.attempts >= MOST_ATTEMPTS or then.at is None:
            self._bulletins.end(departing, "refused" if answer.kind == "refused" else "stuck", detail, now)
        else:
            self._bulletins.again(departing, then.at, detail)

    def _watch(self, breaker: Breaker, answer: Answer) -> None:
        """Somebody must hear of a gateway that takes nothing."""
        before, self._breaker = self._breaker, breaker
        if breaker.open_until is not None and breaker != before:
            LOG.warning("the message gateway is left alone after %s failures in a row (%s); one message is tried at %s",
                        breaker.failures, answer.detail, breaker.open_until.isoformat(timespec="seconds"))
        elif breaker.open_until is None and before.open_until is not None:
            LOG.warning("the message gateway takes messages again")

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.round() > 0
            except Exception as error:  # noqa: BLE001  # whatever one bulletin or the store has, the others must leave
                LOG.error("bulletins do not leave: %s", code_of(error))
                busy = False
            if not busy:
                self._stopping.wait(NAP)


def _begins(hand: threading.Thread) -> bool:
    """Whether there is a thread for it."""
    try:
        hand.start()
    except RuntimeError as error:
        LOG.error("no thread for a bulletin: %s", told(error))
        return False
    return True
