"""Strict JSON at the edge: what other systems would read in two ways, or choke on later, is refused here by place.

The stock parser takes NaN, duplicate keys (the last wins), lone surrogates and NUL, and answers deep nesting with a
RecursionError; each of these was a 500 or a silent change somewhere behind it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

DEEPEST = 40
LARGEST_INTEGER = 2**53 - 1
LONGEST_NUMBER = 40
# Possessive and with an optional end, so that a string that never closes costs one pass, not one for each quote.
_STRUCTURE = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
Path = tuple[str | int, ...]


class BadJson(ValueError):
    """This text is not JSON as we take it; `place` says where, the message in Chinese what is wrong."""

    code = "bad_json"

    def __init__(self, say: str, place: Path = ()) -> None:
        super().__init__(f"{words(place)}：{say}" if place else say)
        self.say = say
        self.place = place


def words(place: Path) -> str:
    """A place as people read it: `form → vehicles 第2项 → plate`; parts are shortened and made printable."""
    shown = [f"第{part + 1}项" if isinstance(part, int) else printable(part) for part in place]
    return " → ".join(shown)


def printable(text: str) -> str:
    """`text` without what a terminal, a log or UTF-8 cannot take, at most 60 characters."""
    return _CONTROL.sub("?", _SURROGATE.sub("?", text))[:60]


def load(raw: bytes) -> Any:
    """The value that `raw` (UTF-8) means; raises `BadJson` for everything a strict reader must not accept."""
    _refuse_depth(raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"第 {error.start + 1} 个字节不是 UTF-8 编码，请用 UTF-8 发送") from error
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise BadJson(f"第 {error.lineno} 行第 {error.colno} 个字符处不是正确的 JSON") from error
    _inspect(value, ())
    return value


def _refuse_depth(raw: bytes) -> None:
    """Refuse nesting beyond `DEEPEST` before the recursive parser sees it."""
    depth = 0
    for found in _STRUCTURE.finditer(raw):
        mark = found[0][:1]
        depth += 1 if mark in b"[{" else -1 if mark in b"]}" else 0
        if depth > DEEPEST:
            raise BadJson(f"嵌套超过 {DEEPEST} 层(从第 {found.start() + 1} 个字节起)，请检查数据")


class _Twice(dict[str, Any]):
    """An object in which one name stands twice; refused when its place is known."""

    name = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twice, seen = _Twice(made), set[str]()
    twice.name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return twice


def _integer(digits: str) -> float:
    """The integer, or infinity (refused with its place) when it is too long even to be read."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else math.inf


def _inspect(value: Any, place: Path) -> None:
    """Refuse what cannot be stored or shown, with its place. Depth is bounded by `_refuse_depth`."""
    match value:
        case str():
            _inspect_text(value, place)
        case int() | float():
            _inspect_number(value, place)
        case dict():
            _inspect_object(value, place)
        case list():
            for index, inner in enumerate(value):
                _inspect(inner, (*place, index))


def _inspect_object(value: dict[str, Any], place: Path) -> None:
    if isinstance(value, _Twice):
        raise BadJson("同一个名称出现了两次，请只保留一个", (*place, value.name))
    for key, inner in value.items():
        _inspect_text(key, (*place, key))
        _inspect(inner, (*place, key))


def _inspect_number(value: float, place: Path) -> None:
    if math.isnan(value):
        raise BadJson("NaN 不是数，请填写具体的数或 null", place)
    if abs(value) > LARGEST_INTEGER:
        raise BadJson(f"数太大(最大 {LARGEST_INTEGER})；长号码请作为文字(加引号)发送", place)


def _inspect_text(text: str, place: Path) -> None:
    if _SURROGATE.search(text):
        raise BadJson("含有残缺的字符(不成对的代理码)，请重新输入这一项", place)
    if _CONTROL.search(text):
        raise BadJson("含有不可见的控制字符，请删除后重新输入这一项", place)


def whole_text(text: str) -> bool:
    """Whether `text` (from a form or a query) has neither lone surrogates nor control characters."""
    return not _SURROGATE.search(text) and not _CONTROL.search(text)
