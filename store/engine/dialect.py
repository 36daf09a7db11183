"""One portable SQL text, two dialects: slots are filled, `:name` becomes what the driver wants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from store.errors import WrongText

SQLITE_SLOTS: Mapping[str, str] = {
    "{skip}": "", "{lock}": "", "{pk}": "integer primary key", "{text}": "text", "{int}": "integer", "{blob}": "blob",
    "{strict}": " strict",
    "{bytes}": "(select page_count * page_size from pragma_page_count, pragma_page_size)",
}
POSTGRES_SLOTS: Mapping[str, str] = {
    "{skip}": "for update skip locked", "{lock}": "for update",
    "{pk}": "bigint generated always as identity primary key", "{text}": 'text collate "C"', "{int}": "bigint",
    "{blob}": "bytea", "{strict}": "", "{bytes}": "pg_database_size(current_database())",
}

_ALLOWED = frozenset({"select", "insert", "update", "delete", "with", "values"})

# Whatever may not be touched comes first: strings, quoted names, comments, casts; then a parameter; then a percent.
_TOKEN = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|::)|:(?P<name>[a-z_][a-z0-9_]*)|(?P<percent>%)""",
    re.DOTALL | re.IGNORECASE,
)

_BY_NAME = re.compile(r"%\([a-z_][a-z0-9_]*\)s", re.IGNORECASE)

# What is inserted is parameters alone, and nothing behind them has any.
_ONE_ROW = re.compile(r"(?P<into>insert into \w+ \([\w, ]+\) values) \((?P<row>:\w+(?:, :\w+)*)\)(?P<tail>[^:]*)")

# One table, one condition: nothing in it that has columns or conditions of its own.
_ONE_UPDATE = re.compile(r"(?P<changed>update \w+ set (?:(?!\b(?:select|from|where)\b).)+) where"
                         r" (?P<which>(?:(?!\b(?:select|from|where|returning)\b).)+)")


def fill(sql: str, slots: Mapping[str, str]) -> str:
    """`sql` with its slots filled for one dialect."""
    for slot, text in slots.items():
        sql = sql.replace(slot, text)
    return sql


def to_psycopg(sql: str) -> str:
    """The same text for psycopg: `:name` becomes `%(name)s`, except in strings, comments and casts (`::text`), and `%`
    becomes `%%`."""
    return _TOKEN.sub(_psycopg_token, sql)


@cache
def sqlite_text(sql: str) -> str:
    """The text of a unit's statement for SQLite; WrongText for anything but reading and writing rows."""
    return fill(_guarded(sql), SQLITE_SLOTS)


@cache
def postgres_text(sql: str) -> str:
    """The text of a unit's statement for psycopg; WrongText for anything but reading and writing rows."""
    return to_psycopg(fill(_guarded(sql), POSTGRES_SLOTS))


@cache
def postgres_places(sql: str) -> str:
    """The same with its parameters by their places and not by name."""
    return _BY_NAME.sub("%s", postgres_text(sql))


@dataclass(frozen=True, slots=True)
class Several:
    """A write of several rows as one statement, and the parameters of each row in order."""

    text: str
    names: tuple[str, ...]


@cache
def sqlite_rows(sql: str, count: int) -> Several | None:
    """An INSERT of one row, or an UPDATE of one by its key, for `count` different rows: the interpreter's lock is let
    go and taken once for all of them, and an update costs a third less. None for any other text."""
    text = sqlite_text(sql)
    if (inserts := _ONE_ROW.fullmatch(text)) is not None:
        names = tuple(name.strip()[1:] for name in inserts["row"].split(","))
        return Several(f"{inserts['into']} {_values(len(names), count)}{inserts['tail']}", names)
    if (updates := _ONE_UPDATE.fullmatch(text)) is not None:
        names = tuple(dict.fromkeys(match["name"] for match in _TOKEN.finditer(text) if match["name"]))
        place = {name: f"given.column{number}" for number, name in enumerate(names, 1)}
        changed, which = (_TOKEN.sub(lambda match: place.get(match["name"], match[0]), updates[part])
                          for part in ("changed", "which"))
        return Several(f"{changed} from (values {_values(len(names), count)}) as given where {which}", names)
    return None


def _values(columns: int, rows: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


def _guarded(sql: str) -> str:
    # A COMMIT inside a unit would make half of a batch durable, so units cannot say it at all.
    word = sql.split(None, 1)[0].lower() if sql.strip() else ""
    if word not in _ALLOWED:
        raise WrongText(word)
    return sql


def _psycopg_token(match: re.Match[str]) -> str:
    kept, name = match["kept"], match["name"]
    if kept is not None:
        return str(kept).replace("%", "%%")
    return f"%({name})s" if name else "%%"
