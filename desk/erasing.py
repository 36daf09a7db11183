"""Operators erase what closed cases say of people: when its time is over, or when the law gives somebody the right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from desk.acts import Act
from desk.book import Book
from desk.premises import Premises
from store import cases, erasure
from store.errors import UnknownCase
from store.port import Tx


class Erasures:
    """Erases cases one by one; each is an entry of the audit log, in the transaction of the act."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def erase(self, references: Sequence[str], act: Act, now: datetime) -> dict[str, str]:
        """Erase cases; why not, by reference (empty: it is erased, or would be)."""
        return {reference: self._one(reference, act, now) for reference in dict.fromkeys(references)}

    def _one(self, reference: str, act: Act, now: datetime) -> str:
        try:
            if act.dry_run:
                with self._premises.database.read() as tx:
                    return erasure.obstacle(tx, cases.get(tx, reference), now)
            return self._premises.database.write(partial(self._unit, reference=reference, act=act, now=now))
        except UnknownCase:
            return "没有这个办件"
        finally:
            self._book.forget(reference)

    def _unit(self, tx: Tx, reference: str, act: Act, now: datetime) -> str:
        case = cases.lock(tx, reference)
        why = erasure.obstacle(tx, case, now)
        if not why:
            erasure.erase(tx, case)
            act.record(tx, "case.erase", reference, now, {})
        return why
