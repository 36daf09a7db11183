"""The edition in force of every bundle, plans composed with it, and what changed between two editions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from catalog import canonical, edition
from catalog.model import Catalog
from desk.errors import UnknownBundle
from desk.premises import Premises
from forms.compose import compose
from forms.plan import Plan
from store import editions
from store.port import Tx


@dataclass(frozen=True, slots=True)
class Composed:
    """A plan with its hash and canonical text, as filing stores it."""

    plan: Plan
    hash: str
    body: str


class Editions:
    """The editions in force, computed once from the catalog; old ones are read back from the store."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._of = cache(self._compute)
        self._stored_plan = lru_cache(maxsize=512)(self._read_plan)
        self._stored_catalog = lru_cache(maxsize=16)(self._read_catalog)

    def _compute(self, bundle: str) -> edition.Edition:
        return edition.edition_of(self._premises.catalog, bundle)

    def of(self, bundle: str) -> edition.Edition:
        """The edition in force of `bundle`; `UnknownBundle` if there is none."""
        if bundle not in self._premises.catalog.bundles:
            raise UnknownBundle
        return self._of(bundle)

    def plan(self, bundle: str, situation: Mapping[str, Any], now: datetime, *,
             found: Mapping[str, str] | None = None, form: Mapping[str, Any] | None = None) -> Plan:
        """Compose `bundle` for a situation on the day of `now`, with the edition in force."""
        hash_ = self.of(bundle).hash
        today = now.astimezone(self._premises.zone).date()
        return compose(self._premises.catalog, bundle, situation, today=today, found=found, form=form, edition=hash_)

    def keep(self, tx: Tx, bundle: str, composed: Composed, now: datetime) -> None:
        """Store the edition in force and a composed plan, once each."""
        current = self.of(bundle)
        editions.keep(tx, editions.Edition(hash=current.hash, bundle=bundle, body=current.body.decode(),
                                           language=str(current.language), kept_at=now))
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


def composed(plan: Plan) -> Composed:
    """A plan as it is stored."""
    body = canonical.dumps(plan)
    return Composed(plan, hashlib.sha256(body).hexdigest(), body.decode())


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
