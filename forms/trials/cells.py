"""The situations worth trying: for every name a condition reads, its options or a value below, at and above each
threshold named anywhere (language 2.10). Questions that do not apply are not multiplied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, product
from typing import Any, Final

from catalog import terms
from catalog.bundle import Bundle, Question
from catalog.conditions import Condition, names_in
from catalog.dictionary import Field
from catalog.evaluate import EMPTY, holds, moved
from catalog.matter import Matter
from catalog.papers import of_kind
from forms.answers import FILER, Known, by_use
from forms.trials.alone import options_alone
from forms.values import Wanted
from forms.wanted import wanted_of_field, wanted_of_question
from forms.words import FILER_OPTIONS

MOST_CELLS: Final = 100_000
_MOST_ROWS: Final = 3
_MANY_SUBSETS: Final = 12
_ONE: Final = Decimal(1)
Path = tuple[str | int, ...]


class TooManyCells(Exception):
    """There are more situations than can be tried; nothing is proven then. The message says to the author why."""

    code = "too_many_cells"

    def __init__(self, why: str = "情形超过 100000 种") -> None:
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Placed:
    """A condition and where it stands in the definitions."""

    path: Path
    condition: Condition


def bundle_conditions(bundle: Bundle) -> Iterator[Placed]:
    """Every condition the bundle itself writes, but not its rules' needs (those may well be false)."""
    here: Path = ("bundles", bundle.id)
    for question in bundle.questions:
        yield from _placed((*here, "situation", question.id, "when"), question.when)
    for entry in bundle.entries:
        yield from _placed((*here, "matters", entry.matter, "when"), entry.when)
        for edge in entry.after:
            yield from _placed((*here, "matters", entry.matter, "after", edge.target, "need"), edge.need)
    for index, rule in enumerate(bundle.rules):
        yield from _placed((*here, "rules", index, "when"), rule.when)


def matter_conditions(matter: Matter) -> Iterator[Placed]:
    """Every condition of a matter, but not its rules' needs."""
    here: Path = ("matters", matter.id)
    for variant in matter.variants:
        yield from _placed((*here, "variants", variant.id, "when"), variant.when)
    for index, row in enumerate(matter.limits):
        yield from _placed((*here, "limits", index, "when"), row.when)
    for index, special in enumerate(matter.special):
        yield from _placed((*here, "special", index, "when"), special.when)
    for index, forward in enumerate(matter.forwards):
        yield from _placed((*here, "forwards", index, "when"), forward.when)
    for index, rule in enumerate(matter.rules):
        yield from _placed((*here, "rules", index, "when"), rule.when)
    for ask in matter.asks.fields:
        yield from _placed((*here, "asks", "fields", ask.code, "when"), ask.when)
    for paper in matter.asks.materials:
        yield from _placed((*here, "asks", "materials", paper.key, "when"), paper.when)
        pledge = (*here, "asks", "materials", paper.key, "pledge", "when")
        yield from _placed(pledge, paper.pledge.when if paper.pledge else None)


def _placed(path: Path, condition: Condition | None) -> Iterator[Placed]:
    if condition is not None:
        yield Placed(path, condition)


@dataclass(slots=True)
class Space:
    """All situations of one bundle, by name; made once per exploration."""

    known: Known
    questions: dict[str, Question] = field(default_factory=dict)
    marks: dict[str, set[Any]] = field(default_factory=dict)
    cells: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    alone: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, known: Known) -> Space:
        """The space of a bundle whose definitions are known."""
        space = cls(known, {question.id: question for question in by_use(known.bundle.questions)})
        conditions = [placed.condition for placed in bundle_conditions(known.bundle)]
        conditions += [rule.need for rule in known.bundle.rules]
        for matter in known.matters.values():
            conditions += [placed.condition for placed in matter_conditions(matter)]
            conditions += [rule.need for rule in matter.rules]
        free = [group.none for group in known.bundle.groups if group.none is not None]
        space.alone = options_alone(known.bundle, [*conditions, *free])
        for condition in conditions:
            for node in terms.walk(condition.tree):
                if isinstance(node, terms.Compare):
                    space._mark(node.left, node.right)
                    space._mark(node.right, node.left)
        return space

    def _mark(self, side: terms.Node, other: terms.Node) -> None:
        if isinstance(side, terms.Shift) and isinstance(side.base, terms.Name):
            self.marks.setdefault(side.base.name, set()).update(self._shifted(side, other))
        elif isinstance(side, terms.Name):
            self.marks.setdefault(side.name, set()).update(self._compared(side.name, other))

    def _compared(self, name: str, other: terms.Node) -> Iterable[Any]:
        if isinstance(other, terms.Sum):
            return ()  # rows are no part of a situation's cells
        if isinstance(other, terms.Literal):
            return (other.value,)
        return self._days_of(other) or self._pair_marks(name)

    def _shifted(self, side: terms.Shift, other: terms.Node) -> Iterable[Any]:
        return [moved(day, -side.sign, side.length) for day in self._days_of(other)]

    def _days_of(self, node: terms.Node) -> tuple[date, ...]:
        """The days that a side of a comparison means; a day of the year is tried in the year of filing and the next."""
        match node:
            case terms.Literal(date() as day):
                return (day,)
            case terms.Name("today") if self.known.today:
                return (self.known.today,)
            case terms.YearDay() if self.known.today:
                return node.of(self.known.today.year), node.of(self.known.today.year + 1)
            case terms.Shift(base, sign, length):
                return tuple(moved(day, sign, length) for day in self._days_of(base))
        return ()

    def seasons(self) -> tuple[date | None, ...]:
        """The days of filing that are worth trying: today, and around each later day with which one compares it."""
        today, marks = self.known.today, self.marks.get("today", ())
        later = {day for day in _around_days(marks) if today is not None and day > today}
        return (today, *sorted(later))

    def _pair_marks(self, name: str) -> Iterable[Any]:
        """Two names compared with each other get the same mark, so that below, equal and above all occur."""
        wanted = self.wanted(name)
        if wanted is not None and wanted.type in {"date", "datetime"}:
            return (self.known.today or date(2026, 1, 5),)
        return (Decimal(10),) if wanted is not None and wanted.type in {"number", "integer"} else ()

    def wanted(self, name: str) -> Wanted | None:
        """What a name takes; None for a name nobody defines."""
        if name in self.questions:
            return wanted_of_question(self.questions[name], self.known.catalog.fields)
        definition = self.known.catalog.fields.get(name)
        return wanted_of_field(definition) if definition is not None else None

    def values_of(self, name: str) -> tuple[Any, ...]:
        """The cells of one name."""
        if name not in self.cells:
            self.cells[name] = self._values(name)
        return self.cells[name]

    def _values(self, name: str) -> tuple[Any, ...]:
        if name == FILER:
            return tuple(FILER_OPTIONS)
        wanted, marks = self.wanted(name), self.marks.get(name, set())
        if wanted is None:
            return ()
        if wanted.type in {"many", "rows", "region", "regions"}:
            return self._lists(name, wanted, marks)
        return _simple(wanted, marks, self.known.today)

    def _lists(self, name: str, wanted: Wanted, marks: set[Any]) -> tuple[Any, ...]:
        if wanted.type == "many":
            return self._subsets(name, wanted, marks)
        if wanted.type == "rows":
            return self._rows(self.known.catalog.fields.get(name))
        return self._regions(wanted, marks)

    def _subsets(self, name: str, wanted: Wanted, marks: set[Any]) -> tuple[Any, ...]:
        """Every subset of the options that some condition names, and one of the others to stand for all.

        Options that decide one matter alone are not combined where any number of options may be chosen.
        """
        order = [option.code for option in wanted.options]
        low, high = int(wanted.min or 0), int(wanted.max or len(order))
        alone = {code for code in order if (name, code) in self.alone} if low <= 1 and high >= len(order) else set()
        others = [code for code in order if code not in marks]
        used = [code for code in order if code in marks and code not in alone] + others[:1]
        if len(used) > _MANY_SUBSETS:
            raise TooManyCells(f"多选题 {name} 有 {len(used)} 个选项要组合起来试，情形太多")
        together = [set(subset) for size in range(len(used) + 1) for subset in combinations(used, size)]
        subsets = {tuple(code for code in order if code in one | two)
                   for one in together for two in (set(), *({code} for code in alone), alone)}
        return tuple(one for one in sorted(subsets, key=lambda one: (len(one), [order.index(code) for code in one]))
                     if low <= len(one) <= high)

    def _rows(self, definition: Field | None) -> tuple[Any, ...]:
        """One row of each kind, all kinds together, and no row where that is allowed."""
        if definition is None:
            return ()
        named = [column for column in definition.inner if column.code in self.marks]
        kinds = [
            {column.code.rpartition(".")[2]: value for column, value in zip(named, values, strict=True)}
            for values in product(*(self.values_of(column.code) for column in named))
        ]
        nothing: tuple[Any, ...] = () if definition.min else ((),)
        return (*nothing, *((kind,) for kind in kinds), tuple(kinds if len(kinds) > 1 else kinds * 2))

    def _regions(self, wanted: Wanted, marks: set[Any]) -> tuple[Any, ...]:
        codes = [code for code, region in self.known.catalog.regions.items() if wanted.level in {None, region.level}]
        used = list(dict.fromkeys([mark for mark in marks if isinstance(mark, str)] + codes))[:_MOST_ROWS]
        if wanted.type == "region":
            return tuple(used)
        low = int(wanted.min or 0)
        return tuple(tuple(used[:size]) for size in range(low, len(used) + 1))

    def upstream(self, names: Iterable[str]) -> list[str]:
        """The names with every question their applicability hangs on, in an order in which they can be judged."""
        todo, needed = list(names), set()
        while todo:
            name = todo.pop()
            if name not in needed and name != "today":
                needed.add(name)
                question = self.questions.get(name)
                todo.extend(names_in(question.when) if question is not None and question.when is not None else ())
        return [name for name in self.questions if name in needed] + sorted(needed - self.questions.keys())

    def situations(self, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Every situation over these names; raises `TooManyCells` beyond 100,000."""
        ordered = self.upstream(names)
        for number, values in enumerate(self._branch(ordered, 0, {})):
            if number >= MOST_CELLS:
                raise TooManyCells
            yield values

    def _branch(self, names: list[str], at: int, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if at == len(names):
            yield dict(values)
            return
        question = self.questions.get(names[at])
        if question is not None and question.when is not None and not holds(question.when, values, self.known.today):
            yield from self._branch(names, at + 1, {**values, names[at]: EMPTY})
            return
        for value in self.values_of(names[at]):
            yield from self._branch(names, at + 1, {**values, names[at]: value})


def _simple(wanted: Wanted, marks: set[Any], today: date | None) -> tuple[Any, ...]:
    match wanted.type:
        case "yes_no":
            return (True, False)
        case "citizen_id" if wanted.options:
            return tuple(of_kind(option.code, "其他") for option in wanted.options)
        case "choice":
            return tuple(option.code for option in wanted.options)
        case "number" | "integer":
            return _around({mark for mark in marks if isinstance(mark, Decimal)}, wanted)
        case "date" | "datetime":
            return _days({mark for mark in marks if isinstance(mark, date)}, today)
    return (*sorted(mark for mark in marks if isinstance(mark, str)), "其他")


def _around(marks: set[Decimal], wanted: Wanted) -> tuple[Any, ...]:
    """A number below, at and above each mark, within the bounds."""
    step = _ONE if wanted.type == "integer" or wanted.decimals == 0 else Decimal("0.5")
    tried = {mark + shift for mark in marks for shift in (-step, Decimal(0), step)} or {_ONE}
    within = [
        value for value in sorted(tried)
        if (wanted.min is None or value >= wanted.min) and (wanted.max is None or value <= wanted.max)
    ]
    ends = [bound for bound in (wanted.min, wanted.max) if bound is not None and not within]
    return tuple(within or ends or (_ONE,))


def _days(marks: set[date], today: date | None) -> tuple[Any, ...]:
    return tuple(sorted(_around_days(marks or {today or date(2026, 1, 5)})))


def _around_days(marks: Iterable[date]) -> set[date]:
    """A day before, at and after each mark."""
    return {day + timedelta(days=shift) for day in marks for shift in (-1, 0, 1)}


def shown(values: Mapping[str, Any], only: Iterable[str] | None = None) -> str:
    """A situation as an author writes it: `services=[water]，line_length=250`."""
    names = values if only is None else [name for name in only if name in values]
    parts = [f"{name}={_one(values[name])}" for name in names if values[name] is not EMPTY]
    return "，".join(parts) or "任意回答"


def _one(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"[{'、'.join(_one(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + "、".join(f"{name}: {_one(item)}" for name, item in value.items()) + "}"
    return value.isoformat() if isinstance(value, date) else str(value)
