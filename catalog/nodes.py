"""One authored YAML text → nodes with places. Every scalar stays text; the schema types it, never YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from catalog.conditions import fold
from catalog.mistakes import likely
from catalog.text import Place, Problem

LARGEST_FILE = 1_000_000
DEEPEST_NODE = 20
QUICK: Any = getattr(yaml, "CLoader", None)  # a build of PyYAML without libyaml has none
_TOLD_APART = re.compile(r"""[\t?&]|^(?:---|\.\.\.|%)|["']:\S|[|>]\S*#""", re.MULTILINE)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]",
)
_SYNTAX = (
    ("found character '\\t'", "缩进用了制表符(Tab)；请改用空格"),
    ("could not find expected ':'", "这一行缺少半角冒号；请写成「键: 值」，冒号后面留一个空格"),
    ("mapping values are not allowed here", "这里多了一个冒号；含冒号的文字请加引号，并检查缩进"),
    ("expected ',' or '}'", "花括号没有成对，或两项之间缺少逗号；请检查这一行和上一行"),
    ("expected ',' or ']'", "方括号没有成对，或两项之间缺少逗号；请检查这一行和上一行"),
    ("expected <block end>", "缩进不对；同一层的键请左对齐"),
    ("cannot start any token", "这里的符号不能放在开头；请给文字加引号"),
    ("did not find expected", "这里的写法不完整；请检查括号、引号和缩进"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A piece of an authored file: a text, a list or a map. `place` is the line of the key, for a map's value.

    Nodes are equal only to themselves, so that what was worked out from one can be kept with it.
    """

    place: Place
    kind: Literal["text", "list", "map"]
    text: str = ""
    items: tuple[Node, ...] = ()
    pairs: dict[str, Node] = field(default_factory=dict)

    def plain(self) -> Any:
        """The same as str, list and dict."""
        if self.kind == "text":
            return self.text
        if self.kind == "list":
            return [item.plain() for item in self.items]
        return {key: value.plain() for key, value in self.pairs.items()}

    def places(self, path: tuple[str | int, ...], found: dict[tuple[str | int, ...], Place]) -> None:
        """Put the place of every path below this node, which stands at `path`, into `found`."""
        found[path] = self.place
        for index, item in enumerate(self.items):
            item.places((*path, index), found)
        for key, value in self.pairs.items():
            value.places((*path, key), found)


@dataclass(frozen=True, slots=True)
class Read:
    """What one text holds: its top node (None when nothing can be made of it) and what is wrong with it."""

    node: Node | None
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Frame:
    """A list or map that is being read; `key` is the key that waits for its value."""

    place: Place
    kind: Literal["list", "map"]
    items: list[Node] = field(default_factory=list)
    pairs: dict[str, Node] = field(default_factory=dict)
    key: tuple[str, Place] | None = None
    double: bool = False
    flow: bool = False

    def waits_for_key(self) -> bool:
        return self.kind == "map" and self.key is None

    def node(self, place: Place) -> Node:
        return Node(place, self.kind, "", tuple(self.items), self.pairs)


class _Reader:
    """Builds nodes from parser events with a stack of its own, so that depth can never exhaust Python's."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.stack: list[_Frame] = []
        self.top: Node | None = None
        self.documents = 0
        self.problems: list[Problem] = []
        self.skipping = 0

    def say(self, place: Place, code: str, message: str) -> None:
        self.problems.append(Problem(place, code, message))

    def take(self, event: Any) -> None:
        """One event of either parser: their classes have the same names and attributes."""
        place = Place(self.file, event.start_mark.line + 1)
        match type(event).__name__:
            case "ScalarEvent":
                self.check_marks(event, place)
                self.scalar(event, place)
            case "MappingStartEvent" | "SequenceStartEvent" as name:
                self.check_marks(event, place)
                self.open("map" if name == "MappingStartEvent" else "list", place, bool(event.flow_style))
            case "MappingEndEvent" | "SequenceEndEvent":
                frame = self.stack.pop()
                self.add(frame.node(frame.place), frame.place)
            case "AliasEvent":
                self.refuse_mark(place)
                self.add(Node(place, "text", "*"), place)
            case "DocumentStartEvent":
                self.document(event, place)

    def document(self, event: Any, place: Place) -> None:
        self.documents += 1
        if self.documents == 2:
            self.say(place, "second_document", "一个文件只能有一份内容；请删去 --- 或拆成两个文件")
        if event.version or event.tags:
            self.say(place, "directive", "不允许 % 开头的指令；请删去这一行")

    def refuse_mark(self, place: Place) -> None:
        self.say(place, "anchor", "不允许锚点或别名(&、*、<<)；请把内容写全，以 & 或 * 开头的文字请加引号")

    def check_marks(self, event: Any, place: Place) -> None:
        if event.anchor is not None:
            self.refuse_mark(place)
        if event.tag is not None:
            self.say(place, "tag", f"不允许类型标记 {event.tag}；请直接写内容")

    def open(self, kind: Literal["list", "map"], place: Place, flow: bool) -> None:
        if self.stack and self.stack[-1].waits_for_key():
            self.say(place, "key_shape", "键必须是一个词；以 { 或 [ 开头的文字请加引号")
        if len(self.stack) == DEEPEST_NODE:
            self.say(place, "too_deep", f"嵌套超过 {DEEPEST_NODE} 层；请拆开来写")
        self.stack.append(_Frame(place, kind, flow=flow))

    def scalar(self, event: Any, place: Place) -> None:
        text = event.value.strip() if event.style in ("|", ">") else event.value
        bad = _INVISIBLE.search(text)
        if bad:
            self.say(place, "control", f"含有看不见的字符 U+{ord(bad[0]):04X}；请删去")
            text = _INVISIBLE.sub("", text)
        if self.stack and self.stack[-1].waits_for_key():
            if text[:1] in {"\u3000", "\xa0"}:
                self.say(place, "syntax", "行首有全角空格(或不间断空格)；缩进请用半角空格，与同一层的上一行左对齐")
            self.key(fold(text), place)
        else:
            self.value(text, place)

    def key(self, key: str, place: Place) -> None:
        frame = self.stack[-1]
        earlier = frame.pairs.get(key)
        if key == "<<":
            self.refuse_mark(place)
        if not key:
            self.say(place, "empty_key", "冒号前面没有键；请写成「键: 值」")
        if earlier is not None:
            where = f"第 {earlier.place.line} 行"
            self.say(place, "duplicate_key", f"重复的键 {key}，{where}已有；请删去一处")
        frame.key, frame.double = (key, place), earlier is not None

    def value(self, text: str, place: Place) -> None:
        if not text.strip() and self.stack:
            frame = self.stack[-1]
            self.say(frame.key[1] if frame.key else place, "empty", _empty(frame))
        self.add(Node(place, "text", text), place)

    def add(self, node: Node, place: Place) -> None:
        if not self.stack:
            self.top = self.top or node
            return
        frame = self.stack[-1]
        if frame.kind == "list":
            frame.items.append(node)
        elif frame.key is None:
            frame.key = ("", place)
        else:
            key, key_place = frame.key
            if not frame.double:
                frame.pairs[key] = Node(key_place, node.kind, node.text, node.items, node.pairs)
            frame.key = None


def _empty(frame: _Frame) -> str:
    if frame.key is None:
        return f"列表第 {len(frame.items) + 1} 项没有内容；请写上内容或删去这一项"
    key = frame.key[0]
    if "：" in key or ":" in key:
        return f"「{key}」后面没有内容；键和值之间请用半角冒号加一个空格"
    if not frame.flow:
        return f"「{key}」后面没有内容；请写在冒号后面，或写在下一行并再缩进两格，不需要就删去这一行"
    return f"「{key}」后面没有内容；花括号里的半角逗号会截断文字，请改用全角逗号或加引号"


def _syntax(file: str, error: YAMLError, lines: list[str]) -> Problem:
    """What to say of a text that is no YAML, at the line where the slip likely is."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    stopped = min(mark.line if mark else 0, len(lines) - 1)
    said, context = str(error), getattr(error, "context", None) or ""
    if "quoted scalar" in context:
        begun = getattr(error, "context_mark", None)
        stopped = min(begun.line if begun else stopped, len(lines) - 1)
        return Problem(Place(file, stopped + 1), "syntax", "引号没有成对，从这一行开始；请补上另一半半角引号")
    message = next((chinese for english, chinese in _SYNTAX if english in said or english in context), None)
    if "'\\t'" not in said and (slip := likely(lines, stopped)) is not None:
        return Problem(Place(file, slip[0] + 1), "syntax", slip[1])
    message = message or "这里的写法不对；请检查缩进、冒号后的空格、括号和引号是否成对"
    if re.search("[“”‘’]", lines[stopped]):
        message += "；全角引号不能代替半角引号"
    return Problem(Place(file, stopped + 1), "syntax", message)


def _invisible(file: str, text: str) -> list[Problem]:
    return [
        Problem(Place(file, number), "control", f"含有看不见的字符 U+{ord(found[0]):04X}；请删去")
        for number, line in enumerate(text.split("\n"), 1) if (found := _INVISIBLE.search(line))
    ]


@lru_cache(maxsize=4096)
def read_text(file: str, text: str) -> Read:
    """Read one text of at most `LARGEST_FILE` bytes; every fault is a problem with its line, nothing is raised."""
    if len(text.encode("utf-8", "replace")) > LARGEST_FILE:
        return Read(None, (Problem(Place(file, 1), "too_large", "文件超过 1 MB；请拆成几个文件"),))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if hidden := _invisible(file, text):
        return Read(None, tuple(hidden))
    return _quickly(file, text) or _exactly(file, text)


def _quickly(file: str, text: str) -> Read | None:
    """What libyaml makes of a text with which nothing is wrong, in a twentieth of the time; else None.

    It is laxer about tabs, marks and a colon right after a quote, and says other things of what it refuses. A text with
    any of these, and any text that would get a problem, is left to the other parser, whose word alone counts.
    """
    if QUICK is None or _TOLD_APART.search(text):
        return None
    reader = _Reader(file)
    try:
        for event in yaml.parse(text, Loader=QUICK):
            reader.take(event)
            if reader.problems:
                return None
    except yaml.YAMLError:
        return None
    return Read(reader.top, ()) if reader.top is not None and reader.top.kind == "map" else None


def _exactly(file: str, text: str) -> Read:
    """What ruamel makes of a text, with every problem at its line."""
    reader = _Reader(file)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            reader.take(event)
            if any(problem.code == "too_deep" for problem in reader.problems[-1:]):
                return Read(None, tuple(reader.problems))
    except (MarkedYAMLError, YAMLError) as error:
        return Read(None, (*reader.problems, _syntax(file, error, text.split("\n"))))
    return Read(reader.top, tuple(reader.problems))
