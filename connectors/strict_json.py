"""Reads JSON from strangers: everything that Python's reader lets pass and a database later trips over is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

DEEPEST = 64
LONGEST_NUMBER = 40
_LARGEST_INTEGER = 2**63 - 1
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_UNWANTED = re.compile("[\x00\ud800-\udfff]")


class BadJson(ValueError):
    """These bytes are not JSON we accept; the message says why in Chinese, without repeating the content."""


def loads(raw: bytes, most: int = 1_000_000) -> Any:
    """The value of UTF-8 JSON of at most `most` bytes; raises `BadJson`.

    Refused: other encodings, a byte order mark, duplicate keys, NaN and infinities (also `1e400`), integers beyond
    64 bits, lone surrogates, NUL characters and more than 64 levels.
    """
    if len(raw) > most:
        raise BadJson(f"JSON 超过 {most} 字节")
    try:
        text = raw.decode("utf-8")
        _check_depth(text)
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer)
    except UnicodeDecodeError:
        raise BadJson("不是 UTF-8 编码的 JSON") from None
    except (json.JSONDecodeError, RecursionError):
        raise BadJson("JSON 不完整或写法不对") from None
    _check_text(value)
    return value


def _check_depth(text: str) -> None:
    """Count brackets before parsing, so that a deep document never reaches the recursive reader."""
    depth = 0
    for sign in _STRINGS.sub("", text):
        depth += (sign in "[{") - (sign in "]}")
        if depth > DEEPEST:
            raise BadJson(f"JSON 嵌套超过 {DEEPEST} 层")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("JSON 里有重复的键")
    return found


def _constant(name: str) -> Any:
    raise BadJson(f"JSON 里不能写 {name}")


def _float(text: str) -> float:
    number = float(text)
    if len(text) > LONGEST_NUMBER or not math.isfinite(number):
        raise BadJson("JSON 里的数字太大或太长")
    return number


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER or abs(int(text)) > _LARGEST_INTEGER:
        raise BadJson("JSON 里的整数超出 64 位")
    return int(text)


def _check_text(value: Any) -> None:
    for text in _texts(value):
        if _UNWANTED.search(text):
            raise BadJson("JSON 的文字里有不允许的字符")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, keys too."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, (dict, list)):
            todo += [*item, *item.values()] if isinstance(item, dict) else item
