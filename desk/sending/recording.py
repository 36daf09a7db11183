"""What attempts came to: each answer is judged against its case and written with what follows, many in one commit."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from cases import fold, judge
from cases.model import Case, Event, LegState
from cases.states import TAKEN, TRANSFERRED
from connectors.answers import DECIDED
from connectors.base import Answer
from desk.book import Book, Wish
from desk.errors import Busy, MalformedNotice, Outdated
from desk.faults import told
from desk.hearing.notice_schemas import read_data
from desk.hearing.notices import Notices
from desk.hearing.result_files import named_in
from desk.premises import Premises
from desk.sending.claims import LEASE_SECONDS, Claim, Then
from desk.writing import Beside
from store import leases, notices
from store.errors import LeaseLost, StoreError, StoreUnavailable, TransactionLost
from store.leases import Outcome
from store.notices import Strange
from store.port import Tx

LOG = logging.getLogger("yijianshi.desk")
LEASE = timedelta(seconds=LEASE_SECONDS)
LATEST = LEASE - timedelta(seconds=10)  # after its claim an answer is not written any later
NOT_READ = "not_read"
WAITS = frozenset({"refused", "stuck"})
LATER = {"send": "due", "ask": "unknown", "stuck": "stuck", "done": "done"}


class Came(NamedTuple):
    """An attempt that ended: what was sent, what came back, and what the retry rules say comes next."""

    claim: Claim
    answer: Answer
    then: Then

    @property
    def outcome(self) -> Outcome:
        """The record of the attempt and the message's next state."""
        kind = self.answer.kind
        state = "done" if kind == "received" else "refused" if kind == "refused" else LATER[self.then.kind]
        return Outcome(state, kind, self.then.at, self.answer.status, self.answer.detail, reason=self.answer.reason)

    @property
    def decides(self) -> bool:
        """Whether a state came with the receipt of a filing that counts like that state's notice; one in the answer to
        a question does not."""
        answer, claim = self.answer, self.claim
        return answer.state in DECIDED and not answer.strange and claim.id.type == "leg.filed" \
            and claim.purpose == "send"

    @property
    def brings_files(self) -> bool:
        """Whether its results may have files, which are opened before it is written. That may take seconds, or places
        that others have just now."""
        return bool(self.answer.data) and bool(self.answer.data.get("results")) and self.decides

    def late(self, now: datetime) -> bool:
        """Whether its lease ends soon, with which it would be an answer no more."""
        return now - self.claim.fence.since >= LATEST

    def without_state(self, code: str) -> Came:
        """Its receipt alone: what came with it is kept aside under this code for a person."""
        return self._replace(answer=replace(self.answer, strange=code))


@dataclass(frozen=True, slots=True)
class Unwritten:
    """An attempt's end that could not be written, and why. `later`: the store takes nothing just now, try again."""

    came: Came
    fault: Exception

    @property
    def later(self) -> bool:
        """Whether the same may be written later: the store, the disk, or those who open files have no room just now. An
        answer that kills its transaction would do so again, and what a newer version knows we never shall."""
        passes = isinstance(self.fault, StoreUnavailable | Busy | OSError)
        return passes and not isinstance(self.fault, TransactionLost | Outdated)


class _Decided(NamedTuple):
    """The events an answer leads to, and what of it must be kept aside."""

    events: tuple[Event, ...] = ()
    strange: tuple[Strange, ...] = ()


@dataclass(frozen=True, slots=True)
class _Joint:
    """The attempts at one case that ended together, each at a leg of its own; what was decided on each, and what came
    of its message."""

    reference: str
    came: tuple[Came, ...]
    decided: list[_Decided] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


class Recorder:
    """Where the dispatcher brings back answers."""

    def __init__(self, premises: Premises, book: Book, window: Notices) -> None:
        self._premises, self._book, self._window = premises, book, window

    def record(self, ended: Sequence[Came], now: datetime) -> list[Unwritten]:
        """Write what attempts came to, and what follows, in one commit where the store can; those that could not be
        written, as they came. An attempt whose lease was lost changes nothing. It never raises: whatever one answer
        runs into, it takes no other along."""
        try:
            return self._recorded(ended, now)
        except Exception as fault:  # noqa: BLE001  # whose it is, each finds out by itself; what is written stays so
            if ended[1:]:
                return [left for came in ended for left in self.record([came], now)]
            return [Unwritten(came, fault) for came in ended]

    def _recorded(self, ended: Sequence[Came], now: datetime) -> list[Unwritten]:
        unwritten: list[Unwritten] = []
        opened: list[Came] = []
        for came in ended:
            try:
                opened.append(self._opened(came, now))
            except Exception as fault:  # noqa: BLE001  # whatever is wrong here is nothing to the answers of others
                unwritten += self._alone(came, fault, now)
        for joints in _rounds(opened):
            found = self._book.advance_all([self._wish(joint, now) for joint in joints], now)
            for joint, met in zip(joints, found, strict=True):
                if met is None:
                    _say_what_waits(joint)
                unwritten += self._unwritten(joint, met, now)
        return unwritten

    def _unwritten(self, joint: _Joint, fault: Exception | None, now: datetime) -> list[Unwritten]:
        """What is left of a fault: one answer of several is written by itself."""
        if fault is None:
            return []
        if joint.came[1:]:
            return [left for came in joint.came for left in self.record([came], now)]
        return self._alone(joint.came[0], fault, now)

    def _alone(self, came: Came, fault: Exception, now: datetime) -> list[Unwritten]:
        """What is left of one answer that met a fault. A lost lease is none of ours. What may pass is waited for. Else
        the receipt counts, and what came with it is a person's; where not even that can be written, its message waits
        to be asked about."""
        if isinstance(fault, LeaseLost):
            self._book.forget(came.claim.id.reference)
            return []
        left = Unwritten(came, fault)
        if left.later:
            return [left]
        if came.decides and not isinstance(fault, Outdated):
            if isinstance(fault, MalformedNotice):  # a result file of another case
                return self.record([came.without_state("malformed")], now)
            LOG.error("what came with an answer is kept aside: %s", told(fault))
            return self.record([came.without_state(NOT_READ)], now)
        self._put_down(left, now)
        return [left]

    def _put_down(self, left: Unwritten, now: datetime) -> None:
        """End the lease of an answer that is not written, and say why: its message is asked about when the lease would
        have ended, by a newer version at once."""
        claim, answer = left.came.claim, left.came.answer
        then = now if isinstance(left.fault, Outdated) else claim.fence.since + LEASE
        why = f"not written: {type(left.fault).__name__}"
        outcome = Outcome("unknown", "unknown", next_at=then, status=answer.status, detail=why)
        with suppress(StoreError):  # then the lease ends by time
            self._premises.database.write(partial(leases.settle, claimed=claim.fence, outcome=outcome, now=now))

    def _wish(self, joint: _Joint, now: datetime) -> Wish:
        def decide(case: Case) -> Sequence[Event]:
            joint.decided[:] = [self._decided(case, came, now) for came in joint.came]
            joint.outcomes[:] = [_outcome(case, came) for came in joint.came]
            return [event for decided in joint.decided for event in decided.events]

        def beside() -> Beside:
            settled = [(came.claim.fence, outcome) for came, outcome in zip(joint.came, joint.outcomes, strict=True)]
            odd = any(decided.strange or any(named_in(event.data) for event in decided.events)
                      for decided in joint.decided)
            return Beside(settled=settled, more=partial(self._keep, joint) if odd else None)

        return Wish(joint.reference, decide, beside)

    def _keep(self, joint: _Joint, tx: Tx) -> None:
        """Put aside what cannot be applied, and give the case the files that came with an answer."""
        for came, decided in zip(joint.came, joint.decided, strict=True):
            for entry in decided.strange:
                notices.quarantine(tx, entry)
            for event in decided.events:
                self._window.link(tx, joint.reference, came.claim.body.id, event.data)

    def _opened(self, came: Came, now: datetime) -> Came:
        """An immediate state in the answer is read as its notice would be: nothing missing, its files kept."""
        if not came.decides:
            return came
        answer, claim = came.answer, came.claim
        if came.brings_files and came.late(now):
            LOG.warning("what came with an answer is kept aside: its files were not opened in time")
            return came.without_state(NOT_READ)
        try:
            type_ = f"leg.{answer.state}"
            data = read_data(type_, {"leg": claim.leg, **answer.data})
            data = self._window.understood(claim.id.reference, claim.id.leg, type_, data)
            return came._replace(answer=replace(answer, data=self._window.with_files(claim.body.id, data, now)))
        except MalformedNotice:
            return came.without_state("malformed")

    def _decided(self, case: Case, came: Came, now: datetime) -> _Decided:
        answer, claim = came.answer, came.claim
        leg, by = claim.id.leg, f"department:{claim.body.id}"
        if answer.kind == "refused":
            # A word of transport about what the department has decided on since, or by an office that the leg left.
            if _arrived(case, claim) or claim.id.type == TRANSFERRED:
                return _Decided()
            said = {"message": claim.id.type, "reason": answer.reason}
            return _Decided((Event("leg.message_refused", now, by, leg, said),))
        if claim.id.type == "leg.withdrawn" and answer.kind == "received":
            return _Decided((Event("leg.withdraw_received", now, by, leg),))
        if claim.id.type != "leg.filed":
            return _Decided()
        if answer.kind == "received":
            return self._received(case, came, now)
        return _Decided(_not_there_yet(case, came, now))

    def _received(self, case: Case, came: Came, now: datetime) -> _Decided:
        """The department has the leg; an immediate state in its answer counts like that state's notice."""
        claim, answer = came.claim, came.answer
        leg, by = claim.id.leg, f"department:{claim.body.id}"
        data = {"ref": answer.ref} if answer.ref else {}
        events = judge.judge(case, leg, Event("leg.received", now, by, leg, data)).events
        if answer.strange:
            return _Decided(events, (_strange(claim, answer, answer.strange, now),))
        if came.decides:
            for event in events:
                case = fold.apply(case, event)
            said = Event(f"leg.{answer.state}", now, by, leg, dict(answer.data))
            verdict = judge.judge(case, leg, said, self._premises.calendar)
            if verdict.kind == "quarantined":
                return _Decided(events, (_strange(claim, answer, verdict.code, now),))
            events = (*events, *verdict.events)
        return _Decided(events)


def _rounds(ended: Sequence[Came]) -> Iterator[list[_Joint]]:
    """The answers by case; a second answer about the same leg is judged once the first is written."""
    left = list(ended)
    while left:
        now_on: dict[str, dict[str, Came]] = {}
        later: list[Came] = []
        for came in left:
            legs = now_on.setdefault(came.claim.id.reference, {})
            if legs.setdefault(came.claim.id.leg, came) is not came:
                later.append(came)
        yield [_Joint(reference, tuple(legs.values())) for reference, legs in now_on.items()]
        left = later


def _say_what_waits(joint: _Joint) -> None:
    """A message for which somebody must do something now stands in the log, too; why is in `flask legs`, for what a
    department writes may be about a person."""
    for came, outcome in zip(joint.came, joint.outcomes, strict=True):
        if outcome.state in WAITS:
            LOG.warning("%s is %s at %s (%s): see flask legs", came.claim.outgoing.key, outcome.state,
                        came.claim.body.id, outcome.detail or outcome.status or outcome.kind)


def _outcome(case: Case, came: Came) -> Outcome:
    """What came of a message; a filing that arrived needs nothing more, whatever the answer was."""
    outcome = came.outcome
    return outcome._replace(state="done", next_at=None) if _arrived(case, came.claim) else outcome


def _arrived(case: Case, claim: Claim) -> bool:
    """Whether a claim is a filing of which its department has spoken meanwhile."""
    return claim.id.type == "leg.filed" and case.legs[claim.id.leg].state in TAKEN


def _not_there_yet(case: Case, came: Came, now: datetime) -> tuple[Event, ...]:
    """What an attempt that did not end in a receipt says about the leg; only what changes it is recorded."""
    answer, then, leg = came.answer, came.then, came.claim.id.leg
    state, reached = case.legs[leg].state, case.legs[leg].reached
    unknown = () if state is LegState.OUTCOME_UNKNOWN else (Event("leg.outcome_unknown", now, "platform", leg),)
    if then.kind == "stuck":
        # Said first: a leg that may be with its department is not withdrawn without asking it.
        before = unknown if answer.kind in {"unknown", "again"} and answer.sent else ()
        return (*before, Event("leg.stuck", now, "platform", leg, {"reason": answer.detail}))
    if then.kind == "ask" or answer.kind == "unknown":
        return unknown
    data = {"detail": answer.kind, "never_sent": not answer.sent}
    known = state is LegState.QUEUED and (reached or not answer.sent)
    return () if known else (Event("leg.again", now, "platform", leg, data),)


def _strange(claim: Claim, answer: Answer, code: str, now: datetime) -> Strange:
    """What came with an answer and cannot be applied, kept whole for a person."""
    said = {"type": f"leg.{answer.state}", "data": dict(answer.data)}
    return Strange(id=secrets.token_hex(12), department=claim.body.id, message_id=claim.outgoing.message_id, code=code,
                   at=now, type=f"leg.{answer.state}", body=json.dumps(said, ensure_ascii=False),
                   reference=claim.id.reference, leg=claim.id.leg)
