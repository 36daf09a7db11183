"""What nobody came back for is forgotten, for it holds personal data: drafts that were not touched for long, mandates
that ended as long ago and have no case any more, accounts of applicants whose person came as long ago
and that hold nothing any more, and files that neither a case nor a draft nor a strange notice has, or of which no row
is there (`desk/upkeep/strays.py`).

Once a day, a part at each sweep. A file is taken from its owner first, so that nobody can file it any more, then its
bytes go, then its row: whatever is cut off in between is found again the next day.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from desk.premises import Premises
from desk.upkeep.strays import Strays
from desk.uploads.files import OF_OFFICES
from store import drafts, files, leaving, mandates, marks, notices
from store.errors import SealBroken, StoreClosed, StoreUnavailable
from store.files import Unlinked
from store.notices import Strange
from store.port import Tx

LOG = logging.getLogger("yijianshi.leftovers")
MARK = "leftovers"
EVERY = timedelta(days=1)
PAGE, PAGES = 100, 20
LATE = timedelta(minutes=1)  # by so much at most the clocks of hosts differ


class Leftovers:
    """Called at every sweep while things may end."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._after: Unlinked | None = None
        self._unseen: str | None = ""  # where the round stands among accounts; None: at their end
        self._strays = Strays(premises)
        self._under_way = False
        self._drafts = self._files = self._accounts = 0
        self._fault: Exception | None = None  # the last one of the round

    def is_due(self, now: datetime) -> bool:
        """Whether a round is under way, or one begins."""
        return self._under_way or self._premises.database.write(lambda tx: marks.due(tx, MARK, now, EVERY))

    def clear(self, now: datetime) -> None:
        """Begin the round that is due, or go on with it. One that met a fault ends with it, so that it is told until
        the next round."""
        if not self._under_way:
            self._under_way, self._after, self._unseen, self._fault = True, None, "", None
            self._drafts = self._files = self._accounts = 0
            self._premises.database.write(lambda tx: leaving.count_from(tx, now))
            self._strays.begin(now)
        for _ in range(PAGES):
            if not self._tried(now):
                self._under_way = False
                if self._drafts or self._files or self._accounts:
                    LOG.info("%s drafts, %s files and %s accounts that nobody came back for are gone",
                             self._drafts, self._files, self._accounts)
                if self._fault is not None:
                    raise self._fault
                return

    def _tried(self, now: datetime) -> bool:
        try:
            return self._some(now)
        except (StoreUnavailable, StoreClosed):
            raise
        except Exception as fault:
            self._fault = fault
            raise

    def _some(self, now: datetime) -> bool:
        """A page of drafts, or else of mandates, accounts, files or strays; whether there may be more."""
        database, keep = self._premises.database, self._premises.keep
        if gone := database.write(lambda tx: drafts.drop_untouched(tx, now - keep.drafts, PAGE)):
            self._drafts += gone
            return True
        if database.write(lambda tx: mandates.drop_ended(tx, now - keep.drafts, PAGE)):
            return True
        if self._unseen is not None:
            self._some_accounts(self._unseen, now - keep.drafts)
            return True
        with database.read() as tx:
            page = files.unlinked(tx, now - keep.uploads, self._after, PAGE)
        if not page:
            dropped = self._strays.some()
            self._files += dropped or 0
            return dropped is not None
        self._after = page[-1]
        with database.read() as tx:
            named = _named(tx, page)
        for file in database.write(lambda tx: _disowned(tx, page, named, now)):
            self._premises.vault.drop(file)
            database.write(lambda tx, file=file: files.forget(tx, file))  # type: ignore[misc]
            self._files += 1
        return True

    def _some_accounts(self, after: str, before: datetime) -> None:
        """A page of accounts."""
        database = self._premises.database
        with database.read() as tx:
            page, self._unseen = leaving.unneeded(tx, before, after, PAGE)
        for account in page:
            self._accounts += database.write(
                lambda tx, account=account: leaving.drop(tx, account, before))  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class _Named:
    """What names files of a page: drafts by their ids, strange notices, kept as they came, anywhere in their words; and
    whose drafts may, for one of them does not open."""

    drafted: frozenset[str]
    unread: frozenset[str]
    said: tuple[Strange, ...]

    def names(self, one: Unlinked) -> bool:
        """Whether a file is named, for all that is known."""
        return one.owner in self.unread or one.file in self.drafted or any(one.file in told.body for told in self.said)


def _named(tx: Tx, page: Sequence[Unlinked], since: datetime | None = None, after: Strange | None = None) -> _Named:
    """What names files of this page: drafts that were touched `since` then, and what came `after` a strange notice."""
    owners = dict.fromkeys(one.owner for one in page)
    drafted, unread = set[str](), set[str]()
    for owner in owners:
        try:
            drafted.update(file for draft in drafts.of_subject(tx, owner, since) for file in _files_of(draft.body))
        except SealBroken:
            unread.add(owner)
            LOG.warning("a draft does not open: whatever its owner has uploaded stays")
    offices = any(owner.startswith(OF_OFFICES) for owner in owners)
    return _Named(frozenset(drafted), frozenset(unread), tuple(_unsettled(tx, after)) if offices else ())


def _files_of(body: Mapping[str, Any]) -> Iterator[str]:
    """The files that a draft names: of its papers, and the paper on which its consent was signed at a counter."""
    for names in body["materials"].values():
        yield from names
    if paper := body["consent"].get("paper"):
        yield paper


def _disowned(tx: Tx, page: Sequence[Unlinked], named: _Named, now: datetime) -> list[str]:
    """Take from their owners those files that nothing refers to; their ids. Of what may name them only what came since
    `named` was read is opened here: there may be thousands of it, and others wait for this unit."""
    last = named.said[-1] if named.said else None
    late = _named(tx, page, now - LATE, last and replace(last, at=last.at - LATE))
    return files.disown(tx, [one for one in page if not (named.names(one) or late.names(one))])


def _unsettled(tx: Tx, after: Strange | None) -> Iterator[Strange]:
    """What notices say that nobody has settled yet; one that is applied later needs the files that it names."""
    found = notices.unsettled(tx, after)
    while found:
        yield from found
        found = notices.unsettled(tx, found[-1])
