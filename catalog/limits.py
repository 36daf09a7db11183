"""A limit (时限): an amount and a unit, written `7wd`, `20nd`, `4h`, `4wh`, `30min` or `1mo`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from math import ceil
from typing import Literal

LimitUnit = Literal["wd", "nd", "h", "wh", "min", "mo"]
UNIT_NAMES: dict[str, str] = {
    "wd": "个工作日", "nd": "个自然日", "h": "小时", "wh": "个工作小时", "min": "分钟", "mo": "个月",
}
LARGEST_AMOUNT = 400
LARGEST_SHIFT = 1200  # of a date in a condition: a hundred years of months, for ages
# The worked hours of a working day, by which a limit in `wh` is counted, in a plan and on the clock.
OFFICE_HOURS: tuple[tuple[time, time], ...] = ((time(9), time(12)), (time(13), time(17)))
HOURS_A_DAY = Decimal(sum(60 * (last.hour - first.hour) + last.minute - first.minute
                          for first, last in OFFICE_HOURS)) / 60
_SHAPE = re.compile(r"(\d{1,9})(wd|nd|wh|h|min|mo)", re.ASCII)


class BadLimit(ValueError):
    """This is not a limit; the message says in Chinese what to write."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A length of time in its own unit; `0wd` means on the same day. Units are never converted into each other."""

    amount: int
    unit: LimitUnit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @property
    def words(self) -> str:
        """The limit in Chinese, e.g. `7个工作日`; `当日办结` for zero."""
        return f"{self.amount}{UNIT_NAMES[self.unit]}" if self.amount else "当日办结"


_UNIT_WORDS: dict[str, LimitUnit] = {
    "天": "wd", "日": "wd", "个工作日": "wd", "工作日": "wd", "个自然日": "nd", "自然日": "nd", "小时": "h",
    "个小时": "h",
    "个工作小时": "wh", "工作小时": "wh", "分钟": "min", "个月": "mo", "月": "mo",
}


def _near(text: str) -> str:
    """The limit that was likely meant: full-width signs, spaces, capitals or Chinese units instead of ours."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).lower()
    digits = plain[: len(plain) - len(plain.lstrip("0123456789"))]
    unit = plain[len(digits):]
    near = f"{digits}{_UNIT_WORDS.get(unit, unit)}"
    return near if _SHAPE.fullmatch(near) and int(digits) <= LARGEST_AMOUNT else ""


def near_words(limit: str) -> str:
    """What a limit says in Chinese."""
    return parse_limit(limit).words


def parse_limit(text: str, largest: int = LARGEST_AMOUNT) -> Limit:
    """Read `7wd` and the like; raises `BadLimit` for another shape or an amount that is not 0 or 1–`largest`."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        near = _near(text)
        if near:
            raise BadLimit(f"时限 {text} 无法识别；请写 {near}({near_words(near)})，数字和单位之间不留空格")
        raise BadLimit(f"时限 {text} 无法识别；请写 3wd(工作日)、3nd(自然日)、3h、4wh(工作小时)、3min 或 3mo")
    if int(match[1]) > largest:
        raise BadLimit(f"时限 {text} 不在允许范围(0 或 1–{largest})")
    return Limit(int(match[1]), match[2])  # type: ignore[arg-type]  # the pattern allows only units


def longest_and_shortest(limit: Limit) -> tuple[Decimal, Decimal]:
    """The fewest and most natural days a limit can last; working days stretch over weekends and long holidays."""
    amount = Decimal(limit.amount)
    if limit.unit in {"wd", "wh"}:
        days = amount if limit.unit == "wd" else amount / HOURS_A_DAY
        return days, Decimal(ceil(days * 7 / 5)) + (11 if amount else 0)
    per_day = {"nd": Decimal(1), "h": Decimal(24), "min": Decimal(1440)}
    if limit.unit == "mo":
        return amount * 28, amount * 31
    return amount / per_day[limit.unit], amount / per_day[limit.unit]


def longer(one: Limit, other: Limit) -> bool:
    """Whether `one` is surely longer than `other`; between units only if its shortest beats the other's longest."""
    if one.unit == other.unit:
        return one.amount > other.amount
    return longest_and_shortest(one)[0] > longest_and_shortest(other)[1]
