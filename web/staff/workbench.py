"""The definitions as they stand in the folder now, which need not be those in force: what is wrong with them, what they
would change, and what a situation would come to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any

from catalog.edition import edition_of
from catalog.load import load_catalog
from catalog.model import Catalog
from catalog.report import by_weight, found_in
from catalog.text import Problem
from desk.differences import Difference, between
from forms.compose import compose
from forms.explore import explore
from forms.plan import Plan
from web.check_offices import check_offices
from web.wiring import House

REMEMBERED = 32
State = str  # new, changed, same, gone


@dataclass(frozen=True, slots=True)
class Looked:
    """The folder as it was read: its definitions, what is wrong with them, and whether a file could not be read (then
    only that is said)."""

    catalog: Catalog
    problems: tuple[Problem, ...]
    unread: bool

    @property
    def composable(self) -> bool:
        """Whether plans can be tried: a department that nobody has connected yet is in the way of filing alone."""
        return not any(problem.level == "error" and problem.code != "no_connector" for problem in self.problems)

    @property
    def sound(self) -> bool:
        """Whether a start would accept them."""
        return not any(problem.level == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Beside:
    """A bundle of the folder beside the one in force: what differs, typed; `state` new, changed, same or gone."""

    id: str
    name: str
    state: State
    differences: tuple[Difference, ...] = ()


@dataclass(slots=True)
class Workbench:
    """Reads the folder at each look, for that costs a third of a second; what only trying all situations of a bundle
    shows takes seconds and is kept while its edition stays the same."""

    house: House
    _tried: OrderedDict[tuple[str, date], tuple[Problem, ...]] = field(default_factory=OrderedDict)
    _guard: Lock = field(default_factory=Lock)

    def look(self, today: date) -> Looked:
        """The folder as it stands."""
        settings = self.house.settings
        loaded = load_catalog(settings.bundles)
        found = found_in(loaded, today)
        if not loaded.unread:
            found += check_offices(settings, loaded.catalog, self.house.deployment)
        return Looked(loaded.catalog, tuple(by_weight(found)), bool(loaded.unread))

    def beside(self, looked: Looked) -> list[Beside]:
        """Every bundle of the folder and of the definitions in force, by name."""
        ids = sorted({*looked.catalog.bundles, *self.house.catalog.bundles})
        return [self.one_beside(looked, bundle) for bundle in ids]

    def one_beside(self, looked: Looked, bundle: str) -> Beside:
        """One bundle of a sound folder beside the one in force."""
        here, in_force = looked.catalog.bundles.get(bundle), self.house.catalog.bundles.get(bundle)
        if here is None:
            return Beside(bundle, str(in_force.name) if in_force else bundle, "gone")
        if in_force is None:
            return Beside(bundle, str(here.name), "new")
        old, new = edition_of(self.house.catalog, bundle), edition_of(looked.catalog, bundle)
        if old.hash == new.hash:
            return Beside(bundle, str(here.name), "same")
        return Beside(bundle, str(here.name), "changed", tuple(between(old.body, new.body)))

    def explored(self, looked: Looked, bundle: str, today: date) -> tuple[Problem, ...]:
        """What only trying situations shows of a bundle of a sound folder, with file and line."""
        key = edition_of(looked.catalog, bundle).hash, today
        with self._guard:  # whoever asks for the same meanwhile waits for it instead of working it out again
            if key not in self._tried:
                self._tried[key] = tuple(by_weight(explore(looked.catalog, bundle, today)))
                while len(self._tried) > REMEMBERED:
                    self._tried.popitem(last=False)
            return self._tried[key]

    def plan(self, looked: Looked, bundle: str, situation: Mapping[str, Any], today: date) -> Plan:
        """The plan of a bundle of the folder for one situation."""
        return compose(looked.catalog, bundle, situation, today=today, edition=edition_of(looked.catalog, bundle).hash)
