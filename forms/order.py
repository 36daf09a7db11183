"""The order of the legs: authored edges resolved to legs, what each feeds, and the schedule.

Edges with an absent end disappear and are never bridged. Rows of the same group are paired; otherwise every row of
the target is waited for as `join` says. Consequences have the defaults of language 2.7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.bundle import Edge, Effect, Group, Join, Upstream
from catalog.model import Catalog
from forms.answers import Known
from forms.choose import members_of
from forms.legs import Leg
from forms.plan import PlannedEdge

UPSTREAM: Final[tuple[Upstream, ...]] = ("refused", "withdrawn", "lapsed", "voided", "unclear")


@dataclass(frozen=True, slots=True)
class Fed:
    """What reaches a leg by an edge: the asked code, as which given code, from which legs, and whether it comes later
    (`before_decide`: the leg starts without it). `rows` has, for each of these legs, its group and row, if any."""

    code: str
    given: str
    by: tuple[str, ...]
    later: bool
    rows: tuple[tuple[str | None, int | None], ...] = ()

    def for_row(self, group: str | None, row: int | None) -> tuple[str, ...]:
        """The legs that give it for one row of a group: that row's own, and those that are of no row of the group."""
        if row is None:
            return self.by
        return tuple(leg for leg, (each, its) in zip(self.by, self.rows, strict=True) if each != group or its == row)


@dataclass(frozen=True, slots=True)
class Order:
    """All edges between chosen legs; `fed` has, by leg, what arrives for each asked code."""

    edges: tuple[PlannedEdge, ...]
    fed: Mapping[str, Mapping[str, Fed]] = field(default_factory=dict)


class Covers:
    """Which kinds serve as another kind: itself, or a declared richer paper, over any number of steps."""

    def __init__(self, catalog: Catalog) -> None:
        self.serving: dict[str, list[str]] = {}
        for material in catalog.materials.values():
            for covered in material.covers:
                self.serving.setdefault(covered, []).append(material.code)

    def as_which(self, asked: str, given: tuple[str, ...]) -> str | None:
        """The given code that serves as `asked`: itself first, then the nearest covering one."""
        seen, row = {asked}, [asked]
        while row:
            found = next((code for code in row if code in given), None)
            if found is not None:
                return found
            row = [code for kind in row for code in self.serving.get(kind, ()) if code not in seen]
            seen.update(row)
        return None


def order_of(legs: list[Leg], known: Known) -> Order:
    """Resolve every edge of the bundle to the chosen legs."""
    by_matter: dict[str, list[Leg]] = {}
    for leg in legs:
        by_matter.setdefault(leg.planned.matter, []).append(leg)
    covers = Covers(known.catalog)
    edges: list[PlannedEdge] = []
    fed: dict[str, dict[str, Fed]] = {}
    written = [
        (edge, leg)
        for entry in known.bundle.entries for edge in entry.after for leg in by_matter.get(entry.matter, ())
    ]
    for edge, leg in written:
        targets = _targets(edge, leg, by_matter, known)
        if targets:
            edges.append(_planned(edge, leg, targets, known.groups.get(edge.target), known.catalog))
            _feed(edge, targets, covers, fed.setdefault(leg.number, {}))
    edges.extend(_together(by_matter, known))
    return Order(tuple(edges), fed)


def _together(by_matter: Mapping[str, list[Leg]], known: Known) -> Iterator[PlannedEdge]:
    """Groups with `deliver: together`: each leg's result is held until the others of its group are over, too."""
    for group in (group for group in known.bundle.groups if group.deliver == "together"):
        numbers = [leg.number for member in group.members for leg in by_matter.get(member, ())]
        edge = Edge(group.id, "before_deliver")
        for number in numbers if len(numbers) > 1 else ():
            others = tuple(other for other in numbers if other != number)
            yield PlannedEdge(number, others, edge.kind, "ended", on=effects_of(edge, known.catalog))


def _targets(edge: Edge, leg: Leg, by_matter: Mapping[str, list[Leg]], known: Known) -> list[Leg]:
    found: list[Leg] = []
    for member in members_of(edge.target, known):
        legs = by_matter.get(member, [])
        if leg.planned.each is not None:
            paired = [other for other in legs if other.planned.each == leg.planned.each]
            legs = [other for other in paired if other.planned.row == leg.planned.row] if paired else legs
        found.extend(other for other in legs if other.number != leg.number)
        if found and edge.join == "first":
            break
    return found


def _planned(edge: Edge, leg: Leg, targets: list[Leg], group: Group | None, catalog: Catalog) -> PlannedEdge:
    return PlannedEdge(
        leg.number, tuple(target.number for target in targets), edge.kind, _join(edge, group), edge.feeds, edge.within,
        effects_of(edge, catalog), edge.need, edge.say,
    )


def _join(edge: Edge, group: Group | None) -> Join:
    if edge.join is not None:
        return edge.join
    return "ended" if group is not None and group.kind != "one_of" else "all"


def effects_of(edge: Edge, catalog: Catalog) -> dict[Upstream, Effect]:
    """What each way of ending without a result does: the author's word, else the default of language 2.7."""
    usual: Effect = "stop"
    if edge.kind == "before_deliver":
        usual = "continue"
    elif edge.feeds and all(_obtainable(code, catalog) for code in edge.feeds):
        usual = "ask"
    return {way: edge.on.get(way, "ask" if way in {"voided", "unclear"} else usual) for way in UPSTREAM}


def _obtainable(code: str, catalog: Catalog) -> bool:
    """Whether a fed thing could come from elsewhere: a paper with a source, or a field, which can be typed."""
    material = catalog.materials.get(code)
    return code in catalog.fields if material is None else bool(material.sources)


def _feed(edge: Edge, targets: list[Leg], covers: Covers, fed: dict[str, Fed]) -> None:
    for code in edge.feeds:
        given = {t.number: covers.as_which(code, t.planned.gives.materials + t.planned.gives.fields) for t in targets}
        by = tuple(number for number, found in given.items() if found is not None)
        if by and (code not in fed or fed[code].later):
            rows = tuple((t.planned.each, t.planned.row) for t in targets if t.number in by)
            fed[code] = Fed(code, given[by[0]] or code, by, edge.kind == "before_decide", rows)


def timing(edges: tuple[PlannedEdge, ...]) -> Iterator[PlannedEdge]:
    """The edges that move dates: starts and decisions; delivering together and cancelling never delay."""
    return (edge for edge in edges if edge.kind in {"before_start", "before_decide"})
