"""What time alone does: asks that lapse, starts that come too late, leases that ran out, heads to be sealed.

A sweep costs what is due, not what waits: everything it looks for is found by an index of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from cases.clock import explain
from cases.lapse import lapses
from cases.model import Case, Event
from catalog.limits import Limit
from desk.book import Book
from desk.faults import told
from desk.news.telling import Telling
from desk.premises import Premises
from desk.sending.claims import Claims
from desk.staff.urging import Urging
from desk.upkeep.guard import Guard
from desk.upkeep.journaling import write_down
from desk.upkeep.leftovers import Leftovers
from desk.upkeep.offices import Offices
from desk.upkeep.refold import Refolder
from desk.upkeep.watch import Watch
from store import counters, endings, legs, marks, pausing, people
from store.chains import seals
from store.engine import migrations, same_keys
from store.errors import StoreClosed, StoreUnavailable
from store.legs import LegRow
from store.port import Tx
from store.visits import visits

LOG = logging.getLogger("yijianshi.seals")
EVERY = timedelta(minutes=1)
SOON = timedelta(seconds=1)
PAGE = 500
ENDINGS, MOST_ENDINGS = 100, 50  # a page of them is written while others wait; so many pages in one sweep
HEARTBEAT = "dispatcher"
AWAY = timedelta(minutes=15)  # without a sweep this long, a service that begins was out of reach
GRACE = Limit(1, "wd")


class Sweeper:
    """Called by the dispatcher about once a minute. Its parts are those of `desk/upkeep/guard.py`."""

    def __init__(self, premises: Premises, book: Book, claims: Claims) -> None:
        self._premises, self._book, self._claims = premises, book, claims
        self._refolder, self._watch = Refolder(premises, book), Watch(premises.database)
        self._began = False
        self._offices = Offices(premises)
        self._leftovers = Leftovers(premises)
        self._urging = Urging(premises, book)
        self._telling = Telling(premises, book)
        self._guard = Guard(premises.database)

    def sweep(self, now: datetime) -> datetime:
        """Do what is due by time; returns when to be called again."""
        database = self._premises.database
        self._say_key(now)
        if self._is_behind():
            return now + EVERY
        do = partial(self._guard.do, now=now)
        do("leases", self._claims.expire)
        do("offices", self._offices.settle)
        if do("pauses", self._may_lapse):
            do("lapses", self._lapse_all)
            if self._leftovers.is_due(now):
                do("leftovers", self._leftovers.clear)
            if self._premises.urges:
                do("urges", self._urging.go_round)
        more = do("dates", self._refolder.step)
        do("watch", self._watch.look)
        do("seals", self._seal)
        do("journal", partial(write_down, self._premises))
        do("news", self._telling.go_round)
        do("counters", self._fold_counters)
        do("endings", self._note_all_endings)
        if self._watch.is_recount_due(now):
            do("recount", self._watch.recount)
        do("sessions", lambda moment: database.write(lambda tx: people.purge(tx, moment)))
        do("visits", lambda moment: database.write(lambda tx: visits.purge(tx, moment)))
        database.write(lambda tx: marks.put(tx, HEARTBEAT, now.isoformat(), now))
        return now + SOON if more else self._again(now)

    def _say_key(self, now: datetime) -> None:
        """Say which key this process seals with, whatever else it may do; no more with one that was destroyed."""
        cipher = self._premises.database.cipher
        if not self._premises.database.write(partial(same_keys.seals, now=now)):
            cipher.retired = True
            LOG.error("the newest key of this process was destroyed: it seals nothing more; give it the key file of"
                      " today and start it again")

    def _is_behind(self) -> bool:
        """Whether newer hosts work on the same store, and do all this; their layout says so before any case does."""
        if not self._premises.embedded:
            with self._premises.database.read() as tx:
                unknown = migrations.newer(tx)
            if unknown:
                self._premises.behind.met(f"layout {unknown[-1]}")
        return self._premises.rests

    def _again(self, now: datetime) -> datetime:
        """In a minute, or just when a lease that is not ended before runs out: its host is gone, its leg waits."""
        first = self._claims.next_expiry()
        return now + EVERY if first is None else min(now + EVERY, max(first, now) + SOON)

    def _seal(self, now: datetime) -> None:
        """Seal every head that moved; the log is outside the database: `flask verify --head` compares with it."""
        while (head := self._premises.database.write(lambda tx: seals.seal_heads(tx, now))) is not None:
            LOG.info("sealed %s:%s", head.n, head.hash)

    def _lapse_all(self, now: datetime) -> None:
        for reference in dict.fromkeys(leg.reference for leg in self._lapsing(now)):
            self._lapse(reference, now)

    def _lapse(self, reference: str, now: datetime) -> None:
        try:
            if not self._book.advance(reference, partial(self._lapsed, now), now).events:
                self._refolder.case(reference, now)  # its stored moment was wrong, or it would be looked at for ever
        except (StoreUnavailable, StoreClosed):
            raise
        except Exception as fault:  # noqa: BLE001  # one bad case must not keep time from all the others
            LOG.error("a case is not swept: %s", told(fault))

    def _fold_counters(self, _now: datetime) -> None:
        while self._premises.database.write(partial(counters.fold, limit=PAGE * 10)) == PAGE * 10:
            pass

    def _note_all_endings(self, _now: datetime) -> None:
        for _ in range(MOST_ENDINGS):
            if not self._note_endings():
                break

    def _note_endings(self) -> bool:
        """Note of a page of cases whether they ended in time; whether there may be more."""
        with self._premises.database.read() as tx:
            found = [*endings.unjudged(tx, ENDINGS), *endings.reopened(tx, ENDINGS)]
        if found:
            self._premises.database.write(lambda tx: endings.note(tx, found))
        return len(found) >= ENDINGS

    def _note_absence(self, now: datetime) -> None:
        """At the first sweep of a process: whether nobody has swept for long, as after an outage."""
        def unit(tx: Tx) -> None:
            beat = marks.get(tx, HEARTBEAT)
            if beat is not None and now - beat.at >= AWAY:
                pausing.came_back(tx, now)

        self._premises.database.write(unit)
        self._began = True

    def _may_lapse(self, now: datetime) -> bool:
        """Whether what nobody did in time may end: not while the service is paused, and not before those who could not
        reach it, applicants and departments, have had a working day since it can be reached again."""
        if not self._began:
            self._note_absence(now)
        with self._premises.database.read() as tx:
            paused, back = pausing.paused(tx), pausing.back_since(tx)
        return paused is None and (back is None or now > explain(back, GRACE, (), self._premises.calendar).due)

    def _lapsed(self, now: datetime, case: Case) -> Sequence[Event]:
        return lapses(case, now, self._premises.calendar)

    def _lapsing(self, now: datetime) -> Iterator[LegRow]:
        """Legs of which time has ended something."""
        after: LegRow | None = None
        while True:
            with self._premises.database.read() as tx:
                page = legs.lapsing(tx, now, after, PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1]
