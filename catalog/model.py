"""The catalog: everything that was authored, as frozen values, with the place of every part for messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.bundle import Bundle
from catalog.dictionary import (
    CalendarYear,
    Department,
    Field,
    Licence,
    Material,
    Region,
    Role,
    Section,
    Table,
    Window,
)
from catalog.matter import Matter
from catalog.text import Place

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where each part of the definitions stands, by path, e.g. `("matters", "gas-connection", "limits")`."""

    by_path: Mapping[Path, Place] = field(default_factory=dict)

    def of(self, *path: str | int) -> Place:
        """The place of `path`, else of its nearest known ancestor, else line 1 of the folder itself."""
        for length in range(len(path), 0, -1):
            place = self.by_path.get(path[:length])
            if place is not None:
                return place
        return Place("bundles", 1)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All definitions by code. Inner fields of repeated groups stand in `fields` too, under `group.field`. `offered`:
    the bundles of this place (None: all); the others take nothing new and stand in no list."""

    departments: Mapping[str, Department] = field(default_factory=dict)
    regions: Mapping[str, Region] = field(default_factory=dict)
    sections: Mapping[str, Section] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)
    materials: Mapping[str, Material] = field(default_factory=dict)
    licences: Mapping[str, Licence] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    calendar: Mapping[int, CalendarYear] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    matters: Mapping[str, Matter] = field(default_factory=dict)
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    places: Places = field(default_factory=Places, compare=False)
    offered: frozenset[str] | None = None

    def offers(self, bundle: str) -> bool:
        """Whether this place offers a bundle."""
        return self.offered is None or bundle in self.offered

    @property
    def on_offer(self) -> tuple[Bundle, ...]:
        """The bundles that this place offers."""
        return tuple(bundle for bundle in self.bundles.values() if self.offers(bundle.id))

    def matter_of(self, bundle: Bundle, matter: str) -> Matter:
        """The matter as this bundle has it: a bundle that extends another may override it; KeyError if unknown."""
        own = bundle.own_matters.get(matter)
        return self.matters[matter] if own is None else own

    def roles_of(self, bundle: Bundle) -> Mapping[str, Role]:
        """The roles usable in a bundle: its own people over those of `roles.yaml`."""
        return {**self.roles, **{role.code: role for role in bundle.people}}
