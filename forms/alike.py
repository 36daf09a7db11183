"""Rows that must differ and do not: in what tells them apart, and in what the dictionary says is `unique`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.text import spelt_once


def alike(rows: Mapping[int, Mapping[str, Any]], columns: tuple[str, ...]) -> Iterator[tuple[int, str, int]]:
    """Each row that has the value of an earlier one, with the column and the first row that has it.

    `rows` are typed as far as they could be read, so that two spellings of one number are one; of what is wrong by
    itself nothing is compared.
    """
    for column in columns:
        seen: dict[Any, int] = {}
        said = {index: _spelt_once(row[column]) for index, row in rows.items() if column in row}
        first = {index: seen.setdefault(value, index) for index, value in said.items()}
        yield from ((index, column, other) for index, other in first.items() if other != index)


def _spelt_once(value: Any) -> Any:
    """What is compared of a value: of a text, also one in an address, what `spelt_once` leaves; of choices which."""
    if isinstance(value, Mapping):
        return tuple((part, _spelt_once(said)) for part, said in sorted(value.items()))
    if isinstance(value, tuple):
        return tuple(sorted(value))
    return spelt_once(value) if isinstance(value, str) else value
