"""What a change of a case writes in one transaction: its events, the rows that are folded of them, its messages, and
what somebody has beside it. Where all goes well several cases share one, and rows of a kind go in together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from cases.model import Event, LegState
from cases.states import OUT, TRANSFERRED
from desk.known import Known, has_it
from desk.premises import Premises
from desk.sending import payload
from desk.sending.outgoing import Letter, offer_and_send
from store import events, leases, legs, messages, tallies
from store.chains import heads
from store.chains.chain import Head
from store.errors import Leaving, Stale
from store.leases import Claimed, Outcome
from store.legs import LegRow
from store.messages import Enclosed
from store.port import Tx
from store.uploads import uncleared

Alongside = Callable[[Tx], None]
# What has a message after the filing, and can happen before that has arrived.
FOLLOWED = frozenset({"leg.withdraw_requested", "leg.material_added", "leg.supplemented", "leg.urged", "leg.lapsed"})


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision leads to: all events, what must be sent, and the leg rows that differ. The events follow `end`,
    where the case's chain ended (None: not known here)."""

    known: Known
    events: tuple[Event, ...]
    letters: tuple[Letter, ...]
    changed: tuple[LegRow, ...]
    end: Head | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What belongs to the transaction of a change: attempts that begin, with the bodies that are frozen for them;
    attempts that ended; and whatever else."""

    begun: Sequence[Claimed] = ()
    letters: Enclosed | None = None
    settled: Sequence[tuple[Claimed, Outcome]] = ()
    more: Alongside | None = None


class Writing:
    """Writes changes; everything here is called within a transaction."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def one(self, tx: Tx, change: Change, beside: Beside, now: datetime) -> Head | None:
        """One change. Where the chain of its case ends now, if there were events; Stale if the case has moved."""
        reference, end = change.known.row.reference, None
        if change.events:
            end = events.append(tx, reference, change.events, change.known.n - len(change.events), change.end)
        else:
            self._unmoved(tx, [change])
        self.beside(tx, [beside], now)
        if change.events:
            self._rows(tx, [change], now)
        return end

    def together(self, tx: Tx, decided: Sequence[tuple[Change, Beside]], now: datetime) -> list[Head | None]:
        """Several changes of different cases; whatever stands in the way of one stands in the way of all."""
        moved = [change for change, _ in decided if change.events]
        ends = {}
        if moved:
            befores = [change.end or heads.held(tx, change.known.row.reference) for change in moved]
            if any(before.n != change.known.n - len(change.events)
                   for before, change in zip(befores, moved, strict=True)):
                raise Stale
            found = events.append_all(tx, [(before, change.events)
                                           for before, change in zip(befores, moved, strict=True)])
            ends = {head.chain: head for head in found}
        self._unmoved(tx, [change for change, _ in decided if not change.events])
        self.beside(tx, [beside for _, beside in decided], now)
        if moved:
            self._rows(tx, moved, now)
        return [ends.get(change.known.row.reference) for change, _ in decided]

    def beside(self, tx: Tx, besides: Iterable[Beside], now: datetime) -> None:
        """What belongs to changes; before their rows, for a leg may end because an attempt did, whose message is then
        cancelled like any other."""
        all_ = list(besides)
        if begun := [one for beside in all_ for one in beside.begun]:
            leases.begin(tx, begun, [beside.letters for beside in all_ if beside.letters is not None])
        if settled := [one for beside in all_ for one in beside.settled]:
            leases.settle_all(tx, settled, now)
        for beside in all_:
            if beside.more is not None:
                beside.more(tx)

    def _rows(self, tx: Tx, changes: Sequence[Change], now: datetime) -> None:
        """What is folded of the events."""
        legs.put_all(tx, [(row, change.known.legs.get(row.leg)) for change in changes for row in change.changed])
        for change in changes:
            self._leave(tx, change, now)
            self._drop_unsent(tx, change)
            self._let_follow(tx, change, now)
            if change.letters:
                current = {**change.known.legs, **{row.leg: row for row in change.changed}}
                offer_and_send(tx, self._premises, current, self._letters(tx, change, current), now)
        tallies.note_all(tx, [(change.known.row.bundle, change.known.legs, change.changed) for change in changes], now)

    def _letters(self, tx: Tx, change: Change, current: Mapping[str, LegRow]) -> Sequence[Letter]:
        """The messages of a change, each with whether it must wait for a scan before an office may fetch it; without
        those files of departments in which another host found something since it was written. What is pushed is looked
        at when it leaves (`desk/sending/claims.py`)."""
        fetched = [self._fetches(letter.office or current[letter.leg].office) for letter in change.letters]
        written = any(letter.body is not None for letter in change.letters)
        barred = uncleared.held_of_case(tx, change.known.row.reference) if written or any(fetched) else frozenset[str]()
        if not barred:
            return change.letters
        spoiled = uncleared.spoiled_results(tx, change.known.row.reference)
        later = barred - spoiled  # no filing will name those
        letters = [_without(letter, spoiled) for letter in change.letters]
        return [replace(letter, waits=fetches and _names(change, letter, barred, later))
                for letter, fetches in zip(letters, fetched, strict=True)]

    def _fetches(self, office: str) -> bool:
        body = self._premises.deployment.bodies.get(office)
        return body is not None and body.channel != "push"

    def _unmoved(self, tx: Tx, changes: Iterable[Change]) -> None:
        """What was decided without events holds only where nobody else moved the case; no other process can, beside the
        embedded store, and in this one each case is changed by one thread at a time."""
        for change in changes if not self._premises.embedded else ():
            if events.last(tx, change.known.row.reference) != change.known.n:
                raise Stale

    def _leave(self, tx: Tx, change: Change, now: datetime) -> None:
        """What was on its way to an office that a leg leaves ends: all of it where the office hears that it left this
        time (it may have had the leg before), else only if nothing ever left for it."""
        told = {event.leg for event in change.events if event.type == TRANSFERRED and event.data.get("told")}
        for row in change.changed:
            before = change.known.legs.get(row.leg)
            if before is None or before.office == row.office:
                continue
            if row.leg in told:
                leases.retire(tx, row.reference, row.leg, now)
            elif not messages.recall(tx, row.reference, row.leg):
                raise Leaving(row.leg)

    def _drop_unsent(self, tx: Tx, change: Change) -> None:
        """Cancel what legs that end or are held by this change have not sent. What comes of an end or after it stays:
        that a leg lapsed or a result is revoked must be told to its department."""
        for row in change.changed:
            before = change.known.legs.get(row.leg)
            if before is None or not _ends_or_is_held(before, row):
                continue
            leg = change.known.case.legs[row.leg]
            if leg.reached:
                messages.cancel(tx, row.reference, row.leg, but="leg.withdrawn" if leg.revoking else "")
            elif not messages.recall(tx, row.reference, row.leg):
                raise Leaving(row.leg)

    def _let_follow(self, tx: Tx, change: Change, now: datetime) -> None:
        """What waited for a leg to arrive at its department leaves once it has."""
        for row in change.changed:
            before = change.known.legs.get(row.leg)
            arrived = before is not None and before.state in OUT and row.state not in OUT
            if arrived and any(event.type in FOLLOWED for event in change.known.case.legs[row.leg].history):
                messages.hasten(tx, row.reference, row.leg, now)


def _without(letter: Letter, files: Iterable[str]) -> Letter:
    if letter.body is None:
        return letter
    return replace(letter, body=reduce(payload.without, files, letter.body))


def _names(change: Change, letter: Letter, files: Collection[str], later: Collection[str]) -> bool:
    """Whether a message names one of these files, or comes after a filing that has not left and names one of `later`:
    a filing is written later, so it is what it would name now."""
    if letter.body is not None and (letter.type == TRANSFERRED or has_it(change.known.case.legs[letter.leg])):
        return payload.names(letter.body, files)
    papers = payload.papers_of(change.known.case, change.known.row.body["materials"], letter.leg)
    filing = any(not set(later).isdisjoint(named) for named in papers.values())
    return filing or (letter.body is not None and payload.names(letter.body, files))


def _ends_or_is_held(before: LegRow, after: LegRow) -> bool:
    """Whether a change of a leg's row is its end, or the beginning of a hold."""
    held = after.state is LegState.HELD and before.state is not LegState.HELD
    return held or (after.closed_at is not None and before.closed_at is None)
