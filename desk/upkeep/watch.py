"""Whether everything that must hold of cases holds: at once for those that moved, page by page for all others.

A breach is kept in the store until its case is looked at again and is sound; `/metrics` shows it meanwhile.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from store import conservation, editions, marks, tallies
from store.conservation import DO_NOT_SUM, KNOWN, MOVED, NOT_AS_PLANNED, PAGE, Breach, Looked
from store.errors import SealBroken, UnknownEdition
from store.port import Database, Tx

LOG = logging.getLogger("yijianshi.watch")
SIZE = 500
MOST_MOVED = 20  # pages of cases that moved since the last look; the round reaches whoever is left out
REMEMBERED_PLANS = 4096
RECOUNT_EVERY = timedelta(days=1)
ROUND, RECOUNT = "watch.round", "watch.recount"


class Watch:
    """Looks at cases beside everything that changes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = lru_cache(REMEMBERED_PLANS)(self._read_plan)

    def look(self, now: datetime) -> None:
        """Look at what moved since the last seal, at what was in breach, and at the next page of the round."""
        with self._database.read() as tx:
            reached = marks.get(tx, ROUND)
        here = list(self._pages(PAGE, reached.value if reached else "", 1))
        pages = [*self._pages(MOVED, "", MOST_MOVED), *self._pages(KNOWN, "", 1), *here]
        looked = {case for page in pages for case in page.planned}
        found = {*self._sums(), *(breach for page in pages for breach in page.breaches)}
        then = here[-1].last if here else ""

        def unit(tx: Tx) -> list[Breach]:
            marks.put(tx, ROUND, then, now)
            return conservation.keep(tx, looked, found, now)

        for fresh in self._database.write(unit):
            LOG.error("%s: %s %s", fresh.rule, fresh.reference, fresh.leg)

    def everything(self) -> Iterator[Breach]:
        """Every breach there is: looks at all cases and all legs, in short pages."""
        for page in self._pages(PAGE, "", None):
            yield from sorted(page.breaches)
        yield from self._sums()

    def is_recount_due(self, now: datetime) -> bool:
        """Whether it is time to count anew, as once a day; of those who ask at once it is said to one."""
        return self._database.write(lambda tx: marks.due(tx, RECOUNT, now, RECOUNT_EVERY))

    def recount(self, now: datetime) -> None:
        """Count every leg and every case; what the counters lack is told, kept and added."""
        with self._database.read() as tx:
            found = tallies.drift(tx)
        for one in found:
            LOG.error("counter %s %s stood at %s, there are %s", one.name, one.key, one.kept, one.counted)

        def unit(tx: Tx) -> None:
            tallies.repair(tx, found)
            marks.put(tx, RECOUNT, str(len(found)), now)

        self._database.write(unit)

    def _pages(self, among: str, after: str, most: int | None) -> Iterator[Looked]:
        """Pages of cases with what does not hold, the legs of their plans included; each in a snapshot of its own."""
        while most is None or most > 0:
            with self._database.read() as tx:
                page = conservation.look(tx, among, after, SIZE)
            if not page.planned:
                return
            yield Looked(page.planned, (*page.breaches, *self._unplanned(page)), page.last)
            after, most = page.last, None if most is None else most - 1

    def _unplanned(self, page: Looked) -> Iterator[Breach]:
        for reference, (plan, legs) in page.planned.items():
            for leg in sorted(legs ^ self._planned(plan)):
                yield Breach(NOT_AS_PLANNED, reference, leg)

    def _planned(self, plan: str) -> frozenset[str]:
        """The numbers of a plan's legs; none of one that is gone or spoiled, which is read again, for it may be put
        back."""
        try:
            return self._numbers(plan)
        except (UnknownEdition, SealBroken):
            return frozenset()

    def _read_plan(self, plan: str) -> frozenset[str]:
        """The numbers of the legs that edition and answers demanded, as they were composed at filing."""
        with self._database.read() as tx:
            return frozenset(leg["leg"] for leg in json.loads(editions.plan(tx, plan))["legs"])

    def _sums(self) -> list[Breach]:
        with self._database.read() as tx:
            sound = sum(tallies.by_state(tx).values()) == tallies.created(tx)
        return [] if sound else [Breach(DO_NOT_SUM, "", "")]


def drifted(tx: Tx) -> int:
    """How many counters were wrong at the last recount."""
    told = marks.get(tx, RECOUNT)
    return int(told.value) if told and told.value else 0
