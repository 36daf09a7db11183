"""Evaluates a condition over answers, in three values (Kleene): true, false, not yet known (None).

A question that is not applicable has the value `EMPTY`: a bare use, every comparison and `in` over it are false,
`not` negates normally (language 2.2). A name without an answer is not yet known.
"""

from __future__ import annotations

import calendar
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from catalog import terms
from catalog.conditions import Condition
from catalog.limits import Limit
from catalog.papers import ID_CARD, kind_of
from catalog.text import spelt_once


class _Sign:
    """A value that is no answer."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


EMPTY: Final = _Sign("EMPTY")
UNANSWERED: Final = _Sign("UNANSWERED")

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}


def holds(condition: Condition, answers: Mapping[str, Any], today: date | None = None) -> bool | None:
    """Whether a condition holds: True, False, or None while an answer it hangs on is missing.

    `answers` has typed values by name (bool, Decimal, date, text, tuple of texts or rows) and `EMPTY` for
    questions that do not apply; a missing name is unanswered. `today` is the frozen day of filing.
    """
    return _truth(condition.tree, answers, today)


def _truth(node: terms.Node, answers: Mapping[str, Any], today: date | None) -> bool | None:
    match node:
        case terms.Not(item):
            inner = _truth(item, answers, today)
            return None if inner is None else not inner
        case terms.All(items):
            return _kleene([_truth(item, answers, today) for item in items], deciding=False)
        case terms.Any_(items):
            return _kleene([_truth(item, answers, today) for item in items], deciding=True)
        case terms.Compare(op, left, right):
            told = _value(left, answers, today), _value(right, answers, today)
            by_author = isinstance(left, terms.Literal) or isinstance(right, terms.Literal)
            return _compare(op, *(told if by_author else map(_spelt_once, told)))
    value = _value(node, answers, today)
    return None if value is UNANSWERED else value is not EMPTY and bool(value)


def _kleene(values: list[bool | None], deciding: bool) -> bool | None:
    if deciding in values:
        return deciding
    return None if None in values else not deciding


def _compare(op: str, left: Any, right: Any) -> bool | None:
    if left is EMPTY or right is EMPTY:
        return False
    if left is UNANSWERED or right is UNANSWERED:
        return None
    if op == "in":
        return left in right or (None if None in right else False)  # among those that are there, whatever others say
    return _ORDER[op](left, right)


def _spelt_once(value: Any) -> Any:
    """What people filled in, as it is compared with what they filled in elsewhere."""
    if isinstance(value, tuple):
        return tuple(map(_spelt_once, value))
    return spelt_once(value) if isinstance(value, str) else value


def _value(node: terms.Node, answers: Mapping[str, Any], today: date | None) -> Any:
    match node:
        case terms.Literal(value):
            return value
        case terms.Name("today"):
            return UNANSWERED if today is None else today
        case terms.Name(name):
            value = answers.get(name, UNANSWERED)
            return value.date() if isinstance(value, datetime) else value
        case terms.Count(name) | terms.Sum(name) | terms.Column(name) | terms.Born(name) | terms.Paper(name):
            value = answers.get(name, UNANSWERED)
            return value if value is EMPTY or value is UNANSWERED else _told_by(node, value)
        case terms.Shift(base) | terms.YearDay(base) | terms.Year(base):
            day = _value(base, answers, today)
            return _from(day, node) if isinstance(day, date) else day
    return _truth(node, answers, today)


def _told_by(node: terms.Count | terms.Sum | terms.Column | terms.Born | terms.Paper, value: Any) -> Any:
    """How many rows there are, the sum of a column, what all rows say in one (None: nothing yet), the day of birth in a
    number, the kind of paper that it is of; a sum is not yet known while a row has nothing there, nor the day of a
    number that has none. A cell that nobody needs and nobody filled in says nothing (`EMPTY`)."""
    if isinstance(node, terms.Count):
        return Decimal(len(value))
    if isinstance(node, terms.Born):
        return born(value) if kind_of(value) == ID_CARD else EMPTY  # no other paper's number tells it
    if isinstance(node, terms.Paper):
        return kind_of(value)
    numbers = [row.get(node.column) for row in value]
    if isinstance(node, terms.Column):
        return tuple(number for number in numbers if number is not EMPTY)
    numbers = [Decimal(0) if number is EMPTY else number for number in numbers]
    return sum(numbers, Decimal(0)) if all(isinstance(number, Decimal) for number in numbers) else UNANSWERED


def born(number: str) -> Any:
    """The day of birth in a citizen's number (GB 11643: signs 7 to 14 of 18); `UNANSWERED` where there is none, for
    what is wrong with a number its own field says."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return UNANSWERED


def _from(day: date, node: terms.Shift | terms.YearDay | terms.Year) -> date | Decimal:
    if isinstance(node, terms.Year):
        return Decimal(day.year)
    return node.of(day.year) if isinstance(node, terms.YearDay) else moved(day, node.sign, node.length)


def moved(day: date, sign: int, length: Limit) -> date:
    """`day` moved by months (the end of a shorter month) or natural days; `sign` is +1 or -1.

    Conditions know only `mo` and `nd`; other units need the working-day calendar and are refused by the checker.
    Past the ends of the calendar (years 1 and 9999) the end itself is meant.
    """
    if length.unit != "mo":
        room = (date.max - day).days if sign > 0 else (day - date.min).days
        return day + timedelta(days=sign * min(length.amount, room))
    months = day.year * 12 + day.month - 1 + sign * length.amount
    year, month = divmod(months, 12)
    if not date.min.year <= year <= date.max.year:
        return date.max if sign > 0 else date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
