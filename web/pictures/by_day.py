"""What came and what ended, day by day or month by month: paired columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from web.pictures.canvas import BRAND, LINE, NARROW, QUIET, WIDE, Canvas, Drawing, Picture, text_width

_HEIGHT, _FOOT, _HEAD = 150, 24, 22


class Span(NamedTuple):
    """A day or a month by its name, with how many cases came in it and how many ended."""

    name: str
    filed: int
    ended: int


def by_day(spans: Sequence[Span]) -> Drawing:
    """A pair of columns for each, on one scale; on small screens not every one bears its name."""
    return Drawing(_columns(spans, WIDE, "wide"), _columns(spans, NARROW, "narrow"))


def _columns(spans: Sequence[Span], width: float, shown: str) -> Picture:
    most = max((max(one.filed, one.ended) for one in spans), default=0) or 1
    canvas = Canvas(width, _HEAD + _HEIGHT + _FOOT)
    step = width / max(len(spans), 1)
    wide, every = min(step * 0.38, 24), max(1, -(-len(spans) * 60 // int(width)))
    for number, one in enumerate(spans):
        middle = step * number + step / 2
        for left, count, colour in ((middle - wide, one.filed, LINE), (middle, one.ended, BRAND)):
            height = _HEIGHT * count / most
            canvas.shape("rect", x=left, y=_HEAD + _HEIGHT - height, width=wide, height=height, fill=colour)
        if number % every == 0:
            half = text_width(one.name, 13) / 2
            place = min(max(middle, half), width - half)
            canvas.text(place, _HEAD + _HEIGHT + 18, one.name, 13, text_anchor="middle", fill=QUIET)
    canvas.line([(0, _HEAD + _HEIGHT), (width, _HEAD + _HEIGHT)], stroke=QUIET)
    canvas.text(0, 14, f"最多一格 {most} 件", 13, fill=QUIET)
    told = "；".join(f"{one.name} 申请 {one.filed} 件、结束 {one.ended} 件" for one in spans)
    return canvas.picture(f"申请和结束的办件：{told}", shown)
