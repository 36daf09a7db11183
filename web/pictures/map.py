"""The map: legs as stations by stage, tracks between them, the longest chain bold; one drawing wide, one narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from web.pictures.canvas import (
    BRAND,
    DONE,
    INK,
    LATE,
    LINE,
    NARROW,
    PALE,
    QUIET,
    SOON,
    WHITE,
    WIDE,
    Canvas,
    Drawing,
    Picture,
    broken,
)
from web.pictures.stations import LOOK_NAMES, Look, Network, Station

_CARD, _GAP, _LANE, _HEAD = 62, 14, 12, 40
_COLOURS: Mapping[Look, tuple[str, str]] = {
    "planned": (WHITE, BRAND), "waiting": (WHITE, LINE), "running": (BRAND, BRAND), "soon": (SOON, SOON),
    "late": (LATE, LATE), "yours": (WHITE, SOON), "done": (DONE, DONE), "refused": (INK, INK),
    "ended": (QUIET, QUIET),
}
_SIGNS: Mapping[Look, str] = {
    "running": "M-4 0 H4", "soon": "M0 -5 V1 M0 4 V5", "late": "M0 -5 V1 M0 4 V5", "yours": "M-4 0 H4 M0 -4 V4",
    "done": "M-5 0 L-1.5 4 L5 -4", "refused": "M-4 -4 L4 4 M4 -4 L-4 4", "ended": "M-4 0 H4",
}


def drawn_map(net: Network, what: str) -> Drawing:
    """Draw a network; `what` begins the title that is read aloud."""
    title = f"{what}：共 {len(net.stations)} 项，分 {net.length} 步；文字版在图的下面"
    return Drawing(_Wide(net).picture(title), _narrow(net, title))


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Tracks drawn as one: every target runs into one upright line, every follower leaves it. All followers stand in
    one stage: a line to a later one would run through the cards between and look as if these were meant.
    """

    targets: tuple[str, ...]
    followers: tuple[str, ...]
    soft: bool


def _bundles(net: Network) -> list[_Bundle]:
    followers: dict[tuple[frozenset[str], bool, int], list[str]] = {}
    for track in net.tracks:
        stage = net.stages[track.follower]
        later = frozenset(name for name in track.targets if net.stages[name] < stage)
        if later:
            followers.setdefault((later, track.soft, stage), []).append(track.follower)
    return [_Bundle(tuple(sorted(targets)), tuple(names), soft) for (targets, soft, _), names in followers.items()]


class _Wide:
    """Columns from left to right; a track that passes a column runs in a lane of its own under the cards."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.bundles = _bundles(net)
        self.gaps = [self._gap(stage) for stage in range(net.length)]
        free = WIDE - 14 - sum(self.gaps)
        self.room = max(150.0, free / net.length)
        self.width = WIDE + max(0.0, self.room * net.length - free)
        tallest = max(len(net.column(stage)) for stage in range(net.length))
        self.lanes = self._lanes()
        self.bottom = _HEAD + tallest * (_CARD + _GAP)
        self.canvas = Canvas(self.width, self.bottom + _LANE * len(self.lanes) + 4)

    def _gap(self, stage: int) -> float:
        entering = sum(1 for bundle in self.bundles if self._stage(bundle) == stage + 1)
        inside = self._inside(stage)
        return (26.0 if stage + 1 < self.net.length else 4.0) + _LANE * (entering + len(inside))

    def _stage(self, bundle: _Bundle) -> int:
        return self.net.stages[bundle.followers[0]]

    def _inside(self, stage: int) -> list[tuple[str, str]]:
        stages = self.net.stages
        return [(target, track.follower) for track in self.net.tracks for target in track.targets
                if stages[target] == stages[track.follower] == stage]

    def _lanes(self) -> dict[tuple[str, int], int]:
        """Dummy nodes: for each target whose track passes at least one column, the lane below the cards."""
        passing = {(name, self._stage(bundle)) for bundle in self.bundles for name in bundle.targets
                   if self.net.stages[name] + 1 < self._stage(bundle)}
        return {key: number for number, key in enumerate(sorted(passing))}

    def left(self, stage: int) -> float:
        """Where a column begins."""
        return 14 + stage * self.room + sum(self.gaps[:stage])

    def spot(self, name: str) -> tuple[float, float]:
        """The left end and the middle height of a card."""
        column = self.net.column(self.net.stages[name])
        row = next(number for number, station in enumerate(column) if station.id == name)
        tallest = (self.bottom - _HEAD) / (_CARD + _GAP)
        lift = (tallest - len(column)) * (_CARD + _GAP) / 2
        return self.left(self.net.stages[name]), _HEAD + lift + row * (_CARD + _GAP) + _CARD / 2

    def picture(self, title: str) -> Picture:
        """Tracks first, then the bold chain over them, then cards."""
        for stage in range(self.net.length):
            self.canvas.text(self.left(stage), 18, f"第 {stage + 1} 步", 14, fill=QUIET, font_weight="bold")
        for bold in (False, True):
            for stage in range(1, self.net.length):
                entering = [bundle for bundle in self.bundles if self._stage(bundle) == stage]
                for lane, bundle in enumerate(entering):
                    self._run(bundle, self.left(stage) - 22 - lane * _LANE, bold)
        for stage in range(self.net.length):
            self._arcs(stage)
        for station in self.net.stations:
            x, y = self.spot(station.id)
            _card(self.canvas, station, (x, y), self.room)
        return self.canvas.picture(title, "wide")

    def _run(self, bundle: _Bundle, bus: float, bold: bool) -> None:
        chain = {station.id for station in self.net.stations if station.bold}
        stage = self._stage(bundle)
        targets = [name for name in bundle.targets if not bold or (name in chain and not self._between(name, stage))]
        followers = [name for name in bundle.followers if not bold or name in chain]
        if not targets or not followers:
            return
        look = {"stroke": BRAND if bold else LINE, "stroke_width": 4.0 if bold else 1.5,
                "stroke_dasharray": "5 4" if bundle.soft else None, "stroke_linejoin": "round"}
        ends = []
        for name in targets:
            points = self._way(name, stage, bus)
            self.canvas.line(points, **look)
            ends.append(points[-1][1])
        for name in followers:
            x, y = self.spot(name)
            self.canvas.line([(bus, y), (x - 11, y)], **look)
            ends.append(y)
        self.canvas.line([(bus, min(ends)), (bus, max(ends))], **look)

    def _between(self, name: str, stage: int) -> bool:
        """Whether the longest chain calls somewhere on its way from this station to that stage."""
        stages = self.net.stages
        return any(station.bold and stages[name] < stages[station.id] < stage for station in self.net.stations)

    def _way(self, name: str, stage: int, bus: float) -> list[tuple[float, float]]:
        x, y = self.spot(name)
        right = x + self.room
        lane = self.lanes.get((name, stage))
        if lane is None:
            return [(right, y), (bus, y)]
        low = self.bottom + lane * _LANE
        return [(right, y), (right + 7, y), (right + 7, low), (bus, low)]

    def _arcs(self, stage: int) -> None:
        right = self.left(stage) + self.room
        for lane, (target, follower) in enumerate(self._inside(stage)):
            (_, start), (_, end) = self.spot(target), self.spot(follower)
            out = right + 8 + lane * _LANE
            self.canvas.line([(right, start + 8), (out, start + 8), (out, end - 8), (right + 6, end - 8)],
                             stroke=QUIET, stroke_width=1.2, stroke_dasharray="4 3", stroke_linejoin="round")
            self.canvas.shape("path", d=f"M{right:.1f} {end - 8:.1f} l7 -4 v8 z", fill=QUIET)


def _card(canvas: Canvas, station: Station, spot: tuple[float, float], room: float) -> None:
    x, y = spot
    fill, stroke = _COLOURS[station.look]
    canvas.shape("rect", x=float(x), y=y - _CARD / 2, width=float(room), height=_CARD, rx=6,
                 fill=PALE if station.bold else WHITE, stroke=BRAND if station.bold else LINE,
                 stroke_width=2.0 if station.bold else 1.0)
    if station.awaited:
        canvas.shape("circle", cx=float(x), cy=float(y), r=15, fill="none", stroke=stroke, stroke_width=1.5,
                     stroke_dasharray="3 3")
    canvas.shape("circle", cx=float(x), cy=float(y), r=11, fill=fill, stroke=stroke, stroke_width=3.0)
    _sign(canvas, station.look, (x, y))
    inner = room - 30
    lines = broken(f"{station.id} {station.name}", 14, inner)
    notes = broken(station.note, 12, inner, 1)
    top = y - (len(lines) * 18 + 16) / 2 + 13
    for number, words in enumerate(lines):
        canvas.text(x + 20, top + number * 18, words, 14, font_weight="bold" if station.bold else None)
    for words in notes:
        canvas.text(x + 20, top + len(lines) * 18 - 1, words, 12, fill=QUIET)


def _sign(canvas: Canvas, look: Look, spot: tuple[float, float]) -> None:
    if look in _SIGNS:
        ink = SOON if look == "yours" else WHITE
        canvas.shape("path", d=_SIGNS[look], transform=f"translate({spot[0]:.1f} {spot[1]:.1f})", fill="none",
                     stroke=ink, stroke_width=2.2, stroke_linecap="round")


def _narrow(net: Network, title: str) -> Picture:
    """One trunk from top to bottom; the stations of a stage hang on it in one column."""
    step = _CARD + 10
    total = sum(34 + len(net.column(stage)) * step for stage in range(net.length))
    canvas = Canvas(NARROW, total + 6)
    stops, at = [], 0.0
    for stage in range(net.length):
        stops.append(at)
        at += 34 + len(net.column(stage)) * step
    last = net.column(net.length - 1)
    canvas.line([(10, 12), (10, stops[-1] + 34 + (len(last) - 1) * step + _CARD / 2)], stroke=LINE, stroke_width=3.0)
    for stage, top in enumerate(stops):
        canvas.shape("circle", cx=10, cy=top + 13, r=7, fill=WHITE, stroke=INK, stroke_width=3.0)
        count = len(net.column(stage))
        canvas.text(26, top + 18, f"第 {stage + 1} 步 · {f'{count} 项同时办' if count > 1 else '1 项'}", 14,
                    font_weight="bold")
        for row, station in enumerate(net.column(stage)):
            y = top + 34 + row * step + _CARD / 2
            canvas.line([(10, y), (36, y)], stroke=BRAND if station.bold else LINE,
                        stroke_width=4.0 if station.bold else 1.5)
            _card(canvas, station, (36, y), NARROW - 38)
    return canvas.picture(title, "narrow")


def legend(net: Network) -> list[tuple[Look, str]]:
    """The looks that occur in a network with their names, in a fixed order."""
    used = {station.look for station in net.stations}
    return [(look, name) for look, name in LOOK_NAMES.items() if look in used]


def explained(net: Network) -> dict[str, str]:
    """What the lines and rings that occur in a network mean, by sign: `bold`, `dashed`, `ring`."""
    shown = {
        "bold": any(station.bold for station in net.stations), "dashed": any(track.soft for track in net.tracks),
        "ring": any(station.awaited for station in net.stations),
    }
    words = {"bold": "粗线：最长的一条路，它决定总共要几天", "dashed": "虚线：可以先办，等前面的结果再办结",
             "ring": "虚圈：后面的事项正在等它"}
    return {sign: said for sign, said in words.items() if shown[sign]}


def sample(look: Look) -> Picture:
    """One station's sign alone, for the legend."""
    canvas = Canvas(26, 26)
    fill, stroke = _COLOURS[look]
    canvas.shape("circle", cx=13, cy=13, r=9, fill=fill, stroke=stroke, stroke_width=3.0)
    _sign(canvas, look, (13, 13))
    head = '<svg class="sign" viewBox="0 0 26 26" width="22" height="22" aria-hidden="true">'
    drawn = Markup(f"{head}{''.join(canvas.parts)}</svg>")  # noqa: S704  # drawn from our own constants
    return Picture(drawn, 26, 26, ())
