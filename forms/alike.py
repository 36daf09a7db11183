"""Rows that must differ and do not: in what tells them apart, and in what the dictionary says is `unique`."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any


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
    """A text without what people write differently: width, capitals, spaces."""
    if not isinstance(value, str):
        return repr(value) if isinstance(value, Mapping | tuple) else value
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())
