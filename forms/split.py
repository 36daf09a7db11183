"""One clean form → one payload per leg: only what its matter declares, in the department's own words.

Names (`as`), code values, units (exact decimals) and date forms are the asker's; rows are reduced to the declared
columns and, for a leg of one row, to that row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalog.units import convert
from forms.errors import UnknownLeg
from forms.plan import Declared, FieldAsker, LegPart, Plan, PlannedLeg
from forms.values import json_ready


def leg_fields(plan: Plan, leg: str, clean: Mapping[str, Any]) -> dict[str, Any]:
    """What leg `leg` receives of the clean form, under the department's names; raises `UnknownLeg`.

    `clean` may hold results of earlier legs too (`with_results`). A blank optional field is left out.
    """
    part = _part(plan, leg)
    payload: dict[str, Any] = {}
    for declared in part.declared:
        value = clean.get(declared.code)
        if value is None:
            continue
        value = _own_value(declared.code, part.line, value)
        if declared.type == "rows":
            if rows := _rows(declared.columns, value):
                payload[declared.asker.as_name if declared.asker else declared.code] = rows
        elif declared.asker is not None:
            payload[declared.asker.as_name] = _said(value, declared, declared.asker)
    return payload


def applicant_part(plan: Plan, leg: str, clean: Mapping[str, Any]) -> dict[str, Any]:
    """The people of the case as far as this leg's matter declares their name or number; raises `UnknownLeg`."""
    asked = {one.code for one in _part(plan, leg).declared if one.asker is not None and not one.given}
    part: dict[str, Any] = {}
    for role in plan.people:
        known = {
            name: clean[code] for name, code in (("name", role.shown), ("id", role.id))
            if code in asked and clean.get(code) is not None
        }
        if known:
            part[role.code] = known
    return part


def with_results(plan: Plan, clean: Mapping[str, Any], giver: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The clean form with the fields a granted leg gave; a row leg's fields (`vehicles.plate`) go into its own row."""
    leg = _part(plan, giver).line
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


def _part(plan: Plan, leg: str) -> LegPart:
    try:
        return plan.parts[leg]
    except KeyError:
        raise UnknownLeg(leg) from None


def _rows(columns: Iterable[Declared], rows: Any) -> list[dict[str, Any]]:
    """Rows reduced to the declared columns; none where nothing is left of any."""
    reduced = [
        {
            column.asker.as_name: _said(row[column.code], column, column.asker)
            for column in columns if column.asker is not None and row.get(column.code) is not None
        }
        for row in (rows or [])
    ]
    return reduced if any(reduced) else []


def _own_value(code: str, leg: PlannedLeg, value: Any) -> Any:
    """For a leg of one row (or one value of a list) only its own."""
    if leg.each != code or leg.row is None or not isinstance(value, list):
        return value
    return value[leg.row:leg.row + 1]


def _said(value: Any, declared: Declared, asker: FieldAsker) -> Any:
    """One value in the department's own words."""
    kind = declared.type
    if kind in {"number", "integer"} and not isinstance(value, bool) and isinstance(value, int | float | str | Decimal):
        return _amount(value, declared.unit, asker.unit)
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
