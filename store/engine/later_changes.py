"""Statements of later layouts, which `changes.py` has no room for; it names them all in their order."""

from __future__ import annotations

# How often a department asked beside what is published, and when it last did (`cases/beyond.py`); since when a
# paper that was to follow is overdue (`cases/stalled.py`).
ASKED_BESIDE: tuple[str, ...] = (
    "alter table legs add column beyond {int} not null default 0",
    "alter table legs add column beyond_at {text}",
    "create index legs_beyond on legs (beyond_at, reference, leg, office) where beyond_at is not null",
    "alter table legs add column owed_at {text}",
    "create index legs_owed on legs (owed_at, reference, leg, office) where owed_at is not null",
)
