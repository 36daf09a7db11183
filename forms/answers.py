"""Raw situation answers → typed answers by name, with the state of every question and what is wrong, in Chinese.

A question whose own `when` is false does not apply: its value is `EMPTY` and its stored answer is ignored. A question
whose `when` is not yet decided has no value yet. Reserved answers: `filer` (self, legal_rep, agent), `chosen` (ticked
optional matters) and the id of a `one_of` group (the chosen member, where several fit).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from catalog.bundle import Bundle, Group, Question
from catalog.conditions import BadCondition, Condition, fold, names_in, parse_condition, resolve
from catalog.dictionary import Option, Role
from catalog.evaluate import EMPTY, holds
from catalog.matter import FieldAsk, Gives, Matter
from catalog.model import Catalog
from catalog.text import Text
from forms.plan import PlanProblem
from forms.values import (
    BadValue,
    Surroundings,
    Wanted,
    is_blank,
    json_ready,
    read_value,
    wanted_of_field,
    wanted_of_question,
)
from forms.words import FILER_OPTIONS, Labels, labels_of

FILER: Final = "filer"
CHOSEN: Final = "chosen"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known while one plan is composed: definitions, typed answers, the day, and how things are called.

    `applies` has, by question id, whether it applies (None: not decided yet). `situation` is what was accepted,
    JSON-ready and without answers to questions that do not apply. `issued` are the fields matters here give,
    `field_whens` the dictionary's own conditions of fields.
    """

    catalog: Catalog
    bundle: Bundle
    labels: Labels
    values: Mapping[str, Any]
    applies: Mapping[str, bool | None]
    situation: Mapping[str, Any]
    problems: tuple[PlanProblem, ...]
    today: date | None
    groups: Mapping[str, Group]
    matters: Mapping[str, Matter]
    issued: frozenset[str]
    roles: Mapping[str, Role]
    field_whens: Mapping[str, Condition]

    def holds(self, condition: Condition | None, values: Mapping[str, Any] | None = None) -> bool | None:
        """Whether a condition holds (none: always), with these answers or, for a row, with the row's own."""
        return True if condition is None else holds(condition, self.values if values is None else values, self.today)



def know(
    catalog: Catalog, bundle: Bundle, situation: Mapping[str, Any], form: Mapping[str, Any] | None, today: date | None,
) -> Known:
    """Read the answers; never raises: what cannot be used becomes a problem and counts as unanswered."""
    matters = {entry.matter: catalog.matter_of(bundle, entry.matter) for entry in bundle.entries}
    reading = _Reading(catalog, bundle, matters, {fold(str(key)): raw for key, raw in situation.items()}, today)
    reading.questions()
    reading.reserved()
    reading.fields(form)
    return Known(
        catalog, bundle, labels_of(catalog, bundle), reading.values, reading.applies, reading.accepted,
        tuple(reading.problems), today, {group.id: group for group in bundle.groups}, matters,
        frozenset(code for matter in matters.values() for gives in _gives(matter) for code in gives.fields),
        catalog.roles_of(bundle), _field_whens(catalog),
    )


class _Reading:
    """One pass over the raw answers."""

    def __init__(
        self, catalog: Catalog, bundle: Bundle, matters: Mapping[str, Matter], raw: Mapping[str, Any],
        today: date | None,
    ) -> None:
        self.catalog, self.bundle, self.matters, self.raw, self.today = catalog, bundle, matters, raw, today
        self.values: dict[str, Any] = {}
        self.applies: dict[str, bool | None] = {}
        self.accepted: dict[str, Any] = {}
        self.problems: list[PlanProblem] = []
        self.around = Surroundings(catalog.regions, today)

    def bad(self, key: str, label: str, errors: Any) -> None:
        """Note an answer that cannot be used."""
        self.problems.append(PlanProblem("block", "bad_answer", f"“{label}”：{'；'.join(flat(errors))}", key[:60]))

    def take(self, name: str, label: str, wanted: Wanted) -> None:
        """Read one answer that was given."""
        try:
            value = read_value(self.raw[name], wanted, self.around)
        except BadValue as bad:
            self.bad(name, label, bad.errors)
            return
        self.accepted[name] = json_ready(value)
        self.values[name] = for_conditions(value)

    def questions(self) -> None:
        """Every question in an order in which its own `when` can be judged."""
        for question in by_use(self.bundle.questions):
            applies = True if question.when is None else holds(question.when, self.values, self.today)
            self.applies[question.id] = applies
            if applies:
                self.answer(question)
            elif applies is False:
                self.values[question.id] = EMPTY

    def answer(self, question: Question) -> None:
        """The given answer of a question that applies, else its default."""
        if not is_blank(self.raw.get(question.id)):
            label = str(question.ask).rstrip("？?")
            self.take(question.id, label, wanted_of_question(question, self.catalog.fields))
        elif question.default is not None:
            self.values[question.id] = for_conditions(question.default)

    def reserved(self) -> None:
        """`filer`, `chosen`, and the members chosen in one_of groups."""
        filers = tuple(Option(code, Text(name)) for code, name in FILER_OPTIONS.items())
        ticks = tuple(Option(e.matter, Text(e.matter)) for e in self.bundle.entries if e.optional)
        self.optional(FILER, "由谁提交申请", Wanted("choice", options=filers))
        self.optional(CHOSEN, "勾选的可选事项", Wanted("many", options=ticks))
        for group in self.bundle.groups:
            if group.kind == "one_of":
                members = tuple(Option(member, Text(member)) for member in group.members)
                self.optional(group.id, str(group.name or group.id), Wanted("choice", options=members))

    def optional(self, name: str, label: str, wanted: Wanted) -> None:
        """Read a reserved answer if it was given and is no question of the author's."""
        if name not in self.applies and not is_blank(self.raw.get(name)):
            self.take(name, label, wanted)

    def fields(self, form: Mapping[str, Any] | None) -> None:
        """Fields answered beside the questions; the form's own values serve conditions only."""
        asked = {ask.code: ask for matter in self.matters.values() for ask in _asks(matter)}
        reserved = {FILER, CHOSEN, *(group.id for group in self.bundle.groups if group.kind == "one_of")}
        for name in self.raw:
            if name in self.applies or name in reserved:
                continue
            field = self.catalog.fields.get(name)
            if field is None or name not in asked:
                self.bad(name, name[:60], ["没有这个问题，请删去或核对名称"])
            elif not is_blank(self.raw[name]):
                self.take(name, str(field.name), wanted_of_field(field))
        self.filled(form, asked)

    def filled(self, form: Mapping[str, Any] | None, asked: Mapping[str, FieldAsk]) -> None:
        """Form values as conditions see them: a default where blank; a blank field that nobody requires is empty."""
        for code, ask in asked.items():
            field = self.catalog.fields.get(code)
            if field is None or code in self.values or code in self.applies:
                continue
            raw = field.default if form is None or is_blank(form.get(code)) else form[code]
            if is_blank(raw):
                if form is not None and not ask.required and not field.required:
                    self.values[code] = EMPTY
                continue
            try:
                self.values[code] = for_conditions(read_value(raw, wanted_of_field(field), self.around))
            except BadValue:
                continue  # the form's own validation says what is wrong with it


def _asks(matter: Matter) -> Iterator[FieldAsk]:
    yield from matter.asks.fields
    for variant in matter.variants:
        yield from variant.asks.fields if variant.asks else ()


def _field_whens(catalog: Catalog) -> dict[str, Condition]:
    """The dictionary's own conditions of fields; one that cannot be read is the checker's matter."""
    found: dict[str, Condition] = {}
    for code, field in catalog.fields.items():
        if field.when:
            with suppress(BadCondition):
                found[code] = resolve(parse_condition(field.when), lambda name: _option_codes(catalog, name))
    return found


def _option_codes(catalog: Catalog, name: str) -> frozenset[str]:
    field = catalog.fields.get(name)
    if field is None:
        return frozenset(FILER_OPTIONS) if name == FILER else frozenset()
    return frozenset({"yes", "no"}) if field.type == "yes_no" else frozenset(option.code for option in field.options)


def _gives(matter: Matter) -> Iterator[Gives]:
    yield matter.gives
    for variant in matter.variants:
        yield from (variant.gives,) if variant.gives else ()


def for_conditions(value: Any) -> Any:
    """A typed value as conditions compare it: a moment is its day, a place its region code or text."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, tuple) and value and isinstance(value[0], Mapping):
        return tuple({key: for_conditions(item) for key, item in row.items()} for row in value)
    return value


def by_use(questions: tuple[Question, ...]) -> list[Question]:
    """Questions so that each stands after those its `when` reads; file order else; a ring keeps file order."""
    known = {question.id: question for question in questions}
    done: dict[str, Question] = {}

    def visit(question: Question, above: frozenset[str]) -> None:
        if question.id in done or question.id in above:
            return
        needed = names_in(question.when) if question.when else frozenset()
        for name in sorted(needed & known.keys()):
            visit(known[name], above | {question.id})
        done[question.id] = question

    for question in questions:
        visit(question, frozenset())
    return list(done.values())


def flat(errors: Any) -> list[str]:
    """An error tree as lines, rows counted from 1."""
    if isinstance(errors, Mapping):
        return [
            f"第 {int(key) + 1} 行 {line}" if str(key).isdigit() else f"{key} {line}"
            for key, item in errors.items() for line in flat(item)
        ]
    return [str(error) for error in errors]


