"""The time at the edge, which a test may move."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


class BadClock(ValueError):
    """The clock file does not hold `INSTANT [xSPEED]`."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time at the edge. With a file (test only) it is `INSTANT [xSPEED]`, counted from when the file was written,
    so that every process that reads the file agrees; without a speed it runs as fast as the real one, x0 stands."""

    file: Path | None = None

    def now(self) -> datetime:
        """This moment in UTC, timezone-aware; raises `BadClock` when the file cannot be understood."""
        if self.file is None:
            return datetime.now(UTC)
        try:
            words, written = self.file.read_text("ascii").split(), self.file.stat().st_mtime
        except FileNotFoundError:
            return datetime.now(UTC)
        start, speed = read_clock(words)
        return start + timedelta(seconds=(time.time() - written) * speed)


def read_clock(words: list[str]) -> tuple[datetime, float]:
    """The instant and the speed that a clock file's words name; raises `BadClock`."""
    try:
        start = datetime.fromisoformat(words[0])
        speed = float(words[1].removeprefix("x")) if words[1:] else 1.0
    except (ValueError, IndexError) as error:
        raise BadClock("YJS_CLOCK must hold INSTANT [xSPEED], e.g. 2026-11-23T09:00:00+08:00 x60") from error
    if start.tzinfo is None or words[2:]:
        raise BadClock("YJS_CLOCK must hold one instant with its offset and at most one speed")
    return start.astimezone(UTC), speed
