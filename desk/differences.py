"""What two editions of a bundle say differently, typed: which definition, which part of it, old and new. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

# The parts of an edition, in the order in which people want to hear of them.
KINDS = ("bundle", "matters", "materials", "fields", "licences", "departments", "roles", "sections", "windows",
         "regions")
KIND_NAMES = {"bundle": "一件事", "matter": "事项", "material": "材料", "field": "字段", "licence": "证照",
              "department": "部门", "role": "身份", "section": "栏目", "window": "开放时间", "region": "区划"}
LONGEST_SHOWN = 80  # characters of a value
# What tells the members of a list from each other; the first one that every member has.
IDENTITIES = ("code", "id", "kind", "matter", "name")
GONE = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `kind` and `id` name the definition, `path` the part of it (empty: all of it)."""

    kind: str
    id: str
    name: str
    change: Literal["added", "removed", "changed"]
    path: str = ""
    old: Any = None
    new: Any = None

    def as_json(self) -> dict[str, Any]:
        """As `flask diff --json` prints it."""
        return asdict(self)


def brief(value: Any) -> str:
    """An old or new value in a line; None is nothing."""
    text = "无" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN - 3]}…"


def between(old: bytes, new: bytes) -> list[Difference]:
    """Every difference between the canonical bytes of two editions."""
    before, after = json.loads(old), json.loads(new)
    return [line for kind in KINDS for line in _of_kind(kind, _members(before.get(kind)), _members(after.get(kind)))]


def _members(part: Any) -> dict[str, Any]:
    listed = part if isinstance(part, list) else [part] if part else []
    return {str(one.get("code") or one.get("id")): one for one in listed}


def _of_kind(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    singular = kind.removesuffix("s")
    for code in [*old, *(code for code in new if code not in old)]:
        if code not in new:
            yield Difference(singular, code, _name(old[code]), "removed", old=old[code])
        elif code not in old:
            yield Difference(singular, code, _name(new[code]), "added", new=new[code])
        else:
            yield from _changed(singular, code, old[code], new[code])


def _changed(kind: str, code: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for path, before, after in _inside("", old, new):
        yield Difference(kind, code, _name(new), _change(before, after), path, None if before is GONE else before,
                         None if after is GONE else after)


def _name(definition: Mapping[str, Any]) -> str:
    name = definition.get("name", "")
    return str(name.get("zh", "")) if isinstance(name, Mapping) else str(name)


def _change(before: Any, after: Any) -> Literal["added", "removed", "changed"]:
    return "added" if before is GONE else "removed" if after is GONE else "changed"


def _inside(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """The smallest parts that differ, each with its path."""
    if old == new:
        return
    before, after = _named(old, new), _named(new, old)
    if before is None or after is None:
        yield path, old, new
        return
    for name in [*before, *(name for name in after if name not in before)]:
        yield from _inside(f"{path}.{name}" if path else name, before.get(name, GONE), after.get(name, GONE))
    if list(before) != list(after) and set(before) == set(after) and isinstance(old, list):
        yield f"{path}.order", list(before), list(after)


def _named(value: Any, other: Any) -> dict[str, Any] | None:
    """The parts of a value by name; None for what can only be compared whole."""
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        return dict(value)
    if not isinstance(value, list) or not isinstance(other, list):
        return None
    identity = _identity([*value, *other])
    if identity is None:
        return None
    named = {str(one[identity]): one for one in value}
    return named if len(named) == len(value) else None


def _identity(members: Sequence[Any]) -> str | None:
    """The attribute that tells the members of two lists from each other."""
    if not all(isinstance(one, Mapping) for one in members):
        return None
    return next((name for name in IDENTITIES if all(isinstance(one.get(name), str) for one in members)), None)
