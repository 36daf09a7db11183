"""What kind of answer a question or field takes, and *authored* text → the typed value that conditions compare.

What applicants send is read by `forms.values`, which folds and cleans what people type; an author gets a suggestion
instead. Bounds and the meaning of a question's kind are the same for both and stand here and in `catalog.bounds`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalog.bounds import Bounded, amount_problem, count_problem
from catalog.bundle import Question, QuestionKind
from catalog.dictionary import Field, FieldType
from catalog.suggest import unknown

FILERS = ("self", "legal_rep", "agent")
# A question of a dictionary field that is not there (another error says so) is read as text.
QUESTION_TYPES: Mapping[QuestionKind, FieldType] = {
    "yes_no": "yes_no", "one": "choice", "many": "many", "number": "number", "date": "date", "field": "text",
}
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_WORDS = {"yes": True, "true": True, "是": True, "no": False, "false": False, "否": False}


class BadAnswer(ValueError):
    """This answer does not fit its question; the message says in Chinese what to write."""


@dataclass(frozen=True, slots=True)
class AnswerType:
    """What an answer must be: its type, the options of a choice, inclusive bounds, the fields of a row; of a person's
    number the kinds of paper that it may be of; the unit of a number."""

    type: FieldType
    options: tuple[str, ...] = ()
    min: Decimal | None = None
    max: Decimal | None = None
    inner: Mapping[str, AnswerType] = field(default_factory=dict)
    papers: tuple[str, ...] = ()
    unit: str | None = None


FILER_TYPE = AnswerType("choice", FILERS)


def type_of_field(known: Field) -> AnswerType:
    """The answer type of a dictionary field; rows name their inner fields without the group."""
    inner = {one.code.rpartition(".")[2]: type_of_field(one) for one in known.inner}
    codes = tuple(option.code for option in known.options)
    if known.type == "citizen_id":
        return AnswerType(known.type, papers=codes)
    return AnswerType(known.type, codes, known.min, known.max, inner, unit=known.unit)


def type_of_question(question: Question, fields: Mapping[str, Field]) -> AnswerType:
    """The answer type of a question; of a dictionary field where its key is one."""
    if question.kind == "field" and question.id in fields:
        own = type_of_field(fields[question.id])
        low, high = narrowed(question, own)
        return replace(own, min=low, max=high)
    options = tuple(option.code for option in question.options)
    return AnswerType(QUESTION_TYPES[question.kind], options, question.min, question.max)


def narrowed(question: Question, own: Bounded) -> tuple[Decimal | None, Decimal | None]:
    """The smallest and largest value of a question about a field: the stricter of its own and the field's."""
    lows = [low for low in (question.min, own.min) if low is not None]
    highs = [high for high in (question.max, own.max) if high is not None]
    return max(lows, default=None), min(highs, default=None)


def typed_answer(raw: Any, kind: AnswerType) -> Any:
    """The typed value of `raw` (authored text or parsed JSON): bool, Decimal, date, text, tuple of texts or of rows.

    Raises BadAnswer with a Chinese sentence. Formats such as `citizen_id` are not checked here but in `forms`.
    """
    if kind.type == "yes_no":
        return _yes_no(raw)
    if kind.type in {"number", "integer"}:
        return _number(raw, kind)
    if kind.type in {"many", "regions"}:
        return _many(raw, kind)
    if kind.type == "rows":
        return _rows(raw, kind)
    if not isinstance(raw, str):
        raise BadAnswer(f"「{raw}」应是一个词或一句话")
    return _word(raw, kind)


def _word(raw: str, kind: AnswerType) -> Any:
    if kind.type in {"date", "datetime"}:
        return _day(raw, kind.type)
    return _option(raw, kind) if kind.type == "choice" else raw


def _yes_no(raw: Any) -> bool:
    value = raw if isinstance(raw, bool) else _WORDS.get(raw) if isinstance(raw, str) else None
    if value is None:
        raise BadAnswer(f"「{raw}」应写 yes 或 no")
    return value


def _number(raw: Any, kind: AnswerType) -> Decimal:
    text = str(raw) if isinstance(raw, str | int | float | Decimal) and not isinstance(raw, bool) else ""
    if not _NUMBER.fullmatch(text):
        raise BadAnswer(f"「{raw}」不是数字")
    value = Decimal(text)
    if kind.type == "integer" and value != value.to_integral_value():
        raise BadAnswer(f"「{raw}」应是整数")
    _refuse(amount_problem(value, kind))
    return value


def _refuse(problem: str | None) -> None:
    if problem is not None:
        raise BadAnswer(problem)


def _option(raw: str, kind: AnswerType) -> str:
    if kind.options and raw not in kind.options:
        raise BadAnswer(f"选项 {raw} 不存在{unknown(raw, kind.options, list_all=True)}")
    return raw


def _many(raw: Any, kind: AnswerType) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple) or not all(isinstance(item, str) for item in raw):
        raise BadAnswer(f"「{raw}」应是列表，例如 [甲, 乙]")
    chosen = tuple(_option(item, kind) for item in raw)
    if kind.type == "many" and len(set(chosen)) != len(chosen):
        raise BadAnswer("同一选项写了两次")
    _refuse(count_problem(len(chosen), kind, "项"))
    return chosen


def _rows(raw: Any, kind: AnswerType) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(raw, list | tuple) or not all(isinstance(row, Mapping) for row in raw):
        raise BadAnswer(f"「{raw}」应是若干行，每行写成 {{字段: 内容}}")
    _refuse(count_problem(len(raw), kind, "行"))
    return tuple({name: typed_answer(value, _inner(kind, name)) for name, value in row.items()} for row in raw)


def _inner(kind: AnswerType, name: str) -> AnswerType:
    if name not in kind.inner:
        raise BadAnswer(f"行里没有字段 {name}{unknown(name, kind.inner)}")
    return kind.inner[name]


def _day(raw: str, kind: FieldType) -> date:
    try:
        return datetime.fromisoformat(raw) if kind == "datetime" else date.fromisoformat(raw)
    except ValueError:
        raise BadAnswer(f"「{raw}」不是日期；请写 2026-01-31 这样的日期") from None
