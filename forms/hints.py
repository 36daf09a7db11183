"""What to write instead of a value that is refused, where that can be known."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from catalog.bounds import Bounded, amount_problem, number_words
from catalog.dictionary import FieldType
from catalog.units import SPOKEN, convert, convertible, row_words, unit_words

_WITH_UNIT: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(\D{1,4})", re.ASCII)
_CHOSEN: Final = frozenset({"choice", "yes_no", "many", "region", "regions"})
_SMALL: Final = 1000  # what has fewer digits than a year is no year cut short


def missing(type_: FieldType) -> str:
    """What is said of a required value that is not there: one is chosen or filled in."""
    return "必填，请选择" if type_ in _CHOSEN else "必填，请填写"


def as_number(text: str, unit: str | None, *, whole: bool) -> str:
    """What to write instead of a text where a number is wanted: the amount in its unit, where the text is one in a unit
    that converts; else any number."""
    found = _WITH_UNIT.fullmatch(text)
    written = SPOKEN.get(found[2].strip()) if found else None
    if found and unit and written and convertible(written, unit):
        amount = convert(Decimal(found[1]), written, unit)
        if not whole or amount == int(amount):
            return f"请填 {number_words(amount)}，单位是{unit_words(unit)}"
    return f"请只填数字，例如 {12 if whole else 12.5}"


def too_fine(places: int, unit: str | None) -> str:
    """What to say of a number with more digits after the point than are taken."""
    said = f"最多 {places} 位小数" if places else "请填写整数，不带小数"
    return f"{said}，单位是{unit_words(unit)}" if unit else said


def twice(label: str | None, first: int, unit: str | None) -> str:
    """What to say of a row with what an earlier one has, counted as the group counts its rows."""
    counted = row_words(unit)
    return f"{label}与第 {first} {counted}相同，每{counted}必须不同"


def number_problem(value: Decimal, bounds: Bounded, unit: str | None, *, whole: bool) -> str | None:
    """What is wrong with a number outside its bounds; of a whole one with fewer digits than all that are allowed (a
    year of which only the end stands) how many to write."""
    if whole and not unit and bounds.min is not None and bounds.max is not None and bounds.min >= _SMALL:
        digits = len(str(int(bounds.min)))
        if 0 <= value < 10 ** (digits - 1) and len(str(int(bounds.max))) == digits:
            return f"请填写 {digits} 位数字，{bounds.min} 到 {bounds.max} 之间，现在填的是 {value}"
    return amount_problem(value, bounds, unit_words(unit))
