"""What may be written into a log about a fault of ours: its kind and place, never its text."""

from __future__ import annotations

import traceback

FRAMES = 3


def told(fault: BaseException) -> str:
    """`KeyError at claims.py:120 < loop.py:98`: an exception's own text may quote a person's data."""
    frames = traceback.extract_tb(fault.__traceback__)[-FRAMES:]
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(fault).__name__} at {places}"
