"""What all legs ask → one form: each field once, the strictest rule wins, with who asks and whose rule won.

Rules of merging: language 2.11. What no value could satisfy is a conflict that names both matters and blocks until
the bundle's `decisions` holds an answer. A field that an earlier chosen leg gives is not asked (logic a).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from catalog.bundle import Decision
from catalog.dictionary import Field, Option
from catalog.matter import FieldAsk
from catalog.text import Text
from forms.answers import Known
from forms.legs import Leg
from forms.order import Order
from forms.plan import FieldAsker, FieldLine, PlanProblem, Reason, RemovedField, SectionLine
from forms.sentences import askers_words, leg_names
from forms.words import because, open_names

_SMALLEST: Final = ("max", "max_length", "decimals", "not_after")
_LARGEST: Final = ("min", "min_length", "not_before")
_CLASHES: Final = (("min", "max", "最小", "最大"), ("min_length", "max_length", "最短", "最长"), ("not_before", "not_after", "最早", "最晚"))
OTHER_SECTION: Final = "other"
_OTHER_NAME: Final = Text("其他信息")


@dataclass(frozen=True, slots=True)
class Wish:
    """One leg's wish for one field."""

    leg: Leg
    ask: FieldAsk


@dataclass(slots=True)
class MergedFields:
    """The form's fields, what is not asked, the pages, and how many asks there were before merging."""

    lines: list[FieldLine] = field(default_factory=list)
    removed: list[RemovedField] = field(default_factory=list)
    sections: list[SectionLine] = field(default_factory=list)
    problems: list[PlanProblem] = field(default_factory=list)
    before: int = 0
    group_names: dict[tuple[str, str], str] = field(default_factory=dict)


def merge_fields(legs: list[Leg], order: Order, known: Known) -> MergedFields:
    """Merge every field ask of every leg."""
    merged = MergedFields()
    wishes: dict[str, list[Wish]] = {}
    for leg in legs:
        for ask in _asked(leg, known, merged):
            wishes.setdefault(ask.code, []).append(Wish(leg, ask))
            merged.before += 1
    names = leg_names(legs)
    groups: dict[str, list[FieldLine]] = {}
    for code, definition in known.catalog.fields.items():
        if code in wishes and definition.type != "rows":
            line = _merged(definition, wishes[code], order, known, merged, names)
            group = _group_of(code, known)
            if line is not None and group is None:
                merged.lines.append(line)
            elif line is not None:
                groups.setdefault(group or "", []).append(line)
    for group, inner in groups.items():
        merged.lines.append(_rows_line(known.catalog.fields[group], inner, known, names, merged.group_names))
    order_in_file = {code: index for index, code in enumerate(known.catalog.fields)}
    merged.lines.sort(key=lambda line: order_in_file[line.code])
    merged.sections = _sections(merged.lines, known)
    return merged


def _group_of(code: str, known: Known) -> str | None:
    group = code.rpartition(".")[0]
    return group if group in known.catalog.fields else None


def _asked(leg: Leg, known: Known, merged: MergedFields) -> Iterator[FieldAsk]:
    """The leg's asks whose `when` holds; a whole group as its columns; papers that become fields add theirs."""
    own = {ask.code for ask in leg.asks.fields}
    for ask in leg.asks.fields:
        verdict = known.holds(ask.when, leg.values)
        if verdict is None and ask.when is not None:
            merged.problems.append(_maybe(leg, ask, known))
        if verdict:
            if ask.as_name:
                merged.group_names[leg.number, ask.code] = ask.as_name
            yield from _columns(ask, own, known)
    for material in leg.asks.materials:
        becomes = known.catalog.materials[material.kind].becomes if material.kind in known.catalog.materials else ()
        if becomes and becomes != ("form",) and not own.intersection(becomes) and known.holds(material.when, leg.values):
            yield from (FieldAsk(code) for code in becomes if code in known.catalog.fields)


def _columns(ask: FieldAsk, own: set[str], known: Known) -> Iterator[FieldAsk]:
    definition = known.catalog.fields.get(ask.code)
    if definition is None:
        return
    if definition.type != "rows":
        yield ask
        return
    for column in definition.inner:
        # A column that some matter of the bundle issues (a plate) cannot be asked before; who needs it asks it by name.
        if column.code not in own and column.code not in known.issued:
            yield FieldAsk(column.code, required=column.required or column.code == f"{ask.code}.{definition.key}")


def _maybe(leg: Leg, ask: FieldAsk, known: Known) -> PlanProblem:
    assert ask.when is not None
    names = sorted(open_names(ask.when, leg.values, known.today))
    text = f"可能还要填写“{known.labels.of(ask.code)}”：{because(ask.when, leg.values, known.labels, known.today)}"
    return PlanProblem("undecided", "maybe_field", text, names[0] if names else ask.code)


def _merged(
    definition: Field, wishes: list[Wish], order: Order, known: Known, merged: MergedFields, names: Mapping[str, str],
) -> FieldLine | None:
    fed = [wish for wish in wishes if _given(wish, order)]
    left = [wish for wish in wishes if not _given(wish, order)]
    if fed:
        merged.removed.append(_removed(definition, fed, order, names))
    if not left:
        return None
    return _line(definition, left, known, merged, names)


def _given(wish: Wish, order: Order) -> bool:
    return wish.ask.code in order.fed.get(wish.leg.number, {}) or wish.ask.code in wish.leg.planned.gives.fields


def _removed(definition: Field, fed: list[Wish], order: Order, names: Mapping[str, str]) -> RemovedField:
    by: dict[str, None] = {}
    for wish in fed:
        found = order.fed.get(wish.leg.number, {}).get(definition.code)
        by.update(dict.fromkeys(found.by if found else (wish.leg.number,)))
    givers = "、".join(dict.fromkeys(f"“{names[leg]}”" for leg in by))
    text = f"{givers}办结时产生，系统直接转给{askers_words(names, [wish.leg.number for wish in fed])}，不用您填写"
    matters = tuple(dict.fromkeys(wish.leg.planned.matter for wish in fed))
    why = Reason("given", text, matters, "、".join(by))
    askers = tuple(_asker(wish, definition) for wish in fed)
    return RemovedField(definition.code, definition.name, askers, why, tuple(by), definition.type, definition.unit)


def _asker(wish: Wish, definition: Field) -> FieldAsker:
    ask, planned = wish.ask, wish.leg.planned
    short = ask.code.rpartition(".")[2]
    return FieldAsker(
        planned.leg, planned.matter, ask.as_name or short, ask.unit or definition.unit, ask.values, ask.date_form,
        ask.required, ask.note,
    )


def _line(
    definition: Field, wishes: list[Wish], known: Known, merged: MergedFields, names: Mapping[str, str],
) -> FieldLine:
    won: dict[str, str] = {}
    strictest = _strictest(definition, wishes, won, known)
    required = definition.required or any(wish.ask.required for wish in wishes)
    asking = next((wish for wish in wishes if wish.ask.required), None)
    if asking is not None and not definition.required:
        won["required"] = asking.leg.planned.matter
    legs = [wish.leg.number for wish in wishes]
    matters = tuple(dict.fromkeys(wish.leg.planned.matter for wish in wishes))
    text = f"{askers_words(names, legs)}需要这项信息" + ("，只填一次" if len(set(legs)) > 1 else "")
    line = FieldLine(
        code=definition.code, name=definition.name, type=definition.type, section=definition.section or OTHER_SECTION,
        required=required, askers=tuple(_asker(wish, definition) for wish in wishes), why=Reason("asked", text, matters),
        unit=definition.unit, level=definition.level, key=definition.key, sensitive=definition.sensitive,
        purpose=definition.purpose, prefill=definition.prefill, default=definition.default, help=definition.help,
        value=known.situation.get(definition.code), won=won, **strictest,
    )
    decided = _decided(line, known.bundle.decisions)
    merged.problems.extend(_conflicts(decided, wishes, names))
    return decided


def _strictest(definition: Field, wishes: list[Wish], won: dict[str, str], known: Known) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _SMALLEST:
        found[name] = _pick(definition, wishes, name, min, won)
    for name in _LARGEST:
        found[name] = _pick(definition, wishes, name, max, won)
    found["options"] = _options(definition, wishes, won)
    return found


def _pick(
    definition: Field, wishes: list[Wish], name: str, better: Callable[..., Any], won: dict[str, str],
) -> Any:
    best = getattr(definition, name)
    for wish in wishes:
        value = getattr(wish.ask, name)
        if value is not None and (best is None or better(best, value) != best):
            best, won[name] = value, wish.leg.planned.matter
    return best


def _options(definition: Field, wishes: list[Wish], won: dict[str, str]) -> tuple[Option, ...]:
    allowed = definition.options
    for wish in wishes:
        if wish.ask.options:
            kept = tuple(option for option in allowed if option.code in wish.ask.options)
            if kept != allowed:
                allowed, won["options"] = kept, wish.leg.planned.matter
    return allowed


def _decided(line: FieldLine, decisions: tuple[Decision, ...]) -> FieldLine:
    for decision in decisions:
        if decision.code == line.code:
            value = _decision_value(line, decision)
            if value is not None:
                won = {**line.won, decision.attribute: "decision"}
                line = replace(line, won=won, **{decision.attribute: value})
    return line


def _decision_value(line: FieldLine, decision: Decision) -> Any:
    if decision.attribute in {"max_length", "min_length", "decimals"}:
        return int(decision.value) if decision.value.isdigit() else None
    if decision.attribute in {"min", "max"}:
        try:
            return Decimal(decision.value)
        except InvalidOperation:
            return None
    if decision.attribute == "options":
        wanted = {part.strip() for part in decision.value.replace("、", " ").split()}
        return tuple(option for option in line.options if option.code in wanted) or None
    return decision.value if decision.attribute in {"not_before", "not_after"} else None


def _conflicts(line: FieldLine, wishes: list[Wish], names: Mapping[str, str]) -> Iterator[PlanProblem]:
    by_matter = {wish.leg.planned.matter: names[wish.leg.number] for wish in wishes}
    for low, high, low_word, high_word in _CLASHES:
        least, most = getattr(line, low), getattr(line, high)
        if least is not None and most is not None and least > most:
            one, other = by_matter.get(line.won.get(low, ""), "数据字典"), by_matter.get(line.won.get(high, ""), "数据字典")
            text = f"“{line.name}”{low_word} {least}({one})与{high_word} {most}({other})无法同时满足，本一件事暂不能办理，已记录待主管部门裁定"
            yield PlanProblem("block", "conflict", text, line.code)
    if line.type in {"choice", "many"} and not line.options:
        text = f"“{line.name}”没有一个选项能同时满足{'、'.join(by_matter.values())}，本一件事暂不能办理，已记录待主管部门裁定"
        yield PlanProblem("block", "conflict", text, line.code)


def _rows_line(
    definition: Field, inner: list[FieldLine], known: Known, names: Mapping[str, str], called: Mapping[tuple[str, str], str],
) -> FieldLine:
    position = {column.code: index for index, column in enumerate(definition.inner)}
    inner = sorted(inner, key=lambda line: position.get(line.code, len(position)))
    inner = [replace(line, required=True) if line.code == f"{definition.code}.{definition.key}" else line for line in inner]
    legs = list(dict.fromkeys(asker.leg for line in inner for asker in line.askers))
    matters = tuple(dict.fromkeys(asker.matter for line in inner for asker in line.askers))
    askers = tuple(
        FieldAsker(leg, matter, called.get((leg, definition.code), definition.code)) for leg, matter in
        dict.fromkeys((asker.leg, asker.matter) for line in inner for asker in line.askers)
    )
    return FieldLine(
        code=definition.code, name=definition.name, type="rows", section=definition.section or OTHER_SECTION,
        required=definition.required or any(line.required for line in inner), askers=askers,
        why=Reason("asked", f"{askers_words(names, legs)}逐项需要这些信息，只填一次", matters),
        min=definition.min, max=definition.max, inner=tuple(inner), key=definition.key, help=definition.help,
        sensitive=definition.sensitive or any(line.sensitive for line in inner), purpose=definition.purpose,
        value=known.situation.get(definition.code),
    )


def _sections(lines: list[FieldLine], known: Known) -> list[SectionLine]:
    pages: dict[str, list[str]] = {}
    for line in lines:
        pages.setdefault(line.section, []).append(line.code)
    defined = known.catalog.sections
    codes = [code for code in defined if code in pages] + [code for code in pages if code not in defined]
    return [
        SectionLine(code, defined[code].name if code in defined else _OTHER_NAME, tuple(pages[code]),
                    defined[code].help if code in defined else None)
        for code in codes
    ]
