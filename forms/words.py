"""A condition in words: 因为您选择了…; with the labels of the questions, never with codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from catalog import terms
from catalog.bounds import number_words
from catalog.bundle import Bundle
from catalog.conditions import Condition
from catalog.dictionary import Option
from catalog.evaluate import EMPTY, UNANSWERED, holds
from catalog.limits import Limit
from catalog.model import Catalog
from catalog.papers import ID_CARD, kind_of
from catalog.text import Text

FILER_OPTIONS: Final = {
    "self": Text("本人", {"en": "The applicant"}), "legal_rep": Text("法定代表人", {"en": "The legal representative"}),
    "agent": Text("经办人(代理人)", {"en": "An agent"}),
}
_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_NUMBER_WORDS: Final = {"==": "等于", "!=": "不等于", "<": "小于", "<=": "不超过", ">": "大于", ">=": "不小于"}
_OF_OPTION: Final = re.compile(r"“[^”]*”(?:没有选|选了|是)(?=“[^”]*”$)")
_DATE_WORDS: Final = {"==": "就是", "!=": "不是", "<": "早于", "<=": "不晚于", ">": "晚于", ">=": "不早于"}
_READ: Final[Mapping[type[terms.Node], str]] = {
    terms.Count: "的数量", terms.Born: "里的出生日期", terms.Paper: "的证件种类",
}
_LASTED: Final = {"<=": "满", ">": "不满"}
_MONTHS_OF_A_YEAR: Final = 12


def filers_offered(catalog: Catalog, bundle: Bundle) -> dict[str, Text]:
    """Who may file, as the question offers it: a person files for himself, an enterprise by its legal representative.

    The applicant is who the role `holder` says, the dictionary's where the bundle names no people.
    """
    people = {role.code: role for role in bundle.people} or catalog.roles
    number = catalog.fields.get(people["holder"].id) if "holder" in people else None
    left_out = "self" if number is not None and number.type == "uscc" else "legal_rep"
    return {code: name for code, name in _filers(catalog, bundle).items() if code != left_out}


def _filers(catalog: Catalog, bundle: Bundle) -> dict[str, Text]:
    """Who may file by what they are called: as the bundle's own words say, the agent as it calls its own, which may be
    a guardian."""
    usual = catalog.roles.get("agent")
    called = {role.code: role.name for role in bundle.people if usual is None or role.name != usual.name}
    return {**FILER_OPTIONS, "agent": called.get("agent", FILER_OPTIONS["agent"]), **bundle.filer_words}


@dataclass(frozen=True, slots=True)
class Labels:
    """What questions, fields and options are called in one bundle; `whens` is when a question is asked at all, `today`
    the day of whose year a fixed day is. Of `decided` names a department says the value, nobody chooses or answers it.
    """

    names: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]
    dates: frozenset[str]
    whens: Mapping[str, Condition] = field(default_factory=dict)
    today: date | None = None
    decided: frozenset[str] = frozenset()

    def of(self, name: str) -> str:
        """The label of a question, field or built-in."""
        return self.names.get(name) or self.names.get(name.rpartition(".")[2], name)


def labels_of(catalog: Catalog, bundle: Bundle) -> Labels:
    """Every name a condition of this bundle may read, with its label."""
    names = {column.code: str(column.name) for item in catalog.fields.values() for column in item.inner}
    names |= {code: str(item.name) for code, item in catalog.fields.items()}
    options = {code: _option_names(item.options) for code, item in catalog.fields.items() if item.options}
    dates = {code for code, item in catalog.fields.items() if item.type in {"date", "datetime"}} | {"today"}
    for question in bundle.questions:
        names[question.id] = str(question.ask).rstrip("？?。 ")
        if question.options:
            options[question.id] = _option_names(question.options)
        if question.kind == "date":
            dates.add(question.id)
    names |= {"filer": "由谁提交申请", "today": "今天"}
    whens = {question.id: question.when for question in bundle.questions if question.when is not None}
    return Labels(names, options | {"filer": _filers(catalog, bundle)}, frozenset(dates), whens)


def _option_names(options: tuple[Option, ...]) -> dict[str, str]:
    return {option.code: str(option.name) for option in options}


def because(condition: Condition, values: Mapping[str, Any], labels: Labels, today: date | None = None) -> str:
    """Why this condition holds (or does not) with these answers: only the parts that decided it."""
    verdict = holds(condition, values, today)
    if verdict is None:
        waiting = "、".join(f"“{labels.of(name)}”" for name in sorted(open_names(condition, values, today)))
        return f"取决于{waiting or '尚未填写的内容'}"
    return f"因为{_decisive(condition.tree, verdict, _Ground(values, labels, today))}"


@dataclass(frozen=True, slots=True)
class _Ground:
    values: Mapping[str, Any]
    labels: Labels
    today: date | None


def _holds(node: terms.Node, ground: _Ground) -> bool | None:
    return holds(Condition("", node), ground.values, ground.today)


def _decisive(node: terms.Node, verdict: bool, ground: _Ground) -> str:
    match node:
        case terms.Not(item):
            return _decisive(item, not verdict, ground)
        case terms.All(items) | terms.Any_(items):
            parts = [_decisive(item, verdict, ground) for item in items if _holds(item, ground) is verdict]
            needs_one = isinstance(node, terms.All) is not verdict
            return parts[0] if needs_one and parts else _joined("，且", dict.fromkeys(parts))
    empty = next((name for name in _names(node) if ground.values.get(name) is EMPTY), None)
    if empty is not None and not verdict:
        return _not_asked(empty, ground)
    if not verdict and (unread := _unread(node, ground.values)):
        return f"“{ground.labels.of(unread)}”不是身份证号码，看不出出生日期"
    if isinstance(node, terms.Compare) and isinstance(node.left, terms.Name) and node.left.name != "today":
        given = ground.values.get(node.left.name)
        if isinstance(given, Decimal):
            return _given_number(node, given, verdict, ground.labels)
    return phrase(node, verdict, ground.labels)


def _unread(node: terms.Node, values: Mapping[str, Any]) -> str:
    """The name of a number of which no day of birth can be read, for it is of another paper; empty if there is none."""
    numbers = {one.name: values.get(one.name) for one in terms.walk(node) if isinstance(one, terms.Born)}
    return next((name for name, one in numbers.items() if isinstance(one, str) and kind_of(one) != ID_CARD), "")


def _not_asked(name: str, ground: _Ground) -> str:
    """Why a question is not asked: because of the answer to another, which people remember giving."""
    asked_when = ground.labels.whens.get(name)
    if asked_when is None or holds(asked_when, ground.values, ground.today) is not False:
        return f"“{ground.labels.of(name)}”不用填"
    return _decisive(asked_when.tree, False, ground)


def _given_number(node: terms.Compare, given: Decimal, verdict: bool, labels: Labels) -> str:
    op = node.op if verdict else _OPPOSITE[node.op]
    label = labels.of(node.left.name) if isinstance(node.left, terms.Name) else ""
    plain = isinstance(node.right, terms.Literal) and node.right.value == 0 and (op == ">" or given == 0)
    if op == "==" or plain:  # 120 is more than nothing, and 0 is nothing: that need not be said
        return f"“{label}”填的是 {number_words(given)}"
    return f"“{label}”填的是 {number_words(given)}，{_NUMBER_WORDS[op]} {_value(node.right, node.left, labels)}"


def phrase(node: terms.Node, truth: bool, labels: Labels) -> str:
    """A tree in words, asserted (`truth`) or denied."""
    match node:
        case terms.Not(item):
            return phrase(item, not truth, labels)
        case terms.All(items) | terms.Any_(items):
            joined = "，且" if isinstance(node, terms.All) is truth else "，或者"
            return _joined(joined, (phrase(item, truth, labels) for item in items))
        case terms.Compare(op, left, right):
            return _comparison(op, left, right, truth, labels) if op != "in" else _member(left, right, truth, labels)
    return f"“{_value(node, None, labels)}”{_said('答', node, labels)}{'“是”' if truth else '“否”'}"


def _said(word: str, node: terms.Node, labels: Labels) -> str:
    """How somebody said it; nothing where a department decides it."""
    return "" if isinstance(node, terms.Name) and node.name in labels.decided else word


def _joined(word: str, parts: Iterable[str]) -> str:
    """Parts joined by `word`; what several say of one question in a row is said once: 选了“甲”或“乙”."""
    between, said = "" if word == "，且" else "或", []
    for stem, found in groupby(parts, key=_stem):
        alike = list(found)
        if stem and (not between or stem.endswith(("”选了", "”是"))):  # 没有选“甲”或“乙” would be read as neither
            said.append(stem + between.join(part.removeprefix(stem) for part in alike))
        else:
            said += alike
    return word.join(said)


def _stem(part: str) -> str:
    """The part up to the option it names; empty where it is not about an option."""
    found = _OF_OPTION.match(part)
    return found[0] if found else ""


def _member(left: terms.Node, right: terms.Node, truth: bool, labels: Labels) -> str:
    if isinstance(right, terms.Column):
        cell = terms.Name(f"{right.name}.{right.column}")
        return f"“{labels.of(right.name)}”里{'有' if truth else '没有'}“{_value(left, cell, labels)}”"
    asked = _value(right, None, labels)
    chosen = _value(left, right, labels)
    return f"“{asked}”{'选了' if truth else '没有选'}“{chosen}”"


def _comparison(op: str, left: terms.Node, right: terms.Node, truth: bool, labels: Labels) -> str:
    op = op if truth else _OPPOSITE[op]
    if _is_date(left, labels) or _is_date(right, labels):
        return _of_days(op, left, right, labels)
    subject, value = _value(left, right, labels), _value(right, left, labels)
    if isinstance(right, terms.Literal) and isinstance(right.value, bool):
        return f"“{subject}”{_said('答', left, labels)}“{'是' if right.value is (op == '==') else '否'}”"
    if isinstance(right, terms.Literal) and isinstance(right.value, str):
        return f"“{subject}”{_said('选的', left, labels)}{'是' if op == '==' else '不是'}“{value}”"
    return f"“{subject}”{_NUMBER_WORDS[op]} {value}"


def _of_days(op: str, left: terms.Node, right: terms.Node, labels: Labels) -> str:
    """Two days compared; of a day with a length after it whether that has passed: 到2026年8月31日，“出生日期”满6年."""
    if isinstance(left, terms.Shift) and left.sign > 0 and op in _LASTED:
        return f"到{_day(right, labels)}，{_day(left.base, labels)}{_LASTED[op]}{_lasting(left.length)}"
    return f"{_day(left, labels)}{_DATE_WORDS[op]}{_day(right, labels)}"


def _day(node: terms.Node, labels: Labels) -> str:
    """A day in words, what somebody answers in quotes."""
    match node:
        case terms.Shift(base, sign, length):
            return f"{_day(base, labels)}{_lasting(length)}{'后' if sign > 0 else '前'}"
        case terms.YearDay(_, month, day):
            return f"{f'{labels.today.year}年' if labels.today else '当年'}{month}月{day}日"
        case terms.Literal(date() as day):
            return f"{day.year}年{day.month}月{day.day}日"
    words = _value(node, None, labels)
    return words if node == terms.Name("today") else f"“{words}”"


def _lasting(length: Limit) -> str:
    years, months = divmod(length.amount, _MONTHS_OF_A_YEAR)
    return f"{years}年" if length.unit == "mo" and not months else length.words


def _is_date(node: terms.Node, labels: Labels) -> bool:
    match node:
        case terms.Shift() | terms.YearDay() | terms.Born():
            return True
        case terms.Literal(value):
            return isinstance(value, date)
        case terms.Name(name):
            return name in labels.dates
    return False


def _value(node: terms.Node, other: terms.Node | None, labels: Labels) -> str:
    match node:
        case terms.Literal(value):
            names = labels.options.get(other.name, {}) if isinstance(other, terms.Name | terms.Paper) else {}
            return number_words(value) if isinstance(value, Decimal) else names.get(str(value), str(value))
        case terms.Name(name):
            return labels.of(name)
        case terms.Count(name) | terms.Born(name) | terms.Paper(name):
            return f"{labels.of(name)}{_READ[type(node)]}"
        case terms.Sum(name, column):
            return f"{labels.of(name)}里的{labels.of(f'{name}.{column}')}合计"
        case terms.Year(base):
            return f"{_day(base, labels)}的年份"
    return phrase(node, True, labels)


def _names(node: terms.Node) -> list[str]:
    match node:
        case terms.Name(name) | terms.Count(name) | terms.Sum(name) | terms.Column(name):
            return [name]
        case terms.Born(name) | terms.Paper(name):
            return [name]
        case terms.Compare(_, left, right):
            return _names(left) + _names(right)
        case terms.Shift(base, _, _) | terms.YearDay(base, _, _) | terms.Year(base) | terms.Not(base):
            return _names(base)
        case terms.All(items) | terms.Any_(items):
            return [name for item in items for name in _names(item)]
    return []


def open_names(condition: Condition, values: Mapping[str, Any], today: date | None = None) -> frozenset[str]:
    """The unanswered names an undecided condition still hangs on (empty once it is decided)."""
    return frozenset(_open(condition.tree, values, today))


def _open(node: terms.Node, values: Mapping[str, Any], today: date | None) -> set[str]:
    if holds(Condition("", node), values, today) is not None:
        return set()
    match node:
        case terms.Not(item):
            return _open(item, values, today)
        case terms.All(items) | terms.Any_(items):
            return {name for item in items for name in _open(item, values, today)}
    return {name for name in _names(node) if values.get(name, UNANSWERED) is UNANSWERED and name != "today"}
