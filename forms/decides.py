"""What of a filled form can change its plan: what its conditions, rows and places read, and of that often only how the
conditions come out.

A plan says a number that decided something, so numbers count as they are. It never says a text or a day that did: two
forms on whose days and texts every condition comes out alike have one plan. Whatever is read together with something
else than the form (a question, a row, today) counts as it is, too.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from catalog import terms
from catalog.bundle import Bundle
from catalog.conditions import Condition, fold
from catalog.dictionary import Field, FieldType
from catalog.evaluate import EMPTY, holds
from catalog.matter import FieldAsk, Matter
from catalog.model import Catalog
from catalog.reading import all_asks, columns_that_choose, conditions_of, conditions_of_bundle
from forms.values import BadValue, Surroundings, Wanted, for_conditions, is_blank, read_value
from forms.wanted import wanted_of_field

_ONLY_TOLD_APART: Final[frozenset[FieldType]] = frozenset({
    "text", "date", "datetime", "citizen_id", "uscc", "phone", "email", "vin", "plate", "project_code",
    "bank_account"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One field of the form that can change a plan: what a value must be, its default, whether nobody requires it, and
    of rows the columns that are read all together and that not every row must have."""

    wanted: Wanted
    default: str | None
    optional: bool
    free: tuple[str, ...] = ()

    def read(self, raw: Any, around: Surroundings) -> Any:
        """The answer as conditions see it; what is left blank of rows that need not have it is empty, as any field."""
        value = for_conditions(read_value(raw, self.wanted, around))
        return tuple({**dict.fromkeys(self.free, EMPTY), **row} for row in value) if self.free else value


@dataclass(frozen=True, slots=True)
class Deciding:
    """The fields of a form that can change a plan of one bundle, by code. Of those in `by_outcome` only whether there
    is an answer counts, and how each of `tests` comes out."""

    fields: Mapping[str, Asked]
    by_outcome: frozenset[str]
    tests: tuple[Condition, ...]

    def values(self, form: Mapping[str, Any] | None, around: Surroundings) -> dict[str, Any]:
        """The fields as conditions see them: a default where blank; a blank field that nobody requires is empty."""
        found: dict[str, Any] = {}
        for code, asked in self.fields.items():
            raw = asked.default if form is None or is_blank(form.get(code)) else form[code]
            if is_blank(raw):
                if form is not None and asked.optional:
                    found[code] = EMPTY
                continue
            try:
                found[code] = asked.read(raw, around)
            except BadValue as bad:  # the form's own validation says what is wrong with it
                if bad.read is not None:  # one wrong cell leaves the others what they are
                    found[code] = for_conditions(bad.read)
        return found

    def blank(self, form: Mapping[str, Any] | None) -> frozenset[str]:
        """The fields left blank that some matter requires: whether one of these legs does, only the plan can say."""
        return frozenset(code for code, asked in self.fields.items() if form is not None and not asked.optional
                         and is_blank(form.get(code)) and is_blank(asked.default))

    def told_apart(self, form: Mapping[str, Any] | None, situation: Iterable[str], around: Surroundings) -> object:
        """Two forms whose `repr` of this is the same have one plan in one situation (given by its names)."""
        values, blank = self.values(form, around), sorted(self.blank(form))
        if any(fold(str(name)) in self.fields for name in situation):
            return values, blank  # such an answer stands before the form's, so the tests would come out otherwise
        seen = {code: "given" if code in self.by_outcome and value is not EMPTY else value
                for code, value in values.items()}
        return seen, [holds(test, values) for test in self.tests], blank


def deciding(catalog: Catalog, bundle: Bundle, matters: Mapping[str, Matter], whens: Iterable[Condition]) -> Deciding:
    """What decides in `bundle` with these matters; `whens` are the dictionary's own conditions of fields."""
    conditions = [*conditions_of_bundle(bundle), *(one for matter in matters.values() for one in conditions_of(matter)),
                  *whens]
    placed = set(_placed(catalog, bundle, matters))
    read = placed | {name for condition in conditions for node in terms.walk(condition.tree) for name in _names(node)}
    read |= {name.partition(".")[0] for name in read}
    # A cell that is left blank is no answer to whether there is a leg, even where nobody requires the column.
    # Of a question the form says nothing new but the cells of its rows that matters and rules read, and what a row is
    # called.
    judging = [one for rule in bundle.rules for one in (rule.when, rule.need) if one is not None]
    judging += [one for matter in matters.values() for one in conditions_of(matter)]
    by_matters = {group for one in judging for group in _groups(one)}
    named = {code for code in placed if code in catalog.fields and catalog.fields[code].shown}
    questions = {question.id for question in bundle.questions}
    elsewhere = columns_that_choose(bundle) | questions - by_matters - named
    asked: dict[str, list[bool]] = {}
    asks = [ask for matter in matters.values() for asks in all_asks(matter) for ask in asks.fields]
    for ask in asks:
        asked.setdefault(ask.code, []).append(ask.required)
        if "." in ask.code:
            asked.setdefault(ask.code.partition(".")[0], []).append(True)
    together = {f"{node.name}.{node.column}" for one in conditions for node in terms.walk(one.tree)
                if isinstance(node, terms.Sum | terms.Column)}
    free = together - {code for ask in asks for code in _always(catalog, ask)}
    fields = {code: _asked(catalog.fields[code], any(required), free, told=code in questions)
              for code, required in asked.items()
              if code in read and code in catalog.fields and code not in elsewhere}
    tests = {test: _read_by(test) for condition in conditions for test in terms.tests(condition.tree)}
    plain = fields.keys() - placed
    mixed = {name for names in tests.values() if not names <= plain for name in names}
    by_outcome = frozenset(code for code in plain - mixed if fields[code].wanted.type in _ONLY_TOLD_APART)
    return Deciding(fields, by_outcome, tuple(
        Condition("", test) for test, names in tests.items() if not names.isdisjoint(by_outcome)))


def _always(catalog: Catalog, ask: FieldAsk) -> Iterator[str]:
    """What an ask wants of every row, whatever else it says."""
    field = catalog.fields.get(ask.code)
    if field is not None and ask.when is None:
        yield from (one.code for one in (field, *field.inner)
                    if not one.when and (one.required or (one is field and ask.required)))


def _asked(field: Field, required: bool, free: Container[str], told: bool) -> Asked:
    """What the form says of a field; of rows that the situation has `told` it says the rest, which may lack the key."""
    wanted = wanted_of_field(field)
    columns = tuple(column.code.rpartition(".")[2] for column in field.inner
                    if column.code in free and column.code != f"{field.code}.{field.key}")
    return Asked(replace(wanted, required=()) if told else wanted, field.default, not required and not field.required,
                 columns)


def _placed(catalog: Catalog, bundle: Bundle, matters: Mapping[str, Matter]) -> Iterator[str]:
    """What is read beside conditions: what a matter is done once for, where, and what a paper is brought once for."""
    for entry in bundle.entries:
        yield from (name for name in (entry.each, entry.region) if name is not None)
    for matter in matters.values():
        for ask in (one for asks in all_asks(matter) for one in asks.materials):
            material = catalog.materials.get(ask.kind)
            per = ask.per or (material.per if material else None)
            yield from (per,) if per is not None else ()


def _groups(condition: Condition) -> Iterator[str]:
    """The groups of whose rows a condition reads a column."""
    for node in terms.walk(condition.tree):
        if isinstance(node, terms.Sum | terms.Column) or (isinstance(node, terms.Reading) and "." in node.name):
            yield node.name.partition(".")[0]


def _read_by(test: terms.Node) -> frozenset[str]:
    return frozenset(name for node in terms.walk(test) for name in _names(node))


def _names(node: terms.Node) -> tuple[str, ...]:
    return (node.name,) if isinstance(node, terms.Reading) else ()
