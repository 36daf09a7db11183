"""A small canvas for inline SVG: presentation attributes only; the box of every label is kept for the tests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from markupsafe import Markup, escape

INK = "#1b2733"
QUIET = "#55606b"
LINE = "#9db2c9"
PALE = "#eaf1f9"
BRAND = "#12458f"
DONE = "#1b7742"
LATE = "#b3261e"
SOON = "#b86e00"
WHITE = "#ffffff"
WIDE, NARROW = 1060, 350


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the picture's own units: what a label or a card covers."""

    x: float
    y: float
    width: float
    height: float


def text_width(text: str, size: float) -> float:
    """The width of a line of text: a full em for each Chinese sign, 0.6 em for each other one (an upper bound)."""
    return sum(size if ord(sign) > 0x2E7F else size * 0.6 for sign in text)


def shortened(text: str, size: float, room: float) -> str:
    """The text, or its beginning with an ellipsis where it would be wider than `room`."""
    if text_width(text, size) <= room:
        return text
    kept = text
    while kept and text_width(kept + "…", size) > room:
        kept = kept[:-1]
    return kept + "…"


def broken(text: str, size: float, room: float, lines: int = 2) -> list[str]:
    """The text broken into at most `lines` lines of `room` each; the last one is shortened if it must be."""
    found: list[str] = []
    rest = text
    while rest and len(found) < lines - 1 and text_width(rest, size) > room:
        cut = next(n for n in range(len(rest), 0, -1) if n == 1 or text_width(rest[:n], size) <= room)
        cut = _before_number(rest, cut, size, room)
        found.append(rest[:cut])
        rest = rest[cut:]
    return [*found, shortened(rest, size, room)] if rest else found


_NUMBER = re.compile(r"[（(]?[0-9A-Za-z-]+[）)]?")


def _before_number(text: str, cut: int, size: float, room: float) -> int:
    """Where to break instead of at `cut`: in front of the number that it would break in two, if that fits a line."""
    for number in _NUMBER.finditer(text):
        if number.start() < cut < number.end() and number.start() > 0 and text_width(number[0], size) <= room:
            return number.start()
    return cut


def attributes(values: dict[str, object]) -> str:
    """Attributes as SVG text: `stroke_width=2` becomes `stroke-width="2"`, None is left out."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for name, value in values.items() if value is not None
    )


def _short(value: object) -> object:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


@dataclass(slots=True)
class Canvas:
    """Collects shapes from back to front; `labels` has the box of each line of text."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)
    labels: list[Box] = field(default_factory=list)

    def shape(self, tag: str, **values: object) -> None:
        """Add one element without content."""
        self.parts.append(f"<{tag}{attributes(values)}/>")

    def line(self, points: Iterable[tuple[float, float]], **values: object) -> None:
        """Add a path through points, straight."""
        pieces = [f"{'M' if n == 0 else 'L'}{_short(float(x))} {_short(float(y))}" for n, (x, y) in enumerate(points)]
        self.shape("path", d=" ".join(pieces), fill="none", **values)

    def curve(self, start: tuple[float, float], end: tuple[float, float], **values: object) -> None:
        """Add an S-curve that leaves and arrives level."""
        (x, y), (to_x, to_y) = start, end
        middle = (x + to_x) / 2
        numbers = [_short(float(n)) for n in (x, y, middle, y, middle, to_y, to_x, to_y)]
        self.shape("path", d="M{} {} C{} {} {} {} {} {}".format(*numbers), fill="none", **values)

    def text(self, x: float, y: float, words: str, size: float = 14, **values: object) -> None:
        """Add a line of text with its baseline at `y`; `text_anchor` start (default), middle or end."""
        width = text_width(words, size)
        left = {"middle": x - width / 2, "end": x - width}.get(str(values.get("text_anchor")), x)
        self.labels.append(Box(left, y - size * 0.85, width, size))
        values = {"x": float(x), "y": float(y), "font_size": size, "fill": INK, **values}
        self.parts.append(f"<text{attributes(values)}>{escape(words)}</text>")

    def picture(self, title: str, shown: str) -> Picture:
        """Finish: an `svg` with a title for people who hear the page; `shown` is its class (`wide`, `narrow`)."""
        head = attributes({
            "class_": f"picture picture-{shown}",
            "viewBox": f"0 0 {_short(float(self.width))} {_short(float(self.height))}",
            "width": float(self.width), "height": float(self.height), "role": "img", "aria_label": title,
            "font_family": "inherit", "xmlns": "http://www.w3.org/2000/svg",
        })
        drawn = Markup(f"<svg{head}>{''.join(self.parts)}</svg>")  # noqa: S704  # every value was escaped on the way in
        return Picture(drawn, self.width, self.height, tuple(self.labels))


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished drawing: its SVG, its size and the boxes of its labels."""

    svg: Markup
    width: float
    height: float
    labels: tuple[Box, ...]

    def __html__(self) -> str:
        return str(self.svg)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The same picture for wide and for small screens; the style sheet shows one of them."""

    wide: Picture
    narrow: Picture

    def __html__(self) -> str:
        return f"{self.wide.svg}{self.narrow.svg}"
