"""Files and the virus scanner: whatever comes is looked at before it is kept, and kept unseen where nobody answers.

Whatever the scanner does, nobody loses an upload and nobody gets a file that it has not cleared: such a file may be
filed, and what names it waits (`desk/sending/claims.py`, `desk/writing.py`) until it was looked at
(`desk/upkeep/late_scans.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from connectors.scanners import TORN, Looked
from desk.premises import Premises
from desk.uploads.content import BadFile
from store import audit
from store.audit import Entry
from store.engine.turns import away

LOG = logging.getLogger("yijianshi.scans")
PATIENCE = 15.0  # seconds that whoever uploads waits for the scanner, who has given all its bytes by then
MOST_TORN = 3
REST = timedelta(seconds=10)  # a scanner that does not answer is not asked again for so long
REFUSED = "这个文件里查出病毒，没有收下；请用别的文件，或用杀毒软件清理后重新上传"


class Scans:
    """Asks the scanner of the deployment."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._rests_until: datetime | None = None
        self._torn = 0

    def cleared(self, owner: str, chunks: Iterable[bytes], now: datetime) -> bool:
        """Whether the scanner clears what is about to be kept for `owner`; if not, it waits. `BadFile` if something was
        found: then nothing is kept, and the audit log says so."""
        if not self._premises.scanner.name or self.rests(now):
            return False
        with away():
            looked = self.look(chunks, PATIENCE, now)
        if looked.kind == "infected":
            entry = Entry(now, owner, "file.refused", "", {"found": looked.detail})
            self._premises.database.write(lambda tx: audit.record(tx, entry))
            raise BadFile("file_infected", REFUSED)
        return looked.kind == "clean"

    def rests(self, now: datetime) -> bool:
        """Whether the scanner did not answer a moment ago."""
        return self._rests_until is not None and now < self._rests_until

    def look(self, chunks: Iterable[bytes], seconds: float, now: datetime) -> Looked:
        """Ask the scanner; one that does not answer keeps only the first caller waiting. One that breaks off may have
        done so over one file: it is asked about the next, and rests once it has broken off several times running."""
        looked, rested = self._premises.scanner.look(chunks, seconds), self._rests_until
        self._torn = self._torn + 1 if looked.detail in TORN else 0
        if looked.kind == "away" and 0 < self._torn < MOST_TORN:
            return looked
        self._rests_until = now + REST if looked.kind == "away" else None
        if looked.kind == "away" and rested is None:
            LOG.warning("the virus scanner does not answer (%s): uploads are kept and wait for it", looked.detail)
        elif looked.kind != "away" and rested is not None:
            LOG.warning("the virus scanner answers again")
        return looked
