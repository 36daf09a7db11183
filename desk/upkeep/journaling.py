"""What was erased, closed and taken back goes into the journal outside of the database as soon as it is committed, and
with each sweep what did not then."""

from __future__ import annotations

import logging
from datetime import datetime

from desk.premises import Premises
from store.copies.again import catch_up
from store.engine.opening import Opened
from store.errors import JournalUnfit

LOG = logging.getLogger("yijianshi.journal")


def write_down(premises: Premises, now: datetime) -> None:
    """Bring the journal to where the store is. What was done is done: a journal that cannot be written is said in the
    log, and by `/readyz`, until it can."""
    if premises.journal is None:
        return
    try:
        done = catch_up(Opened(premises.database, premises.vault), premises.journal, now)
    except (OSError, JournalUnfit) as fault:
        LOG.error("the journal %s cannot be written: %s", premises.journal.path, getattr(fault, "strerror", fault))
        return
    if done:
        LOG.warning("the store was put back while it was used; %s acts of the journal were done again", done)
