"""The dispatcher: claims due messages, hands each to its connector in its office's lane, records the answer.

One scheduler thread, woken by the store's commits and by attempts that end; it never polls for work that is there.
Attempts run beside it (`dispatch/attempts.py`). One recorder thread writes what they came to: all that wait for it in
one commit. Sweeps run beside them. No transaction is open while a department is talked to.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from connectors.base import Body, Registry
from connectors.deployment import Deployment
from desk.desk import Desk
from desk.faults import told
from desk.sending.recording import Came
from dispatch.attempts import Around, Attempts, code_of
from dispatch.expiry_watch import ExpiryWatch
from dispatch.lanes import Errand, Lanes
from store import failpoints
from store.engine.turns import Floor, FloorSeat, away, holding
from store.lanes import Lane as Standing

LOG = logging.getLogger("yijianshi.dispatch")
LONGEST_NAP = 1.0  # seconds; bounds how late a moved clock or another host's message is noticed
SELDOM = 60.0  # at most between two sweeps
BATCH = 192
STOP_SECONDS = 8.0
SHORTEST_JOIN = 1.0
LONGEST_PAUSE = 10.0  # between two beats of a scheduler that is alive


@dataclass(frozen=True, slots=True)
class Works:
    """What the dispatcher works with; `clock` reads the time, `recover` voids older leases (only process), `reached` is
    everybody whose certificates are watched. `count` does a piece of what is counted beside everything else and says
    whether there is more."""

    desk: Desk
    registry: Registry
    deployment: Deployment
    clock: Callable[[], datetime]
    recover: bool = True
    reached: tuple[Body, ...] = ()
    count: Callable[[datetime], bool] = lambda _now: False


class Dispatcher:
    """Runs until `stop`; make it with `start`."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._lanes = Lanes(works.deployment.bodies)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._schedule, name="dispatch", daemon=True),
                         threading.Thread(target=self._sweep, name="sweep", daemon=True)]
        self._floor = Floor()
        self._ended: deque[Came] = deque()
        self._some_ended = threading.Event()
        self._all_over = False
        self._behind = True  # something may be due that waits for room in a lane
        self._claims_fault = ""  # why nothing can be claimed just now
        self._recorder = threading.Thread(target=self._record, name="record", daemon=True)
        around = Around(self._floor, self._ended.append, self._tell_recorder, self._tell_claimer,
                        works.desk.absent_since)
        self._attempts = Attempts(works.registry, self._lanes, works.clock, around)
        self._held: list[Came] = []  # answers that are not written yet
        self._some_unread = False  # some of them were not even tried
        self._refused = 0  # so many of them were
        self._untold: dict[str, Standing] = {}  # how lanes stand, by office, where the store does not know it yet
        self._writing = threading.Lock()
        self._expiries = ExpiryWatch(works.registry, works.reached, works.desk.operations.tokens)
        self.beat = time.monotonic()

    def start(self) -> Dispatcher:
        """Begin."""
        self._works.desk.on_work(self._wake.set)
        self._attempts.start()
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
        self._attempts.hand_back(self._lanes.emptied())
        while self._lanes.running() and time.monotonic() < until:
            time.sleep(0.02)
        self._attempts.stop()
        self._all_over = True
        self._some_ended.set()
        self._recorder.join(max(SHORTEST_JOIN, until - time.monotonic()))
        if self._held:
            LOG.error("%s answers could not be recorded; they will be asked for", len(self._held))

    def alive(self) -> bool:
        """Whether the scheduler moved lately, and messages leave."""
        return time.monotonic() - self.beat < LONGEST_PAUSE and self._attempts.alive()

    def _recover(self) -> None:
        """Take up what an earlier process left open. Nothing is claimed before that, but people are served meanwhile:
        after a kill in the middle of a burst it takes seconds."""
        while self._works.recover and not self._stopping.is_set():
            self.beat = time.monotonic()
            try:
                left = self._works.desk.recover(self._works.clock())
            except Exception as error:  # noqa: BLE001  # a store that is away for a moment is no reason never to begin
                LOG.error("what was left open is not known: %s", code_of(error))
                self._stopping.wait(LONGEST_NAP)
                continue
            if left:
                LOG.warning("%s attempts were found open; their outcome is asked for", left)
            return

    def _schedule(self) -> None:
        self._recover()
        with FloorSeat(self._floor):
            self._claim()

    def _claim(self) -> None:
        while not self._stopping.is_set():
            self.beat = time.monotonic()
            self._wake.clear()
            self._behind = True
            try:
                nap = self._claim_some()
            except Exception as error:  # noqa: BLE001  # whatever one message or the store has, the others must leave
                self._say_of_claims(code_of(error))
                with away():
                    self._stopping.wait(LONGEST_NAP)
                continue
            self._say_of_claims("")
            if nap is not None:
                with away():
                    self._wake.wait(nap)

    def _say_of_claims(self, fault: str) -> None:
        """Say that claiming fails, and that it does no more, not each second that a store is away."""
        if fault != self._claims_fault:
            LOG.error("claiming fails, and is tried each second: %s", fault) if fault else \
                LOG.warning("messages are claimed again")
        self._claims_fault = fault

    def _claim_some(self) -> float | None:
        """Begin attempts at what is due; how long to wait then, None where more may be due at once."""
        since, looked = time.monotonic(), self._works.clock()
        claims = self._works.desk.claim(self._lanes.room(looked), looked, BATCH)
        for claim in claims:
            self._attempts.begin(Errand(claim, since))
        # Nothing else is due that a lane takes if there were fewer; whatever changes that wakes us.
        return self._nap(looked) if len(claims) < BATCH else None

    def _nap(self, looked: datetime) -> float:
        """Seconds until something is due; what was due when we looked waits for room, which wakes us."""
        try:
            due = self._works.desk.next_due()
        except Exception as error:  # noqa: BLE001  # nobody else would send
            LOG.error("the next message is not known: %s", code_of(error))
            return LONGEST_NAP
        self._behind = due is not None and due <= looked
        if due is None or self._behind:
            return LONGEST_NAP
        return min(max(0.0, (due - self._works.clock()).total_seconds()), LONGEST_NAP)

    def _tell_claimer(self) -> None:
        if self._behind:
            self._wake.set()

    def _tell_recorder(self) -> None:
        if self._ended or self._lanes.some_moved:
            self._some_ended.set()

    def _record(self) -> None:
        with FloorSeat(self._floor):
            self._write_all()

    def _write_all(self) -> None:
        going = True
        while going or self._ended or self._some_unread:
            with away():  # answers that are held are tried again though no other came
                self._some_ended.wait(self._patience())
            self._some_ended.clear()
            going = not self._all_over
            try:
                self._write([self._ended.popleft() for _ in range(min(BATCH, len(self._ended)))])
                failpoints.reach("push.after_outcome_commit")
                self._tell_of_lanes()
            except Exception as error:  # noqa: BLE001  # the answers of others must be recorded all the same
                LOG.error("recording failed: %s", told(error))
            self._tell_recorder()  # of those that are more than one commit takes

    def _patience(self) -> float | None:
        """How long the recorder waits though no answer comes."""
        if self._some_unread:
            return 0.0
        return LONGEST_NAP if self._held or self._untold else None

    def _write(self, came: list[Came]) -> None:
        """Write answers, those first that could not be written before. While the store takes nothing they are held: an
        answer that is known must not become an unknown outcome, which some departments can not be asked about.

        Of those that bring files one is opened at a time, behind all others and in turn, for it may take as long as a
        lease has left."""
        with holding(self._writing):
            self._held += came  # until they are written, whatever happens
            self._some_unread = False
            if not self._held:
                return
            now, slow = self._works.clock(), [one for one in self._held if one.brings_files]
            left = self._recorded([one for one in self._held if not one.brings_files], now)
            self._held = [*slow, *left]
            unread = [one for one in slow[1:] if not one.late(now)]
            left += self._recorded([*slow[:1], *(one for one in slow[1:] if one.late(now))], now)
            self._held, self._some_unread = [*unread, *left], bool(unread) and not left
            if bool(left) != bool(self._refused):
                LOG.warning("%s answers wait to be written", len(left))
            self._refused = len(left)

    def _recorded(self, came: list[Came], now: datetime) -> list[Came]:
        """Record these; those that must be tried again."""
        left = self._works.desk.record(came, now) if came else []
        for one in left:
            if not one.later:
                LOG.error("an answer could not be recorded (%s); it will be asked for", code_of(one.fault))
        return [one.came for one in left if one.later]

    def _tell_of_lanes(self) -> None:
        """Somebody must hear of an office that takes nothing, for its messages wait and none of them is in trouble."""
        if self._lanes.some_moved:
            for lane in self._lanes.moved():
                self._untold[lane.office] = lane
                _say_how_it_stands(lane)
        if self._untold:
            self._works.desk.note_lanes(list(self._untold.values()))
            self._untold.clear()

    def _sweep(self) -> None:
        while not self._stopping.is_set():
            naps = [self._isolated(part) for part in (self._sweep_desk, self._tell_of_ends, self._count_on)]
            self._stopping.wait(max(LONGEST_NAP, min(naps)))

    def _isolated(self, part: Callable[[datetime], float]) -> float:
        """Do a part of what comes with each sweep; in how many seconds it wants to be done again."""
        try:
            return part(self._works.clock())
        except Exception as error:  # noqa: BLE001  # it is tried again, and ends neither the others nor all sweeps
            LOG.error("a sweep failed: %s", told(error))
            return LONGEST_NAP

    def _sweep_desk(self, _now: datetime) -> float:
        self._write([])  # first, for a sweep ends the leases of answers that waited long
        again = self._works.desk.sweep(self._works.clock())
        return (again - self._works.clock()).total_seconds()

    def _tell_of_ends(self, now: datetime) -> float:
        self._expiries.tell(now)
        return SELDOM

    def _count_on(self, now: datetime) -> float:
        return 0.0 if self._works.count(now) else SELDOM


def _say_how_it_stands(lane: Standing) -> None:
    if lane.open_until is None:
        LOG.warning("%s takes messages again", lane.office)
    else:
        LOG.warning("%s is left alone after %s failures in a row (%s); one message is tried at %s", lane.office,
                    lane.failures, lane.reason, lane.open_until.isoformat(timespec="seconds"))
