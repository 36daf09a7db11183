"""One thread that lets messages leave over kept connections and hears their answers: no thread waits for a department.

What has to wait all the same (a connection to be opened, an answer of an unusual shape, a connector that knows nothing
of this) is done by threads of the pool, so nothing that one department does keeps this thread from the others.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections import deque
from contextlib import suppress
from typing import NamedTuple, Protocol

from connectors.base import Delivery, Heard
from desk.faults import told
from dispatch.lanes import Errand
from store.engine.turns import Floor, FloorSeat, away

LOG = logging.getLogger("yijianshi.dispatch")
LONGEST_LOOK = 1.0  # seconds; bounds how late a deadline is noticed that nothing else wakes us for
PORTION = 128  # answers, more or less, after which others get the floor even if more are there
LINGER = 0.002  # seconds that an answer waits at most for those of messages that are outside with it
STUMBLE_SECONDS = 0.1  # after what nobody expected; it may be there again at once
_BELL_SECONDS = 5.0


class Outside(NamedTuple):
    """A message that left and has no answer yet, since the moment `began` of the monotonic clock."""

    errand: Errand
    delivery: Delivery
    began: float


class Courier(Protocol):
    """Who knows what to do with an errand; nothing of it raises."""

    def leave(self, errand: Errand) -> Outside | None:
        """Let the message leave without waiting, or have it done by a thread."""

    def finish(self, outside: Outside) -> Errand | None:
        """Take in what it came to; the errand that takes its place."""

    def finish_by_thread(self, outside: Outside) -> None:
        """The same where it may have to wait."""

    def hand_over(self) -> None:
        """Let others know what was taken in: it is a portion, or nothing more is there."""


class Exchange:
    """Errands come by `put`; `start` and `stop` are its thread's."""

    def __init__(self, courier: Courier, floor: Floor) -> None:
        self._courier, self._floor = courier, floor
        self._new: deque[Errand] = deque()
        self._out: dict[int, Outside] = {}
        self._poller = select.epoll()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poller.register(self._bell, select.EPOLLIN)
        self._asleep = False
        self._going = True
        self._first_end = float("inf")
        self._taken, self._since = 0, 0.0  # how many answers were not handed over yet, and when the first one came
        self._thread = threading.Thread(target=self._run, name="exchange", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> list[Errand]:
        """End the thread; what has not left. What is still outside stays leased and is an unknown outcome later."""
        self._going = False
        os.eventfd_write(self._bell, 1)
        if self._thread.is_alive():
            self._thread.join(_BELL_SECONDS)
        if self._thread.is_alive():
            return []
        for outside in self._out.values():
            outside.delivery.close()
        self._poller.close()
        os.close(self._bell)
        return [*self._new]

    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def put(self, errand: Errand) -> None:
        """An errand that has its place in its lane."""
        self._new.append(errand)
        if self._asleep:
            self._asleep = False  # one ring wakes it, however many follow
            os.eventfd_write(self._bell, 1)

    def _run(self) -> None:
        """As long as something is there this thread keeps the floor: each change of threads costs as much as half an
        answer, and what is recorded together costs less."""
        with FloorSeat(self._floor):
            while self._going:
                self._go_round()
            self._courier.hand_over()

    def _go_round(self) -> None:
        try:
            for number, _ in self._ready():
                self._hear(number)
            while self._new:
                self._begin(self._new.popleft())
            self._end_late()
        except Exception as error:  # noqa: BLE001  # everybody's messages leave by this thread
            LOG.error("the exchange stumbled: %s", told(error))
            with away():
                time.sleep(STUMBLE_SECONDS)

    def _ready(self) -> list[tuple[int, int]]:
        """What is heard next. What was taken in is handed over before this thread waits."""
        ready = [] if self._taken >= PORTION else self._poller.poll(0.0)
        if not ready and not self._new and (linger := self._linger()) > 0:
            ready = self._waited(linger)
        if ready or (self._new and self._taken < PORTION):
            return ready
        self._taken = 0
        self._courier.hand_over()
        return self._waited(min(LONGEST_LOOK, max(0.0, self._first_end - time.monotonic())))

    def _linger(self) -> float:
        """For how many seconds more may come to what was taken in just now; none if nothing else is outside."""
        more = self._out and 0 < self._taken < PORTION
        return self._since + LINGER - time.monotonic() if more else 0.0

    def _waited(self, seconds: float) -> list[tuple[int, int]]:
        """What comes within so many seconds, while others have the floor."""
        self._asleep = True
        with away():
            ready = self._poller.poll(0.0 if self._new else seconds)
        self._asleep = False
        return ready

    def _hear(self, number: int) -> None:
        outside = self._out.get(number)
        if outside is None:
            os.eventfd_read(self._bell)
            return
        try:
            opened, heard = outside.delivery.opens, outside.delivery.listen()
            if opened and heard is Heard.PART:
                self._poller.modify(number, select.EPOLLIN)
        except Exception as error:  # noqa: BLE001  # others are outside; what it came to, a thread finds out
            LOG.error("an answer could not be heard: %s", told(error))
            heard = Heard.ODD
        if heard is not Heard.PART:
            self._over(number, outside, heard is Heard.ALL)

    def _over(self, number: int, outside: Outside, at_once: bool) -> None:
        """Nothing more is awaited here; `at_once`: the end is known without waiting."""
        del self._out[number]
        with suppress(OSError):  # it ended by itself
            self._poller.unregister(number)
        if not self._taken:
            self._since = time.monotonic()
        self._taken += 1
        if at_once:
            following = self._courier.finish(outside)
            if following is not None:
                self._new.append(following)
        else:
            self._courier.finish_by_thread(outside)

    def _begin(self, errand: Errand) -> None:
        outside = self._courier.leave(errand)
        if outside is None:
            return
        try:
            watched = not outside.delivery.odd and self._watch(outside)
        except Exception as error:  # noqa: BLE001  # it has left; a thread may hear what comes
            LOG.error("an answer cannot be waited for here: %s", told(error))
            watched = False
        if not watched:
            self._courier.finish_by_thread(outside)

    def _watch(self, outside: Outside) -> bool:
        delivery = outside.delivery
        number, ends = delivery.fileno(), delivery.ends
        self._poller.register(number, select.EPOLLOUT if delivery.opens else select.EPOLLIN)
        self._out[number] = outside
        self._first_end = min(self._first_end, ends)
        return True

    def _end_late(self) -> None:
        """End what has not been answered in time; it waits for nothing any more."""
        now = time.monotonic()
        if now < self._first_end:
            return
        for number, outside in list(self._out.items()):
            if outside.delivery.ends <= now:
                self._over(number, outside, True)
        self._first_end = min((outside.delivery.ends for outside in self._out.values()), default=float("inf"))
