"""What nobody came back for is forgotten, for it holds personal data: drafts that were not touched for long, mandates
that ended as long ago and have no case any more, and files that neither a case nor a draft nor a strange notice has.

Once a day, a part at each sweep. A file is taken from its owner first, so that nobody can file it any more, then its
bytes go, then its row: whatever is cut off in between is found again the next day.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from desk.files import OF_OFFICES
from desk.premises import Premises
from store import drafts, files, mandates, marks, notices
from store.files import Unlinked
from store.port import Tx

LOG = logging.getLogger("yijianshi.leftovers")
MARK = "leftovers"
EVERY = timedelta(days=1)
PAGE, PAGES = 100, 20


class Leftovers:
    """Called at every sweep while things may end."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._after: Unlinked | None = None
        self._under_way = False
        self._drafts = self._files = 0

    def clear(self, now: datetime) -> None:
        """Begin the day's round, or go on with it."""
        write = self._premises.database.write
        if not self._under_way:
            if not write(lambda tx: marks.due(tx, MARK, now, EVERY)):
                return
            self._under_way, self._after, self._drafts, self._files = True, None, 0, 0
        for _ in range(PAGES):
            if not self._some(now):
                self._under_way = False
                if self._drafts or self._files:
                    LOG.info("%s drafts and %s files that nobody came back for are gone", self._drafts, self._files)
                return

    def _some(self, now: datetime) -> bool:
        """A page of drafts, or else of files; whether there may be more."""
        database, keep = self._premises.database, self._premises.keep
        if gone := database.write(lambda tx: drafts.drop_untouched(tx, now - keep.drafts, PAGE)):
            self._drafts += gone
            return True
        if database.write(lambda tx: mandates.drop_ended(tx, now - keep.drafts, PAGE)):
            return True
        with database.read() as tx:
            page = files.unlinked(tx, now - keep.uploads, self._after, PAGE)
        if not page:
            return False
        self._after = page[-1]
        for file in database.write(lambda tx: _disowned(tx, page)):
            self._premises.vault.drop(file)
            database.write(lambda tx, file=file: files.forget(tx, file))  # type: ignore[misc]
            self._files += 1
        return True


def _disowned(tx: Tx, page: Sequence[Unlinked]) -> list[str]:
    """Take from their owners those files that nothing refers to; their ids."""
    owners = dict.fromkeys(one.owner for one in page)
    wanted = {file for owner in owners for file in _referred(tx, owner)}
    strange = _strange(tx) if any(owner.startswith(OF_OFFICES) for owner in owners) else ""
    return files.disown(tx, [one for one in page if one.file not in wanted and one.file not in strange])


def _referred(tx: Tx, owner: str) -> Iterator[str]:
    """The files that the drafts of a person name."""
    for draft in drafts.of_subject(tx, owner):
        for named in draft.body["materials"].values():
            yield from named


def _strange(tx: Tx) -> str:
    """What notices say that nobody has settled yet; one that is applied later needs the files that it names."""
    found = notices.unsettled(tx)
    said = []
    while found:
        said += [one.body for one in found]
        found = notices.unsettled(tx, found[-1])
    return "\n".join(said)
