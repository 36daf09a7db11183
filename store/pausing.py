"""Paused: nothing leaves for departments and nothing of theirs is taken until somebody says "resume"."""

from __future__ import annotations

from datetime import datetime

from store import marks
from store.marks import Mark
from store.messages import TOPIC
from store.port import Tx

NAME = "paused"


def pause(tx: Tx, reason: str, at: datetime) -> None:
    """Pause the service; pausing a paused one only changes the reason."""
    marks.put(tx, NAME, reason, at)


def resume(tx: Tx) -> None:
    """Go on, and wake the dispatcher."""
    marks.drop(tx, NAME)
    tx.notify(TOPIC)


def paused(tx: Tx) -> Mark | None:
    """Since when and why the service is paused; None while it is not."""
    return marks.get(tx, NAME)
