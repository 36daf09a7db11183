"""What a value must be, as the dictionary or a situation question says it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from catalog.answers import QUESTION_TYPES, narrowed
from catalog.bundle import Question
from catalog.dictionary import Field
from forms.plan import FieldLine
from forms.values import Wanted


def wanted_of_field(line: Field) -> Wanted:
    """What the dictionary wants of a field's value."""
    columns = tuple((column.code.rpartition(".")[2], wanted_of_field(column)) for column in line.inner)
    return Wanted(
        line.type, line.min, line.max, line.decimals, line.min_length, line.max_length, line.not_before,
        line.not_after, line.unit, line.options, line.level, columns,
        (line.key,) if line.key else (), line.key,
        labels=labels_of(line) or {column.code.rpartition(".")[2]: str(column.name) for column in line.inner},
        unique=unique_in(line), default=line.default,
    )


def unique_in(line: Field | FieldLine) -> tuple[str, ...]:
    """The columns of a group that differ in every row."""
    return tuple(column.code.rpartition(".")[2] for column in line.inner if column.unique)


def labels_of(line: Field | FieldLine) -> Mapping[str, str]:
    """The kinds of paper that a person's number may be of, by name; nothing for any other field."""
    return {one.code: str(one.name) for one in line.options} if line.type == "citizen_id" else {}


def asked_in(column: FieldLine, row: int) -> bool:
    """Whether a column is asked in a row, counted from 0."""
    return column.only is None or row in column.only


def wanted_in(column: FieldLine, row: int) -> bool:
    """Whether a row must say something in a column: one that has a default says that."""
    return column.required and column.default is None and asked_in(column, row)


def wanted_of_question(question: Question, fields: Mapping[str, Field], columns: Set[str] = frozenset()) -> Wanted:
    """What a situation question wants: its own kind, or the dictionary field of the same code, narrowed.

    Of its rows every one of `columns` (`group.field`) is wanted: without it nobody knows which legs there are.
    """
    if question.kind == "field" and question.id in fields:
        wanted = wanted_of_field(fields[question.id])
        low, high = narrowed(question, wanted)
        needed = tuple(name for name, _ in wanted.inner if name == wanted.key or f"{question.id}.{name}" in columns)
        # What a column says by default the form may still say otherwise, so the question does not say it.
        inner = tuple((name, replace(column, default=None)) for name, column in wanted.inner)
        return replace(wanted, min=low, max=high, options=question.options or wanted.options, inner=inner,
                       required=needed)
    return Wanted(QUESTION_TYPES[question.kind], question.min, question.max, options=question.options)
