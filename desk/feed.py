"""Departments that come and fetch (contract 3.6): a feed by cursor, one leg's payload, and the proof of reading."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cases import judge
from cases.model import Case, Event
from desk.book import Book
from desk.errors import MalformedNotice, UnknownCase, UnknownLeg
from desk.known import Known
from desk.letters import Letters
from desk.notices import split_leg
from desk.premises import Premises
from store import offers
from store.port import Tx


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
        known, number = self._own(office, leg)
        return self._letters.about(known, now).data(number, "leg.filed", {})

    def taken(self, office: str, leg: str, read_code: str, now: datetime) -> None:
        """Record that the office has the leg; the read code proves that it opened the payload."""
        known, number = self._own(office, leg)
        to = self._letters.about(known, now).addressee(number)
        if not hmac.compare_digest(to.read_code.encode(), read_code.encode()):
            raise MalformedNotice("read_code 不正确；请先打开分办件内容，再用其中的 read_code 确认接收。")

        def decide(case: Case) -> Sequence[Event]:
            return judge.judge(case, number, Event("leg.received", now, f"department:{office}", number)).events

        def take(tx: Tx) -> None:
            for offer in offers.of_leg(tx, known.row.reference, number):
                offers.take(tx, offer, now)

        self._book.advance(known.row.reference, decide, now, take)

    def _own(self, office: str, leg: str) -> tuple[Known, str]:
        reference, number = split_leg(leg)
        try:
            known = self._book.fresh(reference)
        except UnknownCase:
            raise UnknownLeg from None
        if number not in known.legs or known.legs[number].office != office:
            raise UnknownLeg
        return known, number
