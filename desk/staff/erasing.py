"""Operators erase what closed cases say of people: when its time is over, or when the law gives somebody the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from desk.book import Book
from desk.errors import UnknownCase
from desk.premises import Premises
from desk.staff.acts import Act
from store import cases, erasure
from store.cases import CaseRow
from store.errors import UnknownCase as NotStored
from store.port import Tx

FILES_REST = timedelta(days=1)  # a backup that has copied the rows just now must still find the bytes


Look = Callable[[Tx, CaseRow, datetime], str]  # what stands in the way of a case


class _NotYet(Exception):
    """Something stands in the way, so what was written must be undone."""


class Erasures:
    """Erases cases one by one; each is an entry of the audit log, in the transaction of the act."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def erase(self, references: Sequence[str], act: Act, now: datetime, *,
              undelivered: bool = False) -> dict[str, str]:
        """Erase cases; why not, by reference (empty: it is erased, or would be). `undelivered`: also those with results
        that nobody said were handed out."""
        look = partial(erasure.obstacle, undelivered=undelivered)
        return {reference: self._one(reference, act, now, look) for reference in dict.fromkeys(references)}

    def _one(self, reference: str, act: Act, now: datetime, look: Look) -> str:
        try:
            with self._premises.database.read() as tx:
                why = look(tx, cases.get(tx, reference), now)
            if not why and not act.dry_run:
                self._book.erase(reference, now, partial(self._unit, reference, act, now, look))
        except _NotYet as met:
            return str(met)
        except UnknownCase:  # another operator was quicker
            return erasure.GONE
        except NotStored:
            return "没有这个办件"
        return why

    def _unit(self, reference: str, act: Act, now: datetime, look: Look, tx: Tx) -> None:
        case = cases.lock(tx, reference)
        why = look(tx, case, now)
        if why:
            raise _NotYet(why)
        erasure.erase(tx, case, now - self._premises.keep.uploads + FILES_REST, now)
        act.record(tx, "case.erase", reference, now, {})
