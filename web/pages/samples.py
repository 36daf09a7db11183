"""Sample answers of the demo: valid for every field of any bundle, and plainly labelled 示例."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from catalog.dictionary import FieldType
from desk.values import Draft
from forms.plan import FieldLine
from sources.samples import of_its_own
from web.pages.inputs import Input, of_line, settled
from web.pages.root import today
from web.wiring import house

_HOME = "370202"
_AHEAD = 30  # days until what is to come
_FORMATTED: Mapping[FieldType, tuple[str, ...]] = {
    "citizen_id": ("370202199001010015", "370202199203030022", "370202202602100037"),
    "uscc": ("91370200000000000Y",), "phone": ("13800000001", "13800000002", "13800000003"),
    "email": ("sample@example.com",), "vin": ("LSVAA000000000001", "LSVAA000000000002"),
    "plate": ("鲁B00001", "鲁B00002"), "project_code": ("2026-370202-44-01-000001",),
    "bank_account": ("6200000000000000001",),
}


def sample_answers(draft: Draft, known: Mapping[str, Any]) -> dict[str, Any]:
    """An answer for every field the form still asks: what the sample person is known by, else a plausible value.

    Two persons of one form get two numbers, since bundles may refuse that they are the same. A day to come is not
    before one that the situation has named: what is taken down is not down before the day of the show.
    """
    regions = house().catalog.regions
    found: dict[str, Any] = {}
    asked = [line for line in draft.plan.fields if not settled(line)]
    taken = [known[line.code] for line in asked if known.get(line.code) is not None]
    named = (date.fromisoformat(line.value) for line in draft.plan.fields if line.type == "date" and line.value)
    ahead = max([today() + timedelta(days=_AHEAD), *named])
    for line in asked:
        value, number = known.get(line.code), _free(line.type, [*taken, *found.values()])
        if value is None:
            value = _value(line, of_line(line, {}, regions), number, ahead)
        elif line.type == "rows":
            value = _with_columns_nobody_knows(value, line, of_line(line, {}, regions), ahead)
        found[line.code] = value if line.value is None else _completed(line, value)
    return found


def _with_columns_nobody_knows(
    rows: list[dict[str, Any]], line: FieldLine, asked: Input, ahead: date,
) -> list[dict[str, Any]]:
    """The rows that a sample person is known by, with a plausible value in the columns that none of them has (a day
    that must not lie long ago, for one)."""
    lacking = {column.code for column in asked.inner if column.required} - set().union(*rows)
    made = {code: value for code, value in _rows(line, asked, ahead)[0].items() if code in lacking}
    return [{**made, **row} for row in rows]


def _free(kind: FieldType, taken: list[Any]) -> int:
    """Which of the sample values of a format nobody has yet; the first when all are taken."""
    return next((at for at, one in enumerate(_FORMATTED.get(kind, ())) if one not in taken), 0)


def _completed(line: FieldLine, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that the situation began, completed from sample rows, which are used again where there are too few: then
    with values of their own in what differs in every row."""
    own = {column.code.rpartition(".")[2]: column for column in line.inner if column.unique}

    def sample(name: str, value: Any, at: int) -> Any:
        return of_its_own(own[name].type, value, at, own[name].max_length) if name in own and at >= len(rows) else value

    return [{**{name: sample(name, value, at) for name, value in rows[at % len(rows)].items()}, **row}
            for at, row in enumerate(line.value)]


def _value(line: FieldLine, asked: Input, number: int, ahead: date) -> Any:
    if line.type in _FORMATTED:
        choices = _FORMATTED[line.type]
        return choices[number % len(choices)]
    return _MAKERS.get(line.type, _text)(line, asked, ahead)


def _text(line: FieldLine, *_: object) -> str:
    words = f"示例{line.name}"
    words += "（示例）" * (-(-max(0, (line.min_length or 0) - len(words)) // 4))
    return words[: line.max_length or 200]


def _number(line: FieldLine, *_: object) -> str:
    low, high = line.min or Decimal(1), line.max if line.max is not None else Decimal(1_000_000)
    value = min(max(low, Decimal(10)), high)
    return f"{value:f}"


def _day(line: FieldLine, _: Input, ahead: date) -> str:
    """A day inside the usual bounds: after today where the past is refused, else some weeks ago."""
    if line.not_before and line.not_before.startswith("today"):
        return (today() + timedelta(days=_AHEAD) if line.not_after else ahead).isoformat()
    return (today() - timedelta(days=20)).isoformat()


def _choice(line: FieldLine, asked: Input, _: date) -> str:
    return line.default or asked.options[0][0]


def _many(line: FieldLine, asked: Input, _: date) -> list[str]:
    return [code for code, _ in asked.options[: max(1, int(line.min or 1))]]


def _region(_: FieldLine, asked: Input, __: date) -> str:
    codes = [code for code, _ in asked.options]
    return _HOME if _HOME in codes else codes[0]


def _rows(line: FieldLine, asked: Input, ahead: date) -> list[dict[str, Any]]:
    count = max(1, int(line.min or 1))
    return [
        {inner.code: _value(column, inner, at, ahead) for column, inner in zip(line.inner, asked.inner, strict=True)}
        for at in range(count)
    ]


_MAKERS: Mapping[FieldType, Callable[[FieldLine, Input, date], Any]] = {
    "text": _text, "number": _number, "integer": _number, "date": _day, "choice": _choice, "many": _many,
    "region": _region, "datetime": lambda *given: f"{_day(*given)}T09:00", "yes_no": lambda *_: "yes",
    "regions": lambda *given: [_region(*given)], "rows": _rows,
    "address": lambda *given: {"region": _region(*given), "text": "示例路 1 号"},
}
