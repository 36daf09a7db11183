"""Rows to frozen values and back: which attributes are times, flags or enumerations is read from the annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from store.encoding import moment, stamp
from store.port import Row, Tx

V = TypeVar("V")
AT_ONCE = 50  # values named in one statement


def shape(kind: type[V], row: Mapping[str, Any], **more: Any) -> V:
    """A value of the dataclass `kind` from the columns of `row`, with `more` instead of or beside them."""
    return kind(**attributes(kind, row, *more), **more)


def filled(kind: type[V], values: dict[str, Any]) -> V:
    """The value of `kind`, a frozen dataclass without slots, that has all these attributes, which it keeps: a tenth of
    the work of its constructor."""
    made = object.__new__(kind)
    object.__setattr__(made, "__dict__", values)
    return made


def attributes(kind: type[Any], row: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """The attributes of the dataclass `kind` that stand in the columns of `row`, but those named in `without`."""
    key = kind, tuple(row), without
    found = _READ.get(key)
    if found is None:
        turns = {name: turn for name, turn in _turns(kind).items() if name in row and name not in without}
        found = _READ[key] = tuple(turns), tuple((name, turn) for name, turn in turns.items() if turn is not None)
    made = {name: row[name] for name in found[0]}
    for name, turn in found[1]:
        if (value := made[name]) is not None:
            made[name] = turn(value)
    return made


# By dataclass, columns and what is left out: the attributes, and those of them that stand otherwise in the store.
_READ: dict[tuple[type[Any], tuple[str, ...], tuple[str, ...]],
            tuple[tuple[str, ...], tuple[tuple[str, Callable[[Any], Any]], ...]]] = {}


@dataclass(frozen=True, slots=True)
class Written:
    """How values of one dataclass become rows: the columns, and what turns an attribute into one."""

    columns: tuple[str, ...]
    _take: Callable[[Any], tuple[Any, ...]]
    _turns: tuple[tuple[int, Callable[[Any], Any]], ...]

    def row(self, value: Any) -> list[Any]:
        """The columns of one value, in order."""
        row = list(self._take(value))
        for place, turn in self._turns:
            row[place] = turn(row[place])
        return row


def columns(kind: type[Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What some attributes of `kind` are as columns."""
    turns = _turns(kind)
    return {name: value if (turn := turns[name]) is None else _BACK.get(turn, _text)(value)
            for name, value in attributes.items()}


def params(value: Any, *without: str) -> dict[str, Any]:
    """The attributes of a dataclass as SQL parameters, but those named in `without`."""
    as_row = written(type(value), without)
    return dict(zip(as_row.columns, as_row.row(value), strict=True))


def written(kind: type[Any], without: tuple[str, ...] = ()) -> Written:
    """How values of `kind` become rows without the attributes named in `without`: a time becomes its stamp, an
    enumeration its text, a flag 0 or 1."""
    found = _WRITTEN.get((kind, without))
    if found is None:
        turns = {name: turn for name, turn in _turns(kind).items() if name not in without}
        found = _WRITTEN[kind, without] = Written(tuple(turns), attrgetter(*turns), tuple(
            (place, _BACK.get(turn, _text)) for place, turn in enumerate(turns.values()) if turn is not None))
    return found


_WRITTEN: dict[tuple[type[Any], tuple[str, ...]], Written] = {}


def insert(tx: Tx, table: str, columns: Mapping[str, Any], tail: str = "") -> int:
    """Insert one row of `columns`; the number of rows it made (0 where `tail` ignores a conflict)."""
    return tx.run(insert_text(table, tuple(columns), tail), **columns)


def one(tx: Tx, missing: type[Exception], sql: str, **params: Any) -> Row:
    """The single row of a query; raises `missing` if there is none."""
    found = tx.rows(sql, **params)
    if not found:
        raise missing
    return found[0]


def named(values: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Values, each once, for `in (…)` of a few statements: the text that lists their parameters, and these."""
    wanted = list(dict.fromkeys(values))
    for first in range(0, len(wanted), AT_ONCE):
        some = wanted[first:first + AT_ONCE]
        names, text = _names(len(some))
        yield text, dict(zip(names, some, strict=True))


@cache
def _names(count: int) -> tuple[tuple[str, ...], str]:
    """So many names of parameters, and the text that lists them."""
    names = tuple(f"v{number}" for number in range(count))
    return names, ", ".join(f":{name}" for name in names)


@cache
def insert_text(table: str, columns: tuple[str, ...], tail: str = "") -> str:
    """The INSERT of `columns`, each by the parameter of its name."""
    return f"insert into {table} ({', '.join(columns)}) values ({', '.join(':' + c for c in columns)}) {tail}".rstrip()


@cache
def upsert_text(table: str, columns: tuple[str, ...], keys: tuple[str, ...]) -> str:
    """The INSERT that replaces all but `keys` where the row is already there."""
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    return insert_text(table, columns, f"on conflict ({', '.join(keys)}) do update set {changed}")


def _stamped(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def _text(value: StrEnum | None) -> str | None:
    return None if value is None else str(value)


_BACK: Mapping[Callable[[Any], Any], Callable[[Any], Any]] = {moment: _stamped, bool: int}
_KNOWN: dict[type[Any], Mapping[str, Callable[[Any], Any] | None]] = {}


def _turns(kind: type[Any]) -> Mapping[str, Callable[[Any], Any] | None]:
    if kind not in _KNOWN:
        hints = get_type_hints(kind)
        _KNOWN[kind] = {field.name: _turn(hints[field.name]) for field in fields(kind)}
    return _KNOWN[kind]


def _turn(hint: Any) -> Callable[[Any], Any] | None:
    kinds = get_args(hint) if get_origin(hint) is UnionType else (hint,)
    if datetime in kinds:
        return moment
    if bool in kinds:
        return bool
    named = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, StrEnum)), None)
    return None if named is None else {str(member): member for member in named}.__getitem__
