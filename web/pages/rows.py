"""Rows that a question tells and the form fills in: which columns the question asks, and that what was filled in or
uploaded of a row goes with the row, by its key, and with nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.bundle import Bundle
from catalog.conditions import names_in
from catalog.dictionary import Field
from catalog.matter import Rule
from catalog.model import Catalog
from catalog.reading import columns_that_choose
from desk.values import Draft
from forms.plan import FieldLine
from forms.wanted import wanted_in

_OF_PEOPLE = frozenset({"citizen_id", "phone", "email", "address"})


def columns_asked(catalog: Catalog, bundle: Bundle, group: Field) -> frozenset[str]:
    """The columns of a group that its question asks: what tells rows apart, what decides which matters there are, and
    what a rule reads that may refuse, unless that is about a person. The form asks the rest, of whoever signed in."""
    must = {f"{group.code}.{group.key}", *columns_that_choose(bundle)}
    may = frozenset(name for rule in rules_of(catalog, bundle) for name in read_by(rule))
    return frozenset(column.code for column in group.inner
                     if column.code in must or (column.code in may and _is_plain(column, group)))


def rules_of(catalog: Catalog, bundle: Bundle) -> Iterator[Rule]:
    """Every rule that can judge an application for this bundle: its own, and those of its matters."""
    yield from bundle.rules
    for entry in bundle.entries:
        yield from catalog.matter_of(bundle, entry.matter).rules


def read_by(rule: Rule) -> frozenset[str]:
    """The questions and fields that a rule reads."""
    return frozenset(name for part in (rule.when, rule.need) if part is not None for name in names_in(part))


def _is_plain(column: Field, group: Field) -> bool:
    return not column.sensitive and column.type not in _OF_PEOPLE and column.code != f"{group.code}.{group.shown}"


def told_by_question(catalog: Catalog, bundle: Bundle, situation: Mapping[str, Any]) -> dict[str, Any]:
    """A situation with the columns of rows that questions ask; a program may have said whole rows."""
    found = dict(situation)
    for question in bundle.questions:
        group = catalog.fields.get(question.id)
        if group is not None and group.type == "rows" and isinstance(rows := found.get(question.id), list):
            asked = {code.rpartition(".")[2] for code in columns_asked(catalog, bundle, group)}
            found[question.id] = [{code: value for code, value in row.items() if code in asked}
                                  if isinstance(row, Mapping) else row for row in rows]
    return found


def named(line: FieldLine, rows: Any) -> Any:
    """Rows of a page of the form with the keys of those that the situation tells, so that each stays that row's."""
    if line.key is None or not isinstance(rows, list) or not isinstance(line.value, list):
        return rows
    keys = [told.get(line.key) for told in line.value]
    return [row if key is None else {**row, line.key: key} for row, key in zip(rows, keys, strict=False)]


def missing_cells(line: FieldLine, rows: Any, say: str, wrong: Any) -> dict[str, Any]:
    """What is to be said of the cells that are still blank, by row and column, beside what is `wrong` with others;
    nothing of a line that has no rows."""
    found: dict[str, Any] = {at: dict(row) if isinstance(row, Mapping) else row for at, row in (wrong or {}).items()}
    for at, row in enumerate(rows if line.type == "rows" and isinstance(rows, list) else ()):
        for column in line.inner if isinstance(row, Mapping) else ():
            name = column.code.rpartition(".")[2]
            if wanted_in(column, at) and row.get(name) in (None, "", []):
                found.setdefault(str(at), {}).setdefault(name, [say])
    return found


def form_with_its_rows(line: FieldLine, before: Draft) -> Any:
    """What a draft says of the rows of a line as its situation has them now: what was filled in of the same rows, and
    what its situation said of them that its question does not ask. A row that is new begins empty."""
    told, filled = before.situation.get(line.code), before.form.get(line.code)
    if line.key is None or not isinstance(line.value, list) or not isinstance(told, list):
        return filled
    rows = filled if isinstance(filled, list) and len(filled) == len(told) else [{} for _ in told]
    known = {str(one[line.key]): {**one, **row} for one, row in zip(told, rows, strict=True)
             if isinstance(one, Mapping) and isinstance(row, Mapping) and line.key in one}
    return [{line.key: now.get(line.key), **{code: value for code, value in
             known.get(str(now.get(line.key)), {}).items() if code not in now}} for now in line.value]


def papers_with_their_rows(catalog: Catalog, before: Draft, after: Draft) -> dict[str, list[str] | None]:
    """The changes by which uploads of rows go with their rows; those of a row that is gone are taken out."""
    changes: dict[str, list[str] | None] = {}
    for group in (line for line in after.plan.fields if line.type == "rows" and line.key and line.value):
        were, are = ([str(row.get(group.key)) for row in told if isinstance(row, Mapping)]
                     for told in (before.situation.get(group.code) or (), after.situation.get(group.code) or ()))
        if were == are:
            continue
        for line in before.plan.materials:
            files = before.materials.get(line.key)
            if line.row is None or not files or _per(catalog, before, line.kind) != group.code:
                continue
            changes.setdefault(line.key, None)
            if line.row < len(were) and were[line.row] in are:
                changes[f"{line.key.rpartition('#')[0]}#{are.index(were[line.row]) + 1}"] = list(files)
    return changes


def _per(catalog: Catalog, draft: Draft, kind: str) -> str | None:
    """The group of whose rows each brings a paper of this kind."""
    bundle = catalog.bundles[draft.bundle]
    asks = [ask for entry in bundle.entries for ask in catalog.matter_of(bundle, entry.matter).asks.materials]
    own = next((ask.per for ask in asks if ask.per and kind in (ask.kind, *ask.any_of)), None)
    return own or (catalog.materials[kind].per if kind in catalog.materials else None)
