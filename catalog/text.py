"""Text for people (`Text`), and where a definition stands (`Place`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BASE_LANGUAGE = "zh"
_DOTS = str.maketrans(dict.fromkeys(".•‧∙⋅・", "·"))
LONGEST_TEXT = 4000
_ADDRESS = re.compile(r"(?:https?|ftp|file)://|javascript:|\bwww\.", re.ASCII | re.IGNORECASE)


class Text(str):
    """A line of text for people: a Chinese `str` that may carry the same line in other languages.

    It behaves as its Chinese line everywhere; `in_language("en")` gives another one, or the Chinese line
    where there is none, so a missing translation never shows an empty label.
    """

    __slots__ = ("_lines",)
    _lines: Mapping[str, str]

    def __new__(cls, line: str, others: Mapping[str, str] | None = None) -> Text:
        """Make a text from its Chinese line and, by language tag, the others."""
        self = super().__new__(cls, line)
        self._lines = MappingProxyType({BASE_LANGUAGE: line, **(others or {})})
        return self

    def __reduce__(self) -> tuple[type[Text], tuple[str, dict[str, str]]]:
        return Text, (str(self), dict(self._lines))

    def in_language(self, tag: str) -> str:
        """The line in language `tag`, else the Chinese one."""
        return self._lines.get(tag, str(self))

    @property
    def lines(self) -> Mapping[str, str]:
        """Every line by language tag; always has `zh`."""
        return self._lines


def composed(pattern: str, *parts: str) -> Text:
    """A text put together of others, such as `{}({})`: in each language in which one of them has a line."""
    tags = {tag for part in parts if isinstance(part, Text) for tag in part.lines} | {BASE_LANGUAGE}
    lines = {tag: pattern.format(*(part.in_language(tag) if isinstance(part, Text) else part for part in parts))
             for tag in tags}
    return Text(lines.pop(BASE_LANGUAGE), lines)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of an authored file, as `file:line` with the file relative to the bundles folder."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with the definitions: where, a stable code, and a Chinese sentence that says what to write.

    `level` is `error` (refused), `warning` (shown, not refused) or `note`.
    """

    place: Place
    code: str
    message: str
    level: str = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def unfit(text: str) -> str | None:
    """Why an authored text is refused, if it is: it is short and leads nowhere, since an address in a definition
    could send applicants anywhere."""
    if len(text) > LONGEST_TEXT:
        return f"超过 {LONGEST_TEXT} 个字"
    found = _ADDRESS.search(text)
    return f"里不能写网址({found[0]}…)；请写名称、地点或电话" if found else None


def spelt_once(text: str) -> str:
    """A text without what people write differently: width, capitals, spaces, signs that nobody sees, and the dots
    within a name (阿卜杜·热合曼), of which every keyboard has another."""
    plain = (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().translate(_DOTS)
    if not plain.isprintable():
        plain = "".join(mark for mark in plain if unicodedata.category(mark) != "Cf")
    return "".join(plain.split())
