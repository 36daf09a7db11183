"""What was erased, closed and taken back goes into the journal outside of the database as soon as it is committed, and
with each sweep what did not then."""

from __future__ import annotations

import logging
from datetime import datetime

from desk.premises import Premises
from store.copies.again import write_on
from store.copies.journal import Journal
from store.copies.lineage import has_name
from store.engine.opening import Opened
from store.errors import StoreError

LOG = logging.getLogger("yijianshi.journal")


def write_down(premises: Premises, now: datetime) -> None:
    """Bring the journal to where the store is. What was done is done: a journal that cannot be written, for whatever
    reason, is said in the log, and by `/readyz`, until it can."""
    if premises.journal is None:
        return
    try:
        follow(Opened(premises.database, premises.vault), premises.journal, now)
    except Exception as fault:  # noqa: BLE001  # who has just erased something is told that it is
        say_why(premises.journal, fault)


def follow(opened: Opened, journal: Journal, now: datetime) -> None:
    """The same, raising what is amiss. A store that lacks what the journal knows is left alone: nobody can tell here
    whether it was put back. Who can runs `flask redo`. Nor can a journal that was lost say what the store has lost."""
    if not journal.path.exists() and has_name(opened.db):
        LOG.warning("the journal %s was not there and is written anew, of what the store has: if that was put back,"
                    " bring the one that was kept, and run `flask redo`", journal.path)
    if forgotten := write_on(opened, journal, now):
        LOG.error("the store lacks %s acts that the journal %s knows of it: if it was put back, stop it and run"
                  " `flask redo` (--dry-run lists them); if it was not, a clone of this machine may write the same"
                  " journal: give that one of its own, and run `flask redo --none` here", forgotten, journal.path)


def say_why(journal: Journal, fault: Exception) -> None:
    """Say in the log why the journal cannot be written, or used at all; nothing of what rows hold."""
    LOG.error("the journal %s cannot be %s: %s", journal.path, "used" if isinstance(fault, StoreError) else "written",
              getattr(fault, "strerror", None) or getattr(fault, "says", None) or type(fault).__name__)
