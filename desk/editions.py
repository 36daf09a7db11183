"""The edition in force of every bundle, plans composed with it, and what changed between two editions."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from functools import cache, cached_property, lru_cache
from typing import Any

from catalog import canonical, edition
from catalog.conditions import names_in, parse_condition
from catalog.dictionary import Spec
from catalog.model import Catalog
from catalog.reading import conditions_of, conditions_of_bundle
from desk.consents import Scope, scope_of
from desk.errors import NobodyThere, UnknownBundle
from desk.premises import Premises
from forms.compose import compose
from forms.plan import Plan, PlannedLeg
from store import editions
from store.port import Tx

REMEMBERED_PLANS = 64


class Composed:
    """A plan with what filing makes of it alone, each made at its first use: its canonical text and hash, as they are
    stored, what consent is asked for, how each paper must look, and the office of every leg."""

    def __init__(self, plan: Plan, premises: Premises) -> None:
        self.plan = plan
        self._premises = premises

    @cached_property
    def body(self) -> str:
        """The canonical JSON of the plan."""
        return canonical.dumps(self.plan).decode()

    @cached_property
    def hash(self) -> str:
        """The SHA-256 of the body, in hex."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    @cached_property
    def scope(self) -> Scope:
        """What the plan does with somebody's data; only of a plan composed before any look-up."""
        return scope_of(self.plan)

    @cached_property
    def specs(self) -> Mapping[str, Spec]:
        """How the files of each paper that is brought must look."""
        return {line.key: line.spec for line in self.plan.materials}

    @cached_property
    def offices(self) -> Mapping[str, str]:
        """The office of every leg, by its id in the deployment; `NobodyThere` where a place has none."""
        return {leg.leg: self._office(leg) for leg in self.plan.legs}

    def _office(self, leg: PlannedLeg) -> str:
        office = self._premises.deployment.body_for(leg.department, leg.region, self._parent)
        if office is None:
            raise NobodyThere(f"“{leg.name}”所在区划还没有对接{leg.department_name}；请到当地政务大厅窗口办理。",
                              more={"matter": leg.matter, "region": leg.region})
        return office.id

    def _parent(self, region: str) -> str | None:
        known = self._premises.catalog.regions.get(region)
        return known.parent if known else None


class Editions:
    """The editions in force and the plans composed with them; old ones are read back from the store."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._of = cache(self._compute)
        self._read_by_conditions = cache(self._names_in_conditions)
        self._stored_plan = lru_cache(maxsize=512)(self._read_plan)
        self._stored_catalog = lru_cache(maxsize=16)(self._read_catalog)
        self._composed: OrderedDict[str, Composed] = OrderedDict()
        self._guard = threading.Lock()

    def _compute(self, bundle: str) -> edition.Edition:
        return edition.edition_of(self._premises.catalog, bundle)

    def of(self, bundle: str) -> edition.Edition:
        """The edition in force of `bundle`; `UnknownBundle` if there is none."""
        if bundle not in self._premises.catalog.bundles:
            raise UnknownBundle
        return self._of(bundle)

    def compose(self, bundle: str, situation: Mapping[str, Any], now: datetime, *,
                found: Mapping[str, str] | None = None, form: Mapping[str, Any] | None = None) -> Composed:
        """Compose `bundle` for a situation on the day of `now`; the same question has the same answer, kept a while.

        Of the form only what conditions read can change a plan, so only that is part of the question.
        """
        hash_, today = self.of(bundle).hash, now.astimezone(self._premises.zone).date()
        read = self._read_by_conditions(bundle)
        relevant = None if form is None else {code: value for code, value in form.items() if code in read}
        key = repr((hash_, today, _ordered(situation), _ordered(relevant), _ordered(found)))
        with self._guard:
            if (kept := self._composed.get(key)) is not None:
                self._composed.move_to_end(key)
                return kept
        plan = compose(self._premises.catalog, bundle, situation, today=today, found=found, form=form, edition=hash_)
        made = Composed(plan, self._premises)
        with self._guard:
            self._composed[key] = made
            while len(self._composed) > REMEMBERED_PLANS:
                self._composed.popitem(last=False)
        return made

    def _names_in_conditions(self, bundle: str) -> frozenset[str]:
        """The fields (rows by their group) that any condition of a bundle, its matters or its dictionary reads."""
        catalog = self._premises.catalog
        whole = catalog.bundles[bundle]
        matters = [catalog.matter_of(whole, entry.matter) for entry in whole.entries]
        found = [*conditions_of_bundle(whole), *(one for matter in matters for one in conditions_of(matter))]
        found += [parse_condition(field.when) for field in catalog.fields.values() if field.when]
        return frozenset(name.partition(".")[0] for condition in found for name in names_in(condition))

    def keep(self, tx: Tx, bundle: str, composed: Composed, now: datetime) -> None:
        """Store the edition in force and a composed plan, unless they are there."""
        current = self.of(bundle)
        has_edition, has_plan = editions.stored(tx, current.hash, composed.hash)
        if not has_edition:
            editions.keep(tx, editions.Edition(hash=current.hash, bundle=bundle, body=current.body.decode(),
                                               language=str(current.language), kept_at=now))
        if not has_plan:
            editions.keep_plan(tx, composed.hash, composed.body)

    def stored_plan(self, hash_: str) -> Plan:
        """A plan that a filing stored, by its hash; read once, then remembered."""
        return self._stored_plan(hash_)

    def _read_plan(self, hash_: str) -> Plan:
        with self._premises.database.read() as tx:
            return canonical.loads(editions.plan(tx, hash_).encode(), Plan)

    def stored_catalog(self, hash_: str) -> Catalog:
        """The definitions of a stored edition; read once, then remembered."""
        return self._stored_catalog(hash_)

    def _read_catalog(self, hash_: str) -> Catalog:
        with self._premises.database.read() as tx:
            return edition.open_edition(editions.get(tx, hash_).body.encode())


def _ordered(value: Any) -> Any:
    """A JSON value with its mappings in one order, so that equal ones look equal."""
    if isinstance(value, Mapping):
        return [(key, _ordered(value[key])) for key in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    return value


def difference(old: Plan, new: Plan) -> dict[str, list[str]]:
    """What two plans of the same situation ask differently, as Chinese names by kind of change."""
    changes = {
        "matters_added": _names(new.legs, "matter") - _names(old.legs, "matter"),
        "matters_gone": _names(old.legs, "matter") - _names(new.legs, "matter"),
        "fields_added": _names(new.fields, "code") - _names(old.fields, "code"),
        "fields_gone": _names(old.fields, "code") - _names(new.fields, "code"),
        "materials_added": _names(new.materials, "key") - _names(old.materials, "key"),
        "materials_gone": _names(old.materials, "key") - _names(new.materials, "key"),
    }
    return {kind: sorted(name for _, name in lines) for kind, lines in changes.items() if lines}


def _names(lines: tuple[Any, ...], identity: str) -> set[tuple[str, str]]:
    return {(getattr(line, identity), str(line.name)) for line in lines}
