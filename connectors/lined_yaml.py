"""Reads a small YAML file strictly and remembers the line of every key: no aliases, no tags, no duplicate keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

_LARGEST_FILE = 2_000_000
_DEEPEST = 12
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq"))

_QUICK: Any = getattr(yaml, "CBaseLoader", None)  # a build of PyYAML without libyaml has none
_TOLD_APART = re.compile(r"""[\t?&*!%|>=\x85\u2028\u2029\ufeff]|<<|---|\.\.\.|["']:\S""")
_MAPS, _LISTS = (MappingNode, yaml.MappingNode), (SequenceNode, yaml.SequenceNode)
_SCALARS = (ScalarNode, yaml.ScalarNode)


class BadYaml(ValueError):
    """This file cannot be read; `line` says where and the message what to write."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Lined:
    """A value with the line it stands on and, for mappings, the line of each key. Scalars are always text."""

    value: Any
    line: int
    lines: Mapping[str, int] = field(default_factory=dict)


def read_lined(path: Path) -> Lined:
    """The one document of `path`, every scalar as text; raises `BadYaml`."""
    try:
        text = path.read_text("utf-8")
        if len(text) > _LARGEST_FILE:
            raise BadYaml(1, "文件太大")
        return _quickly(text) or _exactly(text)
    except OSError as error:
        raise BadYaml(1, f"文件打不开：{error.strerror}") from None
    except RecursionError:  # before any depth could be counted
        raise BadYaml(1, "嵌套过深") from None
    except UnicodeDecodeError:
        raise BadYaml(1, "文件不是 UTF-8 编码") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise BadYaml(mark.line + 1 if mark else 1, f"YAML 写法不对：{getattr(error, 'problem', error)}") from None


def _quickly(text: str) -> Lined | None:
    """What libyaml makes of a text with which nothing is wrong; None leaves the text, and what is said of it, to the
    other parser, and so does a text with anything in it that the two do not see alike."""
    if _QUICK is None or _TOLD_APART.search(text):
        return None
    try:
        node = yaml.compose(text, Loader=_QUICK)
        return None if node is None else _lined(node, set(), 0)
    except (yaml.YAMLError, BadYaml):
        return None


def _exactly(text: str) -> Lined:
    node = YAML(typ="rt", pure=True).compose(text)
    if node is None:
        raise BadYaml(1, "文件是空的")
    return _lined(node, set(), 0)


def plain(lined: Lined) -> Any:
    """The value without its lines."""
    if isinstance(lined.value, dict):
        return {key: plain(item) for key, item in lined.value.items()}
    if isinstance(lined.value, list):
        return [plain(item) for item in lined.value]
    return lined.value


def _lined(node: Any, seen: set[int], depth: int) -> Lined:
    line = node.start_mark.line + 1
    if id(node) in seen or depth > _DEEPEST:
        raise BadYaml(line, "不能使用别名(*name)或嵌套过深")
    seen.add(id(node))
    if getattr(node, "anchor", None) or str(node.tag) not in _PLAIN_TAGS:
        raise BadYaml(line, "不能使用锚点(&name)或标签(!tag)")
    if isinstance(node, _MAPS):
        return _mapping(node, seen, depth)
    if isinstance(node, _LISTS):
        return Lined([_lined(item, seen, depth + 1) for item in node.value], line)
    if not isinstance(node, _SCALARS) or not str(node.value).strip():
        raise BadYaml(line, "值是空的；不需要时请删去这一行")
    return Lined(str(node.value), line)


def _mapping(node: Any, seen: set[int], depth: int) -> Lined:
    found: dict[str, Lined] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, _SCALARS) or key.value in found:
            raise BadYaml(line, f"键 {getattr(key, 'value', '?')} 重复或写法不对")
        found[key.value] = _lined(value, seen, depth + 1)
        lines[key.value] = line
    return Lined(found, node.start_mark.line + 1, lines)
