"""A value of a field as people read it: options and regions by name, a unit behind a number, rows column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from catalog.dictionary import FieldType, Option, Region
from catalog.edition import REGION_TYPES
from catalog.papers import number_words
from catalog.text import Text
from catalog.units import unit_words


class Typed(Protocol):
    """A question, a field of the dictionary, or a line of a form: how a value of it is read."""

    @property
    def type(self) -> FieldType:
        """What a value of it is."""

    @property
    def unit(self) -> str | None:
        """In which unit a number is."""

    @property
    def options(self) -> tuple[Option, ...]:
        """Of which a choice is one."""


class Told(Typed, Protocol):
    """A field or a line, which may have columns."""

    @property
    def code(self) -> str:
        """Its code; of a column `group.name`."""

    @property
    def name(self) -> Text:
        """What people call it."""

    @property
    def inner(self) -> Sequence[Told]:
        """The columns of rows."""


def value_words(line: Told, value: Any, regions: Mapping[str, Region]) -> str:
    """One value as the form shows it."""
    if line.type == "rows" and isinstance(value, list):
        columns, rows = row_words(line, value, regions)
        return "；".join("，".join(f"{name} {cell}" for name, cell in zip(columns, row, strict=True) if cell)
                         for row in rows)
    return answer_words(line, value, regions)


def answer_words(line: Typed, value: Any, regions: Mapping[str, Region]) -> str:
    """The same of what has no columns, such as a question."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return " ".join(_called(line, part, regions) for part in value.values() if part not in (None, ""))
    words = "、".join(_called(line, one, regions) for one in (value if isinstance(value, list) else [value]))
    return f"{words} {unit_words(line.unit)}".rstrip()


def row_words(line: Told, rows: Sequence[Any], regions: Mapping[str, Region]) -> tuple[list[str], list[list[str]]]:
    """The names of the columns, and what each row has in them, empty where it has nothing."""
    columns = [(column, column.code.rpartition(".")[2]) for column in line.inner]
    cells = [["" if row.get(key) in (None, "") else value_words(column, row[key], regions) for column, key in columns]
             for row in rows if isinstance(row, Mapping)]
    return [str(column.name) for column, _ in columns], cells


def _called(line: Typed, code: Any, regions: Mapping[str, Region]) -> str:
    options = {option.code: str(option.name) for option in line.options}
    if line.type == "citizen_id":
        return number_words(str(code), options)
    region = regions.get(str(code)) if line.type in REGION_TYPES else None
    return str(region.name) if region else options.get(str(code), str(code))
