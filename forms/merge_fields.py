"""What all legs ask → one form: each field once, the strictest rule wins, with who asks and whose rule won.

Rules of merging: language 2.11. What no value could satisfy is a conflict that names both matters and blocks until
the bundle's `decisions` holds an answer. A field that an earlier chosen leg gives is not asked (logic a).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from catalog import terms
from catalog.bundle import Decision
from catalog.conditions import Condition
from catalog.decisions import BadDecision, decided_value
from catalog.dictionary import Field, Option
from catalog.evaluate import UNANSWERED
from catalog.matter import FieldAsk
from catalog.text import Text
from forms.answers import Known
from forms.days import bound_day
from forms.legs import Leg
from forms.order import Order
from forms.plan import FieldAsker, FieldLine, PlanProblem, RemovedField, SectionLine
from forms.reason import Reason
from forms.sentences import askers_words, leg_names
from forms.words import because, open_names

_SMALLEST: Final = ("max", "max_length", "decimals", "not_after")
_LARGEST: Final = ("min", "min_length", "not_before")
_DAYS: Final = frozenset({"not_before", "not_after"})
_CLASHES: Final = (
    ("min", "max", "最小", "最大"), ("min_length", "max_length", "最短", "最长"),
    ("not_before", "not_after", "最早", "最晚"),
)
_STUCK: Final = "本一件事暂不能办理，请等主管部门统一要求"
_NOTHING: Final[Mapping[str, Any]] = {}
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


def merge_fields(legs: list[Leg], order: Order, known: Known) -> MergedFields:
    """Merge every field ask of every leg."""
    work = _Merging(order, known, leg_names(legs))
    work.collect(legs)
    work.merge()
    work.merged.sections = _sections(work.merged.lines, known)
    return work.merged


class _Merging:
    """One merge. `asked` has, by field, the legs and their asks side by side: a thousand matters ask twenty each, and
    an object for every pair would be kept for nothing."""

    def __init__(self, order: Order, known: Known, names: Mapping[str, str]) -> None:
        self.order, self.known, self.names = order, known, names
        self.fields = known.catalog.fields
        self.asked: dict[str, tuple[list[Leg], list[FieldAsk]]] = {}
        self.groups: dict[str, dict[str, Wish]] = {}
        self.columns_needed: set[str] = set()
        self.same = _same(known)
        self.merged = MergedFields()

    def collect(self, legs: list[Leg]) -> None:
        """Gather the asks of every leg whose `when` holds."""
        for leg in legs:
            for ask in self._asks(leg):
                leg_list, ask_list = self.asked.setdefault(ask.code, ([], []))
                leg_list.append(leg)
                ask_list.append(ask)
                self.merged.before += 1

    def _asks(self, leg: Leg) -> Iterator[FieldAsk]:
        """The leg's asks; a whole group as its columns; papers that become fields add theirs."""
        own = {ask.code for ask in leg.asks.fields}
        for ask in leg.asks.fields:
            if self._wanted(leg, ask):
                yield from self._columns(leg, ask, own)
        for paper in leg.asks.materials:
            material = self.known.catalog.materials.get(paper.kind)
            becomes = [code for code in (material.becomes if material else ()) if code in self.fields]
            if becomes and own.isdisjoint(becomes) and self.known.holds(paper.when, leg.values):
                yield from (FieldAsk(code) for code in becomes)

    def _wanted(self, leg: Leg, ask: FieldAsk) -> bool:
        """Whether the asker's condition and the field's own both hold; an open one becomes a problem. The field's own
        says when people are asked for it, which nobody is for what an earlier leg gives."""
        fed = ask.code in self.order.fed.get(leg.number, _NOTHING)
        for condition in (ask.when, None if fed else self.known.field_whens.get(ask.code)):
            verdict = self.known.holds(condition, leg.values)
            if verdict is None and condition is not None:
                self.merged.problems.append(_maybe(leg, ask, condition, self.known))
            if not verdict:
                return False
        return True

    def _columns(self, leg: Leg, ask: FieldAsk, own: set[str]) -> Iterator[FieldAsk]:
        definition = self.fields.get(ask.code)
        if definition is None:
            return
        if definition.type != "rows":
            if ask.required:
                self.columns_needed.add(_group(ask.code))
            yield ask
            return
        self.groups.setdefault(ask.code, {})[leg.number] = Wish(leg, ask)
        for column in definition.inner:
            # A column that some matter of the bundle issues (a plate) cannot be asked before; who needs it names it.
            if column.code not in own and column.code not in self.known.issued:
                yield FieldAsk(column.code, required=column.required or column.code == f"{ask.code}.{definition.key}")

    def merge(self) -> None:
        """Make a line of every field that is asked, in the dictionary's order; columns go into their group's line."""
        groups: dict[str, list[FieldLine]] = {}
        for code, definition in self.fields.items():
            if code in self.asked:
                line = self._merged(definition)
                group = _group(code)
                into = groups.setdefault(group, []) if group in self.fields else self.merged.lines
                into.extend([] if line is None else [line])
        for group, inner in groups.items():
            if inner:
                self.merged.lines.append(self._rows(self.fields[group], inner))
        if groups:
            position = {code: index for index, code in enumerate(self.fields)}
            self.merged.lines.sort(key=lambda line: position[line.code])

    def _merged(self, definition: Field) -> FieldLine | None:
        wishes = [Wish(leg, ask) for leg, ask in zip(*self.asked[definition.code], strict=True)]
        fed = [wish for wish in wishes if self._given(wish)]
        left = [wish for wish in wishes if not self._given(wish) or self._rows_left(wish)] if fed else wishes
        if fed:
            self.merged.removed.append(self._removed(definition, fed))
        line = replace(self._line(definition, left), only=self._only(left)) if left else None
        return self._partly(line) if line is not None and fed and "." in line.code else line

    def _given(self, wish: Wish) -> bool:
        """Whether an earlier leg, or the asker itself, gives the field; of rows for at least one of the asker's."""
        code, planned = wish.ask.code, wish.leg.planned
        fed = self.order.fed.get(wish.leg.number, _NOTHING).get(code)
        own = planned.row if planned.each == _group(code) else None
        return code in planned.gives.fields or (fed is not None and bool(fed.for_row(planned.each, own)))

    def _rows_left(self, wish: Wish) -> bool:
        """Whether the asker takes the field of all rows and no earlier leg gives it for one of them."""
        code, planned = wish.ask.code, wish.leg.planned
        group, fed = _group(code), self.order.fed.get(wish.leg.number, _NOTHING).get(code)
        rows = self.known.values.get(group, UNANSWERED)
        if fed is None or planned.each == group or not isinstance(rows, tuple):
            return False
        return not all(fed.for_row(group, row) for row in range(len(rows)))

    def _only(self, wishes: list[Wish]) -> tuple[int, ...] | None:
        """The rows whose own legs ask for a column; None where some leg takes it of all rows, or all of them ask."""
        group = _group(wishes[0].ask.code)
        rows, legs = self.known.values.get(group, UNANSWERED), [wish.leg.planned for wish in wishes]
        asking = {leg.row for leg in legs if leg.each == group and leg.row is not None}
        some = isinstance(rows, tuple) and len(asking) < len(rows) and all(leg.each == group for leg in legs)
        return tuple(sorted(asking)) if some else None

    def _partly(self, line: FieldLine) -> FieldLine:
        """A column that earlier legs give for some rows: nobody can know those values yet, so no row must have one."""
        text = f"{line.why.text}；前面的事项会给出的那几行留空"
        return replace(line, required=False, why=replace(line.why, text=text))

    def _removed(self, definition: Field, fed: list[Wish]) -> RemovedField:
        by: dict[str, None] = {}
        for wish in fed:
            found = self.order.fed.get(wish.leg.number, {}).get(definition.code)
            by.update(dict.fromkeys(found.by if found else (wish.leg.number,)))
        givers = "、".join(dict.fromkeys(f"“{self.names[leg]}”" for leg in by))
        askers = askers_words(self.names, [wish.leg.number for wish in fed])
        text = f"{givers}办结时产生，系统直接转给{askers}，不用您填写"
        why = Reason("given", text, _matters(fed), "、".join(by))
        asked = tuple(_asker(wish, definition) for wish in fed)
        return RemovedField(definition.code, definition.name, asked, why, tuple(by), definition.type, definition.unit)

    def _line(self, definition: Field, wishes: list[Wish]) -> FieldLine:
        won: dict[str, str] = {}
        strictest = _strictest(definition, wishes, won, self.known.today)
        asking = next((wish for wish in wishes if wish.ask.required), None)
        if asking is not None and not definition.required:
            won["required"] = asking.leg.planned.matter
        legs = [wish.leg.number for wish in wishes]
        text = f"{askers_words(self.names, legs)}需要这项信息" + ("，只填一次" if len(set(legs)) > 1 else "")
        line = FieldLine(
            code=definition.code, name=definition.name, type=definition.type,
            section=definition.section or OTHER_SECTION, required=definition.required or asking is not None,
            askers=tuple(_asker(wish, definition) for wish in wishes),
            why=Reason("asked", text, _matters(wishes)), unit=definition.unit, level=definition.level,
            key=definition.key, sensitive=definition.sensitive, purpose=definition.purpose, prefill=definition.prefill,
            default=definition.default, help=definition.help, value=self.known.situation.get(definition.code),
            won=won, unique=definition.unique, same_as=self.same.get(definition.code), **strictest,
        )
        decided = _decided(line, definition, self.known.bundle.decisions)
        if line.type == "citizen_id" and decided.won.get("options") == "decision":
            decided = replace(decided, askers=tuple(_asker(wish, definition, decided.options) for wish in wishes))
        self.merged.problems.extend(_conflicts(decided, wishes, self.names, self.known.today))
        return decided

    def _rows(self, definition: Field, inner: list[FieldLine]) -> FieldLine:
        position = {column.code: index for index, column in enumerate(definition.inner)}
        key = f"{definition.code}.{definition.key}"
        inner = [
            replace(line, required=True) if line.code == key else line
            for line in sorted(inner, key=lambda line: position.get(line.code, len(position)))
        ]
        asking = dict.fromkeys((asker.leg, asker.matter) for line in inner for asker in line.askers)
        text = f"{askers_words(self.names, [leg for leg, _ in asking])}需要这些信息，每行只填一次"
        by_leg, won = self.groups.get(definition.code, {}), dict[str, str]()
        wishes = list(by_leg.values())
        line = FieldLine(
            code=definition.code, name=definition.name, type="rows", section=definition.section or OTHER_SECTION,
            required=definition.required or self._rows_needed(definition, inner),
            askers=tuple(
                _asker(by_leg[leg], definition) if leg in by_leg else FieldAsker(leg, matter, definition.code)
                for leg, matter in asking
            ),
            why=Reason("asked", text, tuple(dict.fromkeys(matter for _, matter in asking))),
            unit=definition.unit, min=_pick(definition, wishes, "min", won, None),
            max=_pick(definition, wishes, "max", won, None), inner=tuple(inner), key=definition.key,
            help=definition.help, sensitive=definition.sensitive or any(line.sensitive for line in inner),
            purpose=definition.purpose, value=self.known.situation.get(definition.code), won=won,
        )
        decided = _decided(line, definition, self.known.bundle.decisions)
        self.merged.problems.extend(_conflicts(decided, wishes, self.names, None))
        return decided

    def _rows_needed(self, definition: Field, inner: list[FieldLine]) -> bool:
        """Whether there must be rows: somebody needs a column, and not only who asks for the group if there is any."""
        wishes = self.groups.get(definition.code, {}).values()
        only_if_any = bool(wishes) and definition.code not in self.columns_needed
        return any(line.required for line in inner) and not (
            only_if_any and not any(wish.ask.required for wish in wishes))


def _same(known: Known) -> dict[str, str]:
    """The fields of which a rule in force takes nothing but what another says: whoever knows the one knows both."""
    found: dict[str, str] = {}
    for rule in known.bundle.rules:
        match rule.need.tree:
            case terms.Compare("==", terms.Name(one), terms.Name(other)) if rule.effect == "block" and (
                    {one, other} <= known.catalog.fields.keys() and known.holds(rule.when)):
                found |= {one: other, other: one}
    return found


def _group(code: str) -> str:
    """The group that a column belongs to; nothing for any other field."""
    return code.rpartition(".")[0]


def _matters(wishes: list[Wish]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(wish.leg.planned.matter for wish in wishes))


def _maybe(leg: Leg, ask: FieldAsk, when: Condition, known: Known) -> PlanProblem:
    names = sorted(open_names(when, leg.values, known.today))
    text = f"可能还要填写“{known.labels.of(ask.code)}”：{because(when, leg.values, known.labels, known.today)}"
    return PlanProblem("undecided", "maybe_field", text, names[0] if names else ask.code)


def _asker(wish: Wish, definition: Field, decided: tuple[Option, ...] = ()) -> FieldAsker:
    """Who asks; once the author has `decided` which kinds of paper are taken, everybody is told of which one it is."""
    ask, planned = wish.ask, wish.leg.planned
    kinds = [option.code for option in definition.options] if definition.type == "citizen_id" else []
    told = replace(ask, options=tuple(option.code for option in decided)) if decided else ask
    return FieldAsker(
        planned.leg, planned.matter, ask.as_name or ask.code.rpartition(".")[2], ask.unit or definition.unit,
        ask.values, ask.date_form, ask.required, ask.note,
        told.paper_name(kinds),
    )


def _strictest(definition: Field, wishes: list[Wish], won: dict[str, str], today: date | None) -> dict[str, Any]:
    found = {name: _pick(definition, wishes, name, won, today) for name in (*_SMALLEST, *_LARGEST)}
    return {**found, "options": _options(definition, wishes, won)}


def _pick(definition: Field, wishes: list[Wish], name: str, won: dict[str, str], today: date | None) -> Any:
    """The strictest bound of all; the first of those that are equally strict."""
    best = getattr(definition, name)
    for wish in wishes:
        value = getattr(wish.ask, name)
        if value is not None and (best is None or _stricter(name, value, best, today)):
            best, won[name] = value, wish.leg.planned.matter
    return best


def _stricter(name: str, value: Any, best: Any, today: date | None) -> bool:
    if name in _DAYS:
        value, best = bound_day(value, today), bound_day(best, today)
    if value is None or best is None:
        return False  # a day that only filing tells
    return bool(value < best if name in _SMALLEST else value > best)


def _options(definition: Field, wishes: list[Wish], won: dict[str, str]) -> tuple[Option, ...]:
    allowed = definition.options
    for wish in wishes:
        if wish.ask.options:
            kept = tuple(option for option in allowed if option.code in wish.ask.options)
            if kept != allowed:
                allowed, won["options"] = kept, wish.leg.planned.matter
    return allowed


def _decided(line: FieldLine, definition: Field, decisions: tuple[Decision, ...]) -> FieldLine:
    """The line with what the author decided for it; a decision that cannot be read is the checker's matter."""
    for decision in (one for one in decisions if one.code == line.code):
        with suppress(BadDecision):
            changes = {decision.attribute: decided_value(decision, definition)}
            line = replace(line, won={**line.won, decision.attribute: "decision"}, **changes)
    return line


def _conflicts(
    line: FieldLine, wishes: list[Wish], names: Mapping[str, str], today: date | None,
) -> Iterator[PlanProblem]:
    for low, high, low_word, high_word in _CLASHES:
        least, most = getattr(line, low), getattr(line, high)
        if low in _DAYS:
            least, most = bound_day(least, today), bound_day(most, today)
        if least is not None and most is not None and least > most:
            by_matter = {wish.leg.planned.matter: names[wish.leg.number] for wish in wishes}
            one, other = (by_matter.get(line.won.get(bound, ""), "数据字典") for bound in (low, high))
            text = f"“{line.name}”{low_word} {least}({one})与{high_word} {most}({other})无法同时满足，{_STUCK}"
            yield PlanProblem("block", "conflict", text, line.code)
    if not line.options and (line.type in {"choice", "many"} or "options" in line.won):
        asking = "、".join(dict.fromkeys(names[wish.leg.number] for wish in wishes))
        yield PlanProblem("block", "conflict", f"“{line.name}”没有一个选项能同时满足{asking}，{_STUCK}", line.code)


def _sections(lines: list[FieldLine], known: Known) -> list[SectionLine]:
    """The pages of the form, each with the fields first that the bundle says, then the others as in the dictionary."""
    pages: dict[str, list[str]] = {}
    for line in lines:
        pages.setdefault(line.section, []).append(line.code)
    for section, there in pages.items():
        first = [code for code in known.bundle.form.get(section, ()) if code in there]
        pages[section] = [*first, *(code for code in there if code not in first)]
    defined = known.catalog.sections
    codes = [code for code in defined if code in pages] + [code for code in pages if code not in defined]
    return [
        SectionLine(code, defined[code].name, tuple(pages[code]), defined[code].help)
        if code in defined else SectionLine(code, _OTHER_NAME, tuple(pages[code]))
        for code in codes
    ]
