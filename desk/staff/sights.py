"""Who of the staff saw whose data: a sight of a leg or a file is an entry of the audit log, written before it is shown.

Whoever looks again within the hour makes no second entry; which sights were noted is kept in memory, so that after a
start, or on another host, one may stand there once more and none is missing.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from desk.premises import Premises
from store import audit
from store.audit import Entry

AGAIN = timedelta(hours=1)
REMEMBERED = 20_000
Sight = tuple[str, str, str]


class Sights:
    """Notes what officers see."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._guard = Lock()
        self._noted: OrderedDict[Sight, datetime] = OrderedDict()

    def leg(self, officer: str, leg: str, now: datetime) -> None:
        """An officer is about to see a leg; raises what the store raises while nothing can be written."""
        self._note((officer, "leg.seen", leg), now)

    def file(self, officer: str, file: str, now: datetime) -> None:
        """An officer is about to see a file."""
        self._note((officer, "file.seen", file), now)

    def opened(self, officer: str, leg: str, now: datetime) -> None:
        """An officer has just opened a leg, which is an entry of its own."""
        self._remember((officer, "leg.seen", leg), now)

    def _note(self, sight: Sight, now: datetime) -> None:
        with self._guard:
            before = self._noted.get(sight)
        if before is None or not before <= now < before + AGAIN:
            self._premises.database.write(lambda tx: audit.record(tx, Entry(now, *sight)))
            self._remember(sight, now)

    def _remember(self, sight: Sight, now: datetime) -> None:
        with self._guard:
            self._noted[sight] = now
            self._noted.move_to_end(sight)
            while len(self._noted) > REMEMBERED:
                self._noted.popitem(last=False)
