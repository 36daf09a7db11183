"""One lane per office: how many attempts run, how many may start, and its breaker. Guarded by one lock."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import Answer, Body
from dispatch.breaker import Breaker


@dataclass(slots=True)
class Lane:
    """The state of one office's lane."""

    body: Body
    running: int = 0
    breaker: Breaker = field(default_factory=Breaker)


class Lanes:
    """Every push office's lane. A slow office fills only its own."""

    def __init__(self, bodies: Mapping[str, Body]) -> None:
        self._lanes = {id_: Lane(body) for id_, body in bodies.items() if body.channel == "push"}
        self._lock = threading.Lock()

    @property
    def places(self) -> int:
        """How many attempts can run at once in all lanes together."""
        return sum(lane.body.at_once for lane in self._lanes.values())

    def room(self, now: datetime) -> dict[str, int]:
        """How many attempts each office with room may start."""
        with self._lock:
            free = {id_: lane.breaker.room(lane.body.at_once - lane.running, lane.running, now)
                    for id_, lane in self._lanes.items()}
        return {id_: places for id_, places in free.items() if places > 0}

    def started(self, office: str) -> None:
        """An attempt began."""
        with self._lock:
            self._lanes[office].running += 1

    def ended(self, office: str, leg: str, answer: Answer | None, now: datetime) -> None:
        """An attempt ended; `answer` None when there is none to learn from."""
        with self._lock:
            lane = self._lanes[office]
            lane.running -= 1
            if answer is not None:
                lane.breaker = lane.breaker.after(answer, leg, now)

    def running(self) -> int:
        """How many attempts run now."""
        with self._lock:
            return sum(lane.running for lane in self._lanes.values())

    def resting(self, now: datetime) -> dict[str, datetime]:
        """Offices whose breaker is open, and until when."""
        with self._lock:
            return {id_: lane.breaker.open_until for id_, lane in self._lanes.items()
                    if lane.breaker.open_until is not None and lane.breaker.open_until > now}
