"""What time alone does: asks that lapse, starts that come too late, leases that ran out, heads to be sealed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from cases.follow import lapses
from cases.model import Case, Event
from desk.book import Book
from desk.claims import Counter
from desk.faults import told
from desk.premises import Premises
from store import legs, marks, pausing, seals
from store.errors import StoreClosed, StoreUnavailable

LOG = logging.getLogger("yijianshi.seals")
EVERY = timedelta(minutes=1)
PAGE = 500
HEARTBEAT = "dispatcher"


class Sweeper:
    """Called by the dispatcher about once a minute."""

    def __init__(self, premises: Premises, book: Book, counter: Counter) -> None:
        self._premises, self._book, self._counter = premises, book, counter

    def sweep(self, now: datetime) -> datetime:
        """Do what is due by time; returns when to be called again."""
        self._counter.expire(now)
        if not self._paused():  # what a restored copy has not heard of yet must not lapse
            for reference in sorted(set(self._waiting_for_people())):
                self._lapse(reference, now)
        head = self._premises.database.write(lambda tx: seals.seal_heads(tx, now))
        if head is not None:  # the log is outside the database: `flask verify --head` compares with it
            LOG.info("sealed %s:%s", head.n, head.hash)
        self._premises.database.write(lambda tx: marks.put(tx, HEARTBEAT, now.isoformat(), now))
        return now + EVERY

    def _lapse(self, reference: str, now: datetime) -> None:
        try:
            self._book.advance(reference, partial(self._lapsed, now), now)
        except (StoreUnavailable, StoreClosed):
            raise
        except Exception as fault:  # noqa: BLE001  # one bad case must not keep time from all the others
            LOG.error("a case is not swept: %s", told(fault))

    def _paused(self) -> bool:
        with self._premises.database.read() as tx:
            return pausing.paused(tx) is not None

    def _lapsed(self, now: datetime, case: Case) -> Sequence[Event]:
        return lapses(case, now, self._premises.calendar)

    def _waiting_for_people(self) -> Iterator[str]:
        """References of cases in which a leg waits for the applicant or for another leg."""
        after: tuple[str, str] | None = None
        while True:
            with self._premises.database.read() as tx:
                page = legs.open_after(tx, after, PAGE)
            yield from (leg.reference for leg in page if leg.next_actor in {"applicant", "leg"})
            if len(page) < PAGE:
                return
            after = (page[-1].reference, page[-1].leg)
