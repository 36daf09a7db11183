"""Inclusive bounds of an answer: the one judgement and the one sentence for authored and for filled-in values."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol


class Bounded(Protocol):
    """Anything with a smallest and a largest value (of a number) or count (of choices or rows); None: no bound."""

    @property
    def min(self) -> Decimal | None:
        """The smallest that is allowed."""

    @property
    def max(self) -> Decimal | None:
        """The largest that is allowed."""


def number_words(value: Decimal) -> str:
    """A number as people write it: no exponent, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_problem(value: Decimal, bounds: Bounded, unit: str = "") -> str | None:
    """What is wrong with a number, in Chinese; None if it is within `bounds`."""
    spaced = f" {unit}" if unit else ""
    if bounds.min is not None and value < bounds.min:
        return f"不能小于 {number_words(bounds.min)}{spaced}，现在填的是 {number_words(value)}"
    if bounds.max is not None and value > bounds.max:
        return f"不能大于 {number_words(bounds.max)}{spaced}，现在填的是 {number_words(value)}"
    return None


def count_problem(count: int, bounds: Bounded, measure: str) -> str | None:
    """What is wrong with a number of choices or rows (`measure`: 项, 行), in Chinese; None if it is within `bounds`."""
    if bounds.min == 1 and count == 0:
        return "请至少选一项" if measure == "项" else f"请至少填一{measure}"
    if bounds.min is not None and count < bounds.min:
        return f"至少要有 {number_words(bounds.min)} {measure}，现在 {count} {measure}"
    if bounds.max is not None and count > bounds.max:
        return f"最多 {number_words(bounds.max)} {measure}，现在 {count} {measure}"
    return None
