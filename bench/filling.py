"""A valid answer for every field of a plan: what a sample person knows, else something plausible (示例)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from forms.plan import FieldLine, Plan
from sources.samples import of_its_own, who_tries

FORMATTED = {
    "citizen_id": "370202198001019912", "uscc": "91370202MA0000000Y", "phone": "13800000001",
    "email": "sample@example.com", "plate": "鲁B00001", "project_code": "2405-370202-04-01-000001",
    "bank_account": "6200000000000000001",
    "address": {"region": "370202", "text": "示例路 1 号"}, "region": "370202", "yes_no": True,
}


class Days(NamedTuple):
    """A day that is over and one to come."""

    past: date
    ahead: date


def answers(plan: Plan, today: date) -> dict[str, Any]:
    """The filled form of `plan`, as the person who usually files this bundle would send it; a day to come is not before
    one that the situation has named."""
    person = who_tries(plan.bundle)
    named = (date.fromisoformat(line.value) for line in plan.fields if line.type == "date" and line.value)
    days = Days(today - timedelta(days=20), max([today + timedelta(days=30), *named]))
    asked = [line for line in plan.fields if line.value is None or line.type == "rows"]
    return {line.code: _answer(line, person.details, days) for line in asked}


def _answer(line: FieldLine, known: Mapping[str, Any], days: Days) -> Any:
    if line.type == "rows":
        rows = line.value or known.get(line.code) or [{}] * max(1, int(line.min or 1))
        return [_row(line, row, days, number) for number, row in enumerate(rows)]
    return known[line.code] if line.code in known else _plausible(line, days)


def _row(line: FieldLine, row: Mapping[str, Any], days: Days, number: int) -> dict[str, Any]:
    columns = {column.code.rpartition(".")[2]: column for column in line.inner}
    made = {name: row[name] if name in row else of_its_own(column.type, value, number) if column.unique else value
            for name, column in columns.items() for value in (_plausible(column, days),)}
    if line.key and line.key not in row and columns[line.key].type == "text":
        made[line.key] = str(number + 1)
    return made


def _plausible(line: FieldLine, days: Days) -> Any:
    if line.type in FORMATTED:
        return FORMATTED[line.type]
    if line.options and line.type != "citizen_id":
        return [line.options[0].code] if line.type == "many" else line.options[0].code
    if line.type in {"number", "integer"}:
        return str(min(max(line.min or 1, 10), line.max if line.max is not None else 10))
    if line.type in {"date", "datetime"}:
        ahead = bool(line.not_before and line.not_before.startswith("today"))
        day = days.ahead if ahead else days.past
        return day.isoformat() if line.type == "date" else f"{day.isoformat()}T09:00"
    return f"示例{line.name}".ljust(line.min_length or 0, "例")[: line.max_length or 200]
