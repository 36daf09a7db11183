"""What an author's decision about a clash says: one attribute of a field or a material, read by its type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from catalog.bundle import Decision
from catalog.dictionary import Field
from catalog.schemas.dictionary import FILE_TYPES
from catalog.suggest import unknown

_BETWEEN: Final = re.compile(r"[\s,，、;；]+")


class BadDecision(ValueError):
    """This is nothing to decide, or no value of it; the message says in Chinese what to write."""


def decided_value(decision: Decision, field: Field | None) -> Any:
    """The value of the attribute: a number, a day (ISO), the options or file types left; for a material `field` is
    None. Raises `BadDecision`."""
    readers = _OF_MATERIAL if field is None else _OF_FIELD
    if decision.attribute not in readers:
        what = "材料" if field is None else "字段"
        says = unknown(decision.attribute, readers, list_all=True)
        raise BadDecision(f"{what}的 {decision.attribute} 不能裁定{says}")
    return readers[decision.attribute](decision.value, field)


def _number(text: str, field: Field | None) -> Decimal:
    del field
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise BadDecision(f"裁定值 {text} 不是数；请写数字，例如 30")
    return value


def _count(text: str, field: Field | None) -> int:
    del field
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise BadDecision(f"裁定值 {text} 不是整数；请写数字，例如 30")
    return int(text)


def _day(text: str, field: Field | None) -> str:
    del field
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadDecision(f"裁定值 {text} 不是日期；请写 2026-01-31 这样的日期") from None


def _listed(text: str, known: Mapping[str, Any], what: str) -> tuple[Any, ...]:
    wanted = [part for part in _BETWEEN.split(text.strip(" []")) if part]
    for part in wanted:
        if part not in known:
            raise BadDecision(f"裁定值 {part} 不是{what}{unknown(part, known, list_all=True)}")
    if not wanted:
        raise BadDecision(f"裁定没有留下{what}；请至少写一个")
    return tuple(known[code] for code in known if code in wanted)


def _options(text: str, field: Field | None) -> tuple[Any, ...]:
    return _listed(text, {option.code: option for option in field.options} if field else {}, "它的选项")


def _file_types(text: str, field: Field | None) -> tuple[Any, ...]:
    del field
    return _listed(text, {kind: kind for kind in FILE_TYPES}, "文件类型")


_Reader = Callable[[str, Field | None], Any]
_OF_FIELD: Final[Mapping[str, _Reader]] = {
    "min": _number, "max": _number, "decimals": _count, "min_length": _count, "max_length": _count,
    "not_before": _day, "not_after": _day, "options": _options,
}
_OF_MATERIAL: Final[Mapping[str, _Reader]] = {"file_types": _file_types}
