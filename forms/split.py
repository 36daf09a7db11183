"""One clean form → one payload per leg: only what its matter declares, in the department's own words.

Names (`as`), code values, units (exact decimals) and date forms are the asker's; rows are reduced to the declared
columns and, for a leg of one row, to that row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalog.dictionary import FieldType
from catalog.units import convert
from forms.errors import UnknownLeg
from forms.plan import FieldAsker, FieldLine, Plan, PlannedLeg, RemovedField
from forms.values import json_ready


def leg_fields(plan: Plan, leg: str, clean: Mapping[str, Any]) -> dict[str, Any]:
    """What leg `leg` receives of the clean form, under the department's names; raises `UnknownLeg`.

    `clean` may hold results of earlier legs too (`with_results`). A blank optional field is left out.
    """
    planned = _planned(plan, leg)
    payload: dict[str, Any] = {}
    for line in plan.fields:
        asker = _asker(line.askers, leg)
        if line.type == "rows" and (asker is not None or _columns(line, plan, leg)):
            rows = _rows(line, plan, planned, clean.get(line.code))
            if rows:
                payload[asker.as_name if asker else line.code] = rows
        elif asker is not None and clean.get(line.code) is not None:
            value = _own_value(line.code, planned, clean[line.code])
            payload[asker.as_name] = _said(value, line.type, line.unit, asker)
    for removed in plan.removed_fields:
        asker = _asker(removed.askers, leg)
        if asker is not None and "." not in removed.code and clean.get(removed.code) is not None:
            payload[asker.as_name] = _said(clean[removed.code], removed.type, removed.unit, asker)
    for group, rows in _rows_of_removed_only(plan, planned, clean):
        payload.setdefault(group, rows)
    return payload


def applicant_part(plan: Plan, leg: str, clean: Mapping[str, Any]) -> dict[str, Any]:
    """The people of the case as far as this leg's matter declares their name or number; raises `UnknownLeg`."""
    _planned(plan, leg)
    declared = {line.code for line in plan.fields if _asker(line.askers, leg) is not None}
    part: dict[str, Any] = {}
    for role in plan.people:
        known = {
            name: clean[code] for name, code in (("name", role.shown), ("id", role.id))
            if code in declared and clean.get(code) is not None
        }
        if known:
            part[role.code] = known
    return part


def with_results(plan: Plan, clean: Mapping[str, Any], giver: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The clean form with the fields a granted leg gave; a row leg's fields (`vehicles.plate`) go into its own row."""
    leg = _planned(plan, giver)
    known = dict(clean)
    for code, value in given.items():
        group, _, column = code.rpartition(".")
        if not group:
            known[code] = value
        elif leg.each == group and leg.row is not None:
            rows = [dict(row) for row in known.get(group) or []]
            rows += [{} for _ in range(leg.row + 1 - len(rows))]
            rows[leg.row][column] = value
            known[group] = rows
    return known


def _planned(plan: Plan, leg: str) -> PlannedLeg:
    planned = next((item for item in plan.legs if item.leg == leg), None)
    if planned is None:
        raise UnknownLeg(leg)
    return planned


def _asker(askers: tuple[FieldAsker, ...], leg: str) -> FieldAsker | None:
    return next((asker for asker in askers if asker.leg == leg), None)


Column = tuple[str, FieldType, str | None, FieldAsker]


def _columns(line: FieldLine, plan: Plan, leg: str) -> list[Column]:
    """The columns this leg declares: asked of the applicant, or given by an earlier leg."""
    return [*_asked_columns(line, leg), *_given_columns(line.code, plan, leg)]


def _asked_columns(line: FieldLine, leg: str) -> Iterator[Column]:
    for inner in line.inner:
        asker = _asker(inner.askers, leg)
        if asker is not None:
            yield inner.code.rpartition(".")[2], inner.type, inner.unit, asker


def _given_columns(group: str, plan: Plan, leg: str) -> Iterator[Column]:
    for removed in plan.removed_fields:
        asker = _asker(removed.askers, leg)
        if asker is not None and removed.code.rpartition(".")[0] == group:
            yield removed.code.rpartition(".")[2], removed.type, removed.unit, asker


def _rows(line: FieldLine, plan: Plan, leg: PlannedLeg, rows: Any) -> list[dict[str, Any]]:
    return _reduced(_columns(line, plan, leg.leg), _own_value(line.code, leg, rows))


def _reduced(columns: list[Column], rows: Any) -> list[dict[str, Any]]:
    reduced = [
        {
            asker.as_name: _said(row[name], kind, unit, asker)
            for name, kind, unit, asker in columns if row.get(name) is not None
        }
        for row in (rows or [])
    ]
    return reduced if any(reduced) else []


def _rows_of_removed_only(plan: Plan, leg: PlannedLeg, clean: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Groups of which nothing is left on the form, because every column is given by earlier legs."""
    on_form = {line.code for line in plan.fields if line.type == "rows"}
    groups = dict.fromkeys(_group(removed) for removed in plan.removed_fields)
    for group in groups:
        if group and group not in on_form:
            rows = _reduced(list(_given_columns(group, plan, leg.leg)), _own_value(group, leg, clean.get(group)))
            if rows:
                yield group, rows


def _group(removed: RemovedField) -> str:
    return removed.code.rpartition(".")[0]


def _own_value(code: str, leg: PlannedLeg, value: Any) -> Any:
    """For a leg of one row (or one value of a list) only its own."""
    if leg.each != code or leg.row is None or not isinstance(value, list):
        return value
    return value[leg.row:leg.row + 1]


def _said(value: Any, kind: FieldType, unit: str | None, asker: FieldAsker) -> Any:
    """One value in the department's own words."""
    if kind in {"number", "integer"} and not isinstance(value, bool) and isinstance(value, int | float | str | Decimal):
        return _amount(value, unit, asker.unit)
    if kind in {"choice", "region"}:
        return asker.values.get(str(value), value)
    if kind in {"many", "regions"} and isinstance(value, list | tuple):
        return [asker.values.get(str(item), item) for item in value]
    if kind == "yes_no" and asker.values:
        return asker.values.get("yes" if value else "no", value)
    if kind in {"date", "datetime"} and asker.date_form:
        return _dated(value, asker.date_form)
    return value


def _amount(value: Any, ours: str | None, theirs: str | None) -> Any:
    amount = Decimal(str(value))
    return json_ready(convert(amount, ours, theirs) if ours and theirs else amount)


def _dated(value: Any, form: str) -> Any:
    try:
        moment = value if isinstance(value, date) else datetime.fromisoformat(str(value))
    except ValueError:
        return value  # a department's own result in its own form is passed on as it came
    return moment.strftime(form)
