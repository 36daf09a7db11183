"""What applicants are told: looks at the cases that moved, and says again what nobody answered.

Both are part of the sweep and cost what is due. What happened is read from the events that are there anyway, and each
piece of news is stored in the transaction that takes its case off the list of those that moved: whoever is killed in
between has told nothing and left nothing out, and of two hosts one tells.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from cases import news as made
from cases.news import KINDS, Piece
from desk.agents.agency import RESULTS, URGE, still_sees
from desk.book import Book
from desk.faults import told
from desk.known import Known
from desk.premises import Premises
from store import failpoints, mandates, pausing
from store.chains import moved
from store.chains.moved import Looked, Moved
from store.errors import StoreClosed, StoreUnavailable
from store.port import Tx
from store.telling import news
from store.telling.news import AGENTS, News

LOG = logging.getLogger("yijianshi.news")
PAGE, MOST_PAGES = 100, 200  # cases that moved, looked at together; so many pages in one sweep
MOST_TOLD = 2_000  # cases that one sweep reads to tell of them: a backlog must not keep its other parts waiting
TOGETHER = 20  # cases with news that are read together: they must not push those at work out of memory
REMINDED = 200
UNREADABLE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Folded:
    """Cases as they stand, and those that cannot be read just now, of which nothing is told until they can."""

    known: dict[str, Known]
    bad: frozenset[str] = frozenset()


def folded(book: Book, references: Iterable[str]) -> Folded:
    """These cases as they stand in the store; one bad one does not keep the others from being told of."""
    wanted = list(dict.fromkeys(references))
    found: dict[str, Known] = {}
    bad: set[str] = set()
    for first in range(0, len(wanted), TOGETHER):
        some = wanted[first:first + TOGETHER]
        try:
            found |= book.looked_at(some)
        except (StoreUnavailable, StoreClosed):
            raise
        except Exception:  # noqa: BLE001  # which of them it is, each finds out by itself
            found |= _one_by_one(book, some, bad)
    return Folded(found, frozenset(bad))


def _one_by_one(book: Book, references: Sequence[str], bad: set[str]) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for reference in references:
        try:
            found |= book.looked_at([reference])
        except (StoreUnavailable, StoreClosed):
            raise
        except Exception as fault:  # noqa: BLE001  # one bad case must not stop the others
            LOG.error("nothing is told of a case: %s", told(fault))
            bad.add(reference)
    return found


class Telling:
    """Makes news of what happened; called by the sweep."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def go_round(self, now: datetime) -> None:
        """Tell what happened since the last sweep, and remind of what is still asked; nothing while the service is
        paused."""
        with self._premises.database.read() as tx:
            paused = pausing.paused(tx) is not None
        if not paused:
            self._tell_all(now)
            self._remind(now)

    def _tell_all(self, now: datetime) -> None:
        after, told_of = "", 0
        for _ in range(MOST_PAGES):
            with self._premises.database.read() as tx:
                page = moved.look(tx, after, PAGE)
            told_of += self._tell(page, now) if page.cases else 0
            if len(page.cases) < PAGE or told_of >= MOST_TOLD:
                break
            after = page.cases[-1].reference

    def _tell(self, page: Looked, now: datetime) -> int:
        """Tell of a page; how many of its cases had to be read."""
        still = {case.reference for case in page.cases if case.still}
        found = folded(self._book, [*page.fresh, *page.filed, *still])
        mine = [case for case in page.cases if case.reference not in found.bad]
        fresh = {reference: self._known_news(known, now) if reference in still else self._news_of(known, page, now)
                 for reference, known in found.known.items()}
        self._premises.database.write(partial(self._take, mine=mine, fresh=fresh, found=found, now=now))
        return len(found.known)

    def _take(self, tx: Tx, mine: Sequence[Moved], fresh: dict[str, list[News]], found: Folded, now: datetime) -> None:
        taken = moved.take(tx, mine)
        ours = sorted(fresh.keys() & taken)
        news.add(tx, _in_order([one for reference in ours for one in fresh[reference]]))
        # What was asked and is answered calls for nobody any more.
        news.over(tx, [one for one in news.unread_asks(tx, ours)
                       if not made.is_true(found.known[one.reference].case, one.piece)], now)
        failpoints.reach("news.before_commit")

    def _known_news(self, known: Known, now: datetime) -> list[News]:
        """What was asked before there was news: nobody is told of it, but of its end they are reminded."""
        return [replace(self._news(known, piece, known.row.subject, now), read_at=now, tell_at=None)
                for piece in made.asked(known.case)]

    def _news_of(self, known: Known, page: Looked, now: datetime) -> list[News]:
        """What is told of a case: to its owner, and what happened to it to the agent who filed it, too."""
        row, agent = known.row, self._agent(known, now)
        pieces = made.pieces(known.case, page.fresh.get(row.reference, ()))
        filed = [made.filed(known.case, by_agent=row.on_behalf_of is not None)] if row.reference in page.filed else []
        found = [self._news(known, piece, row.subject, now) for piece in (*filed, *pieces)]
        if agent is None:
            return found
        with self._premises.database.read() as tx:
            sees = {act: still_sees(tx, agent, row.reference, now, (act,)) for act in (RESULTS, URGE)}
        whole = {"granted": sees[RESULTS]}  # anything else that sends them there asks for a rating, too
        return found + [
            self._news(known, piece if whole.get(piece.kind, all(sees.values())) else made.without_results(piece),
                       agent, now) for piece in pieces]

    def _agent(self, known: Known, now: datetime) -> str | None:
        """The agent who filed a case and still may see it; nothing is asked where its owner did."""
        if known.row.on_behalf_of is None:
            return None
        with self._premises.database.read() as tx:
            agency = mandates.agency(tx, known.row.reference)
            sees = agency is not None and still_sees(tx, agency.agent, known.row.reference, now)
        return agency.agent if agency is not None and sees else None

    def _news(self, known: Known, piece: Piece, reader: str, now: datetime) -> News:
        """A piece of news; it leaves only where there is a gateway, and then not while people sleep."""
        leaves = self._premises.quiet.after(now + KINDS[piece.kind].patience) if self._premises.gateway else None
        return News(
            reference=known.row.reference, subject=reader,
            key=piece.key if reader == known.row.subject else f"{piece.key}{AGENTS}",
            bundle=str(known.case.plan.bundle_name), kind=piece.kind, leg=piece.leg, about=piece.about,
            text=piece.text, until=piece.until, at=now, tell_at=leaves,
            remind_at=made.remind_at(known.case, piece, now, now, self._premises.calendar))

    def _remind(self, now: datetime) -> None:
        with self._premises.database.read() as tx:
            due = news.to_remind(tx, now, REMINDED)
        found = folded(self._book, (one.reference for one in due))
        for one in due:
            if one.reference in found.bad:  # it must not stand before all others for ever
                self._premises.database.write(partial(news.reminded, news=one, then=now + UNREADABLE))
            else:
                self._again(one, found.known.get(one.reference), now)

    def _again(self, one: News, known: Known | None, now: datetime) -> None:
        """Say again what is still asked, and note when to do so next."""
        calendar, again, then = self._premises.calendar, None, None
        if known is not None and (not one.agents or self._agent(known, now) == one.subject):
            again = made.reminder(known.case, one.piece, one.at, now, calendar)
            then = made.remind_at(known.case, one.piece, one.at, now, calendar)
        fresh = [self._news(known, again, one.subject, now)] if known is not None and again is not None else []

        def unit(tx: Tx) -> None:
            if news.reminded(tx, one, then):
                news.add(tx, fresh)

        self._premises.database.write(unit)


def _in_order(told: Sequence[News]) -> list[News]:
    """What is told at one moment, each a little later than the one before: so it is read in the order in which it
    happened, the end of a case behind what its legs came to."""
    last = len(told) - 1
    return [replace(one, at=one.at - timedelta(microseconds=last - number)) for number, one in enumerate(told)]
