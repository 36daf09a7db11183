"""Quiet hours (免打扰时段): when nobody's telephone rings. What is to be told then waits till the morning. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class Quiet:
    """From the hour `begins` to the hour `ends`, over midnight where that is earlier; equal hours: never."""

    begins: int
    ends: int
    zone: tzinfo

    def is_quiet(self, at: datetime) -> bool:
        """Whether nothing may leave at this moment."""
        hour = at.astimezone(self.zone).hour
        if self.begins <= self.ends:
            return self.begins <= hour < self.ends
        return hour >= self.begins or hour < self.ends

    def after(self, at: datetime) -> datetime:
        """The first moment from `at` on at which something may leave."""
        if not self.is_quiet(at):
            return at
        day = at.astimezone(self.zone).date()
        morning = datetime.combine(day, time(self.ends), self.zone)
        return morning if morning > at else datetime.combine(day + timedelta(days=1), time(self.ends), self.zone)
