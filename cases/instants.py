"""Reading points in time and pauses as people type them: `2025-09-26`, `2025-09-26T16:00`, `FROM..TO`."""

from __future__ import annotations

from datetime import datetime, tzinfo

from cases.clock import Span
from cases.errors import BadInstant


def read_instant(text: str, zone: tzinfo) -> datetime:
    """An ISO date (its midnight) or date and time; without an offset it is local to `zone`. Raises `BadInstant`."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInstant(f"时间 {text} 无法识别；请写 2025-09-26 或 2025-09-26T16:00") from None
    return instant.replace(tzinfo=zone) if instant.tzinfo is None else instant


def read_pause(text: str, zone: tzinfo) -> Span:
    """A pause `FROM..TO`: the day FROM does not count, the day TO counts again. Raises `BadInstant`."""
    start, dots, end = text.partition("..")
    if not dots:
        raise BadInstant(f"暂停 {text} 无法识别；请写 开始..结束，例如 2025-10-10..2025-10-15")
    span = Span(read_instant(start, zone), read_instant(end, zone))
    if span.end < span.start:
        raise BadInstant(f"暂停 {text} 的结束早于开始；请对调")
    return span
