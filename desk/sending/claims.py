"""The dispatcher's side of the desk: due messages are claimed and frozen; `recording.py` takes their answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple, Protocol

from cases.model import Case, Event, LegState
from cases.states import OUT, TRANSFERRED
from connectors.base import Body, Outgoing
from desk.book import Book, Wish
from desk.errors import Outdated
from desk.faults import told
from desk.premises import Premises
from desk.sending import payload
from desk.sending.letters import Letters
from desk.writing import Beside
from store import audit, choosing, leases, messages, pausing
from store.choosing import Wanted
from store.errors import LeaseLost, StoreError, StoreUnavailable
from store.lanes import Lane, put
from store.leases import Claimed, Outcome
from store.messages import Message, MessageId, enclosed
from store.port import Tx
from store.uploads import uncleared

LOG = logging.getLogger("yijianshi.desk")
LEASE_SECONDS = 60.0
SOON = timedelta(seconds=2)
LEFT_TO_NEWER = timedelta(minutes=1)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=0.5), timedelta(minutes=5)  # of a message for its leg's filing
LONG = timedelta(days=5)  # a message is given up after more; until then nobody need look when it was sent first
CASES_AT_ONCE = 32  # in one commit, so that people are served in between
NOT_WANTED = Outcome(state="cancelled", kind="not_wanted")
Course = Literal["leaves", "waits", "ends"]


class Then(Protocol):
    """What the dispatcher's retry rules say comes next: `done`, `send` or `ask` again at `at`, or `stuck`."""

    @property
    def kind(self) -> str:
        """`done`, `send`, `ask` or `stuck`."""

    @property
    def at(self) -> datetime | None:
        """When, for send and ask."""


class Claim(NamedTuple):
    """One leased message with its frozen body, ready to be sent or asked about: for the `attempt`-th time since
    `first_at`, by which the rules of trying again go."""

    id: MessageId
    leg: str
    outgoing: Outgoing
    body: Body
    purpose: Literal["send", "ask"]
    attempt: int
    first_at: datetime
    fence: Claimed


def _not_begun(item: Claimed, now: datetime, tx: Tx) -> None:
    """Give a message back as it was before its lease: it is sent, or asked about, a little later."""
    leases.begin(tx, [item], ())
    leases.settle(tx, item, Outcome(item.was, "not_sent", next_at=now + SOON, detail="not begun"), now)


def _put_off(items: Sequence[Claimed], now: datetime, tx: Tx) -> None:
    """Look at these messages again after as long a time as they have existed, so that neither one whose filing is just
    leaving nor one whose filing cannot leave for days costs much."""
    leases.put_off(tx, [(item, now + min(max(now - item.message.created_at, SHORTEST_WAIT), LONGEST_WAIT))
                        for item in items])


def _set_aside(items: Sequence[Claimed], outcome: Outcome, now: datetime, tx: Tx) -> None:
    leases.begin(tx, items, ())
    leases.settle_all(tx, [(item, outcome) for item in items], now)


def _all_stuck(items: Sequence[Claimed], now: datetime, case: Case) -> Sequence[Event]:
    return [Event("leg.stuck", now, "platform", item.message.leg, {"reason": "cannot_be_written"}) for item in items
            if item.message.type == "leg.filed" and case.legs[item.message.leg].state in OUT]


def _lost(legs: Sequence[str], now: datetime, case: Case) -> Sequence[Event]:
    """Attempts whose outcome nobody knows."""
    return [Event("leg.outcome_unknown", now, "platform", leg) for leg in legs
            if case.legs[leg].state is not LegState.OUTCOME_UNKNOWN]


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The claimed messages of one case, and the bodies of those that leave once they are frozen; `back` are the legs
    that have come back to an office that had them before."""

    reference: str
    items: tuple[Claimed, ...]
    leaving: dict[MessageId, bytes] = field(default_factory=dict)
    back: set[str] = field(default_factory=set)


class Claims:
    """Where the dispatcher takes its work: messages that are due, each leased for one attempt."""

    def __init__(self, premises: Premises, book: Book, letters: Letters) -> None:
        self._premises, self._book, self._letters = premises, book, letters
        self._owed: list[Claimed] = []  # leased, not begun, and the store did not take them back
        self._owing = threading.Lock()

    def claim(self, room: Mapping[str, int], now: datetime, limit: int = 64) -> list[Claim]:
        """Lease due messages for offices with room, oldest first; each comes with its frozen body. Where several hosts
        share a store they are leased first, so that no two of them write one letter; the only process leases a message
        and freezes its body at once.

        That an attempt begins stands in its message before it begins (`leased`, with its frozen body); whoever would
        end the leg as unsent meets it there (`Book`), so that a leg is never taken for unsent while it leaves.
        """
        self._give_back([], now)
        if self._premises.rests:
            return []
        wanted = Wanted(room=room, now=now, lease_seconds=LEASE_SECONDS, limit=limit)
        by_case: dict[str, list[Claimed]] = {}
        for item in self._found(wanted):
            by_case.setdefault(item.message.reference, []).append(item)
        return self._begun([_Beginning(reference, tuple(items)) for reference, items in by_case.items()], now)

    def _found(self, wanted: Wanted) -> list[Claimed]:
        """What is due, nothing while the service is paused."""
        if not self._premises.embedded:
            return self._premises.database.write(lambda tx: [] if pausing.paused(tx) else leases.claim(tx, wanted))
        with self._premises.database.read() as tx:
            return [] if pausing.paused(tx) else leases.due(tx, wanted)

    def _begun(self, beginnings: Sequence[_Beginning], now: datetime) -> list[Claim]:
        """Freeze what leaves for several cases in one commit. A leg that ended meanwhile is not sent any more; a case
        whose messages cannot be written is set aside and stops nobody; what the store does not take just now is given
        back, for nothing of it has left."""
        faults = self._book.advance_all([self._wish(beginning, now) for beginning in beginnings], now)
        unbegun: list[Claimed] = []
        for beginning, fault in zip(beginnings, faults, strict=True):
            if isinstance(fault, StoreError) and not isinstance(fault, LeaseLost):
                unbegun += beginning.items
            elif fault is not None:
                self._not_written(beginning, fault, now)
        if unbegun:
            LOG.warning("%s messages cannot begin just now", len(unbegun))
            self._give_back(unbegun, now)
        begun = [claim for beginning, fault in zip(beginnings, faults, strict=True) if fault is None
                 for claim in self._leaving(beginning)]
        # Only one of a case's may be lost (taken back meanwhile); the others must not wait for their leases to run out.
        singles = [_Beginning(beginning.reference, (item,)) for beginning, fault in zip(beginnings, faults, strict=True)
                   if isinstance(fault, LeaseLost) and beginning.items[1:] for item in beginning.items]
        return begun + [claim for single in singles for claim in self._begun([single], now)]

    def _not_written(self, beginning: _Beginning, fault: Exception, now: datetime) -> None:
        """What becomes of the messages of one case that cannot be written."""
        if isinstance(fault, Outdated):
            self._leave_to_newer(beginning.items, now)
        elif not isinstance(fault, LeaseLost):
            LOG.error("messages of a case cannot be written: %s", told(fault))
            self._put_aside(beginning.reference, beginning.items, type(fault).__name__, now)

    def _leave_to_newer(self, items: Sequence[Claimed], now: datetime) -> None:
        """Give messages back as they were: only a newer version knows how their case stands. One that shares the store
        takes them at once; an embedded store waits for its own process to be upgraded."""
        then = now + LEFT_TO_NEWER if self._premises.embedded else now
        with suppress(LeaseLost):
            self._premises.database.write(lambda tx: leases.put_off(tx, [(item, then) for item in items]))

    def _give_back(self, items: Sequence[Claimed], now: datetime) -> None:
        """Put off attempts that could not begin, so that they keep nobody waiting. Where the store does not even take
        that, leases are ended before the next claim and before time ends them, which would make unknown outcomes."""
        with self._owing:
            owed, self._owed = [*self._owed, *items], []
            for place, item in enumerate(owed):
                try:
                    self._premises.database.write(partial(_not_begun, item, now))
                except LeaseLost:
                    continue
                except StoreUnavailable:
                    self._owed = [one for one in owed[place:] if one.leased]
                    return

    def _leaving(self, beginning: _Beginning) -> list[Claim]:
        shown = [self._shown(item, beginning.leaving[item.message.id], item.message.leg in beginning.back)
                 for item in beginning.items if item.message.id in beginning.leaving]
        return [self._anew(one) if one.fence.since - one.first_at > LONG else one for one in shown]

    def _anew(self, claim: Claim) -> Claim:
        """A message that is old, with its attempts counted from where they began: from the first of them, for it may
        have waited for days, or from when a person sent it again, who gave it all its time anew."""
        with self._premises.database.read() as tx:
            before = leases.attempts_of(tx, claim.fence.message)
            sent_again = audit.retried_at(tx, claim.leg)
        began = before[0].started_at if before else claim.fence.since
        if sent_again is None or sent_again < began:
            return claim._replace(first_at=began)
        return claim._replace(attempt=1 + sum(one.started_at > sent_again for one in before), first_at=sent_again)

    def _put_aside(self, reference: str, items: Sequence[Claimed], fault: str, now: datetime) -> None:
        """Their messages and, if the case itself can be read, their legs wait for a person; if somebody moved one of
        them meanwhile, the next claim sees how it is now."""
        aside = partial(_set_aside, items, Outcome(state="stuck", kind="cannot_be_written", detail=fault), now)
        try:
            self._book.advance(reference, partial(_all_stuck, items, now), now, aside)
        except LeaseLost:
            return
        except StoreUnavailable:
            self._give_back(items, now)
        except StoreError:
            raise
        except Exception as second:  # noqa: BLE001  # what is wrong with the case must not stop the other cases
            LOG.error("a case cannot be read: %s", told(second))
            with suppress(LeaseLost):
                self._premises.database.write(aside)

    def _wish(self, beginning: _Beginning, now: datetime) -> Wish:
        """The change that begins the attempts at one case's messages; what leaves is put into `beginning.leaving`."""
        reference, items = beginning.reference, beginning.items
        seen: list[Case] = []

        def decide(case: Case) -> Sequence[Event]:
            seen[:] = [case]
            return ()

        def beside() -> Beside:
            courses: dict[Course, list[Claimed]] = {"leaves": [], "waits": [], "ends": []}
            for item in items:
                courses[course(seen[0], item.message)].append(item)
            wanted = [item.message for item in courses["leaves"]]
            # Written anew each time: a result that arrived meanwhile belongs into a filing that has not left.
            written = self._letters_for(reference, [one.id for one in wanted if one.frozen is None], now)
            bodies = self._cleared(reference, written | self._frozen([one for one in wanted if one.frozen is not None]))
            bodies = self._in_turn(bodies)
            courses["waits"] += [item for item in courses["leaves"] if item.message.id not in bodies]
            courses["leaves"] = [item for item in courses["leaves"] if item.message.id in bodies]
            written = {which: body for which, body in written.items() if which in bodies}
            beginning.back.clear()
            beginning.back.update(item.message.leg for item in items
                                  if item.message.office in seen[0].legs[item.message.leg].left)
            beginning.leaving.clear()
            beginning.leaving.update(bodies)
            letters = enclosed(self._premises.database.cipher, written, payload.MAPPING_VERSION) if written else None
            return Beside([*courses["leaves"], *courses["ends"]], letters,
                          [(item, NOT_WANTED) for item in courses["ends"]],
                          partial(_put_off, courses["waits"], now) if courses["waits"] else None)

        return Wish(reference, decide, beside)

    def _cleared(self, reference: str, bodies: Mapping[MessageId, bytes]) -> dict[MessageId, bytes]:
        """Those of these messages that name no file which a scanner has yet to clear."""
        if not bodies:
            return {}
        with self._premises.database.read() as tx:
            barred = uncleared.of_case(tx, reference)
        return {which: body for which, body in bodies.items() if not payload.names(body, barred)}

    def _in_turn(self, bodies: dict[MessageId, bytes]) -> dict[MessageId, bytes]:
        """Without those that put right what an earlier message may still bring: the earlier one would come last."""
        later = [which for which, body in bodies.items() if which.n > 1 and payload.puts_right(body)]
        if not later:
            return bodies
        with self._premises.database.read() as tx:
            early = {which for which in later if messages.awaits_earlier(tx, which)}
        return {which: body for which, body in bodies.items() if which not in early}

    def _frozen(self, kept: Sequence[Message]) -> dict[MessageId, bytes]:
        """What was frozen of messages that left before. A letter that cannot be opened keeps its own case waiting."""
        if not kept:
            return {}
        with self._premises.database.read() as tx:
            return messages.bodies(tx, kept)

    def _letters_for(self, reference: str, unwritten: Sequence[MessageId], now: datetime) -> dict[MessageId, bytes]:
        """The bodies of messages of a case that leave for the first time."""
        if not unwritten:
            return {}
        writing = self._letters.about(self._book.known(reference), now)
        return {which: writing.body(which.leg, which.type, {}) for which in unwritten}

    def _shown(self, item: Claimed, body: bytes, back: bool) -> Claim:
        """An office that had the leg before is not asked: it might tell of then."""
        message = item.message
        office = self._premises.deployment.bodies[message.office]
        leg = f"{message.reference}-{message.leg}"
        outgoing = Outgoing(message.key, message.message_id, message.type, leg, body)
        return Claim(message.id, leg, outgoing, replace(office, can_be_asked=False) if back else office,
                     "ask" if item.was == "unknown" else "send", item.attempt, message.created_at, item)

    def note_lanes(self, lanes: Sequence[Lane]) -> None:
        """Keep for operators how these offices' lanes stand."""
        def unit(tx: Tx) -> None:
            for lane in lanes:
                put(tx, lane)

        self._premises.database.write(unit)

    def absent_since(self, claim: Claim) -> datetime | None:
        """Since when the department has said without a break that it does not have a message's leg, by the attempts
        that are recorded; None if it did not say so the last time."""
        with self._premises.database.read() as tx:
            return leases.absent_since(leases.attempts_of(tx, claim.fence.message))

    def next_due(self) -> datetime | None:
        """When the earliest message of any office wants to leave, or None."""
        with self._premises.database.read() as tx:
            return choosing.next_due(tx, sorted(self._premises.deployment.bodies))

    def recover(self, now: datetime) -> int:
        """At the start of the only process: attempts found open are unknown outcomes; how many there were. Scans that
        were cut off are due again."""
        def unit(tx: Tx) -> list[MessageId]:
            uncleared.wake(tx, now)
            return leases.void_leases(tx, now)

        lost = self._premises.database.write(unit)
        self._mark_unknown(lost, now)
        return len(lost)

    def expire(self, now: datetime) -> int:
        """Leases that ran out (a host that died) become unknown outcomes; how many."""
        self._give_back([], now)
        lost = self._premises.database.write(lambda tx: leases.expire(tx, now))
        self._mark_unknown(lost, now)
        return len(lost)

    def next_expiry(self) -> datetime | None:
        """When the first running lease ends if nobody ends it before, or None."""
        with self._premises.database.read() as tx:
            return leases.first_end(tx)

    def _mark_unknown(self, lost: Sequence[MessageId], now: datetime) -> None:
        legs: dict[str, list[str]] = {}
        for id_ in sorted(lost, key=lambda one: one.key):
            self._book.forget(id_.reference)
            if id_.type == "leg.filed":
                legs.setdefault(id_.reference, []).append(id_.leg)
        wishes = [Wish(reference, partial(_lost, numbers, now), Beside) for reference, numbers in legs.items()]
        for first in range(0, len(wishes), CASES_AT_ONCE):
            part = wishes[first:first + CASES_AT_ONCE]
            for fault in filter(None, self._book.advance_all(part, now)):
                # Its messages are to be asked about all the same, and the answers say how it is.
                LOG.error("the open attempts of a case cannot be noted: %s", told(fault))


def course(case: Case, message: Message) -> Course:
    """What becomes of a message that is due. A filing leaves while its leg is on its way. A later message waits until
    the department has said that the leg arrived, if only by its receipt: it would not know the leg otherwise. Where
    nothing of the leg ever left, and nothing will, the message ends. That a leg has left is told to the office it left,
    however it stands at another."""
    if message.type == TRANSFERRED:
        return "leaves"
    leg = case.legs[message.leg]
    if message.type != "leg.filed" and leg.noticed_at is not None:
        return "leaves"
    if leg.state not in OUT:
        return "ends"
    return "leaves" if message.type == "leg.filed" else "waits"
