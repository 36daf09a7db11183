"""The dispatcher's side of the desk: due messages are claimed, frozen, and their answers recorded."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, Protocol

from cases import fold, judge
from cases.model import Case, Event, LegState
from cases.states import OUT
from connectors.base import Answer, Body, Outgoing
from desk import payload
from desk.book import Book
from desk.errors import MalformedNotice
from desk.faults import told
from desk.letters import Letters
from desk.notice_schemas import read_data
from desk.notices import Notices
from desk.premises import Premises
from store import leases, messages, notices, pausing
from store.errors import LeaseLost, StoreError
from store.leases import Claimed, Outcome, Wanted
from store.messages import MessageId
from store.notices import Strange
from store.port import Tx

LOG = logging.getLogger("yijianshi.desk")
LEASE_SECONDS = 60.0
IMMEDIATE = frozenset({"accepted", "not_accepted", "granted", "refused"})


class Then(Protocol):
    """What the dispatcher's retry rules say comes next: `done`, `send` or `ask` again at `at`, or `stuck`."""

    @property
    def kind(self) -> str:
        """`done`, `send`, `ask` or `stuck`."""

    @property
    def at(self) -> datetime | None:
        """When, for send and ask."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One leased message with its frozen body, ready to be sent or asked about."""

    id: MessageId
    leg: str
    outgoing: Outgoing
    body: Body
    purpose: Literal["send", "ask"]
    attempt: int
    first_at: datetime
    fence: Claimed


def _leased(wanted: Wanted, tx: Tx) -> list[Claimed]:
    """What is due; nothing while the service is paused."""
    return [] if pausing.paused(tx) else leases.claim(tx, wanted)


def _set_aside(items: Sequence[Claimed], outcome: Outcome, now: datetime, tx: Tx) -> None:
    for item in items:
        leases.settle(tx, item, outcome, now)


def _all_stuck(items: Sequence[Claimed], now: datetime, case: Case) -> Sequence[Event]:
    return [Event("leg.stuck", now, "platform", item.message.leg, {"reason": "cannot_be_written"}) for item in items
            if item.message.type == "leg.filed" and case.legs[item.message.leg].state in OUT]


def _lost(leg: str, now: datetime, case: Case) -> Sequence[Event]:
    """An attempt of which nobody knows the end."""
    if case.legs[leg].state is LegState.OUTCOME_UNKNOWN:
        return ()
    return (Event("leg.outcome_unknown", now, "platform", leg),)


@dataclass(frozen=True, slots=True)
class _Decided:
    """The events an answer leads to, and what of it must be kept aside."""

    events: tuple[Event, ...] = ()
    strange: tuple[Strange, ...] = ()


class Counter:
    """Where the dispatcher fetches work and brings back answers."""

    def __init__(self, premises: Premises, book: Book, letters: Letters, window: Notices) -> None:
        self._premises, self._book, self._letters, self._window = premises, book, letters, window

    def claim(self, room: Mapping[str, int], now: datetime, limit: int = 64) -> list[Claim]:
        """Lease due messages for offices with room, oldest first; each comes with its frozen body.

        That an attempt begins is recorded before it begins, so that a leg is never taken for unsent while it leaves.
        """
        wanted = Wanted(room=room, now=now, lease_seconds=LEASE_SECONDS, limit=limit)
        by_case: dict[str, list[Claimed]] = {}
        for item in self._premises.database.write(partial(_leased, wanted)):
            by_case.setdefault(item.message.reference, []).append(item)
        return [claim for reference, items in by_case.items() for claim in self._isolated(reference, items, now)]

    def _isolated(self, reference: str, items: Sequence[Claimed], now: datetime) -> list[Claim]:
        """Begin the attempts of one case; a case whose messages cannot be written is set aside and stops nobody."""
        try:
            return self._begun(reference, items, now)
        except StoreError:
            raise
        except Exception as fault:  # noqa: BLE001  # one bad case must not stop the others
            LOG.error("messages of a case cannot be written: %s", told(fault))
            self._put_aside(reference, items, type(fault).__name__, now)
            return []

    def _put_aside(self, reference: str, items: Sequence[Claimed], fault: str, now: datetime) -> None:
        """Their messages and, if the case itself can be read, their legs wait for a person."""
        aside = partial(_set_aside, items, Outcome(state="stuck", kind="cannot_be_written", detail=fault), now)
        try:
            self._book.advance(reference, partial(_all_stuck, items, now), now, aside)
        except StoreError:
            raise
        except Exception as second:  # noqa: BLE001  # what is wrong with the case must not stop the other cases
            LOG.error("a case cannot be read: %s", told(second))
            self._premises.database.write(aside)

    def _begun(self, reference: str, items: Sequence[Claimed], now: datetime) -> list[Claim]:
        """Freeze and announce the attempts of one case; a leg that ended meanwhile is not sent any more."""
        bodies: dict[MessageId, bytes] = {}
        leaving: dict[MessageId, bytes] = {}
        seen: list[Case] = []

        def decide(case: Case) -> Sequence[Event]:
            # Written anew each time: a result that arrived meanwhile belongs into a filing that has not left.
            bodies.update(self._bodies(reference, items, now))
            seen[:] = [case]
            return [Event("leg.sending", now, "platform", item.message.leg, {"message": item.message.type})
                    for item in items if item.was == "due" and item.attempt == 1 and still_wanted(case, item)]

        def alongside(tx: Tx) -> None:
            for item in items:
                id_ = item.message.id
                if still_wanted(seen[0], item):
                    leaving[id_] = messages.freeze(tx, id_, item.token, bodies[id_], payload.MAPPING_VERSION)
                else:
                    leases.settle(tx, item, Outcome(state="cancelled", kind="not_wanted"), now)

        try:
            self._book.advance(reference, decide, now, alongside)
        except LeaseLost:
            # Only one of them may be lost (taken back meanwhile); the others must not wait for their leases to run out.
            return [claim for item in items for claim in self._begun(reference, [item], now)] if items[1:] else []
        return [self._shown(item, leaving[item.message.id]) for item in items if item.message.id in leaving]

    def _bodies(self, reference: str, items: Sequence[Claimed], now: datetime) -> dict[MessageId, bytes]:
        writing = self._letters.about(self._book.known(reference), now)
        return {item.message.id: item.message.body if item.message.body is not None
                else writing.body(item.message.leg, item.message.type, {}) for item in items}

    def _shown(self, item: Claimed, body: bytes) -> Claim:
        message = item.message
        leg = f"{message.reference}-{message.leg}"
        outgoing = Outgoing(key=message.key, message_id=message.message_id, type=message.type, leg=leg, body=body)
        return Claim(id=message.id, leg=leg, outgoing=outgoing, body=self._premises.deployment.bodies[message.office],
                     purpose="ask" if item.was == "unknown" else "send", attempt=item.attempt,
                     first_at=message.created_at, fence=item)

    def record(self, claim: Claim, answer: Answer, then: Then, now: datetime) -> None:
        """Write what an attempt came to, and what follows from it, in one transaction; a lost lease changes nothing."""
        outcome = Outcome(state=_message_state(answer, then), kind=answer.kind, next_at=then.at, status=answer.status,
                          detail=answer.detail, reason=answer.reason)
        answer = self._opened(claim, answer, now)
        strange: list[Strange] = []

        def decide(case: Case) -> Sequence[Event]:
            decided = self._decided(case, claim, (answer, then), now)
            strange[:] = decided.strange
            return decided.events

        def alongside(tx: Tx) -> None:
            leases.settle(tx, claim.fence, outcome, now)
            for entry in strange:
                notices.quarantine(tx, entry)
            if answer.state == "granted" and not strange:
                self._window.link(tx, claim.id.reference, claim.body.id, answer.data)

        try:
            self._book.advance(claim.id.reference, decide, now, alongside)
        except LeaseLost:
            self._book.forget(claim.id.reference)
        except MalformedNotice:  # a result file that belongs to another case: the receipt counts, the state does not
            self.record(claim, replace(answer, strange="malformed"), then, now)

    def _opened(self, claim: Claim, answer: Answer, now: datetime) -> Answer:
        """The answer with an immediate state read as its notice would be: nothing missing, its files kept."""
        if answer.strange or answer.state not in IMMEDIATE or not _speaks(claim):
            return answer
        try:
            type_, leg = f"leg.{answer.state}", claim.id.leg
            data = read_data(type_, {"leg": claim.leg, **answer.data})
            data = self._window.understood(claim.id.reference, leg, type_, data)
            return replace(answer, data=self._window.with_files(claim.body.id, data, now))
        except MalformedNotice:
            return replace(answer, strange="malformed")

    def _decided(self, case: Case, claim: Claim, came: tuple[Answer, Then], now: datetime) -> _Decided:
        answer, then = came
        leg, by = claim.id.leg, f"department:{claim.body.id}"
        refused = Event("leg.message_refused", now, by, leg, {"message": claim.id.type, "reason": answer.reason})
        if answer.kind == "refused":
            return _Decided((refused,))
        if claim.id.type == "leg.withdrawn" and answer.kind == "received":
            return _Decided((Event("leg.withdraw_received", now, by, leg),))
        if claim.id.type != "leg.filed":
            return _Decided()
        if answer.kind == "received":
            return self._received(case, claim, answer, now)
        return _Decided(_not_there_yet(case, leg, (answer, then), now))

    def _received(self, case: Case, claim: Claim, answer: Answer, now: datetime) -> _Decided:
        """The department has the leg; an immediate state in its answer counts like that state's notice."""
        leg, by = claim.id.leg, f"department:{claim.body.id}"
        data = {"ref": answer.ref} if answer.ref else {}
        events = judge.judge(case, leg, Event("leg.received", now, by, leg, data)).events
        if answer.strange:
            return _Decided(events, (_strange(claim, answer, answer.strange, now),))
        if answer.state in IMMEDIATE and _speaks(claim):
            for event in events:
                case = fold.apply(case, event)
            said = Event(f"leg.{answer.state}", now, by, leg, dict(answer.data))
            verdict = judge.judge(case, leg, said, self._premises.calendar)
            if verdict.kind == "quarantined":
                return _Decided(events, (_strange(claim, answer, verdict.code, now),))
            events = (*events, *verdict.events)
        return _Decided(events)

    def next_due(self) -> datetime | None:
        """When the earliest message of any office wants to leave, or None."""
        with self._premises.database.read() as tx:
            return messages.next_due(tx, sorted(self._premises.deployment.bodies))

    def recover(self, now: datetime) -> int:
        """At the start of the only process: attempts found open are unknown outcomes; how many there were."""
        lost = self._premises.database.write(lambda tx: leases.void_leases(tx, now))
        self._mark_unknown(lost, now)
        return len(lost)

    def expire(self, now: datetime) -> int:
        """Leases that ran out (a host that died) become unknown outcomes; how many."""
        lost = self._premises.database.write(lambda tx: leases.expire(tx, now))
        self._mark_unknown(lost, now)
        return len(lost)

    def _mark_unknown(self, lost: Sequence[MessageId], now: datetime) -> None:
        for id_ in lost:
            self._book.forget(id_.reference)
            if id_.type == "leg.filed":
                self._book.advance(id_.reference, partial(_lost, id_.leg, now), now)


def _speaks(claim: Claim) -> bool:
    """Whether a state in the answer is meant: in the receipt of a filing, not in the answer to a question."""
    return claim.purpose == "send" and claim.id.type == "leg.filed"


def still_wanted(case: Case, item: Claimed) -> bool:
    """Whether a message should still leave: a filing only while its leg is on its way; anything else always."""
    return item.message.type != "leg.filed" or case.legs[item.message.leg].state in OUT


def _message_state(answer: Answer, then: Then) -> Any:
    if answer.kind == "received":
        return "done"
    if answer.kind == "refused":
        return "refused"
    return {"send": "due", "ask": "unknown", "stuck": "stuck", "done": "done"}[then.kind]


def _not_there_yet(case: Case, leg: str, came: tuple[Answer, Then], now: datetime) -> tuple[Event, ...]:
    """What an attempt that did not end in a receipt says about the leg; only a change of state is recorded."""
    answer, then = came
    state = case.legs[leg].state
    unknown = () if state is LegState.OUTCOME_UNKNOWN else (Event("leg.outcome_unknown", now, "platform", leg),)
    if then.kind == "stuck":
        # Said first: a leg that may be with its department is not withdrawn without asking it.
        before = unknown if answer.kind in {"unknown", "again"} and answer.sent else ()
        return (*before, Event("leg.stuck", now, "platform", leg, {"reason": answer.detail}))
    if then.kind == "ask" or answer.kind == "unknown":
        return unknown
    data = {"detail": answer.kind, "never_sent": not answer.sent}
    return () if state is LegState.QUEUED else (Event("leg.again", now, "platform", leg, data),)


def _strange(claim: Claim, answer: Answer, code: str, now: datetime) -> Strange:
    """What came with an answer and cannot be applied, kept whole for a person."""
    said = {"type": f"leg.{answer.state}", "data": dict(answer.data)}
    return Strange(id=secrets.token_hex(12), department=claim.body.id, message_id=claim.outgoing.message_id, code=code,
                   at=now, type=f"leg.{answer.state}", body=json.dumps(said, ensure_ascii=False),
                   reference=claim.id.reference, leg=claim.id.leg)
