"""Recording that a result was handed out where the office that granted it is gone, and can say nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cases.model import Case, Event, LegState
from cases.offered import said_next
from desk.book import Book, Wish
from desk.errors import CannotDeliver, UnknownCase, UnknownLeg
from desk.hearing.notices import split_leg
from desk.premises import Premises
from desk.staff.acts import Act
from desk.writing import Beside
from store.port import Tx

MODES = ("window", "post", "electronic")
ACT = "deliver"


class Deliveries:
    """The operators' way to end what nobody else can end."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def deliver(self, legs: Sequence[str], mode: str, act: Act, now: datetime) -> list[str]:
        """Record that the results of these legs (public ids) were handed out, all or none; `CannotDeliver` says why
        not. Who granted and is still in the list says so itself."""
        by_case: dict[str, list[str]] = {}
        for leg in dict.fromkeys(legs):
            reference, number = self._granted(leg)
            by_case.setdefault(reference, []).append(number)
        if not act.dry_run:
            self._book.advance_as_one([self._wish(*one, mode, (act, now)) for one in by_case.items()], now)
        return [f"{reference}-{number}" for reference, numbers in by_case.items() for number in numbers]

    def _granted(self, leg: str) -> tuple[str, str]:
        try:
            reference, number = split_leg(leg)
            known = self._book.fresh(reference)
            office, state = known.legs[number].office, known.case.legs[number].state
        except (UnknownCase, UnknownLeg, KeyError):
            raise CannotDeliver(f"没有分办件 {leg}；请核对编号。什么都没有改动。") from None
        if office in self._premises.deployment.bodies:
            raise CannotDeliver(f"{leg}：办理单位 {office} 还在接入清单里，请由它回告 leg.delivered。什么都没有改动。")
        if state is not LegState.GRANTED:
            raise CannotDeliver(f"{leg}：不是已经办成、还没有送达的件。什么都没有改动。")
        return reference, number

    def _wish(self, reference: str, numbers: Sequence[str], mode: str, said: tuple[Act, datetime]) -> Wish:
        act, now = said

        def decide(case: Case) -> Sequence[Event]:
            if any(case.legs[number].state is not LegState.GRANTED for number in numbers):
                raise CannotDeliver
            return [Event("leg.delivered", said_next(case.legs[number], now), "platform", number, {"mode": mode})
                    for number in numbers]

        def record(tx: Tx) -> None:
            for number in numbers:
                act.record(tx, ACT, f"{reference}-{number}", now, {"mode": mode})

        return Wish(reference, decide, lambda: Beside(more=record))
