"""Operators erase what closed cases say of people: when its time is over, or when the law gives somebody the right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from desk.book import Book
from desk.errors import UnknownCase
from desk.premises import Premises
from desk.staff.acts import Act
from store import cases, erasure
from store.errors import UnknownCase as NotStored
from store.port import Tx

FILES_REST = timedelta(days=1)  # a backup that has copied the rows just now must still find the bytes


class _NotYet(Exception):
    """Something stands in the way, so what was written must be undone."""


class Erasures:
    """Erases cases one by one; each is an entry of the audit log, in the transaction of the act."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def erase(self, references: Sequence[str], act: Act, now: datetime) -> dict[str, str]:
        """Erase cases; why not, by reference (empty: it is erased, or would be)."""
        return {reference: self._one(reference, act, now) for reference in dict.fromkeys(references)}

    def _one(self, reference: str, act: Act, now: datetime) -> str:
        try:
            with self._premises.database.read() as tx:
                why = erasure.obstacle(tx, cases.get(tx, reference), now)
            if not why and not act.dry_run:
                self._book.erase(reference, now, partial(self._unit, reference, act, now))
        except _NotYet as met:
            return str(met)
        except UnknownCase:  # another operator was quicker
            return erasure.GONE
        except NotStored:
            return "没有这个办件"
        return why

    def _unit(self, reference: str, act: Act, now: datetime, tx: Tx) -> None:
        case = cases.lock(tx, reference)
        why = erasure.obstacle(tx, case, now)
        if why:
            raise _NotYet(why)
        erasure.erase(tx, case, now - self._premises.keep.uploads + FILES_REST, now)
        act.record(tx, "case.erase", reference, now, {})
