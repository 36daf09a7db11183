"""The small tree that a condition is read into; `conditions.py` reads it, `evaluate.py` judges it.

Match on these with `terms.Compare(op, left, right)`: several are words of the language, such as `All` and `Not`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalog.limits import Limit


@dataclass(frozen=True, slots=True)
class Name:
    """A question, a field, `group.field` or a built-in (`today`, `filer`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a date, or a text (also: an option of the compared question, once resolved)."""

    value: Decimal | date | str | bool


@dataclass(frozen=True, slots=True)
class Shift:
    """A date moved by a limit's length: `published_on + 3mo`."""

    base: Node
    sign: int
    length: Limit


@dataclass(frozen=True, slots=True)
class YearDay:
    """A fixed day of the year in which `base` lies, which is `today` as authors write it: `08-31`."""

    base: Node
    month: int
    day: int

    def of(self, year: int) -> date:
        """That day of a year; every year has it."""
        return date(year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows or choices a name has."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """What a column of numbers comes to over all rows: `sum(trees.number)`; `name` are the rows."""

    name: str
    column: str


@dataclass(frozen=True, slots=True)
class Column:
    """What all rows say in a column: `holder_id in all(heirs.id_number)`; `name` are the rows."""

    name: str
    column: str


@dataclass(frozen=True, slots=True)
class Year:
    """The year of a day, as a number: `year(born(holder_id) + 180mo)`."""

    base: Node


@dataclass(frozen=True, slots=True)
class Born:
    """The day of birth that stands in a citizen's number: `born(child_id)`."""

    name: str


@dataclass(frozen=True, slots=True)
class Paper:
    """The kind of paper that a person's number is of: `paper(agent_id) == passport`."""

    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    """`==`, `!=`, `<`, `<=`, `>`, `>=` or `in` between two values."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Not:
    """Negation; of not-yet-known it is not yet known."""

    item: Node


@dataclass(frozen=True, slots=True)
class All:
    """Every item holds (Kleene)."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """At least one item holds (Kleene)."""

    items: tuple[Node, ...]


Node = Name | Literal | Shift | YearDay | Year | Count | Sum | Column | Born | Paper | Compare | Not | All | Any_
Reading = Name | Count | Sum | Column | Born | Paper  # what reads an answer by its `name`


def walk(node: Node) -> Iterator[Node]:
    """Every node of a tree, parents first."""
    yield node
    match node:
        case Compare(_, left, right):
            yield from walk(left)
            yield from walk(right)
        case Not(item) | Shift(item, _, _) | YearDay(item, _, _) | Year(item):
            yield from walk(item)
        case All(items) | Any_(items):
            for item in items:
                yield from walk(item)


def tests(node: Node) -> Iterator[Node]:
    """The comparisons, and the names asked for their truth, of which a condition is put together."""
    match node:
        case Not(item):
            yield from tests(item)
        case All(items) | Any_(items):
            for item in items:
                yield from tests(item)
        case _:
            yield node
