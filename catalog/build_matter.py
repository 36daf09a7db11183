"""Typed matters → frozen values: ask sets expanded, results sorted into materials and fields, variants laid over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.answers import AnswerType, BadAnswer, typed_answer
from catalog.conditions import Condition, resolve
from catalog.dictionary import Field, Material, Spec, Table
from catalog.limits import Limit, longest_and_shortest
from catalog.matter import (
    Asks,
    Fee,
    FieldAsk,
    Forward,
    Gives,
    LimitRow,
    MaterialAsk,
    Matter,
    Pledge,
    Rule,
    Special,
    Variant,
)
from catalog.terms import All, Compare, Literal, Name, Not
from catalog.text import Text
from catalog.units import convert, convertible

Data = Mapping[str, Any]
OptionsOf = Callable[[str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Words:
    """What a matter refers to: the dictionary, the ask sets as typed data, which table a field's options are from."""

    fields: Mapping[str, Field]
    materials: Mapping[str, Material]
    tables: Mapping[str, Table]
    options_of: OptionsOf
    sets: Mapping[str, Data] = field(default_factory=dict)
    field_tables: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, AnswerType] = field(default_factory=dict)

    def condition(self, condition: Condition | None) -> Condition | None:
        """A condition with its options resolved."""
        return None if condition is None else resolve(condition, self.options_of)


def matter(ident: str, data: Data, words: Words) -> Matter:
    """One matter; missing parts (already reported) get harmless values."""
    limits = limit_rows(data.get("limits", ()), words)
    plain = ("code", "level", "kind", "matter_class", "handling", "milestones", "secret", "basis")
    return Matter(
        id=ident, name=data.get("name") or Text(ident), department=data.get("department", ""), limits=limits,
        asks=asks(data.get("asks", {}), words, limits), gives=_with_licences(gives(data.get("gives"), words), data),
        variants=tuple(
            _variant(key, one, words, limits) for key, one in data.get("variants", {}).items() if "when" in one
        ),
        rules=rules(data.get("rules", ()), words), fees=_fees(data.get("fees", ())),
        special=tuple(Special(one["name"], words.condition(one.get("when"))) for one in data.get("special", ())),
        forwards=tuple(Forward(one["to"], words.condition(one.get("when"))) for one in data.get("forwards", ())),
        visits=_change(data.get("visits")), steps=_change(data.get("steps")),
        **{key: data[key] for key in plain if key in data},
    )


def _change(data: Data | None) -> tuple[int, int] | None:
    return (data["before"], data["now"]) if data and "before" in data and "now" in data else None


def _fees(data: Iterable[Data]) -> tuple[Fee, ...]:
    return tuple(Fee(**one) for one in data)


def limit_rows(data: Iterable[Data], words: Words) -> tuple[LimitRow, ...]:
    """The rows of limits in order."""
    return tuple(LimitRow(**{**row, "when": words.condition(row.get("when"))}) for row in data)


def overlaid(data: tuple[Data, ...], own: tuple[LimitRow, ...], words: Words) -> tuple[LimitRow, ...]:
    """Limits of a variant or a local bundle: what one row leaves out stays as in the matter's only row."""
    rows = limit_rows(data, words)
    if len(rows) != 1 or len(own) != 1:
        return rows
    given = {key: getattr(rows[0], key) for key in ("when", "statutory", "promised", "before", "wait")}
    return (replace(own[0], **{key: value for key, value in given.items() if value is not None}),)


def _variant(ident: str, data: Data, words: Words, own: tuple[LimitRow, ...]) -> Variant:
    limits = overlaid(data["limits"], own, words) if "limits" in data else None
    return Variant(
        id=ident, when=resolve(data["when"], words.options_of), name=data.get("name"), limits=limits,
        asks=asks(data["asks"], words, limits or own) if "asks" in data else None,
        gives=gives(data["gives"], words) if "gives" in data else None,
        fees=_fees(data["fees"]) if "fees" in data else None, matter_class=data.get("matter_class", ""),
    )


def gives(data: Any, words: Words) -> Gives:
    """Results; the short list is sorted by what the dictionary knows."""
    if data is None:
        return Gives()
    if isinstance(data, tuple):
        fields = tuple(code for code in data if code in words.fields and code not in words.materials)
        return Gives(tuple(code for code in data if code not in fields), fields)
    return Gives(
        tuple(data.get("materials", ())), tuple(data.get("fields_", ())), tuple(data.get("ends", ())),
        tuple(data.get("replaces", ())),
    )


def _with_licences(result: Gives, data: Data) -> Gives:
    return replace(
        result, ends=(*result.ends, *data.get("ends", ())), replaces=(*result.replaces, *data.get("replaces", ())),
    )


def smallest_promise(limits: tuple[LimitRow, ...]) -> Limit | None:
    """The shortest promised limit of the rows; what `tolerable: yes` means."""
    promised = [row.promised for row in limits if row.promised is not None]
    return min(promised, key=longest_and_shortest, default=None)


def asks(data: Data, words: Words, limits: tuple[LimitRow, ...]) -> Asks:
    """Asks with the sets expanded; an ask of the matter's own replaces the same one of a set."""
    parts = [words.sets.get(name, {}) for name in data.get("sets", ())] + [data]
    fields = {one["code"]: one for part in parts for one in part.get("fields_", ())}
    materials = {one["kind"]: one for part in parts for one in part.get("materials", ())}
    return Asks(
        tuple(_field_ask(one, words) for one in fields.values()),
        tuple(_material_ask(one, words, limits) for one in materials.values()),
    )


def _field_ask(data: Data, words: Words) -> FieldAsk:
    values = data.get("values", {})
    if isinstance(values, str):
        table = words.tables.get(words.field_tables.get(data["code"], ""))
        rows = table.rows if table else ()
        values = {row["code"]: row[values] for row in rows if "code" in row and values in row}
    return FieldAsk(**{**data, **_own_units(data, words), "values": values, "when": words.condition(data.get("when"))})


def _own_units(data: Data, words: Words) -> Data:
    """Bounds that an asker wrote in its own unit, in the unit of the dictionary."""
    known, unit = words.fields.get(data["code"]), data.get("unit")
    if known is None or known.unit is None or unit is None or not convertible(unit, known.unit):
        return {}
    return {key: convert(data[key], unit, known.unit) for key in ("min", "max") if key in data}


def _material_ask(data: Data, words: Words, limits: tuple[LimitRow, ...]) -> MaterialAsk:
    kind, _, role = data["kind"].partition("@")
    known = words.materials.get(kind)
    return MaterialAsk(
        kind=kind, role=role or None, per=data.get("per") or (known.per if known else None),
        when=words.condition(data.get("when")), any_of=tuple(data.get("any_of", ())),
        tolerable=_tolerable(data.get("tolerable"), limits), pledge=_pledge(data.get("pledge"), words),
        itself=data.get("itself", False), note=data.get("note"),
        spec=replace(known.spec if known else Spec(), **data["spec"]) if "spec" in data else None,
    )


def _tolerable(data: Any, limits: tuple[LimitRow, ...]) -> Limit | None:
    if data is None or data is False:
        return None
    if data is True:
        return smallest_promise(limits)
    return data if isinstance(data, Limit) else data.get("within")


def _pledge(data: Data | None, words: Words) -> Pledge | None:
    if not data:
        return None
    return Pledge(**{**data, "when": words.condition(data.get("when"))})


def rules(data: Iterable[Data], words: Words) -> tuple[Rule, ...]:
    """Rules in order; a rule table becomes one rule per row."""
    return tuple(rule for one in data for rule in _rule(one, words))


def _rule(data: Data, words: Words) -> Iterable[Rule]:
    rest = {key: data[key] for key in ("effect", "source") if key in data}
    when = words.condition(data.get("when"))
    if "need" in data and "say" in data:
        yield Rule(data["id"], resolve(data["need"], words.options_of), data["say"], when, **rest)
    table = words.tables.get(data.get("table", ""))
    for row in table.rows if table else ():
        need = _not_listed(row, data.get("by", {}), words.types)
        yield Rule(row.get("rule", data["id"]), need, Text(row.get("says", data.get("say", ""))), when, **rest)


def _not_listed(row: Mapping[str, str], by: Mapping[str, str], types: Mapping[str, AnswerType]) -> Condition:
    listed = [(name, row[column]) for column, name in by.items() if column in row]
    tests = tuple(Compare("==", Name(name), _cell(text, types.get(name))) for name, text in listed)
    text = " and ".join(f"{name} == {row[column]}" for column, name in by.items() if column in row)
    return Condition(f"not ({text})", Not(tests[0] if len(tests) == 1 else All(tests)))


def _cell(text: str, kind: AnswerType | None) -> Literal:
    """A cell of a rule table as the answers it is compared with are; what does not fit is left to the checker."""
    if kind is None or kind.type not in {"yes_no", "number", "integer", "date"}:
        return Literal(text)
    try:
        return Literal(typed_answer(text, replace(kind, min=None, max=None)))
    except BadAnswer:
        return Literal(text)
