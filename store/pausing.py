"""Paused: nothing leaves for departments and nothing of theirs is taken until somebody says "resume"."""

from __future__ import annotations

from datetime import datetime

from store import marks
from store.marks import Mark
from store.messages import TOPIC
from store.port import Tx

NAME = "paused"
BACK = "back"


def pause(tx: Tx, reason: str, at: datetime) -> None:
    """Pause the service; pausing a paused one only changes the reason."""
    before = paused(tx)
    marks.put(tx, NAME, reason, at if before is None else before.at)


def resume(tx: Tx, at: datetime) -> None:
    """Go on, and wake the dispatcher."""
    marks.drop(tx, NAME)
    came_back(tx, at)
    tx.notify(TOPIC)


def came_back(tx: Tx, at: datetime) -> None:
    """Since `at` the service can be reached again after it could not."""
    marks.put(tx, BACK, "", at)


def back_since(tx: Tx) -> datetime | None:
    """Since when, at the last time; None if it was never away."""
    mark = marks.get(tx, BACK)
    return None if mark is None else mark.at


def paused(tx: Tx) -> Mark | None:
    """Since when and why the service is paused; None while it is not."""
    return marks.get(tx, NAME)
