"""Few threads work at once; whoever has to wait lets another one go on.

The interpreter runs one thread at a time. Sixteen that are all ready only hand its lock to and fro, which costs a third
of the processor. So the server's threads take turns: a few work, the rest sleep, and one is woken when a worker goes
`away` to wait for the disk, the database or a slow caller.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Counts who works: at most `at_once` besides those that come back from where they waited."""

    def __init__(self, at_once: int) -> None:
        self.lock = threading.Lock()
        self._at_once = at_once
        self._call = threading.Semaphore(0)
        self._working = self._looking = self._resting = 0

    def look(self) -> None:
        """The calling thread, which worked until now or begins, is about to wait for work; it rests if there are enough
        without it."""
        with self.lock:
            self._looking += 1
            if self._working <= self._at_once:
                return
            self._looking -= 1
            self._working -= 1
            self._resting += 1
        self._call.acquire()

    def found(self) -> None:
        """The calling thread found work."""
        with self.lock:
            self._looking -= 1
            self.change(0)

    def call_all(self) -> None:
        """Nobody rests any more: it is over."""
        with self.lock:
            while self._resting:
                self._wake()

    def change(self, by: int) -> None:
        """With the lock held: so many more work now. Somebody who rests is called if nobody looks for work."""
        self._working += by
        if not self._looking and self._working < self._at_once and self._resting:
            self._wake()

    def _wake(self) -> None:
        self._resting -= 1
        self._working += 1
        self._looking += 1
        self._call.release()


class Seat:
    """One thread's part in the turns. `served` counts what it was given, so that one that takes long can be told."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._out = False
        self.served = 0
        with turns.lock:
            turns.change(1)
        _MINE.seat = self

    def leave(self) -> None:
        """This thread waits, or takes long: another one may work in its place."""
        with self._turns.lock:
            if not self._out:
                self._out = True
                self._turns.change(-1)

    def back(self) -> None:
        """This thread works again, even where there are enough: it rests when it looks for work."""
        with self._turns.lock:
            if self._out:
                self._out = False
                self._turns.change(1)


class Floor:
    """A few threads of which one works at a time, each as long as it needs, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self) -> None:
        """Wait until nobody works."""
        latch = threading.Lock()
        latch.acquire()
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            self._waiting.append(latch)
        latch.acquire()

    def give(self) -> None:
        """Let the next one work."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False

    @property
    def wanted(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)


class FloorSeat:
    """One thread's part in a floor, which it has from now on until its `with` block ends. Whoever may wait for another
    of its threads must do so `away`, or both wait for ever."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._out = 0
        floor.take()
        _MINE.seat = self

    def leave(self) -> None:
        """This thread waits: another one may work."""
        if not self._out:
            self._floor.give()
        self._out += 1

    def back(self) -> None:
        """This thread works again, once nobody else does."""
        self._out -= 1
        if not self._out:
            self._floor.take()

    def __enter__(self) -> None:
        """The floor was taken when this was made."""

    def __exit__(self, *_: object) -> None:
        """This thread ends; the others go on."""
        self.leave()

    def pause(self) -> None:
        """Let another one work first if one waits."""
        if self._floor.wanted and not self._out:
            self._floor.give()
            self._floor.take()


_MINE = threading.local()


def pause() -> None:
    """A good moment for another thread to go on: nothing is held. It matters only for threads that share a floor."""
    seat = getattr(_MINE, "seat", None)
    if isinstance(seat, FloorSeat):
        seat.pause()


@contextmanager
def holding(lock: threading.Lock) -> Iterator[None]:
    """Hold `lock`; whoever has to wait for it is away meanwhile."""
    if not lock.acquire(blocking=False):
        with away():
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def away() -> Iterator[None]:
    """While the calling thread waits for something outside. Nothing happens in threads that take no turns."""
    seat: Seat | FloorSeat | None = getattr(_MINE, "seat", None)
    if seat is None:
        yield
        return
    seat.leave()
    try:
        yield
    finally:
        seat.back()
