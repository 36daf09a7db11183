"""Strict JSON from strangers: what others would read in two ways, or a store choke on, is refused with its place.

The stock parser takes NaN, duplicate keys (the last wins), lone surrogates and NUL, and answers deep nesting with a
RecursionError; each of these was a 500 or a silent change somewhere behind it.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import orjson

LARGEST_INTEGER = 2**53 - 1
LONGEST_NUMBER = 40
# Possessive and with an optional end, so that a string that never closes costs one pass, not one for each quote.
_STRUCTURE = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_PLAIN = bytes(set(range(256)) - set(b'[]{}"'))
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_NUL = re.compile("\x00")
# Every way in which a text could come to hold what either strictness refuses: as itself, or by an escape. One class of
# characters stands first, which the engine finds quickly.
_SUSPECT = re.compile(_CONTROL.pattern[:-1] + r"\\](?:(?<!\\)|[bf]|u(?:00[01]|007[fF]|[dD][89a-fA-F]|[fF]{3}[eEfF]))")
SURELY_SMALL = 15  # characters: whatever number they write is exact and far below any largest
SMALL = 10**SURELY_SMALL
_NUMBERS = frozenset({int, float})
_FFC0_TO_FFFF = b"\xef\xbf"  # how each of these characters begins; the last two are refused
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Strictness:
    """How much a reader takes: levels of nesting, the largest number, characters no text may contain, and whether a
    mark of the byte order may stand before the text."""

    deepest: int
    largest: float
    refused: re.Pattern[str]
    marked: bool = False


# What we store and show ourselves; numbers beyond 2^53 change their digits in a browser.
STRICT = Strictness(40, LARGEST_INTEGER, _CONTROL)
# A department's own answer, of which we keep two keys: neither a 64-bit row number in it nor the mark that some
# frameworks write before UTF-8 (RFC 8259 lets a reader ignore it) must cost us its receipt.
FOREIGN = Strictness(64, 2**64 - 1, _NUL, marked=True)
_MARK = b"\xef\xbb\xbf"


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


def load(raw: bytes, strictness: Strictness = STRICT) -> Any:
    """The value that `raw` (UTF-8) means; raises `BadJson` for everything a strict reader must not accept."""
    raw = raw.removeprefix(_MARK) if strictness.marked else raw
    _refuse_depth(raw, strictness.deepest)
    # A backslash begins every escape; of what is refused only the other two could stand in JSON without one.
    if b"\\" in raw or b"\x7f" in raw or _FFC0_TO_FFFF in raw:
        return _read(raw, strictness)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _read(raw, strictness)
    # Without escapes each text stands between two quotes; a name that stood twice is gone with what it named.
    return value if 2 * _texts(value) == raw.count(b'"') else _read(raw, strictness)


def _texts(whole: Any) -> float:
    """How many texts a value has, names among them; infinitely many where a number may be too large."""
    names, parts = 0, [whole]
    for part in parts:  # which grows meanwhile
        if type(part) is dict:
            names += len(part)
            parts += part.values()
        elif type(part) is list:
            parts += part
    if any(not -SMALL < part < SMALL for part in parts if type(part) in _NUMBERS):
        return math.inf
    return names + sum([type(part) is str for part in parts])  # noqa: C419 - a list is quicker


def _read(raw: bytes, strictness: Strictness) -> Any:
    """`load` with an eye on every part."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"第 {error.start + 1} 个字节不是 UTF-8 编码，请用 UTF-8 发送") from error
    if fault := _no_json(text):
        raise BadJson(fault)
    doubts = _Doubts()
    try:
        value = json.loads(text, object_pairs_hook=doubts.object, parse_int=doubts.integer, parse_float=doubts.number,
                           parse_constant=doubts.number)
    except json.JSONDecodeError as error:
        raise BadJson(f"第 {error.lineno} 行第 {error.colno} 个字符处不是正确的 JSON") from error
    if doubts.any or _SUSPECT.search(text):
        _inspect(value, (), strictness)
    return value


def _no_json(text: str) -> str | None:
    """What is wrong with a text of which one look shows that it is no JSON; a place in it would help nobody."""
    if not text.strip():
        return "内容是空的，请在正文里发送 JSON"
    if text[0] == "\ufeff":
        return "开头有 BOM(字节 EF BB BF)，请用不带 BOM 的 UTF-8 发送"
    return "这是 XML 或网页，不是 JSON" if text.lstrip()[0] == "<" else None


def _refuse_depth(raw: bytes, deepest: int) -> None:
    """Refuse nesting beyond `deepest` before the recursive parser sees it."""
    if _surely_flat(raw, deepest):
        return
    depth = 0
    for found in _STRUCTURE.finditer(raw):
        mark = found[0][:1]
        depth += 1 if mark in b"[{" else -1 if mark in b"]}" else 0
        if depth > deepest:
            raise BadJson(f"嵌套超过 {deepest} 层(从第 {found.start() + 1} 个字节起)，请检查数据")


def _surely_flat(raw: bytes, deepest: int) -> bool:
    """Whether a glance shows that nothing nests too deep: few brackets at all, or few open outside the strings."""
    if raw.count(b"[") + raw.count(b"{") <= deepest:
        return True
    if b'\\"' in raw:
        return False  # a quote that does not end its string: only a reader of strings can tell
    depth = highest = 0
    for mark in b"".join(raw.translate(None, _PLAIN).split(b'"')[::2]):
        depth += 1 if mark in b"[{" else -1
        highest = max(highest, depth)
    return highest <= deepest


class _Doubts:
    """What the parser hands its parts to; `any` once one of them has to be looked at with its place."""

    def __init__(self) -> None:
        self.any = False

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object; one with a name that stands twice remembers which."""
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        self.any = True
        twice, seen = _Twice(made), set[str]()
        twice.name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return twice

    def integer(self, digits: str) -> float:
        """The integer, or infinity (refused with its place) when it is too long even to be read."""
        self.any = self.any or len(digits) > SURELY_SMALL
        return int(digits) if len(digits) <= LONGEST_NUMBER else math.inf

    def number(self, digits: str) -> float:
        """A number that is no integer, or NaN or an infinity by name."""
        self.any = self.any or len(digits) > SURELY_SMALL or bool(digits.strip("-.0123456789"))
        return float(digits)


class _Twice(dict[str, Any]):
    """An object in which one name stands twice; refused when its place is known."""

    name = ""


def _inspect(value: Any, place: Path, strictness: Strictness) -> None:
    """Refuse what cannot be stored or shown, with its place. Depth is bounded by `_refuse_depth`."""
    match value:
        case str():
            _inspect_text(value, place, strictness)
        case int() | float():
            _inspect_number(value, place, strictness)
        case dict():
            _inspect_object(value, place, strictness)
        case list():
            for index, inner in enumerate(value):
                _inspect(inner, (*place, index), strictness)


def _inspect_object(value: dict[str, Any], place: Path, strictness: Strictness) -> None:
    if isinstance(value, _Twice):
        raise BadJson("同一个名称出现了两次，请只保留一个", (*place, value.name))
    for key, inner in value.items():
        _inspect_text(key, (*place, key), strictness)
        _inspect(inner, (*place, key), strictness)


def _inspect_number(value: float, place: Path, strictness: Strictness) -> None:
    if math.isnan(value):
        raise BadJson("NaN 不是数，请填写具体的数或 null", place)
    if abs(value) > strictness.largest:
        raise BadJson(f"数太大(最大 {strictness.largest})；长号码请作为文字(加引号)发送", place)


def _inspect_text(text: str, place: Path, strictness: Strictness) -> None:
    if _SURROGATE.search(text):
        raise BadJson("含有残缺的字符(不成对的代理码)，请重新输入这一项", place)
    if strictness.refused.search(text):
        raise BadJson("含有不可见的控制字符，请删除后重新输入这一项", place)


def whole_text(text: str) -> bool:
    """Whether `text` (from a form or a query) has neither lone surrogates nor control characters."""
    return not _SURROGATE.search(text) and not _CONTROL.search(text)
