"""The slips of the hand behind a file that YAML cannot read: the line where it happened and the line to write.

A parser stops where it gets lost, often lines later. So the lines before that are looked at for what people do
write: full-width signs and spaces, a colon without a space or none at all, brackets that do not close, indents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

REACH: Final = 4
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
_COMMENT = re.compile(r"(?:^|\s)#.*")
_WIDE_SPACE = re.compile(r"^[ \t]*[\u3000\xa0][\s\u3000\xa0]*")
_WIDE: Final[dict[str, str]] = {"｛": "{", "｝": "}", "【": "[", "】": "]", "［": "[", "］": "]"}
_WIDE_TABLE: Final = {ord(wide): narrow for wide, narrow in _WIDE.items()}
_WIDE_COLON = re.compile(r"^(\s*(?:- )?\{?\s*[\w-]+)\s*：\s*(?=\S|$)")
_WIDE_COMMA = re.compile(r"\s*，\s*(?=[\w-]+\s*[:：])")
_NO_SPACE = re.compile(r"^(\s*(?:- )?[A-Za-z_][\w-]*):(?=[^\s:/])")
_DASH = re.compile(r"^(\s*)-(?=[^\s-])")
_NO_COLON = re.compile(r"^(\s*[A-Za-z_][\w-]*)(?:\s+([^\s:].*))?$")
_KEY = re.compile(r"^(\s*)(- )?[\w-]+:(?:\s+(\S.*))?$")

Rule = Callable[[list[str], int], tuple[int, str] | None]


def likely(lines: list[str], stopped: int) -> tuple[int, str] | None:
    """The line (from 0) and the sentence of the likeliest slip at or before the line where the parser stopped."""
    near = range(min(stopped, len(lines) - 1), max(stopped - REACH, -1), -1)
    for rules in (_SURE, _LIKELY):
        for at in near:
            found = next((said for rule in rules if (said := rule(lines, at)) is not None), None)
            if found is not None:
                return found
    return None


def bare(line: str) -> str:
    """A line without comment, its quoted texts blanked."""
    return _COMMENT.sub("", _QUOTED.sub(lambda match: "_" * len(match[0]), line))


def _write(line: str) -> str:
    return f"请写成「{line.strip()}」"


def _wide_space(lines: list[str], at: int) -> tuple[int, str] | None:
    found = _WIDE_SPACE.match(lines[at])
    if found is None or not lines[at].strip():
        return None
    return at, "行首有全角空格(或不间断空格)；缩进请用半角空格，与同一层的上一行左对齐"


def _wide_brackets(lines: list[str], at: int) -> tuple[int, str] | None:
    text = bare(lines[at])
    if not any(mark in text for mark in _WIDE):
        return None
    better = _WIDE_COLON.sub(r"\1: ", lines[at].translate(_WIDE_TABLE))
    kind = "花括号" if any(mark in text for mark in "｛｝") else "方括号"
    return at, f"{kind}要用半角；{_write(_WIDE_COMMA.sub(', ', better))}"


def _wide_comma(lines: list[str], at: int) -> tuple[int, str] | None:
    text = bare(lines[at])
    if "{" not in text or not _WIDE_COMMA.search(text):
        return None
    better = _WIDE_COMMA.sub(", ", lines[at])
    return at, f"花括号里各项之间要用半角逗号，这里是全角逗号「，」；{_write(better)}"


def _wide_colon(lines: list[str], at: int) -> tuple[int, str] | None:
    if not _WIDE_COLON.match(bare(lines[at])):
        return None
    better = _WIDE_COLON.sub(r"\1: ", lines[at])
    return at, f"全角冒号「：」不能代替半角冒号；{_write(better)}，冒号后面空一格"


def _no_space(lines: list[str], at: int) -> tuple[int, str] | None:
    if not _NO_SPACE.match(bare(lines[at])):
        return None
    better = _NO_SPACE.sub(r"\1: ", lines[at])
    return at, f"冒号后面缺少空格；{_write(better)}"


def _dash(lines: list[str], at: int) -> tuple[int, str] | None:
    if not _DASH.match(lines[at]) or lines[at].startswith("---"):
        return None
    better = _DASH.sub(r"\1- ", lines[at])
    return at, f"「-」后面空一格；{_write(better)}"


def _hidden_by_comment(lines: list[str], at: int) -> tuple[int, str] | None:
    whole = _QUOTED.sub("", lines[at])
    text = _COMMENT.sub("", whole)
    if text != whole and whole.count("{") == whole.count("}") and text.count("{") > text.count("}"):
        return at, "「 #」后面被当作注释，花括号就没有收尾；请把含 # 的文字加半角引号"
    return None


def _unbalanced(lines: list[str], at: int) -> tuple[int, str] | None:
    text = bare(lines[at])
    for left, right, word in (("{", "}", "花括号"), ("[", "]", "方括号")):
        more = text.count(left) - text.count(right)
        if more < 0 and text.count(left):
            return at, f"{word}没有成对：多了 {-more} 个「{right}」；请删去"
        if more > 0 and _follows_key(lines, at):
            return at, f"{word}没有成对，或两项之间缺少逗号：这一行少了 {more} 个「{right}」；请补上"
    return None


def _follows_key(lines: list[str], at: int) -> bool:
    """Whether the next line begins a new entry, so that what is open here was meant to be closed here."""
    after = next((line for line in lines[at + 1:] if line.strip()), "")
    return not after or bool(_KEY.match(bare(after))) or bool(re.match(r"\s*- ", after))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _above(lines: list[str], at: int) -> int | None:
    """The nearest line above that says something."""
    return next((one for one in range(at - 1, -1, -1) if bare(lines[one]).strip()), None)


def _no_dash(lines: list[str], at: int) -> tuple[int, str] | None:
    """A word of its own right below or above an item of a list, as deep as that."""
    text = bare(lines[at]).rstrip()
    beside = [lines[one] for one in (_above(lines, at), at + 1) if one is not None and one < len(lines)]
    here = " " * _indent(lines[at])
    if not re.fullmatch(r"\s*[\w@-]+", text) or not any(line.startswith(f"{here}- ") for line in beside):
        return None
    return at, f"这一项前面少了「- 」；{_write(f'- {text.strip()}')}"


def _no_colon(lines: list[str], at: int) -> tuple[int, str] | None:
    text = bare(lines[at]).rstrip()
    found = _NO_COLON.match(text)
    if found is None or _in_brackets(lines, at):
        return None
    better = f"{found[1]}: {found[2]}" if found[2] else f"{found[1]}:"
    return at, f"这一行缺少半角冒号；{_write(better)}"


def _in_brackets(lines: list[str], at: int) -> bool:
    """Whether the line stands inside brackets that an earlier line opened."""
    text = "\n".join(bare(line) for line in lines[:at])
    return text.count("{") > text.count("}") or text.count("[") > text.count("]")


def _indented(lines: list[str], at: int) -> tuple[int, str] | None:
    """A key deeper than the one above although that has its value already, or not deep enough below a `- key:`."""
    above = _above(lines, at)
    here, before = _KEY.match(bare(lines[at])), _KEY.match(bare(lines[above])) if above is not None else None
    if here is None or before is None or above is None or _in_brackets(lines, at):
        return None
    depth, wanted = _indent(lines[at]), _indent(lines[above]) + (2 if before[2] else 0)
    if before[3] is None:
        if before[2] and not here[2] and _indent(lines[above]) < depth <= wanted:
            return at, f"缩进不对：这一行属于上一行的「{lines[above].strip()}」，要再缩进 {wanted + 2 - depth} 格"
        return None
    if depth > wanted:
        earlier = _above(lines, above)
        if earlier is not None and _indent(lines[earlier]) == depth:
            return above, f"缩进不对：这一行少缩进了 {depth - wanted} 格；请与上一行左对齐"
        return at, f"缩进不对：这一行比上一行多缩进了 {depth - wanted} 格；同一层的键请左对齐"
    return None


def _strayed(lines: list[str], at: int) -> tuple[int, str] | None:
    """A key at a depth that no key above has."""
    if not _KEY.match(bare(lines[at])) or _in_brackets(lines, at):
        return None
    depth, depths = _indent(lines[at]), set(_depths(lines[:at]))
    if depths and depth == 0 < min(depths):
        first = next(one for one in range(at) if _KEY.match(bare(lines[one])))
        return first, f"缩进不对：文件里第一层的键前面不留空格，这一行多了 {_indent(lines[first])} 格"
    if not depths or depth in depths or depth > max(depths):
        return None
    nearest = min(depths, key=lambda one: (abs(one - depth), one))
    return at, f"缩进不对：这一行缩进 {depth} 格，与上面哪一层都对不齐；同一层的键请左对齐，例如缩进 {nearest} 格"


def _depths(lines: list[str]) -> Iterator[int]:
    for line in lines:
        found = _KEY.match(bare(line))
        if found:
            yield _indent(line)
            if found[2]:
                yield _indent(line) + 2


_SURE: Final[tuple[Rule, ...]] = (
    _wide_space, _wide_brackets, _wide_comma, _wide_colon, _dash, _hidden_by_comment, _unbalanced, _no_space,
)
_LIKELY: Final[tuple[Rule, ...]] = (_no_dash, _no_colon, _indented, _strayed)
