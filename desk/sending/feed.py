"""Departments that come and fetch (contract 3.6): a feed by cursor, each message frozen, and the proof of reading.

The first reading of a message is its first attempt: its body is frozen then, and a filing counts as on its way, so
that what happens later comes as a message of its own. Of a leg that waits, or that ended before its department heard of
it, nothing can be read: what is in it is none of the department's business (yet).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases import judge
from cases.model import Case, Event, Leg, LegState
from cases.states import TRANSFERRED
from cases.words import handler
from desk.book import Book
from desk.errors import InvalidAnswers, NotScanned, UnknownCase, UnknownLeg
from desk.hearing.notices import split_leg
from desk.known import Known, by_leg, has_it, may_have_it
from desk.premises import Premises
from desk.reference import read_code
from desk.sending import payload
from desk.sending.letters import Letters
from store import audit, messages, offers
from store.audit import Entry
from store.messages import MessageId
from store.offers import Offer
from store.port import Tx
from store.uploads import uncleared

FILED = "leg.filed"
NOT_YET = "这件的材料还在等病毒检查，检查通过后就可以打开；请过几分钟再试。"
_WITHDRAWALS = frozenset({"leg.withdraw_requested", "leg.revoke_requested", "leg.lapsed"})
_ANSWERS = frozenset({"leg.withdraw_received", "leg.withdraw_confirmed", "leg.withdraw_rejected"})
Which = Callable[[Tx, str, str], list[Offer]]


@dataclass(frozen=True, slots=True)
class _Offered:
    """An offer with the message that it stands for and the code inside it."""

    offer: Offer
    message: MessageId
    read_code: str


@dataclass(frozen=True, slots=True)
class Taker:
    """Who reads for an office: its program, or the officer `subject` on our own pages."""

    office: str
    subject: str = ""

    @property
    def name(self) -> str:
        """The actor of what happens by it."""
        return f"department:{self.office}:{self.subject}" if self.subject else f"department:{self.office}"


class Feed:
    """The window for offices whose channel is pull or desk."""

    def __init__(self, premises: Premises, book: Book, letters: Letters) -> None:
        self._premises, self._book, self._letters = premises, book, letters

    def after(self, office: str, cursor: int, limit: int) -> list[dict[str, Any]]:
        """Offers after `cursor`, oldest first."""
        with self._premises.database.read() as tx:
            found = offers.after(tx, office, cursor, limit)
        return [{"cursor": offer.n, "leg": f"{offer.reference}-{offer.leg}", "type": offer.type,
                 "at": offer.at.isoformat(), "taken": offer.taken_at is not None} for offer in found]

    def fetch(self, office: str, leg: str, now: datetime) -> dict[str, Any]:
        """The `leg.filed` data of a leg of this office, with its read code."""
        known, number = self.own(office, leg)
        filing = [one for one in self._offered(known, number, office) if one.message.type == FILED]
        if filing:
            return dict(self._read(known, filing[-1], now)["data"])
        if not has_it(known.case.legs[number]):  # it will be pushed, and reading it here would leave no trace
            raise UnknownLeg
        return self._letters.about(known, now).data(number, FILED, {})

    def message(self, office: str, leg: str, cursor: int, now: datetime) -> dict[str, Any]:
        """One offered message whole, as it would have been pushed, with its key and its own read code."""
        known, _, offered = self._readable(office, leg)
        for one in offered:
            if one.offer.n == cursor:
                body = self._read(known, one, now)
                return {**body, "cursor": cursor, "key": one.message.key, "read_code": one.read_code}
        raise UnknownLeg("这个分办件没有这个 cursor 的消息；请先读取清单，再按其中的 cursor 读取。")

    def taken(self, office: str, leg: str, read_code: str, now: datetime) -> None:
        """Record that the office has the message whose read code this is; it proves that it was opened."""
        known, number, offered = self._readable(office, leg)
        read = [one for one in offered
                if hmac.compare_digest(one.read_code.encode(), read_code.encode())]
        if not read:
            say = "read_code 不正确；请先打开这条消息，再用其中的 read_code 确认接收。"
            raise InvalidAnswers(say, errors={"read_code": [say]})
        self._take(known, number, read, Taker(office), now)

    def opened(self, by: Taker, leg: str, now: datetime) -> list[str]:
        """An officer reads on our own pages whatever nobody at the office has taken yet of a leg: each message is
        frozen by that and taken, just as if a program had fetched it and sent its read code. Their types, oldest
        first."""
        known, number = self.own(by.office, leg)
        fresh = self._offered(known, number, by.office, offers.untaken_of_leg)
        if not fresh and not has_it(known.case.legs[number]):
            self._refuse_unscanned(known)
        for one in fresh:
            self._read(known, one, now)
            self._take(known, number, [one], by, now)
        return [one.message.type for one in fresh]

    def _refuse_unscanned(self, known: Known) -> None:
        """`NotScanned` if it is a scan that keeps the filing of a leg from its office."""
        with self._premises.database.read() as tx:
            if uncleared.of_case(tx, known.row.reference):
                raise NotScanned(NOT_YET)

    def untaken(self, known: Known, number: str) -> list[str]:
        """The types of the messages about a leg that nobody at its office has taken, oldest first."""
        office = known.legs[number].office
        return [one.message.type for one in self._offered(known, number, office, offers.untaken_of_leg)]

    def _take(self, known: Known, number: str, read: Sequence[_Offered], by: Taker, now: datetime) -> None:
        """Record that these copies of one message were read: its filing is received, its withdrawal heard of."""
        said = {FILED: "leg.received", "leg.withdrawn": "leg.withdraw_received"}.get(read[0].message.type)

        def decide(case: Case) -> Sequence[Event]:
            _refuse_unreadable(case, read[0])
            if said is None or read[0].offer.taken_at is not None:
                return ()
            event = Event(said, now, by.name, number)
            if said == "leg.withdraw_received":
                return () if _heard(case.legs[number]) else (event,)
            return judge.judge(case, number, event).events

        def take(tx: Tx) -> None:
            for one in read:
                offers.take(tx, one.offer, now)
                messages.taken(tx, one.message, now)
            if by.subject:
                audit.record(tx, Entry(now, by.subject, "leg.opened", f"{known.row.reference}-{number}",
                                       {"message": read[0].message.key}))

        self._book.advance(known.row.reference, decide, now, take)

    def _read(self, known: Known, one: _Offered, now: datetime) -> Mapping[str, Any]:
        """The message as it is frozen for ever; the first reading of a filing says that it is on its way."""
        frozen: list[bytes] = []
        # A filing is written at its first reading; every later type was written when it was offered.
        filing = one.message.type == FILED
        writing = self._letters.about(known, now).body(one.message.leg, FILED, {}) if filing else b""

        def decide(case: Case) -> Sequence[Event]:
            _refuse_unreadable(case, one)
            state = case.legs[one.message.leg].state
            leaves = filing and state is LegState.QUEUED
            return (Event("leg.sending", now, "platform", one.message.leg, {"message": FILED}),) if leaves else ()

        def freeze(tx: Tx) -> None:
            frozen[:] = [messages.open_offered(tx, one.message, writing, payload.MAPPING_VERSION)]
            if payload.names(frozen[0], uncleared.of_case(tx, known.row.reference)):
                raise NotScanned(NOT_YET)

        self._book.advance(known.row.reference, decide, now, freeze)
        return dict(json.loads(frozen[0]))

    def _readable(self, office: str, leg: str) -> tuple[Known, str, list[_Offered]]:
        """A leg with all that its office may read of it, or with the word that it left for an office that had it."""
        known, number = self._known(leg)
        if known.legs[number].office == office or office not in known.case.legs[number].left:
            known, number = self.own(office, leg)
            return known, number, self._offered(known, number, office)
        return known, number, [one for one in self._offered(known, number, office) if one.message.type == TRANSFERRED]

    def _offered(self, known: Known, number: str, office: str, among: Which = offers.of_leg) -> list[_Offered]:
        """Every offer about a leg to this office that may be read, oldest first; of those from an earlier time at the
        same office only that it left."""
        found: list[_Offered] = []
        with self._premises.database.read() as tx:
            for offer in among(tx, known.row.reference, number):
                if offer.department != office:
                    continue
                if offer.type == FILED:
                    found = [one for one in found if one.message.type == TRANSFERRED]
                which = MessageId(offer.reference, offer.leg, offer.type, offer.message)
                later = "" if offer.type == FILED else f"{offer.type}:{offer.message}"
                code = read_code(tx.cipher, offer.department, f"{offer.reference}-{offer.leg}", later)
                found.append(_Offered(offer, which, code))
        return found

    def own(self, office: str, leg: str) -> tuple[Known, str]:
        """The case and the number of a leg that this office may read now; `UnknownLeg` for any other."""
        known, number = self._known(leg)
        held = known.case.legs[number]
        if known.legs[number].office != office and office in held.left:
            raise UnknownLeg(f"这件已转由{handler(held, by_leg(known.case)[number])}办理，本单位不用再办。")
        if known.legs[number].office != office:
            raise UnknownLeg
        _refuse_withheld(known.case, number, office)
        return known, number

    def _known(self, leg: str) -> tuple[Known, str]:
        reference, number = split_leg(leg)
        try:
            known = self._book.fresh(reference)
        except UnknownCase:
            raise UnknownLeg from None
        if number not in known.legs:
            raise UnknownLeg
        return known, number


def _heard(leg: Leg) -> bool:
    """Whether the department has heard of the last withdrawal: of two who read it at once one was quicker."""
    course = (event.type for event in reversed(leg.history) if event.type in _WITHDRAWALS | _ANSWERS)
    return next(course, "") in _ANSWERS


def _refuse_withheld(case: Case, number: str, office: str) -> None:
    """UnknownLeg for a leg that its department may not read, asked again when the answer is written: the applicant may
    have withdrawn it meanwhile, or it may have gone to another office."""
    leg = case.legs[number]
    if not may_have_it(leg) or leg.office not in (None, office):
        raise UnknownLeg


def _refuse_unreadable(case: Case, one: _Offered) -> None:
    """The same for what was offered of a leg; that it has left may always be heard."""
    if one.message.type != TRANSFERRED:
        _refuse_withheld(case, one.message.leg, one.offer.department)
