"""What a counter filed for people and is not over: what still has to be brought, and what is ready to be handed out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cases.model import LegState
from desk.book import Book
from desk.known import Known
from desk.parties.persons import masked, name_of
from desk.premises import Premises
from store import files
from store.port import Tx
from store.visits import filed
from store.visits.visits import Visit

MANDATE = "mandate"  # the scan of the paper by which somebody came in another's place


@dataclass(frozen=True, slots=True)
class Line:
    """A case in the list of a counter. Whose it is stands there masked: a visit is opened to see it."""

    reference: str
    bundle_name: str
    filed_at: datetime
    name: str
    asks: int
    ready: int

    @property
    def waits(self) -> str:
        """What the person has to come for, if for anything."""
        said = ((self.asks, "要补充"), (self.ready, "已办成，有结果"))
        return "；".join(f"{count} 个事项{word}" for count, word in said if count)


class Counter:
    """What clerks at counters look at without anybody being there."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def still_open(self, counter: str, after: str | None, limit: int) -> tuple[list[Line], str | None]:
        """What a counter filed and is not over, the newest first, and where the next page begins (None: this was the
        last)."""
        with self._premises.database.read() as tx:
            found, then = filed.still_open(tx, counter, after, limit)
        known = self._book.looked_at(found)
        with self._premises.database.read() as tx:
            return [_line(tx, known[one]) for one in found if one in known], then

    def unfiled(self, visit: Visit) -> tuple[str, ...]:
        """The scans that came when a visit was opened, as far as no case has them yet."""
        with self._premises.database.read() as tx:
            return tuple(one.file for one in files.traits(tx, visit.body.get(MANDATE, ())).values()
                         if one.reference is None)


def _line(tx: Tx, known: Known) -> Line:
    case = known.case
    return Line(case.reference, str(case.plan.bundle_name), case.filed_at, masked(name_of(tx, known.row.subject)),
                asks=sum(any(ask.open for ask in leg.asks) for leg in case.legs.values()),
                ready=sum(leg.state is LegState.GRANTED for leg in case.legs.values()))
