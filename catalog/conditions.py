"""The condition language: text → a small tree of whitelisted operators → true, false or not yet known.

Grammar (no commas, so a condition can stand inside a YAML flow map; language rule 3)::

    or    := and ("or" and)*            and := not ("and" not)*       not := "not" not | test
    test  := sum (("==" "!=" "<" "<=" ">" ">=" "in" "not in") sum)?
    sum   := atom (("+" | "-") DURATION)*
    atom  := "(" or ")" | "count" "(" NAME ")" | ("sum" "all") "(" NAME "." NAME ")" | "born" "(" NAME ")"
             | "paper" "(" NAME ")" | "year" "(" sum ")" | NAME | NUMBER | DATE | YEAR_DAY | 'text' | "text"

A YEAR_DAY is written `08-31` or `8月31日` and is that day of the year of filing. Nothing is ever evaluated as Python.
Names may be Chinese and are folded by NFKC.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from catalog import terms
from catalog.limits import LARGEST_SHIFT, BadLimit, Limit, parse_limit

LONGEST_CONDITION = 500
DEEPEST_CONDITION = 20


class BadCondition(ValueError):
    """This condition cannot be read; the message says in Chinese what to write."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition; `text` is what the author wrote, equality is by tree."""

    text: str = field(compare=False)
    tree: terms.Node


_TOKEN = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d{2}-\d{2}(?!\w))"
    r"|(?P<year_day>\d{2}-\d{2}(?![\w-])|(?:今年 ?)?\d{1,2} ?月 ?\d{1,2} ?日(?!\w))"
    r"|(?P<length>\d+(?:wd|nd|wh|min|mo|h)\b)|(?P<number>\d+(?:\.\d+)?(?!\w))"
    r"|(?P<text>'[^']*'|\"[^\"]*\")|(?P<op>==|!=|<=|>=|<|>|\+|-|\(|\))|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)?))",
)
_HINTS = {
    "&&": "and", "||": "or", "&": "and", "|": "or", "!": "not", "＞": ">", "＜": "<", "＝": "==", "≥": ">=",
    "≤": "<=", "≠": "!=", "=": "==", "“": "'", "”": "'", "‘": "'", "’": "'", "（": "(", "）": ")",
    "，": "and", ",": "and",
}
_SPOKEN = {
    "且": "and", "并且": "and", "而且": "and", "和": "and", "或": "or", "或者": "or", "不是": "not", "非": "not",
    "不": "not",
    "等于": "==", "不等于": "!=", "大于": ">", "小于": "<", "大于等于": ">=", "小于等于": "<=", "不小于": ">=",
    "不大于": "<=",
    "是": "==", "包含": "in",
}
_DIGITS = re.compile(r"\d+")
_ANY_YEAR = 2026
_WITH_UNIT = re.compile(r"(\d+(?:\.\d+)?)[^\x00-\x7f\W]\w*")
_USABLE = "and or not == != < <= > >= in"
_WORDS = frozenset({"and", "or", "not", "in"})
_CALLS = {"count": "分组名", "sum": "分组名.列名", "all": "分组名.列名", "born": "身份证号字段",
          "paper": "证件号码字段", "year": "日期"}
_OF_COLUMN: dict[str, Callable[[str, str], terms.Node]] = {"sum": terms.Sum, "all": terms.Column}
_READS: dict[str, Callable[[str], terms.Node]] = {"count": terms.Count, "born": terms.Born, "paper": terms.Paper}


def fold(name: str) -> str:
    """The one spelling of a name: NFKC, so that full-width letters equal half-width ones."""
    return unicodedata.normalize("NFKC", name)


def _hint(rest: str) -> str:
    wrong = next((mark for mark in _HINTS if rest.startswith(mark)), rest[:1])
    better = _HINTS.get(wrong)
    return f"「{wrong}」请写 {better}" if better else f"「{wrong}」不能用在条件里"


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None and (unit := _WITH_UNIT.match(text[at:].lstrip())):
            raise BadCondition(f"条件写法不对：「{unit[0]}」的数字后面不写单位；请写 {unit[1]}")
        if match is None:
            raise BadCondition(f"条件写法不对：{_hint(text[at:].lstrip())}；引号请用半角，可用 {_USABLE}")
        kind = match.lastgroup or ""
        found.append((kind, fold(match[kind]) if kind == "name" else match[kind]))
        at = match.end()
    return found


class _Parser:
    """Recursive descent over the grammar above."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def peek(self, ahead: int = 0) -> str:
        index = self.at + ahead
        return self.tokens[index][1] if index < len(self.tokens) and self.tokens[index][0] != "text" else ""

    def take(self, *wanted: str) -> bool:
        if all(self.peek(ahead) == word for ahead, word in enumerate(wanted)):
            self.at += len(wanted)
            return True
        return False

    def whole(self) -> terms.Node:
        tree = self.either()
        if self.at < len(self.tokens):
            spoken = next((word for kind, word in self.tokens if kind == "name" and word in _SPOKEN), None)
            if spoken is not None:
                raise BadCondition(f"条件写法不对：「{spoken}」请写 {_SPOKEN[spoken]}")
            raise BadCondition(f"条件写法不对：「{self.tokens[self.at][1]}」前面缺少 and 或 or")
        return tree

    def either(self) -> terms.Node:
        self.depth += 1
        if self.depth > DEEPEST_CONDITION:
            raise BadCondition(f"条件嵌套超过 {DEEPEST_CONDITION} 层；请拆成几个问题")
        items = [self.both()]
        while self.take("or"):
            items.append(self.both())
        self.depth -= 1
        return items[0] if len(items) == 1 else terms.Any_(tuple(items))

    def both(self) -> terms.Node:
        items = [self.negated()]
        while self.take("and"):
            items.append(self.negated())
        return items[0] if len(items) == 1 else terms.All(tuple(items))

    def negated(self) -> terms.Node:
        turns = 0
        while self.take("not"):
            turns += 1
        item = self.test()
        return terms.Not(item) if turns % 2 else item

    def test(self) -> terms.Node:
        left = self.sum()
        for op in ("==", "!=", "<=", ">=", "<", ">"):
            if self.take(op):
                return terms.Compare(op, left, self.sum())
        if self.take("not", "in"):
            return terms.Not(terms.Compare("in", left, self.sum()))
        if self.take("in"):
            return terms.Compare("in", left, self.sum())
        return left

    def sum(self) -> terms.Node:
        value = self.atom()
        while self.peek() in {"+", "-"}:
            sign = 1 if self.peek() == "+" else -1
            self.at += 1
            kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
            if kind == "name" and sign < 0:
                joined = f"{self.tokens[self.at - 2][1]}-{text}"
                raise BadCondition(f"条件写法不对：条件里的名字不能有连字符「-」(会当作减号)：{joined}；"
                                   "请用没有连字符的问题或字段，事项要不要办请问它的情形问题")
            if kind != "length":
                raise BadCondition(_no_length(value, text))
            self.at += 1
            value = terms.Shift(value, sign, _length(text))
        return value

    def atom(self) -> terms.Node:
        if self.at >= len(self.tokens):
            raise BadCondition("条件写法不对：条件没有写完")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "op" and text == "-" and self.at < len(self.tokens) and self.tokens[self.at][0] == "number":
            self.at += 1
            return terms.Literal(-Decimal(self.tokens[self.at - 1][1]))
        if kind == "op" and text == "(":
            inner = self.either()
            if not self.take(")"):
                raise BadCondition("条件写法不对：缺少右括号 )")
            return inner
        return self.leaf(kind, text)

    def leaf(self, kind: str, text: str) -> terms.Node:
        if kind == "number":
            return terms.Literal(Decimal(text))
        if kind == "text":
            return terms.Literal(text[1:-1])
        if kind == "date":
            return terms.Literal(_date(text))
        if kind == "year_day":
            return _year_day(text)
        if kind != "name" or text in _WORDS:
            raise BadCondition(f"条件写法不对：「{text}」的位置不对")
        if text in _CALLS and self.take("("):
            return self.call(text)
        return terms.Name(text)

    def call(self, what: str) -> terms.Node:
        """What stands in the brackets of `count(`, `sum(`, `all(`, `born(`, `paper(` or `year(`."""
        says = f"条件写法不对：{what} 请写成 {what}({_CALLS[what]})"
        if what == "year":
            day = self.sum()
            if not self.take(")"):
                raise BadCondition(says)
            return terms.Year(day)
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        self.at += 1
        name, _, column = text.partition(".")
        if kind != "name" or not self.take(")") or (what in _OF_COLUMN and not column):
            raise BadCondition(says)
        return _OF_COLUMN[what](name, column) if what in _OF_COLUMN else _READS[what](text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadCondition(f"条件里的日期 {text} 不存在") from None


def _year_day(text: str) -> terms.YearDay:
    month, day = (int(number) for number in _DIGITS.findall(text))
    if (month, day) == (2, 29):
        raise BadCondition("条件里的日期 2 月 29 日不是每年都有；请写 02-28 或 03-01")
    try:
        date(_ANY_YEAR, month, day)
    except ValueError:
        raise BadCondition(f"条件里的日期 {text} 不存在") from None
    return terms.YearDay(terms.Name("today"), month, day)


def _no_length(before: terms.Node, text: str) -> str:
    """What to say of something that is added to a date, or taken from it, and is no length."""
    if isinstance(before, terms.Literal) and isinstance(before.value, Decimal) and text.isdecimal():
        meant = f"{before.value:0>2}-{text:0>2}"
        return f"条件写法不对：今年的某一天请写两位的月和日，例如 {meant}；条件里不能做减法"
    return "条件写法不对：日期只能加减时长，例如 published_on + 3mo"


def _length(text: str) -> Limit:
    try:
        return parse_limit(text, LARGEST_SHIFT)
    except BadLimit as error:
        raise BadCondition(f"条件写法不对：{error}") from None


def parse_condition(text: str) -> Condition:
    """Read a condition; raises `BadCondition` with a Chinese sentence that names the sign to write instead."""
    if len(text) > LONGEST_CONDITION:
        raise BadCondition(f"条件超过 {LONGEST_CONDITION} 个字；请拆成几个问题")
    tokens = _tokens(text)
    if not tokens:
        raise BadCondition("条件是空的；不需要条件时请删去 when")
    return Condition(text, _Parser(tokens).whole())


def names_in(condition: Condition) -> frozenset[str]:
    """The questions and fields a condition reads (after `resolve`: options are no names any more)."""
    return frozenset(node.name for node in terms.walk(condition.tree) if isinstance(node, terms.Reading))


def resolve(condition: Condition, options_of: Callable[[str], frozenset[str]]) -> Condition:
    """Turn each bare word that is an option of the question it is compared with into that option's text.

    `options_of(name)` gives the option codes of a question or field, `{"yes", "no"}` for a yes_no one.
    """
    return Condition(condition.text, _resolved(condition.tree, options_of))


def _resolved(node: terms.Node, options_of: Callable[[str], frozenset[str]]) -> terms.Node:
    match node:
        case terms.Compare(op, left, right):
            return terms.Compare(op, _as_option(left, right, options_of), _as_option(right, left, options_of))
        case terms.Not(item):
            return terms.Not(_resolved(item, options_of))
        case terms.All(items):
            return terms.All(tuple(_resolved(item, options_of) for item in items))
        case terms.Any_(items):
            return terms.Any_(tuple(_resolved(item, options_of) for item in items))
    return node


def _as_option(node: terms.Node, other: terms.Node, options_of: Callable[[str], frozenset[str]]) -> terms.Node:
    if not isinstance(other, terms.Name | terms.Paper | terms.Column):
        return node
    options = options_of(f"{other.name}.{other.column}" if isinstance(other, terms.Column) else other.name)
    if isinstance(node, terms.Name) and node.name in options:
        return terms.Literal({"yes": True, "no": False}[node.name] if options == {"yes", "no"} else node.name)
    if isinstance(node, terms.Literal) and isinstance(node.value, Decimal) and str(node.value) in options:
        return terms.Literal(str(node.value))
    return node
