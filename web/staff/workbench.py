"""The definitions as they stand in the folder now, which need not be those in force: what is wrong with them, what they
would change, and what a situation would come to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Lock
from typing import Any

from catalog.edition import edition_of
from catalog.load import load_catalog
from catalog.model import Catalog
from catalog.report import by_weight, found_in
from catalog.text import Problem
from desk.bodies import at_place
from desk.differences import Difference, between
from forms.answers import know
from forms.compose import compose
from forms.plan import Plan
from forms.trials.examples import check_examples
from forms.trials.explore import explore
from web.check_offices import check_offices
from web.wiring import House

REMEMBERED = 128
State = str  # new, changed, same, gone
Try = Callable[[Catalog, str, date], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Looked:
    """The folder as it was read: its definitions, what is wrong with them, and whether a file could not be read (then
    only that is said). `composable`: plans can be tried; a department that nobody has connected yet is in the way of
    filing alone, and an example that fails is looked into by trying it."""

    catalog: Catalog
    problems: tuple[Problem, ...]
    unread: bool
    composable: bool


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
    _tried: OrderedDict[tuple[str, str, str, date], tuple[Problem, ...]] = field(default_factory=OrderedDict)
    _guard: Lock = field(default_factory=Lock)

    def look(self, today: date) -> Looked:
        """The folder as it stands, with what only trying its bundles shows: of those that differ from the ones in force
        all of it, of the others their examples. One may fail by a change of what another shares with it."""
        settings = self.house.settings
        loaded = load_catalog(settings.bundles)
        found = found_in(loaded, today)
        if not loaded.unread:
            found += check_offices(settings, loaded.catalog, self.house.deployment)
        composable = not any(problem.level == "error" and problem.code != "no_connector" for problem in found)
        looked = Looked(loaded.catalog, tuple(by_weight(found)), bool(loaded.unread), composable)
        if not composable:
            return looked
        tried = [problem for one in loaded.catalog.bundles for problem in (
            self.explored if self._differs(looked, one) else self.exampled)(looked, one, today)]
        return replace(looked, problems=tuple(by_weight([*found, *tried])))

    def _differs(self, looked: Looked, bundle: str) -> bool:
        in_force = self.house.catalog
        return bundle not in in_force.bundles or (
            edition_of(in_force, bundle).hash != edition_of(looked.catalog, bundle).hash)

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
        return self._once("all", (looked.catalog, bundle, today), explore)

    def exampled(self, looked: Looked, bundle: str, today: date) -> tuple[Problem, ...]:
        """The part of that which its own examples show."""
        return self._once("examples", (looked.catalog, bundle, today), lambda catalog, one, day: check_examples(
            know(catalog, catalog.bundles[one], {}, None, day)))

    def _once(self, what: str, of: tuple[Catalog, str, date], work: Try) -> tuple[Problem, ...]:
        catalog, bundle, today = of
        own = catalog.bundles[bundle]  # its examples are no part of the edition
        key = what, edition_of(catalog, bundle).hash, repr((own.examples, own.figures)), today
        with self._guard:  # whoever asks for the same meanwhile waits for it instead of working it out again
            if key not in self._tried:
                self._tried[key] = tuple(by_weight(work(catalog, bundle, today)))
                while len(self._tried) > REMEMBERED:
                    self._tried.popitem(last=False)
            return self._tried[key]

    def plan(self, looked: Looked, bundle: str, situation: Mapping[str, Any], today: date) -> Plan:
        """The plan of a bundle of the folder for one situation, as this place would carry it out."""
        made = compose(looked.catalog, bundle, situation, today=today, edition=edition_of(looked.catalog, bundle).hash)
        return at_place(made, self.house.deployment, looked.catalog)
