"""Sending again what did not arrive: the same key and bytes, or a corrected message under the next number.

A corrected message is another application to the department. It is made only where the first certainly had no effect:
the department refused that message, or said for as long as its read lag that it does not have it (contract 3.1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from cases.feeds import event_data, flows_to
from cases.model import Case, Event
from cases.states import OUT, OVERDUE, TRANSFERRED
from connectors.base import Body
from desk.book import Book, Wish
from desk.errors import CannotRetry, UnknownCase
from desk.known import Known
from desk.premises import Premises
from desk.sending import payload
from desk.sending.letters import Letters
from desk.sending.outgoing import new_message, offer_if_fetched
from desk.staff.acts import Act
from desk.writing import Beside
from store import audit, leases, messages, operating
from store.leases import Attempt
from store.messages import Message, MessageId
from store.port import Tx

TROUBLED = frozenset({"stuck", "unknown", "refused"})
# Which events of a leg made a message of a later type necessary, and what tells one such event from another.
MADE_BY: Mapping[str, frozenset[str]] = {
    "leg.supplemented": frozenset({"leg.supplemented"}),
    "leg.material_added": frozenset({"leg.supplemented", "leg.material_added"}),
    "leg.withdrawn": frozenset({"leg.withdraw_requested", "leg.revoke_requested", "leg.lapsed"}),
    "leg.urged": frozenset({"leg.urged"}), OVERDUE: frozenset({"leg.lapsed"}), TRANSFERRED: frozenset({TRANSFERRED}),
}
MARKS = ("ask", "from")
TOGETHER = 100  # cases in one transaction: as many as a page of the list, or several


@dataclass(frozen=True, slots=True)
class _Item:
    """A message that did not arrive, with its attempts and its case; `office` None: the list does not have it. It is
    `overtaken` where a later message of its type went to its leg."""

    known: Known
    message: Message
    attempts: tuple[Attempt, ...]
    office: Body | None
    body: bytes | None = None
    overtaken: bool = False

    @property
    def leg(self) -> str:
        """The public id of the leg."""
        return f"{self.message.reference}-{self.message.leg}"


class Resends:
    """Everything about sending again."""

    def __init__(self, premises: Premises, book: Book, letters: Letters) -> None:
        self._premises, self._book, self._letters = premises, book, letters

    def retry(self, legs: Sequence[str], corrected: bool, act: Act, now: datetime) -> list[dict[str, Any]]:
        """Send again what did not arrive of `legs` (a leg's public id, or the key of one of its messages).

        Either all can be sent again or nothing is done (`CannotRetry` says which and why). Only where they are of more
        cases than one transaction should hold, and one moves in that very moment, were some sent: then it says so.
        """
        items = self._all_of(legs, lambda item: refusal(item, corrected))
        self._as_one([] if act.dry_run else self._wishes(items, corrected, act, now), "安排重发", now)
        return [_shown(item, corrected) for item in items]

    def settle(self, legs: Sequence[str], act: Act, now: datetime) -> list[dict[str, Any]]:
        """Put away what did not arrive of `legs` and need not any more: the department was told in another way. What
        its receipt would have ended or voided ends with that."""
        items = self._all_of(legs, still_needed)
        wishes = [] if act.dry_run else [
            Wish(reference, partial(_heard, some, now), partial(_put_away, some, act, now))
            for reference, some in _by_case(items).items()]
        self._as_one(wishes, "登记为另行告知", now)
        return [_shown(item, corrected=False) for item in items]

    def _as_one(self, wishes: Sequence[Wish], what: str, now: datetime) -> None:
        """Write these, as many cases in one transaction as one should hold; `what` was done of those before a fault."""
        for done in range(0, len(wishes), TOGETHER):
            try:
                self._book.advance_as_one(wishes[done:done + TOGETHER], now)
            except CannotRetry as moved:
                raise _so_far(moved, done, what) from None

    def _all_of(self, legs: Sequence[str], refusal: Callable[[_Item], str | None]) -> list[_Item]:
        """What did not arrive of `legs`, if nothing speaks against any of it; else `CannotRetry`."""
        items: dict[MessageId, _Item] = {}  # a message may be named twice, by its leg and by its key
        wrong: dict[str, list[str]] = {}
        for name in dict.fromkeys(legs):
            found = self._found(name)
            items |= {item.message.id: item for item in found}
            reasons = [why for item in found if (why := refusal(item))] if found else [NOTHING]
            if reasons:
                wrong[name] = reasons
        if wrong:
            lines = "；".join(f"{name}：{'、'.join(reasons)}" for name, reasons in wrong.items())
            raise CannotRetry(f"{lines}。什么都没有改动。", errors=wrong)
        return list(items.values())

    def _found(self, name: str) -> list[_Item]:
        public, _, which = name.partition(":")
        reference, _, leg = public.rpartition("-")
        try:
            known = self._book.fresh(reference)
        except UnknownCase:
            return []
        with self._premises.database.read() as tx:
            found = [message for message in messages.of_case(tx, reference) if message.leg == leg]
            kept = [message for message in found
                    if message.state in TROUBLED and which in ("", f"{message.type}:{message.n}")]
            last = {message.type: message.n for message in found if message.state != "cancelled"}
            bodies = messages.bodies(tx, kept)
            listed = self._premises.deployment.bodies
            return [_Item(known, message, tuple(leases.attempts_of(tx, message)), listed.get(message.office),
                          bodies.get(message.id), message.n < last[message.type]) for message in kept]

    def _wishes(self, items: Sequence[_Item], corrected: bool, act: Act, now: datetime) -> list[Wish]:
        """What is to be sent again, by case."""
        return [Wish(reference, partial(_told_again, some, corrected, now),
                     partial(self._beside, some, corrected, act, now)) for reference, some in _by_case(items).items()]

    def _beside(self, items: Sequence[_Item], corrected: bool, act: Act, now: datetime) -> Beside:
        bodies = {item.message.id: self._body(item, now) if corrected else None for item in items}

        def more(tx: Tx) -> None:
            for item in items:
                message = item.message
                sent = self._correct(tx, item, bodies[message.id], now) if corrected else _again(tx, item, now)
                act.record(tx, audit.RETRY, item.leg, now, {"key": message.key, "was": message.state, "sent": sent})

        return Beside(more=more)

    def _correct(self, tx: Tx, item: _Item, body: bytes | None, now: datetime) -> str:
        """Put a new message in the place of the old one; its key."""
        old = item.message
        if not operating.supersede(tx, old):
            raise _moved_on(item)
        number = messages.next_number(tx, old.reference, old.leg, old.type)
        new = new_message(old, old.type, number, self._premises.deployment.bodies, now)
        offer_if_fetched(tx, new, item.office, now)
        messages.add(tx, [new], None if body is None else
                     messages.enclosed(tx.cipher, {new.id: body}, payload.MAPPING_VERSION))
        return new.key

    def _body(self, item: _Item, now: datetime) -> bytes | None:
        """A filing is written at its first attempt; a later message says again what made it necessary."""
        old, known = item.message, self._book.known(item.message.reference)
        if old.type == "leg.filed" or item.body is None:
            return None
        said = json.loads(item.body)["data"]
        if said.get("from") is not None and (given := flows_to(known.case, old.leg, said["from"])):
            # Whatever its giver gives now, for a later message may have put right a part of it.
            return self._letters.about(known, now).body(old.leg, old.type, event_data(
                given, known.case.legs[old.leg].added))
        made = [event.data for event in known.case.legs[old.leg].history if event.type in MADE_BY[old.type]
                and all(event.data.get(mark) == said.get(mark) for mark in MARKS)]
        return self._letters.about(known, now).body(old.leg, old.type, made[-1]) if made else item.body


def _by_case(items: Sequence[_Item]) -> dict[str, list[_Item]]:
    found: dict[str, list[_Item]] = {}
    for item in items:
        found.setdefault(item.message.reference, []).append(item)
    return found


def _heard(items: Sequence[_Item], now: datetime, case: Case) -> Sequence[Event]:
    """That a department heard of a withdrawal counts by itself, unless its applicant asked for it: then it is confirmed
    by a notice."""
    legs = dict.fromkeys(item.message.leg for item in items if item.message.type == "leg.withdrawn")
    return [Event("leg.withdraw_received", now, "platform", leg) for leg in legs
            if case.legs[leg].revoking or (case.legs[leg].withdrawing and case.legs[leg].stopped is not None)]


def _put_away(items: Sequence[_Item], act: Act, now: datetime) -> Beside:
    def more(tx: Tx) -> None:
        for item in items:
            if not messages.settled_by_hand(tx, item.message, now):
                raise _moved_on(item)
            act.record(tx, "settle", item.leg, now, {"key": item.message.key, "was": item.message.state})

    return Beside(more=more)


NOTHING = "没有未送达的消息"


MOVED_ON = "刚刚有了变化（自动重送、部门回告，或他人已经处理）；请刷新后看最新情况"


def _moved_on(item: _Item) -> CannotRetry:
    """A message that is no longer as it was when it was decided on."""
    return CannotRetry(f"{item.leg}：{MOVED_ON}。", errors={item.leg: [MOVED_ON]})


def _so_far(moved: CannotRetry, done: int, what: str) -> CannotRetry:
    """The same, with what was done before it was met."""
    said = f"此前的 {done} 个办件已经{what}，其余没有改动。" if done else "什么都没有改动。"
    return CannotRetry(f"{moved.detail}{said}", errors=moved.errors)


def _told_again(items: Sequence[_Item], corrected: bool, now: datetime, case: Case) -> Sequence[Event]:
    """The filings among these leave once more: a corrected one has not left yet, one that is sent again may have had
    its effect."""
    filings = (item.message for item in items if item.message.type == "leg.filed")
    return [Event("leg.again", now, "platform", one.leg,
                  {"detail": "operator", "message": one.type, "never_sent": corrected})
            for one in filings if case.legs[one.leg].state in OUT]


def _again(tx: Tx, item: _Item, now: datetime) -> str:
    fetched = item.office is not None and item.office.channel != "push"
    if not messages.resend(tx, item.message, None if fetched else now):
        raise _moved_on(item)
    offer_if_fetched(tx, item.message, item.office, now)
    return item.message.key


def refusal(item: _Item, corrected: bool) -> str | None:
    """Why a message may not be sent again in this way; None if it may."""
    message = item.message
    if item.office is None:
        return f"部门接入清单里没有单位 {message.office}；请先把它写回清单并重新启动"
    if corrected:
        sure = message.state == "refused" or definitely_absent(item.attempts, item.office.read_lag)
        return None if sure else "部门没有明确拒收，也没有明确答复“没有收到”；不能改发新消息，以免重复立案"
    if message.type == "leg.material_added" and message.state == "refused" and item.overtaken:
        return "之后又送过别的材料，原样重发会把旧的内容放到后面；请改发新消息(--corrected)"
    if message.state == "unknown" and not item.office.honours_keys:
        return "正在向部门查询上次是否送达，且该部门不识别重复编号；请等查询有结果"
    return None


def still_needed(item: _Item) -> str | None:
    """Why a message may not be put away; None if it may: an open leg is in nobody's hands until its filing arrived."""
    leg = item.known.legs[item.message.leg]
    if item.message.type == "leg.filed" and leg.closed_at is None:
        return "这个分办件还没有交到部门手里；请由部门回告 leg.received，或用 flask retry 重发"
    return None


def definitely_absent(attempts: Sequence[Attempt], read_lag: float) -> bool:
    """Whether the department said without a break, for as long as its read lag, that it does not have the leg."""
    since, last = leases.absent_since(attempts), attempts[-1].ended_at if attempts else None
    return since is not None and last is not None and (last - since).total_seconds() >= read_lag


def _shown(item: _Item, corrected: bool) -> dict[str, Any]:
    message = item.message
    honours_keys = item.office is None or item.office.honours_keys
    doubtful = message.state == "stuck" and not corrected and not honours_keys and bool(item.attempts)
    return {
        "leg": item.leg, "key": message.key, "was": message.state, "office": message.office, "corrected": corrected,
        "attempts": message.attempts,
        "warning": "该部门不识别重复编号：请先向部门核实确实没有收到，否则会重复立案" if doubtful else "",
    }
