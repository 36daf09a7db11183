"""Reads one source of the file of sources (`sources/file.py`): every fault at once, with its line and what to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from connectors.base import Body
from connectors.certificates import IN_FILES
from connectors.endpoint import (
    Around,
    Endpoint,
    Wrong,
    listed,
    listed_at_all,
    may_be,
    networks_of,
    number_of,
    text_of,
)
from connectors.lined_yaml import Lined
from sources.answer import ABOUT, STATES, Shape, State
from sources.connected import ALL, Place

KINDS: Final = ("licence", "sharing", "premises", "zone")
EVERY: Final = "all"
MOST_SECRETS: Final = 2
_NUMBERS: Final = {"deadline": (0.1, 10.0), "answer_cap": (1_000, 1_000_000)}
_USUAL: Final = {"deadline": 3.0, "answer_cap": 100_000}
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_KEYS: Final = frozenset({"kind", "names", "name", "address", "host", "path", "secrets", "token", "networks", "answer",
                          *_NUMBERS, *IN_FILES})
_ANSWER: Final = frozenset({"state", "fields", *STATES, *ABOUT})


class SourceEntry(Endpoint):
    """One source's entry; `names_at` are the lines of its names, or of its `all`."""

    def __init__(self, name: str, given: Lined, line: int, around: Around) -> None:
        super().__init__(name, given, line, around)
        self.names_at: dict[str, int] = {}

    def place(self) -> Place | None:
        """The system, or None where a fault makes it unusable."""
        self._named("来源", _KEYS)
        kind = self._tried("", self._kind)
        nothing: Mapping[str, str] | None = {}
        names = self._tried(nothing, self._names)
        body = Body(
            id=self.name, department="", connector="rest", can_be_asked=False,
            name=self._tried("", text_of, self.given, "name") if "name" in self.given.value else "",
            address=self._tried("", self._address), secrets=self._references("secrets", signs=True),
            tokens=self._references("token", signs=False), networks=self._tried((), networks_of, self.given),
            settings={key: self._tried("", text_of, self.given, key) for key in IN_FILES if key in self.given.value},
            **self._numbers())
        self._proves(body)
        self._certified(self.given, IN_FILES)
        self._in_clear(body.address)
        shape = self._tried(Shape(), self._shape)
        return Place(kind, body, names, shape) if self.usable else None

    def _kind(self) -> str:
        if "kind" not in self.given.value:
            raise Wrong(self.line, "no_kind", f"请写 kind：{'、'.join(KINDS)} 之一")
        kind = text_of(self.given, "kind")
        if kind not in KINDS:
            raise Wrong(self.given.lines["kind"], "unknown_kind", f"不认识来源 {kind}；{may_be(kind, KINDS)}")
        return kind

    def _names(self) -> Mapping[str, str] | None:
        """Our names with theirs; `ALL` where it answers for every one of its kind."""
        if "names" not in self.given.value:
            raise Wrong(self.line, "no_names", "请写 names：它答复哪些证照或登记，例如 [business_licence]，或 all")
        given = self.given.value["names"]
        by_name = isinstance(given.value, dict)
        self.names_at = dict(given.lines) if by_name else {one.value: one.line for one in listed(self.given, "names")}
        if given.value == EVERY:
            return ALL
        if not self.names_at or EVERY in self.names_at:
            raise Wrong(given.line, "bad_value", f"names 请写出它答复的名称，或只写 names: {EVERY}")
        return {name: text_of(given, name) if by_name else name for name in self.names_at}

    def _numbers(self) -> dict[str, Any]:
        found = {key: self._tried(0.0, number_of, self.given, key, _NUMBERS[key], key == "answer_cap")
                 for key in _NUMBERS if key in self.given.value}
        return {**_USUAL, **found, "answer_cap": int(found.get("answer_cap", _USUAL["answer_cap"]))}

    def _proves(self, body: Body) -> None:
        """It must be able to tell that it is we who ask, for it gives away what it knows of people."""
        if not (listed_at_all(self.given, "secrets") or "token" in self.given.value):
            self._wrong(self.line, "no_secret", "请写 secrets(签名) 或 token(令牌)：对方凭它确认是我们在查")
        if len(body.secrets) > MOST_SECRETS or len(body.tokens) > 1:
            self._wrong(self.line, "too_many_secrets", "secrets 最多两个(新的在前)，token 只能一个")
        for token in body.tokens:
            if not (token.isascii() and token.isprintable()):
                self._wrong(self.given.lines["token"], "bad_token", "令牌里有不能放进请求头的字符")

    def _in_clear(self, address: str) -> None:
        """Say that everybody on the way can read what is asked, if that leaves this machine without TLS."""
        parts = urlsplit(address)
        if parts.scheme == "http" and parts.hostname not in _HERE:
            says = f"{address} 不加密，证件号码和令牌会以明文经过网络；请用 https"
            self._wrong(self.line, "in_clear", says, "warning")

    def _shape(self) -> Shape:
        """How its answers are read; what is not said is where `docs/connecting.md` puts it."""
        usual = Shape()
        if "answer" not in self.given.value:
            return usual
        given: Lined = self.given.value["answer"]
        if not isinstance(given.value, dict):
            raise Wrong(given.line, "bad_value", "answer 应为 名称: 位置")
        for key in given.value.keys() - _ANSWER:
            raise Wrong(given.lines[key], "unknown_key", f"answer 里不认识 {key}；{may_be(key, _ANSWER)}")
        words = _words(given, usual)
        about = {key: text_of(given, key) if key in given.value else place for key, place in usual.about.items()}
        state = text_of(given, "state") if "state" in given.value else usual.state
        fields = given.value.get("fields", Lined({}, given.line))
        if not isinstance(fields.value, dict):
            raise Wrong(given.lines["fields"], "bad_value", "fields 应为 字段代码: 位置")
        return Shape(state, words, about, {code: text_of(fields, code) for code in fields.value})


def _words(given: Lined, usual: Shape) -> dict[State, frozenset[str]]:
    """The words of each state, none of which may mean two: what was not found would count as found."""
    words: dict[State, frozenset[str]] = {}
    states: dict[str, State] = {}
    for one in get_args(State):
        line = given.lines.get(one, given.line)
        words[one] = frozenset(item.value for item in listed(given, one)) if one in given.value else usual.words[one]
        if not words[one]:
            raise Wrong(line, "bad_value", f"{one} 没有写值；不需要时请删去")
        for word in sorted(words[one]):
            other = states.setdefault(word, one)
            if other != one:
                says = f"{word} 既是 {other} 又是 {one}；每个值只能是一种状态，没有写的状态值同名称"
                raise Wrong(line, "word_twice", says)
    return words
