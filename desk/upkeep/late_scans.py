"""Files that were kept while no scanner answered: looked at as soon as one does, and what follows from what it says.

What waited for a file that is cleared leaves at once. A file in which something is found is for nobody any more:
an applicant who brought it is asked for it again (`cases/spoiled.py`), what waited for a department's goes without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta
from functools import partial

from cases.model import Case, Event
from cases.spoiled import asked_again
from connectors.scanners import TOO_LATE, Looked
from desk.book import Book
from desk.errors import UnknownCase
from desk.faults import told
from desk.premises import Premises
from desk.sending import payload
from desk.sending.feed import FILED
from desk.sending.letters import Letters
from desk.sending.outgoing import offer_if_fetched
from desk.uploads.files import OF_OFFICES
from desk.uploads.scanning import REST, Scans
from store import audit, failpoints, files, messages
from store.audit import Entry
from store.errors import StoreClosed, StoreError, StoreUnavailable
from store.files import FileRow, Unlinked
from store.messages import Message, MessageId
from store.port import Tx
from store.uploads import uncleared
from store.uploads.uncleared import Uncleared

LOG = logging.getLogger("yijianshi.scans")
SECONDS = 120.0  # for one file
LEASE = timedelta(seconds=SECONDS * 2)  # of a file among hosts; longer than a look takes
AGAIN, SELDOM = timedelta(minutes=1), timedelta(hours=1)  # between looks at a file that it could not judge
AT_ONCE = 100


class LateScans:
    """Goes through what waits for the scanner."""

    def __init__(self, premises: Premises, scans: Scans, book: Book, letters: Letters) -> None:
        self._premises, self._scans, self._book, self._letters = premises, scans, book, letters

    def go_round(self, now: datetime) -> int:
        """Look at files that wait, as long as the scanner answers, and do what follows from what it says; how many
        there were."""
        done = 0
        while done < AT_ONCE and not self._scans.rests(now) and (one := self._next(now)) is not None:
            done += 1
            try:
                if one.state == "waits":
                    self._judge(one, now)
                self._follow(one.file, now)
            except (StoreUnavailable, StoreClosed):
                raise
            except Exception as fault:  # noqa: BLE001  # one bad file or case must not keep all others waiting
                LOG.error("a file is not done with: %s", told(fault))
        return done

    def _next(self, now: datetime) -> Uncleared | None:
        with self._premises.database.read() as tx:
            if not self._premises.scanner.name or not uncleared.due(tx, now):
                return None
        return self._premises.database.write(lambda tx: uncleared.take(tx, now, now + LEASE))

    def _judge(self, one: Uncleared, now: datetime) -> None:
        """Have a file looked at and write what it is; two hosts that look at one say it once."""
        write = self._premises.database.write
        try:
            with closing(self._bytes(one.file)) as chunks:
                looked = self._scans.look(chunks, SECONDS, now)
        except (StoreUnavailable, StoreClosed):
            raise
        except StoreError as fault:  # its bytes are gone with it, or spoiled: it waits, and operators see why
            looked = Looked("unable", fault.code)
        failpoints.reach("scan.after_look")
        if looked.kind == "clean":
            write(lambda tx: uncleared.clear(tx, one.file))
        elif looked.kind == "infected":
            write(partial(_condemned, file=one.file, found=looked.detail, now=now))
        else:
            # A file that takes too long may always do: it must not keep the scanner from all others.
            soon = looked.kind == "away" and looked.detail != TOO_LATE
            wait = REST if soon else min(AGAIN * 2 ** min(one.tries, 10), SELDOM)
            write(lambda tx: uncleared.put_off(tx, one.file, now + wait, looked.detail))
        failpoints.reach("scan.before_follow")

    def _bytes(self, file: str) -> Generator[bytes]:
        """The bytes of a file, which is opened only if the scanner wants them."""
        yield from self._premises.vault.open(file)

    def _follow(self, file: str, now: datetime) -> None:
        """Do what follows from what a file is. Whatever is cut off in between is done again once its lease is over."""
        with self._premises.database.read() as tx:
            row, state = files.several(tx, [file]).get(file), uncleared.state(tx, file)
        if row is not None and state == "waits":
            return
        with suppress(UnknownCase):  # it was erased meanwhile
            if row is not None and row.reference is not None and state == "cleared":
                self._release(row.reference, now)
            elif row is not None and row.reference is not None and state == "infected":
                given = row.owner.startswith(OF_OFFICES)
                (self._go_without if given else self._ask_again)(row, row.reference, now)
        self._premises.database.write(lambda tx: uncleared.settle(tx, file) if row else uncleared.forget(tx, file))

    def _release(self, reference: str, now: datetime) -> None:
        """Let go whatever of a case waited for scans alone: each message that names no other file that waits, and comes
        after no filing that does."""
        held = self._bodies(reference, now)

        def let_go(tx: Tx) -> None:
            barred, behind = uncleared.held_of_case(tx, reference), set[str]()
            for message, body in held:
                if message.leg not in behind and not payload.names(body, barred):
                    self._let_go(tx, message, now)
                elif message.type == FILED:
                    behind.add(message.leg)

        self._book.advance(reference, lambda _: (), now, let_go)

    def _bodies(self, reference: str, now: datetime) -> list[tuple[Message, bytes]]:
        """What a case's messages that are held back say; a filing is written when it leaves, so as it would be now."""
        writing = self._letters.about(self._book.fresh(reference), now)
        with self._premises.database.read() as tx:
            held = messages.held_back(tx, reference, now)
            written: Mapping[MessageId, bytes] = messages.bodies(tx, held)
        return [(one, written.get(one.id) or writing.body(one.leg, one.type, {})) for one in held]

    def _let_go(self, tx: Tx, message: Message, now: datetime) -> None:
        office = self._premises.deployment.bodies.get(message.office)
        pushed = office is None or office.channel == "push"
        if messages.let_go(tx, message.id, now if pushed else None):
            offer_if_fetched(tx, message, office, now)

    def _go_without(self, row: FileRow, reference: str, now: datetime) -> None:
        """What waits for a file that a department sent goes without it and says so: the department has decided, and
        nobody else can bring its paper. Operators have to tell it."""
        def redo(tx: Tx) -> None:
            messages.redo_untold(tx, reference, partial(payload.without, file=row.file))

        self._book.advance(reference, lambda _: (), now, redo)
        self._release(reference, now)

    def _ask_again(self, row: FileRow, reference: str, now: datetime) -> None:
        """Ask the applicant for the papers that a file stood for."""
        brought = self._book.fresh(reference).row.body["materials"]
        asked: list[Event] = []

        def decide(case: Case) -> Sequence[Event]:
            papers = {leg: payload.papers_of(case, brought, leg) for leg in case.legs}
            asked[:] = asked_again(case, row.file, papers, now)
            return asked

        def drop(tx: Tx) -> None:
            names: Callable[[bytes], bool] = partial(payload.names, files=[row.file])
            for leg in sorted({str(event.leg) for event in asked}):
                messages.drop_untold(tx, reference, leg, names)

        self._book.advance(reference, decide, now, drop)


def _condemned(tx: Tx, file: str, found: str, now: datetime) -> None:
    """Something was found in a file: if no case has it, nobody can file it any more."""
    if not uncleared.condemn(tx, file, found):
        return
    row = files.several(tx, [file]).get(file)
    if row is not None:
        files.disown(tx, [Unlinked(file, row.owner, row.created_at)], files.spoiled(row.owner))
    audit.record(tx, Entry(now, "platform", "file.infected", file, {"found": found}))
