"""A form filled in for any plan, by the type of each line: 示例 values that pass every check."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from forms.plan import FieldLine, Plan
from sources.samples import of_its_own
from tests.bundles.shipped import TODAY

SAMPLES: dict[str, Any] = {
    "yes_no": True, "region": "370200", "regions": ["370000"], "citizen_id": "11010519491231002X",
    "uscc": "91370200163562681G", "phone": "13800000000", "email": "shili@example.com", "vin": "LSGJA52U9AH000018",
    "plate": "鲁B12345", "project_code": "2405-370202-04-01-123456", "bank_account": "6200000000000000001",
    "address": {"region": "370202", "text": "示例路 1 号"},
}
# Where any value of the type would do for the checker but not for the author's rules.
BY_CODE: dict[str, Any] = {"social_arrears": 0, "delivery": "post", "father_id": "370202199308099958",
                           "deceased_id": "370202193602109937", "new_holder_name": "示例新名称",
                           "debtor_uscc": "91370202MA0000004B", "child_id": "37020220200301994X",
                           "home_owner_id": "370202199308099958", "worker_born_on": "1990-05-01",
                           "passport_until": "2099-12-31", "contract_to": "2099-12-31", "venue_capacity": 5000,
                           "holder_id": "370202198001019912", "reach_age_on": "2040-05-01", "child_birth_year": 2005,
                           "paid_months": 400,
                           "heirs": [{"full_name": "示例", "id_number": number, "heir_relation": "child"}
                                     for number in ("370202198001019912", "370202198503029926")],
                           "setup_from": "2026-06-10", "clear_by": "2036-05-03",  # performance: around the show
                           "publicity_from": "2026-06-10", "publicity_to": "2036-05-03",
                           # project-start, tendering: days in the order that the law asks
                           **{code: (TODAY + timedelta(days=later)).isoformat() for code, later in (
                               ("works_start_on", 30), ("works_end_on", 300), ("docs_until", 7), ("bid_due", 21),
                               ("bid_valid_until", 90), ("guarantee_until", 90))}}


def filled(plan: Plan) -> dict[str, Any]:
    """An answer for every line of the plan; what the situation already says is kept."""
    return {line.code: line.value if line.value not in (None, [], ()) and not line.inner else sample(line)
            for line in plan.fields}


def sample(line: FieldLine) -> Any:
    """One answer that a line accepts."""
    if line.code in BY_CODE:
        return BY_CODE[line.code]
    if line.inner:
        return [_row(line, given, at) for at, given in enumerate(line.value or [{}])]
    if line.type in {"number", "integer"}:
        return _number(line)
    if line.type in {"date", "datetime"}:
        return _day(line)
    if line.type in {"choice", "many"}:
        code = line.options[0].code
        return code if line.type == "choice" else [code]
    if line.type == "citizen_id" and line.options and "id_card" not in {option.code for option in line.options}:
        return "passport:E12345678"
    text = "示例" * 20
    return SAMPLES.get(line.type, text[: max(line.min_length or 4, min(line.max_length or 8, 10))])


def _row(line: FieldLine, given: dict[str, Any], at: int) -> dict[str, Any]:
    row = {column.code.rpartition(".")[2]: of_its_own(column.type, sample(column), at, column.max_length)
           if column.unique else sample(column) for column in line.inner}
    return {**row, **given}


def _number(line: FieldLine) -> float | int:
    least = max(line.min or Decimal(1), Decimal(1))
    least = least if line.max is None else min(least, line.max)
    return int(least) if least == least.to_integral_value() else float(least)


def _day(line: FieldLine) -> str:
    back = 40 if line.not_after == "today" else 0
    day = TODAY - timedelta(days=back)
    return f"{day.isoformat()}T08:30:00" if line.type == "datetime" else day.isoformat()
