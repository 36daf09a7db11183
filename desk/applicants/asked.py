"""What of a draft the plan of today asks: the rest stays in the draft, so that changing an answer back restores it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

from forms.plan import FieldLine, Plan
from forms.wanted import asked_in

Answers = Mapping[str, Any]
MOST_ROUNDS = 4


def settled_plan(compose: Callable[[Answers], Plan], form: Answers,
                 dictionary: Container[str]) -> tuple[Plan, dict[str, Any]]:
    """The plan that is composed of the answers it asks for, and these answers. An answer that the plan does not ask may
    not decide what is asked, so it is composed again without that one until both agree.

    An answer under a code that the dictionary does not have stays among the answers, so that it is named as a mistake.
    """
    asked: Answers = form
    for _ in range(MOST_ROUNDS):
        plan = compose(asked)
        before, asked = asked, asked_form(plan, form)
        if asked == before:
            break
    return plan, {**asked, **{code: value for code, value in form.items() if code not in dictionary}}


def asked_form(plan: Plan, form: Answers) -> dict[str, Any]:
    """The answers to fields that the plan asks; what the situation says of a field now is not asked again."""
    found = {}
    for line in plan.fields:
        if line.code not in form:
            continue
        if line.type == "rows":
            found[line.code] = _asked_rows(line, form[line.code])
        elif line.value is None:
            found[line.code] = form[line.code]
    return found


def asked_materials(plan: Plan, materials: Mapping[str, Any]) -> dict[str, Any]:
    """The files of papers that the plan asks."""
    return {line.key: materials[line.key] for line in plan.materials if line.key in materials}


def aside(body: Mapping[str, Any], form: Answers, materials: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept but not asked now, by part; empty parts are left out."""
    parts = {"form": _different(body["form"], form), "materials": _different(body["materials"], materials)}
    return {name: part for name, part in parts.items() if part}


def _different(kept: Answers, asked: Answers) -> dict[str, Any]:
    return {code: value for code, value in kept.items() if code not in asked or asked[code] != value}


def _asked_rows(line: FieldLine, given: Any) -> Any:
    """Rows with the columns that are asked; what is no list of rows is left to be judged as it is."""
    if not isinstance(given, list) or not all(isinstance(row, Mapping) for row in given):
        return given
    columns = {inner.code.rpartition(".")[2]: inner for inner in line.inner}
    rows = [{name: value for name, value in row.items() if name in columns} for row in given]
    if isinstance(line.value, list):
        rows = [{name: value for name, value in _own(line, rows, known, index).items() if name not in known}
                for index, known in enumerate(line.value)]
    return [{name: value for name, value in row.items() if asked_in(columns[name], index)}
            for index, row in enumerate(rows)]


def _own(line: FieldLine, rows: list[dict[str, Any]], known: Answers, index: int) -> Answers:
    """The row that goes with a row of the situation: by its key where the rows carry one, else by its place."""
    key = line.key
    if key is not None and key in known and any(key in row for row in rows):
        return next((row for row in rows if row.get(key) == known[key]), {})
    return rows[index] if index < len(rows) else {}
