"""Bytes of which nothing is told: a process was killed between them and their row, or the store took the row no more.

Found once a day among what came since the last look, by the time in their ids; they go after as long as an upload that
nobody filed, for until then somebody may find that the rows are those of an older store, and put the right one back.
"""

from __future__ import annotations

from datetime import UTC, datetime

from desk.premises import Premises
from store import files, marks

MARK = "strays"
BEGINNING = datetime.fromtimestamp(0, UTC)


class Strays:
    """A round over what the vault has; part of the leftovers'."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._since = self._until = BEGINNING
        self._after: str | None = None
        self._missed = False

    def begin(self, now: datetime) -> None:
        """Begin where the last round ended, whichever process did it."""
        with self._premises.database.read() as tx:
            reached = marks.get(tx, MARK)
        self._since, self._until = reached.at if reached else BEGINNING, now - self._premises.keep.uploads
        self._after, self._missed = "", False

    def some(self) -> int | None:
        """Look at a page; how many were dropped of it. None at the end of the round. Bytes that cannot be dropped keep
        no others from it, and are met again in the next round."""
        database, vault = self._premises.database, self._premises.vault
        if self._after is None:
            return None
        page, self._after = vault.listed(self._since, self._until, self._after)
        with database.read() as tx:
            known = files.traits(tx, page)
        strays = [file for file in page if file not in known]
        kept: OSError | None = None
        for file in strays:
            try:
                vault.drop(file)
            except OSError as fault:
                kept, self._missed = fault, True
        if self._after is None and not self._missed:
            database.write(lambda tx: marks.put(tx, MARK, "", self._until))
        if kept is not None:
            raise kept
        return len(strays)
