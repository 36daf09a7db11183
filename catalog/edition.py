"""An edition (版次): a bundle with everything it refers to, in canonical form, by hash; readable for ever.

Pinned: bundle, matters (as this bundle has them), fields with the options their code tables gave, materials, licences,
roles, departments, sections, regions. Not pinned: calendar, addresses, secrets, connector choice (design, section 3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from catalog.bundle import Bundle
from catalog.canonical import dumps, loads
from catalog.conditions import names_in
from catalog.dictionary import Department, Field, Licence, Material, Region, Role, Section, Source, Window
from catalog.matter import Matter
from catalog.model import Catalog
from catalog.reading import all_asks, conditions_of, conditions_of_bundle, results

_Coded = TypeVar("_Coded", Department, Region, Section, Material, Licence, Role, Window)
REGION_TYPES = frozenset({"region", "regions", "address"})


class UnknownEditionBundle(KeyError):
    """There is no such bundle in this catalog."""

    code = "unknown_bundle"


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition: SHA-256 of `body` in hex, the bundle's id, the language version, the canonical bytes."""

    hash: str
    bundle: str
    language: int
    body: bytes


@dataclass(frozen=True, slots=True)
class EditionBody:
    """What stands in the bytes of an edition, each kind in the order of the files."""

    bundle: Bundle
    matters: tuple[Matter, ...]
    fields: tuple[Field, ...]
    materials: tuple[Material, ...]
    licences: tuple[Licence, ...] = ()
    roles: tuple[Role, ...] = ()
    departments: tuple[Department, ...] = ()
    sections: tuple[Section, ...] = ()
    regions: tuple[Region, ...] = ()
    windows: tuple[Window, ...] = ()


def edition_of(catalog: Catalog, bundle_id: str) -> Edition:
    """The edition of a bundle as it stands in `catalog`; raises UnknownEditionBundle."""
    if bundle_id not in catalog.bundles:
        raise UnknownEditionBundle(bundle_id)
    body = dumps(closure(catalog, catalog.bundles[bundle_id]))
    return Edition(hashlib.sha256(body).hexdigest(), bundle_id, catalog.bundles[bundle_id].language, body)


def open_edition(body: bytes) -> Catalog:
    """A catalog with just the bundle of an edition; raises catalog.canonical.CanonicalError for other bytes."""
    held = loads(body, EditionBody)
    fields = {one.code: one for outer in held.fields for one in (outer, *outer.inner)}
    return Catalog(
        departments=_by_code(held.departments), regions=_by_code(held.regions), sections=_by_code(held.sections),
        fields=fields, materials=_by_code(held.materials), licences=_by_code(held.licences),
        roles=_by_code(held.roles), windows=_by_code(held.windows),
        matters={one.id: one for one in held.matters}, bundles={held.bundle.id: held.bundle},
    )


def _by_code(values: Iterable[_Coded]) -> Mapping[str, _Coded]:
    return {one.code: one for one in values}


def closure(catalog: Catalog, bundle: Bundle) -> EditionBody:
    """Everything `bundle` refers to, directly or through what it refers to."""
    named = [entry.matter for entry in bundle.entries]
    matters = tuple(catalog.matter_of(bundle, ident) for ident in named if ident in catalog.matters)
    materials = _materials(catalog, matters)
    roles = catalog.roles_of(bundle)
    first = [*_fields_of_bundle(bundle), *_fields_of_dictionary(materials, roles.values())]
    first += [code for matter in matters for code in _fields_of_matter(matter)]
    fields = _fields(catalog, first)
    licences = {one.name for one in _sources(materials, fields) if one.kind == "licence"}
    licences |= {name for matter in matters for one in results(matter) for name in (*one.ends, *one.replaces)}
    return EditionBody(
        bundle=replace(bundle, own_matters={}), matters=matters, fields=fields, materials=materials,
        licences=_taken(catalog.licences, licences), roles=tuple(catalog.roles.values()),
        departments=_taken(catalog.departments, _departments(catalog, bundle, matters)),
        sections=_taken(catalog.sections, [one.section for one in fields] + [one.section for one in bundle.questions]),
        regions=tuple(catalog.regions.values()) if _uses_regions(bundle, fields) else (),
        windows=_taken(catalog.windows, {bundle.window}),
    )


def _taken(known: Mapping[str, _Coded], wanted: Iterable[str | None]) -> tuple[_Coded, ...]:
    names = set(wanted)
    return tuple(one for code, one in known.items() if code in names)


def _materials(catalog: Catalog, matters: tuple[Matter, ...]) -> tuple[Material, ...]:
    wanted: set[str] = set()
    asked = [one for matter in matters for asks in all_asks(matter) for one in asks.materials]
    todo = [kind for one in asked for kind in (one.kind, *one.any_of)]
    todo += [kind for matter in matters for one in results(matter) for kind in one.materials]
    while todo:
        kind = todo.pop()
        if kind not in wanted and kind in catalog.materials:
            wanted.add(kind)
            todo.extend((*catalog.materials[kind].covers, *catalog.materials[kind].proves))
    return _taken(catalog.materials, wanted)


def _sources(materials: Iterable[Material], fields: Iterable[Field]) -> Iterator[Source]:
    for material in materials:
        yield from material.sources
    for one in fields:
        for each in (one, *one.inner):
            yield from each.prefill


def _fields_of_matter(matter: Matter) -> Iterator[str]:
    yield from (one.code for asks in all_asks(matter) for one in asks.fields)
    yield from (code for one in results(matter) for code in one.fields)
    yield from (name for condition in conditions_of(matter) for name in names_in(condition))
    yield from (fee.per for fee in matter.fees)


def _fields_of_dictionary(materials: Iterable[Material], roles: Iterable[Role]) -> Iterator[str]:
    for material in materials:
        yield from material.becomes
        yield from (name for source in material.sources for name in source.by)
        yield material.per or ""
    for role in roles:
        yield from (role.id, role.shown, *(role.agrees.sees if role.agrees else ()))


def _fields_of_bundle(bundle: Bundle) -> Iterator[str]:
    for entry in bundle.entries:
        yield from (entry.each or "", entry.region or "")
    yield from (question.id for question in bundle.questions)
    yield from (name for condition in conditions_of_bundle(bundle) for name in names_in(condition))
    yield from (name for answers in (bundle.figures, *(one.given for one in bundle.examples)) for name in answers)


def _fields(catalog: Catalog, first: Iterable[str]) -> tuple[Field, ...]:
    wanted: set[str] = set()
    todo = [code.partition(".")[0] for code in first]
    while todo:
        code = todo.pop()
        one = catalog.fields.get(code)
        if code in wanted or one is None:
            continue
        wanted.add(code)
        todo.extend(name.partition(".")[0] for source in _sources((), (one,)) for name in source.by)
    return tuple(one for code, one in catalog.fields.items() if code in wanted)


def _departments(catalog: Catalog, bundle: Bundle, matters: tuple[Matter, ...]) -> set[str | None]:
    named = {bundle.lead, bundle.composite.issued_by if bundle.composite else None}
    named |= {matter.department for matter in matters}
    known = [catalog.departments[code] for code in named if code is not None and code in catalog.departments]
    return named | {one.acts_for for one in known}


def _uses_regions(bundle: Bundle, fields: Iterable[Field]) -> bool:
    types = {each.type for one in fields for each in (one, *one.inner)}
    return bool(types & REGION_TYPES) or any(entry.region for entry in bundle.entries)
