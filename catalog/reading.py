"""What the frozen values say beyond their own attributes: everything asked, given, conditional; groups spelled out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from catalog.bundle import Bundle, Edge
from catalog.conditions import Condition
from catalog.dictionary import Field, Material, Source
from catalog.matter import Asks, FieldAsk, Gives, Matter
from catalog.model import Catalog
from catalog.papers import KINDS
from catalog.terms import Column, Name, Sum, walk


def all_asks(matter: Matter) -> tuple[Asks, ...]:
    """The asks of a matter and of its variants."""
    return (matter.asks, *(one.asks for one in matter.variants if one.asks is not None))


def results(matter: Matter) -> tuple[Gives, ...]:
    """The results of a matter and of its variants."""
    return (matter.gives, *(one.gives for one in matter.variants if one.gives is not None))


def conditions_of(matter: Matter) -> Iterator[Condition]:
    """Every condition of a matter."""
    rows = [*matter.limits, *(row for one in matter.variants for row in one.limits or ())]
    asked = [one for asks in all_asks(matter) for one in asks.materials]
    whens = [row.when for row in rows] + [one.when for one in asked] + [one.when for one in matter.variants]
    whens += [one.when for asks in all_asks(matter) for one in asks.fields]
    whens += [one.pledge.when for one in asked if one.pledge] + [one.when for one in matter.special]
    whens += [one.when for one in matter.forwards] + [one.when for one in matter.rules]
    yield from (when for when in whens if when is not None)
    yield from (rule.need for rule in matter.rules)


def conditions_of_bundle(bundle: Bundle) -> Iterator[Condition]:
    """Every condition that a bundle itself holds."""
    whens = [one.when for one in bundle.questions] + [one.when for one in bundle.entries]
    whens += [one.when for one in bundle.rules] + [one.none for one in bundle.groups]
    whens += [one.agrees.when for one in bundle.people if one.agrees is not None]
    whens += [one.related.when for one in bundle.people if one.related is not None]
    yield from (when for when in whens if when is not None)
    yield from (one.need for one in bundle.rules)


def columns_that_choose(bundle: Bundle) -> frozenset[str]:
    """The columns (`group.field`) on which it hangs which legs there are: the rows of a question must say them all."""
    whens = [one.when for one in bundle.questions] + [one.when for one in bundle.entries]
    whens += [one.none for one in bundle.groups]
    nodes = [node for when in whens if when is not None for node in walk(when.tree)]
    read = {node.name for node in nodes if isinstance(node, Name) and "." in node.name}
    return frozenset(read | {f"{node.name}.{node.column}" for node in nodes if isinstance(node, Sum | Column)})


def fields_asked(matter: Matter) -> frozenset[str]:
    """The codes of all fields a matter or one of its variants asks."""
    return frozenset(one.code for asks in all_asks(matter) for one in asks.fields)


def kinds_asked(matter: Matter) -> frozenset[str]:
    """The codes of all materials a matter or one of its variants asks, members of `any_of` instead of its name."""
    asked = (one for asks in all_asks(matter) for one in asks.materials)
    return frozenset(kind for one in asked for kind in (one.any_of or (one.kind,)))


def given(matter: Matter) -> frozenset[str]:
    """The codes of all materials and fields a matter or one of its variants gives."""
    return frozenset(code for one in results(matter) for code in (*one.materials, *one.fields))


def members(bundle: Bundle, target: str) -> tuple[str, ...]:
    """The matters behind a target: those of the group of that id, else the matter itself."""
    return next((group.members for group in bundle.groups if group.id == target), (target,))


def covered(kinds: Iterable[str], materials: Mapping[str, Material]) -> frozenset[str]:
    """`kinds` and every kind they cover, through any number of steps."""
    found: set[str] = set()
    todo = list(kinds)
    while todo:
        kind = todo.pop()
        if kind not in found:
            found.add(kind)
            todo.extend(materials[kind].covers if kind in materials else ())
    return frozenset(found)


def edges(bundle: Bundle) -> Iterator[tuple[str, Edge]]:
    """Every edge with its follower."""
    for entry in bundle.entries:
        for edge in entry.after:
            yield entry.matter, edge


def ring(follows: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The first cycle of a relation, its first name repeated at the end; empty when there is none."""
    done: set[str] = set()
    for start in follows:
        found = _ring_from(start, follows, done)
        if found:
            return found
    return ()


def _ring_from(start: str, follows: Mapping[str, Iterable[str]], done: set[str]) -> tuple[str, ...]:
    path: list[str] = []
    todo: list[str | None] = [start]
    while todo:
        name = todo.pop()
        if name is None:
            done.add(path.pop())
            continue
        if name in path:
            return (*path[path.index(name):], name)
        if name not in done:
            path.append(name)
            todo.extend((None, *reversed(list(follows.get(name, ())))))
    return ()


def names_of(ask: FieldAsk, known: Field) -> tuple[str, ...]:
    """What the department calls a field, and the kind of paper beside a person's number of several kinds."""
    kind = ask.paper_name([option.code for option in known.options] if known.type == "citizen_id" else [])
    group = "" if ask.paper_as else ask.code.rpartition(".")[0]
    return (ask.as_name or ask.code, *(() if kind is None else (f"{group}.{kind}" if group else kind,)))


def kinds_of_paper(catalog: Catalog) -> frozenset[str]:
    """Every kind of paper that a person's number may stand on: those that the engine knows, and the city's own."""
    every = (one for field in catalog.fields.values() for one in (field, *field.inner))
    return frozenset(KINDS).union(option.code for one in every if one.type == "citizen_id" for option in one.options)


def looked_up_in(catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """What the bundles count on being looked up: kind and name of each source of a paper that one of their matters
    asks, and of each register that tells for whom one may consent."""
    matters = [catalog.matter_of(bundle, entry.matter) for bundle in catalog.bundles.values()
               for entry in bundle.entries if entry.matter in catalog.matters]
    kinds = frozenset(kind for matter in matters for kind in kinds_asked(matter)) & catalog.materials.keys()
    related = [role.related for bundle in catalog.bundles.values() for role in catalog.roles_of(bundle).values()]
    every: list[Source] = [source for kind in kinds for source in catalog.materials[kind].sources]
    every += [register for one in related if one is not None for register in one.registers]
    return tuple(sorted({(one.kind, one.name) for one in every if one.name is not None}))
