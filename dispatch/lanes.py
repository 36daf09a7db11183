"""One lane per office: how many attempts run, what is in stock for it, and its breaker. Guarded by one lock.

A lane that is quick gets messages ahead: as many as it takes in half a second wait leased and frozen, so that claims
and their commits are shared by many. A slow or failing office, or one that could neither be asked about them nor be
sent them again after a crash, has nothing in stock. When a lane begins to rest, its stock is handed back unsent, and so
is what was claimed just before.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from connectors.base import Answer, Body
from desk.sending.claims import Claim
from dispatch.breaker import Breaker
from store.lanes import Lane as Standing

AHEAD_SECONDS = 0.5
MOST_AHEAD = 128  # half a claim: an office with four legs of each case falls behind with less, and cases come in pieces
MOST_MISSES = 1  # in a row; a busy office has one now and then, and would get its legs apart from their cases
_SMOOTH = 0.2
Place = Literal["starts", "waits", "rests"]


@dataclass(frozen=True, slots=True)
class Errand:
    """A claimed message on its way to an attempt, leased after the moment `since` (seconds of the monotonic clock)."""

    claim: Claim
    since: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What comes after an attempt: the message that takes its place, those that are not sent now after all, and whether
    the office takes more."""

    following: Errand | None = None
    unsent: tuple[Errand, ...] = ()
    wants: bool = False


@dataclass(slots=True)
class Lane:
    """The state of one office's lane; `pace` is how many seconds a good attempt takes, 0 while unknown."""

    body: Body
    running: int = 0
    pace: float = 0.0
    stock: deque[Errand] = field(default_factory=deque)
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def ahead(self) -> int:
        """How many messages may wait here."""
        sure = self.body.honours_keys or self.body.can_be_asked
        if not self.pace or not sure or self.breaker.failures > MOST_MISSES:
            return 0
        return min(MOST_AHEAD, int(self.body.at_once * AHEAD_SECONDS / self.pace))

    def wants(self, now: datetime) -> bool:
        """Whether it should get messages soon: no more than a quarter of its stock is left, and it takes some."""
        return (not self.stock or len(self.stock) <= self.ahead // 4) and self.room(now) > 0

    def room(self, now: datetime) -> int:
        """How many messages it takes."""
        free = self.body.at_once + self.ahead - self.running - len(self.stock)
        return self.breaker.room(free, self.running, now)

    def after(self, leg: str, answer: Answer, seconds: float, now: datetime) -> Standing | None:
        """Learn from an attempt; how the lane stands now if it began to rest or to work again."""
        before, began = self.breaker, now - timedelta(seconds=seconds)
        self.breaker = before.after(answer, leg, began, now)
        if answer.kind == "received":
            self.pace += (seconds - self.pace) * (_SMOOTH if self.pace else 1.0)
        if self.breaker.open_until == before.open_until:
            return None
        return Standing(self.body.id, self.body.department, self.breaker.failures, self.breaker.open_until,
                        answer.detail, now)

    def turn(self, now: datetime) -> Turn:
        """The next from the stock; all of it is handed back once the lane rests."""
        if self.breaker.open_until is not None:
            unsent = self.empty()
            return Turn(unsent=unsent, wants=self.wants(now))
        following = None
        if self.stock and self.running < self.body.at_once:
            self.running += 1
            following = self.stock.popleft()
        return Turn(following, wants=self.wants(now))

    def empty(self) -> tuple[Errand, ...]:
        """Everything that waits here, no longer."""
        errands = tuple(self.stock)
        self.stock.clear()
        return errands


class Lanes:
    """Every push office's lane. A slow office fills only its own."""

    def __init__(self, bodies: Mapping[str, Body]) -> None:
        self._lanes = {id_: Lane(body) for id_, body in bodies.items() if body.channel == "push"}
        self._lock = threading.Lock()
        self._moved: dict[str, Standing] = {}

    @property
    def places(self) -> int:
        """How many attempts can run at once in all lanes together."""
        return sum(lane.body.at_once for lane in self._lanes.values())

    def room(self, now: datetime) -> dict[str, int]:
        """How many messages each office with room takes; none while no office wants any. When one does, all get what
        they take, so that claims are large and the legs of a case, which are due together, are claimed together."""
        with self._lock:
            if not any(lane.wants(now) for lane in self._lanes.values()):
                return {}
            free = {id_: lane.room(now) for id_, lane in self._lanes.items()}
        return {id_: places for id_, places in free.items() if places > 0}

    def place(self, errand: Errand, now: datetime) -> Place:
        """Where a claimed message has its place: an attempt begins at once, it waits in stock, or nowhere, for its lane
        rests by now."""
        with self._lock:
            lane = self._lanes[errand.claim.body.id]
            if not lane.breaker.room(1, lane.running, now):
                return "rests"
            if lane.running < lane.body.at_once:
                lane.running += 1
                return "starts"
            lane.stock.append(errand)
            return "waits"

    def ended(self, claim: Claim, answer: Answer | None, seconds: float, now: datetime) -> Turn:
        """An attempt ended after so many seconds; `answer` None when there is none to learn from."""
        with self._lock:
            lane = self._lanes[claim.body.id]
            lane.running -= 1
            moved = None if answer is None else lane.after(claim.leg, answer, seconds, now)
            if moved is not None:
                self._moved[moved.office] = moved
            return lane.turn(now)

    @property
    def some_moved(self) -> bool:
        """Whether a lane began to rest, or to work again, and `moved` did not tell yet."""
        return bool(self._moved)

    def moved(self) -> list[Standing]:
        """How those stand now."""
        with self._lock:
            moved, self._moved = self._moved, {}
            return list(moved.values())

    def emptied(self) -> list[Errand]:
        """What waits in any lane, no longer."""
        with self._lock:
            return [errand for lane in self._lanes.values() for errand in lane.empty()]

    def running(self) -> int:
        """How many attempts run now."""
        with self._lock:
            return sum(lane.running for lane in self._lanes.values())
