"""The cases lately worked on, folded once and kept in memory; every change of a case goes through `Book.advance`.

A change is decided outside the transaction (nothing slow happens inside one) and written only if the case is still
where it was read; otherwise it is decided again on what is there now. That holds for a decision that changes nothing,
too: a notice is put aside, or a message taken back, only on what is really so.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cases import fold
from cases.due import Dates
from cases.errors import UnknownEvent
from cases.follow import Consequences, ToSend, at_rest, follow, outgoing
from cases.model import Case, Event, LegState
from catalog.model import Catalog
from desk.editions import Editions
from desk.errors import DeskError, Outdated, UnknownCase
from desk.faults import told
from desk.known import Known, by_leg
from desk.premises import Premises
from desk.sending.letters import Letters
from desk.sending.outgoing import Letter, legs_of
from desk.writing import Alongside, Beside, Change, Writing
from store import cases, events, legs
from store.cases import CaseRow
from store.chains import heads
from store.chains.chain import GENESIS, Head
from store.engine.turns import holding, pause
from store.errors import Leaving, Stale, StoreUnavailable, TransactionLost
from store.events import Recorded
from store.legs import LegRow
from store.port import Done, Tx

LOG = logging.getLogger("yijianshi.desk")
LOOKED_AT = 64  # cases that lists show, beside those that are worked on
REMEMBERED_CASES = 320  # of the largest shipped bundle up to 53 kB each; a burst of a thousand stays within 60 MB
STRIPES = 1_024  # two cases that share one cannot share a commit
TRIES = 20

Decide = Callable[[Case], Sequence[Event]]


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that somebody wants of a case, as for `Book.advance`; once it is decided, `beside` tells what belongs to
    the same transaction."""

    reference: str
    decide: Decide
    beside: Callable[[], Beside]


class Book:
    """Folded cases by reference, and the way to change them."""

    def __init__(self, premises: Premises, editions: Editions, letters: Letters) -> None:
        self._premises, self._editions, self._letters = premises, editions, letters
        self._writing = Writing(premises)
        self._kept: OrderedDict[str, Known] = OrderedDict()
        self._erased = 0  # how many cases were erased here: what was read before one was is not kept after it
        self._looked: OrderedDict[str, Known] = OrderedDict()
        self._guard = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(STRIPES)]

    def known(self, reference: str) -> Known:
        """The case as last seen here; read and folded if it is not in memory."""
        with self._guard:
            kept = self._kept.get(reference)
            if kept is not None:
                self._kept.move_to_end(reference)
        return kept or self._looked_up(reference)

    def definitions(self, known: Known) -> Catalog:
        """The definitions that hold for a case: those it was filed under."""
        return self._editions.definitions(known.row.bundle, known.row.edition)

    def fresh(self, reference: str) -> Known:
        """The case as it stands in the store now, for readers beside other processes."""
        return self.known(reference) if self._premises.embedded else self._looked_up(reference)

    def _looked_up(self, reference: str) -> Known:
        erased = self._erased
        try:
            return self._remember(self._read(reference), erased)
        except UnknownCase:
            self.forget(reference)
            raise

    def looked_at(self, references: Iterable[str]) -> dict[str, Known]:
        """The cases that a list shows, by reference, as they stand in the store now; those that are not there are left
        out. They are read together, and push no case that is worked on out of memory."""
        wanted, erased = list(dict.fromkeys(references)), self._erased
        with self._guard:
            known = {name: one for name in wanted if (one := self._kept.get(name) or self._looked.get(name))}
        with self._premises.database.read() as tx:
            ends = heads.ends(tx, known)
        known = {name: one for name, one in known.items() if ends.get(name) == one.n}
        read = self._stored([name for name in wanted if name not in known])
        with self._guard:
            for name, one in read.items() if erased == self._erased else ():
                self._looked[name] = one
                self._looked.move_to_end(name)
            while len(self._looked) > LOOKED_AT:
                self._looked.popitem(last=False)
        return known | read

    def _read(self, reference: str) -> Known:
        found = self._stored([reference]).get(reference)
        if found is None:
            raise UnknownCase
        return found

    def _stored(self, references: Sequence[str]) -> dict[str, Known]:
        """Those of these cases that are there and not erased, read and folded."""
        if not references:
            return {}
        with self._premises.database.read() as tx:
            rows = [row for row in cases.several(tx, references) if not cases.is_erased(row)]
            recorded, legs_ = events.of_cases(tx, references), legs.of_cases(tx, references)
        return {row.reference: self._folded(row, recorded.get(row.reference, []), legs_.get(row.reference, {}))
                for row in rows}

    def _folded(self, row: CaseRow, recorded: Sequence[Recorded], rows: Mapping[str, LegRow]) -> Known:
        plan = self._editions.stored_plan(row.plan)
        try:
            case = fold.replay(row.reference, plan, row.filed_at, [line.event for line in recorded])
        except UnknownEvent as newer:
            self._premises.behind.met(f"event {newer}")
            raise Outdated from newer
        return Known(row, case, recorded[-1].n if recorded else 0, rows)

    def _remember(self, known: Known, erased: int | None = None) -> Known:
        """Keep the newer of what is known; a slow reader never puts an older fold over a newer one, nor back what was
        erased while it read."""
        with self._guard:
            if erased not in (None, self._erased):
                return known
            kept = self._kept.get(known.row.reference)
            newest = kept if kept is not None and kept.n > known.n else known
            self._looked.pop(known.row.reference, None)
            self._kept[known.row.reference] = newest
            self._kept.move_to_end(known.row.reference)
            while len(self._kept) > REMEMBERED_CASES:
                self._kept.popitem(last=False)
        return newest

    def forget(self, reference: str) -> None:
        """Drop what is remembered of a case; it is read again when needed."""
        with self._guard:
            self._kept.pop(reference, None)
            self._looked.pop(reference, None)

    def erase(self, reference: str, now: datetime, alongside: Alongside) -> None:
        """End a case for good: `alongside` takes out what it says of people. The event moves its chain, so that nobody
        anywhere writes to it any more who decided on what it was; whoever reads it again finds none."""
        gone = Event("case.erased", now, "platform")
        try:
            self.advance(reference, lambda _: (gone,), now, alongside)
        finally:
            with self._guard:
                self._erased += 1
                self._kept.pop(reference, None)
                self._looked.pop(reference, None)

    def remember_filed(self, row: CaseRow, change: Change, end: Head | None) -> None:
        """Keep a case that was just filed, with the end of its chain."""
        self._remember(Known(row, change.known.case, change.known.n, {leg.leg: leg for leg in change.changed}, end))

    def advance(self, reference: str, decide: Decide, now: datetime, alongside: Alongside | None = None) -> Change:
        """Append what `decide` makes of the case, and all that follows from it, in one transaction.

        `alongside` writes what belongs to the same transaction (a settled message, a notice's id). `decide` may be
        called again if the case moved meanwhile; it must only look.
        """
        return self._advance(Wish(reference, decide, lambda: Beside(more=alongside)), now)

    def _advance(self, wish: Wish, now: datetime) -> Change:
        reference = wish.reference
        with holding(self._stripes[hash(reference) % STRIPES]):
            for _ in range(TRIES):
                change = self._decided_now(reference, wish.decide, now)
                try:
                    return self._written(change, now, wish.beside())
                except Leaving as met:
                    self._tell_leaving(reference, met.detail, now)
                except Stale:
                    self.forget(reference)
        raise Stale

    def _decided_now(self, reference: str, decide: Decide, now: datetime) -> Change:
        """What is decided on the case as it is known here; a refusal counts only if that is how it is."""
        known = self.known(reference)
        try:
            return self._decided(known, decide, now)
        except DeskError:
            if self._premises.embedded or self._is_so(known):
                raise
        self.forget(reference)
        return self._decided(self.known(reference), decide, now)

    def _is_so(self, known: Known) -> bool:
        with self._premises.database.read() as tx:
            return events.last(tx, known.row.reference) == known.n

    def _tell_leaving(self, reference: str, leg: str, now: datetime) -> None:
        """Record that a leg leaves. Its message says so anyway, so an attempt that goes well needs no event of it."""
        sending = Event("leg.sending", now, "platform", leg, {"message": "leg.filed"})
        try:
            self._written(self._decided(self.known(reference), lambda _: (sending,), now), now, Beside())
        except Stale:
            self.forget(reference)

    def advance_all(self, wishes: Sequence[Wish], now: datetime) -> list[Exception | None]:
        """`advance` for several different cases at once, in one commit where the store can; what each ran into."""
        faults: dict[str, Exception] = {}
        with self._holding(wishes):
            # In one order, so that two hosts whose cases overlap wait for each other and never cross.
            decided = [one for wish in sorted(wishes, key=lambda wish: wish.reference)
                       if (one := self._decided_alone(wish, now, faults)) is not None]
            for (change, _), done in zip(decided, self._all_written(decided, now), strict=True):
                if done.error is None:
                    self._remember_changed(change, done.result)
                else:
                    faults[change.known.row.reference] = done.error
        return [self._once_more(wish, faults.get(wish.reference), now) for wish in wishes]

    def advance_as_one(self, wishes: Sequence[Wish], now: datetime) -> None:
        """`advance` for several different cases in one transaction: all of them, or none."""
        with self._holding(wishes):
            for _ in range(TRIES):
                try:
                    return self._written_as_one(wishes, now)
                except Stale:
                    self._forget_all(wishes)
        raise Stale

    def _written_as_one(self, wishes: Sequence[Wish], now: datetime) -> None:
        # In one order, so that two hosts whose cases overlap wait for each other and never cross.
        decided = [(self._decided_now(wish.reference, wish.decide, now), wish.beside())
                   for wish in sorted(wishes, key=lambda wish: wish.reference)]
        ends = self._premises.database.write(partial(self._writing.together, decided=decided, now=now))
        for (change, _), end in zip(decided, ends, strict=True):
            self._remember_changed(change, end)

    def _forget_all(self, wishes: Sequence[Wish]) -> None:
        for wish in wishes:
            self.forget(wish.reference)

    @contextmanager
    def _holding(self, wishes: Sequence[Wish]) -> Iterator[None]:
        with ExitStack() as held:
            for stripe in sorted({hash(wish.reference) % STRIPES for wish in wishes}):
                held.enter_context(holding(self._stripes[stripe]))
            yield

    def _all_written(self, decided: Sequence[tuple[Change, Beside]], now: datetime) -> list[Done]:
        """All of them in one unit, at a third of the cost; where one stands in the way, each in a unit of its own."""
        if decided[1:]:
            try:
                ends = self._premises.database.write(lambda tx: self._writing.together(tx, decided, now))
                return [Done(end) for end in ends]
            except TransactionLost:
                pass
            except StoreUnavailable as gone:
                return [Done(error=gone) for _ in decided]
            except Exception as fault:  # noqa: BLE001 - whose fault it is, each finds out by itself
                LOG.info("%s changes are written one by one: %s", len(decided), told(fault))
        return self._premises.database.write_all(
            [partial(self._writing.one, change=change, beside=beside, now=now) for change, beside in decided])

    def _decided_alone(self, wish: Wish, now: datetime, faults: dict[str, Exception]) -> tuple[Change, Beside] | None:
        gone = next((fault for fault in faults.values() if isinstance(fault, StoreUnavailable)), None)
        if gone is not None:  # each would wait for the store as long as the first did
            faults[wish.reference] = gone
            return None
        pause()
        try:
            return self._decided(self.known(wish.reference), wish.decide, now), wish.beside()
        except Exception as fault:  # noqa: BLE001 - one bad case must not stop the others; its caller is told
            faults[wish.reference] = fault
            return None

    def _once_more(self, wish: Wish, fault: Exception | None, now: datetime) -> Exception | None:
        """A case that moved while it was decided is decided again by itself."""
        if not isinstance(fault, Stale):
            return fault
        self.forget(wish.reference)
        try:
            self._advance(wish, now)
        except Exception as again:  # noqa: BLE001 - its caller is told
            return again
        return None

    def _decided(self, known: Known, decide: Decide, now: datetime) -> Change:
        decided = tuple(decide(known.case))
        if not decided:
            return Change(known, (), (), ())
        case = fold.apply_all(known.case, decided)
        before = known.case.legs
        moved = [number for number, leg in case.legs.items() if leg is not before[number]
                 and not at_rest(before[number], leg)]
        if moved:
            then = follow(case, now, self._premises.calendar, decided, moved)
        else:
            then = Consequences(case, (), tuple(message for event in decided for message in outgoing(case, event)))
        return self._changed(known, then.case, (*decided, *then.events), tuple(then.outbox), now)

    def _changed(self, known: Known, case: Case, happened: tuple[Event, ...], outbox: tuple[ToSend, ...],
                 now: datetime) -> Change:
        moved = Known(known.row, case, known.n + len(happened), known.legs)
        rows = legs_of(moved, known.case, Dates(case, self._premises.calendar, now))
        writing = self._letters.about(moved, now)
        # A filing is written at its first attempt; every later type says what is so now.
        letters = tuple(Letter(item.leg, item.type, None if item.type == "leg.filed"
                               else writing.body(item.leg, item.type, item.data), item.office) for item in outbox)
        return Change(moved, happened, letters, rows, known.end)

    def opened(self, row: CaseRow, offices: Mapping[str, str], opening: Consequences, now: datetime) -> Change:
        """The change that files a case: `opening` is what `cases.follow.opening` made; `offices` by leg."""
        empty = {leg: LegRow(reference=row.reference, leg=leg, matter=planned.matter, department=planned.department,
                             office=offices[leg], state=LegState.WAITING, n=0, since=now, filed_at=now)
                 for leg, planned in by_leg(opening.case).items()}
        blank = fold.begin(row.reference, opening.case.plan, opening.case.filed_at)
        known = Known(row, blank, 0, empty, Head(row.reference, 0, GENESIS))
        return self._changed(known, opening.case, tuple(opening.events), tuple(opening.outbox), now)

    def _written(self, change: Change, now: datetime, beside: Beside) -> Change:
        if not change.events and beside == Beside():
            return change
        end = self._premises.database.write(lambda tx: self._writing.one(tx, change, beside, now))
        self._remember_changed(change, end)
        return change

    def write(self, tx: Tx, change: Change, now: datetime) -> Head | None:
        """The unit of work of a change, for a filing inside its own unit. Where the case's chain ends now."""
        return self._writing.one(tx, change, Beside(), now)

    def _remember_changed(self, change: Change, end: Head | None) -> None:
        if change.events:
            known = change.known
            merged = {**known.legs, **{row.leg: row for row in change.changed}}
            self._remember(Known(known.row, known.case, known.n, merged, end))
