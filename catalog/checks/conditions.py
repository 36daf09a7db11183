"""Types of conditions: unknown names and options, sides that cannot be compared, values that are no truth."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from catalog import terms
from catalog.answers import FILER_TYPE, AnswerType
from catalog.conditions import Condition
from catalog.findings import Findings
from catalog.model import Path
from catalog.suggest import unknown
from catalog.units import unit_words

Kind = Literal["truth", "number", "date", "text", "texts", "rows", "unknown"]
_KINDS: Mapping[str, Kind] = {
    "yes_no": "truth", "number": "number", "integer": "number", "date": "date", "datetime": "date", "many": "texts",
    "regions": "texts", "rows": "rows",
}
_WORDS: Mapping[str, str] = {
    "truth": "是否", "number": "数字", "date": "日期", "text": "文字", "texts": "多选", "rows": "多行", "unknown": "",
}
_BUILT_IN = {"today": AnswerType("date"), "filer": FILER_TYPE}


@dataclass(frozen=True, slots=True)
class Scope:
    """The names a condition may use, with their types; what to say of a name that exists elsewhere only.

    `elsewhere` maps such names to a sentence with `{name}` in it; `conditional` are questions that have a `when`;
    `unknowable` are names with a type that a condition would wait for in vain, with the sentence that says why.
    """

    names: Mapping[str, AnswerType]
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    conditional: frozenset[str] = frozenset()
    own: str | None = None
    unknowable: Mapping[str, str] = field(default_factory=dict)

    def type_of(self, name: str) -> AnswerType | None:
        """The type of a name, built-ins included."""
        return self.names.get(name) or _BUILT_IN.get(name)

    def every(self) -> list[str]:
        """Every name, for suggestions."""
        return [*self.names, *_BUILT_IN]


def check_condition(findings: Findings, path: Path, condition: Condition | None, scope: Scope) -> None:
    """Say what is wrong with one condition in its scope; nothing for no condition."""
    if condition is None:
        return
    said: set[str] = set()
    for code, message, level in _faults(condition.tree, scope, truth=True):
        if message not in said:
            said.add(message)
            findings.say(path, code, message, level)


def is_sound(condition: Condition, scope: Scope) -> bool:
    """Whether a condition can be evaluated in its scope: one with a fault would compare what cannot be compared."""
    return not any(level == "error" for _, _, level in _faults(condition.tree, scope, truth=True))


Fault = tuple[str, str, str]


def _faults(node: terms.Node, scope: Scope, truth: bool = False) -> Iterator[Fault]:
    match node:
        case terms.Not(item):
            yield from _faults(item, scope, truth)
        case terms.All(items) | terms.Any_(items):
            for item in items:
                yield from _faults(item, scope, truth)
        case terms.Compare():
            yield from _compare(node, scope)
        case terms.Shift():
            yield from _shift(node, scope)
        case terms.Name(name):
            yield from _name(name, scope)
        case terms.Year(base):
            yield from _year(base, scope)
        case terms.Count() | terms.Sum() | terms.Column() | terms.Born() | terms.Paper():
            yield from _told_by(node, scope)
    if truth and not isinstance(node, terms.Not | terms.All | terms.Any_ | terms.Compare):
        yield from _bare(node, scope)


def _bare(node: terms.Node, scope: Scope) -> Iterator[Fault]:
    kind = _kind(node, scope)
    if kind not in {"truth", "unknown"}:
        says = f"条件里的 {_shown(node)} 是{_WORDS[kind]}，不能单独作条件；请写成比较，例如 {_shown(node)} == …"
        yield "condition_type", says, "error"


def _name(name: str, scope: Scope) -> Iterator[Fault]:
    if name == scope.own:
        yield "own_name", f"条件里用了 {name} 自己；问题不能以自己的回答为条件", "error"
    elif scope.type_of(name) is None:
        yield "unknown_name", _unknown_name(name, scope), "error"
    elif name in scope.unknowable:
        yield "unknowable", scope.unknowable[name], "error"


def _unknown_name(name: str, scope: Scope) -> str:
    if name in scope.elsewhere:
        return scope.elsewhere[name].format(name=name)
    return f"条件里的 {name} 不认识{unknown(name, sorted(scope.every()))}"


def _year(base: terms.Node, scope: Scope) -> Iterator[Fault]:
    yield from _faults(base, scope)
    if _kind(base, scope) not in {"date", "unknown"}:
        yield "condition_type", f"year({_shown(base)}) 只能看一个日期的年份；{_shown(base)} 不是日期", "error"


def _told_by(
    node: terms.Count | terms.Sum | terms.Column | terms.Born | terms.Paper, scope: Scope,
) -> Iterator[Fault]:
    if isinstance(node, terms.Sum | terms.Column):
        return _column(node, scope)
    if isinstance(node, terms.Count):
        return _count(node.name, scope)
    return _born(node.name, scope) if isinstance(node, terms.Born) else _paper(node.name, scope)


def _count(name: str, scope: Scope) -> Iterator[Fault]:
    kind = scope.type_of(name)
    if kind is None:
        yield "unknown_name", _unknown_name(name, scope), "error"
    elif kind.type not in {"rows", "many", "regions"}:
        yield "condition_type", f"count({name}) 只能数分组的行或多选的项；{name} 不是", "error"


def _column(node: terms.Sum | terms.Column, scope: Scope) -> Iterator[Fault]:
    """A column of numbers to add up, or one of texts that something may be among."""
    name, code = node.name, f"{node.name}.{node.column}"
    rows, cell = scope.type_of(name), scope.type_of(code)
    if rows is None or cell is None:
        yield "unknown_name", _unknown_name(code if rows else name, scope), "error"
    elif isinstance(node, terms.Sum) and (rows.type != "rows" or _KINDS.get(cell.type) != "number"):
        yield "condition_type", f"sum({code}) 只能加分组里的数字", "error"
    elif isinstance(node, terms.Column) and (rows.type != "rows" or cell.type in _KINDS):
        yield "condition_type", f"all({code}) 只能看分组里的文字、号码或单选，写在 in 的右边", "error"


def _born(name: str, scope: Scope) -> Iterator[Fault]:
    kind = scope.type_of(name)
    if kind is None or name == scope.own or name in scope.unknowable:
        yield from _name(name, scope)
    elif kind.type != "citizen_id":
        yield "condition_type", f"born({name}) 只能读身份证号里的出生日期；{name} 不是身份证号", "error"


def _paper(name: str, scope: Scope) -> Iterator[Fault]:
    kind = scope.type_of(name)
    if kind is None or name == scope.own or name in scope.unknowable:
        yield from _name(name, scope)
    elif kind.type != "citizen_id" or not kind.papers:
        yield "condition_type", f"paper({name}) 只能看写了 options 的证件号码字段是哪一种证件；{name} 不是", "error"


def _shift(node: terms.Shift, scope: Scope) -> Iterator[Fault]:
    yield from _faults(node.base, scope)
    if _kind(node.base, scope) not in {"date", "unknown"}:
        yield "condition_type", f"条件里的 {_shown(node.base)} 不是日期，不能加减 {node.length}", "error"
    if node.length.unit not in {"mo", "nd"}:
        yield "condition_unit", f"条件里的日期只能加减 mo(月)或 nd(自然日)，不能用 {node.length}", "error"


def _compare(node: terms.Compare, scope: Scope) -> Iterator[Fault]:
    options = yield from _options(node, scope)
    if options:
        return
    yield from _faults(node.left, scope)
    yield from _faults(node.right, scope)
    left, right = _kind(node.left, scope), _kind(node.right, scope)
    if node.op == "!=":
        yield from _unequal(node, scope)
    if "unknown" in {left, right}:
        return
    if node.op == "in":
        if right != "texts" or left != "text":
            says = f"in 的右边要是多选题，左边是它的一个选项；{_shown(node.right)} 是{_WORDS[right]}"
            yield "condition_type", says, "error"
    elif left != right or left in {"rows", "texts"}:
        says = f"条件里 {_shown(node.left)}({_WORDS[left]})不能与 {_shown(node.right)}({_WORDS[right]})比较"
        yield "condition_type", says, "error"
    elif node.op not in {"==", "!="} and left not in {"number", "date"}:
        yield "condition_type", f"条件里的 {node.op} 只能比较数字或日期；请用 == 或 in", "error"
    yield from _units(node, scope)


def _units(node: terms.Compare, scope: Scope) -> Iterator[Fault]:
    """Two numbers that are filled in, each in a unit of its own."""
    units = {side: unit for side in (node.left, node.right) if (unit := _unit(side, scope)) is not None}
    if len(set(units.values())) > 1:
        says = "，".join(f"{_shown(side)} 按{unit_words(unit)}填" for side, unit in units.items())
        yield "condition_unit", f"条件里 {says}，不能比较；请让两项用同一个单位", "error"


def _unit(node: terms.Node, scope: Scope) -> str | None:
    """The unit in which a number is filled in; None where it has none, or is the author's own."""
    if isinstance(node, terms.Sum):
        return _unit(terms.Name(f"{node.name}.{node.column}"), scope)
    known = scope.type_of(node.name) if isinstance(node, terms.Name) else None
    return known.unit if known is not None and _KINDS.get(known.type) == "number" else None


def _unequal(node: terms.Compare, scope: Scope) -> Iterator[Fault]:
    names = [side.name for side in (node.left, node.right) if isinstance(side, terms.Name)]
    for name in names:
        if name in scope.conditional:
            says = f"{name} 不适用时 != 为否；如要包括不适用的情形，请写 not {name} == …"
            yield "unequal", says, "warning"


def _options(node: terms.Compare, scope: Scope) -> Generator[Fault, None, bool]:
    """A side that should be an option of the other one and is not; tells by its return value that it said so."""
    said = yield from _kind_of_number(node, scope)
    for side, other in ((node.left, node.right), (node.right, node.left)):
        options = _options_of(other, scope)
        word = side.name if isinstance(side, terms.Name) else side.value if isinstance(side, terms.Literal) else None
        if not options or isinstance(word, bool) or word is None or str(word) in options:
            continue
        if isinstance(side, terms.Literal) or scope.type_of(str(word)) is None:
            said = True
            shown = "、".join(options[:5]) + ("…" if len(options) > 5 else "")
            name = _shown(other)
            yield "unknown_option", f"选项 {word} 不在问题 {name} 的选项中({shown})", "error"
    return said


def _kind_of_number(node: terms.Compare, scope: Scope) -> Generator[Fault, None, bool]:
    """A kind of paper beside the number itself, which is never equal to it."""
    for side, other in ((node.left, node.right), (node.right, node.left)):
        known = scope.type_of(other.name) if isinstance(other, terms.Name) else None
        if known is not None and isinstance(side, terms.Literal) and str(side.value) in known.papers:
            kind = f"paper({_shown(other)}) {node.op} {side.value}"
            says = f"{_shown(other)} 是号码，不等于证件种类 {side.value}；请写 {kind}"
            yield "condition_type", says, "error"
            return True
    return False


def _options_of(node: terms.Node, scope: Scope) -> tuple[str, ...]:
    if isinstance(node, terms.Column):
        return _options_of(terms.Name(f"{node.name}.{node.column}"), scope)
    kind = scope.type_of(node.name) if isinstance(node, terms.Name | terms.Paper) else None
    if isinstance(node, terms.Paper):
        return kind.papers if kind else ()
    return ("yes", "no") if kind and kind.type == "yes_no" else kind.options if kind else ()


def _kind(node: terms.Node, scope: Scope) -> Kind:
    match node:
        case terms.Name(name):
            known = scope.type_of(name)
            return "unknown" if known is None else _KINDS.get(known.type, "text")
        case terms.Literal(value):
            return _kind_of_value(value)
        case terms.Shift() | terms.YearDay() | terms.Born():
            return "date"
        case terms.Count() | terms.Sum() | terms.Year():
            return "number"
        case terms.Column() | terms.Paper():
            return "text" if isinstance(node, terms.Paper) else "texts"
    return "truth"


def _kind_of_value(value: Decimal | date | str | bool) -> Kind:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, Decimal):
        return "number"
    return "date" if isinstance(value, date) else "text"


def _shown(node: terms.Node) -> str:
    match node:
        case terms.Name(shown) | terms.Literal(shown):
            return str(shown)
        case terms.Count() | terms.Born() | terms.Paper() | terms.Sum() | terms.Column():
            return _call(node)
        case terms.Year(base):
            return f"year({_shown(base)})"
        case terms.Shift(base, sign, length):
            return f"{_shown(base)} {'+' if sign > 0 else '-'} {length}"
        case terms.YearDay(_, month, day):
            return f"{month:02}-{day:02}"
    return "括号里的条件"


def _call(node: terms.Count | terms.Born | terms.Paper | terms.Sum | terms.Column) -> str:
    word = "all" if isinstance(node, terms.Column) else type(node).__name__.lower()
    inside = f"{node.name}.{node.column}" if isinstance(node, terms.Sum | terms.Column) else node.name
    return f"{word}({inside})"
