"""Raw situation answers → typed answers by name, with the state of every question and what is wrong, in Chinese.

A question whose own `when` is false does not apply: its value is `EMPTY` and its stored answer is ignored. A question
whose `when` is not yet decided has no value yet. Reserved answers: `filer` (self, legal_rep, agent), `chosen` (ticked
optional matters) and the id of a `one_of` group (the chosen member, where several fit).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Final

from catalog.bundle import Bundle, Group, Question
from catalog.conditions import BadCondition, Condition, fold, names_in, parse_condition, resolve
from catalog.dictionary import Option, Role
from catalog.evaluate import EMPTY, holds
from catalog.matter import Matter
from catalog.model import Catalog
from catalog.reading import columns_that_choose, fields_asked, results
from catalog.terms import All
from catalog.text import Text
from catalog.units import row_words
from catalog.worded import worded
from forms.decides import Deciding, deciding
from forms.plan import PlanProblem
from forms.same import Same
from forms.values import BadValue, Surroundings, Wanted, for_conditions, is_blank, json_ready, read_value
from forms.wanted import wanted_of_field, wanted_of_question
from forms.words import FILER_OPTIONS, Labels, labels_of

FILER: Final = "filer"
CHOSEN: Final = "chosen"
MOST_UNKNOWN: Final = 20
GROUNDS: Final = 32  # a dozen bundles in force, and what is left of editions that were compared with them


@dataclass(frozen=True, slots=True)
class Known:
    """What is known while one plan is composed: definitions, typed answers, the day, and how things are called.

    `applies` has, by question id, whether it applies (None: not decided yet). `situation` is what was accepted,
    JSON-ready and without answers to questions that do not apply. `issued` are the fields matters here give,
    `field_whens` when a field is asked at all, by the dictionary and by the question that it is. `blank` are fields
    the form leaves blank and some matter requires, `unasked` those of them that no leg here asks. Where only situations
    are tried (`silent`) nobody reads why a matter is in or out.
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
    blank: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    silent: bool = False

    def holds(self, condition: Condition | None, values: Mapping[str, Any] | None = None) -> bool | None:
        """Whether a condition holds (none: always), with these answers or, for a row, with the row's own."""
        return True if condition is None else holds(condition, self.values if values is None else values, self.today)

    def counted(self, group: str | None) -> str:
        """The word by which the rows of a group are counted: 辆, 人, else 项."""
        rows = self.catalog.fields.get(group or "")
        return row_words(rows.unit if rows else None)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the definitions of one bundle say before any answer, in its own words. `asked` are all fields that some
    matter asks, `columns` those on which it hangs which legs there are."""

    catalog: Catalog
    labels: Labels
    matters: Mapping[str, Matter]
    groups: Mapping[str, Group]
    issued: frozenset[str]
    roles: Mapping[str, Role]
    field_whens: Mapping[str, Condition]
    asked: frozenset[str]
    columns: frozenset[str]
    deciding: Deciding


def ground_of(catalog: Catalog, bundle: Bundle) -> Ground:
    """The ground of a bundle, laid once for a catalog."""
    return _ground(Same(catalog, bundle))


@lru_cache(maxsize=GROUNDS)
def _ground(same: Same) -> Ground:
    catalog, bundle = same.parts
    assert isinstance(catalog, Catalog)
    assert isinstance(bundle, Bundle)
    catalog = worded(catalog, bundle)
    matters = {entry.matter: catalog.matter_of(bundle, entry.matter) for entry in bundle.entries}
    whens = _field_whens(catalog)
    asked_when = {**whens, **_question_whens(catalog, bundle, whens)}
    return Ground(
        catalog, labels_of(catalog, bundle), matters, {group.id: group for group in bundle.groups},
        frozenset(code for matter in matters.values() for gives in results(matter) for code in gives.fields),
        catalog.roles_of(bundle), asked_when, frozenset().union(*map(fields_asked, matters.values())),
        columns_that_choose(bundle), deciding(catalog, bundle, matters, whens.values()),
    )


def know(
    catalog: Catalog, bundle: Bundle, situation: Mapping[str, Any], form: Mapping[str, Any] | None, today: date | None,
) -> Known:
    """Read the answers; never raises: what cannot be used becomes a problem and counts as unanswered."""
    ground = ground_of(catalog, bundle)
    catalog = ground.catalog
    reading = _Reading(catalog, bundle, ground, {fold(str(key)): raw for key, raw in situation.items()}, today)
    reading.questions()
    reading.reserved()
    reading.fields()
    filled = reading.completed(ground.deciding.values(form, reading.around))
    return Known(
        catalog, bundle, replace(ground.labels, today=today), filled, reading.applies, reading.accepted,
        tuple(reading.problems), today, ground.groups, ground.matters, ground.issued, ground.roles, ground.field_whens,
        ground.deciding.blank(form) - reading.values.keys(),
    )


class _Reading:
    """One pass over the raw answers."""

    def __init__(
        self, catalog: Catalog, bundle: Bundle, ground: Ground, raw: Mapping[str, Any], today: date | None,
    ) -> None:
        self.catalog, self.bundle, self.ground, self.raw, self.today = catalog, bundle, ground, raw, today
        self.values: dict[str, Any] = {}
        self.applies: dict[str, bool | None] = {}
        self.accepted: dict[str, Any] = {}
        self.problems: list[PlanProblem] = []
        self.around = Surroundings(catalog.regions, today)

    def bad(self, key: str, label: str, errors: Any) -> None:
        """Note an answer that cannot be used."""
        rows = self.catalog.fields.get(key)
        columns = {column.code.rpartition(".")[2]: str(column.name) for column in rows.inner} if rows else {}
        text = f"“{label}”：{'；'.join(flat(errors, columns, row_words(rows.unit if rows else None)))}"
        self.problems.append(PlanProblem("block", "bad_answer", text, key[:60]))

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
            self.take(question.id, label, wanted_of_question(question, self.catalog.fields, self.ground.columns))
        elif question.default is not None:
            self.accepted[question.id] = json_ready(question.default)  # the form must agree with it as with an answer
            self.values[question.id] = for_conditions(question.default)

    def reserved(self) -> None:
        """`filer`, `chosen`, and the members chosen in one_of groups."""
        filers = tuple(Option(code, name) for code, name in FILER_OPTIONS.items())
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

    def completed(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """Every value that conditions see: the situation's before the form's, which answers no question."""
        own = {code: value for code, value in form.items() if code not in self.applies}
        rows = {code: _completed(self.values[code], form[code]) for code in form if code in self.applies
                and code in self.values}
        return {**own, **self.values, **rows}

    def fields(self) -> None:
        """Fields answered beside the questions."""
        reserved = {FILER, CHOSEN, *(group.id for group in self.bundle.groups if group.kind == "one_of")}
        unknown = []
        for name in self.raw:
            if name in self.applies or name in reserved:
                continue
            field = self.catalog.fields.get(name)
            if field is None or name not in self.ground.asked:
                unknown.append(name)
            elif not is_blank(self.raw[name]):
                self.take(name, str(field.name), wanted_of_field(field))
        self.unknown(unknown)

    def unknown(self, names: list[str]) -> None:
        """Say which answers are to no question: a program that sends its own records would be told of thousands."""
        for name in names[:MOST_UNKNOWN]:
            self.bad(name, name[:60], ["没有这个问题，请删去或核对名称"])
        if more := names[MOST_UNKNOWN:]:
            self.bad(more[0], more[0][:60], [f"和另外 {len(more) - 1} 个都没有这个问题，请删去或核对名称"])


def _completed(rows: Any, filled: Any) -> Any:
    """The rows of an answer with the cells that only the form says; rows of another number complete nothing."""
    if not isinstance(rows, tuple) or not isinstance(filled, tuple) or len(rows) != len(filled):
        return rows
    return tuple({**more, **row} for row, more in zip(rows, filled, strict=True))


def _field_whens(catalog: Catalog) -> dict[str, Condition]:
    """The dictionary's own conditions of fields; one that cannot be read is the checker's matter."""
    found: dict[str, Condition] = {}
    for code, field in catalog.fields.items():
        if field.when:
            with suppress(BadCondition):
                found[code] = resolve(parse_condition(field.when), lambda name: _option_codes(catalog, name))
    return found


def _question_whens(catalog: Catalog, bundle: Bundle, whens: Mapping[str, Condition]) -> dict[str, Condition]:
    """When the fields that are questions here, and their columns, are asked: a question that does not apply has an
    empty value, so its field is empty and nobody may fill it in (language 2.2)."""
    found: dict[str, Condition] = {}
    for question in bundle.questions:
        field = catalog.fields.get(question.id)
        if question.when is not None and field is not None:
            for code in (question.id, *(column.code for column in field.inner)):
                both = [one.tree for one in (whens.get(code), question.when) if one is not None]
                found[code] = Condition(question.when.text, both[0] if len(both) == 1 else All(tuple(both)))
    return found


def _option_codes(catalog: Catalog, name: str) -> frozenset[str]:
    field = catalog.fields.get(name)
    if field is None:
        return frozenset(FILER_OPTIONS) if name == FILER else frozenset()
    return frozenset({"yes", "no"}) if field.type == "yes_no" else frozenset(option.code for option in field.options)


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


def flat(errors: Any, names: Mapping[str, str], row: str) -> list[str]:
    """An error tree as lines, rows (one is called a `row`) counted from 1, columns by their `names`."""
    if isinstance(errors, Mapping):
        return [
            f"第 {int(key) + 1} {row}：{line}" if str(key).isdigit() else _under(names.get(str(key), str(key)), line)
            for key, item in errors.items() for line in flat(item, names, row)
        ]
    return [str(error) for error in errors]


def _under(label: str, line: str) -> str:
    """A sentence about a column, whose name is not said twice."""
    return line if line.startswith(label) else f"“{label}”{line}"
