"""Frozen values ↔ canonical JSON: sorted keys, UTF-8, no floats, attributes at their default left out.

The same value always gives the same bytes, so `digest` can name it. Defaults of stored classes must therefore never
change; new attributes need a default. Values in untyped places (answers) carry a tag where JSON has no such type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import astuple
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from catalog import terms
from catalog.conditions import Condition
from catalog.limits import LARGEST_SHIFT, Limit, parse_limit
from catalog.model import Catalog
from catalog.text import Text

T = TypeVar("T")
_NO_PLACES = override(omit=True)
_UNREADABLE = (
    cattrs.BaseValidationError, cattrs.ForbiddenExtraKeysError, ValueError, LookupError, TypeError, AttributeError,
    ArithmeticError, RecursionError,
)


class CanonicalError(ValueError):
    """These bytes are not the canonical form of such a value, or this value has none."""

    code = "not_canonical"


def dumps(value: Any) -> bytes:
    """The canonical bytes of a frozen value; raises CanonicalError for a value that has none."""
    try:
        tree = _CONVERTER.unstructure(value)
        return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CanonicalError(f"{type(value).__name__} has no canonical form: {error}") from error


def loads(raw: bytes, cls: type[T]) -> T:
    """The value of class `cls` that `dumps` wrote; raises CanonicalError for other bytes."""
    try:
        return _CONVERTER.structure(json.loads(raw, parse_float=_no_float), cls)
    except _UNREADABLE as error:
        raise CanonicalError(f"these bytes are no {getattr(cls, '__name__', cls)}") from error


def _no_float(text: str) -> float:
    raise ValueError(f"a float: {text}")


def _text_out(text: Text) -> Any:
    return dict(text.lines) if len(text.lines) > 1 else str(text)


def _text_in(raw: Any, _: Any) -> Text:
    if isinstance(raw, str):
        return Text(raw)
    return Text(raw["zh"], {tag: line for tag, line in raw.items() if tag != "zh"})


def _free_out(value: Any) -> Any:
    """A value of no declared type; tags start with `$`, and a plain key with `$` is escaped by another `$`."""
    if isinstance(value, Text) and len(value.lines) > 1:
        return {"$text": dict(value.lines)}
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, list):
        return [_free_out(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [_free_out(item) for item in value]}
    if isinstance(value, Mapping):
        return {f"${key}" if key.startswith("$") else key: _free_out(item) for key, item in value.items()}
    for tag, (kind, write, _read) in _TAGS.items():
        if isinstance(value, kind):
            return {tag: write(value)}
    raise TypeError(f"{type(value).__name__} in an untyped place")


_TAGS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "$decimal": (Decimal, str, Decimal),
    "$datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "$date": (date, date.isoformat, date.fromisoformat),
    "$float": (float, repr, float),
    "$limit": (Limit, str, parse_limit),
}


def _free_in(raw: Any) -> Any:
    if isinstance(raw, list):
        return [_free_in(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if len(raw) == 1:
        ((tag, value),) = raw.items()
        if tag == "$text":
            return _text_in(value, Text)
        if tag == "$tuple":
            return tuple(_free_in(item) for item in value)
        if tag in _TAGS:
            return _TAGS[tag][2](value)
    return {key.removeprefix("$"): _free_in(item) for key, item in raw.items()}


def _node_out(node: terms.Node) -> list[Any]:
    match node:
        case terms.Name() | terms.Count() | terms.Sum() | terms.Column() | terms.Born() | terms.Paper():
            return [type(node).__name__, *astuple(node)]
        case terms.Literal(value):
            return ["Literal", _free_out(value)]
        case terms.Shift(base) | terms.YearDay(base) | terms.Year(base):
            return [type(node).__name__, _node_out(base), *_how(node)]
        case terms.Compare(op, left, right):
            return ["Compare", op, _node_out(left), _node_out(right)]
        case terms.Not(item):
            return ["Not", _node_out(item)]
        case terms.All(items) | terms.Any_(items):
            return [type(node).__name__, *(_node_out(item) for item in items)]


def _how(node: terms.Shift | terms.YearDay | terms.Year) -> tuple[Any, ...]:
    if isinstance(node, terms.Shift):
        return node.sign, str(node.length)
    return (node.month, node.day) if isinstance(node, terms.YearDay) else ()


def _node_in(raw: list[Any]) -> terms.Node:
    kind, *rest = raw
    return _NODES[kind](*rest)


_NODES: dict[str, Callable[..., terms.Node]] = {
    "Name": terms.Name,
    "Count": terms.Count,
    "Sum": terms.Sum,
    "Column": terms.Column,
    "Year": lambda base: terms.Year(_node_in(base)),
    "Born": terms.Born,
    "Paper": terms.Paper,
    "Literal": lambda value: terms.Literal(_free_in(value)),
    "Shift": lambda base, sign, length: terms.Shift(_node_in(base), sign, parse_limit(length, LARGEST_SHIFT)),
    "YearDay": lambda base, month, day: terms.YearDay(_node_in(base), month, day),
    "Compare": lambda op, left, right: terms.Compare(op, _node_in(left), _node_in(right)),
    "Not": lambda item: terms.Not(_node_in(item)),
    "All": lambda *items: terms.All(tuple(_node_in(item) for item in items)),
    "Any_": lambda *items: terms.Any_(tuple(_node_in(item) for item in items)),
}


def _converter() -> cattrs.Converter:
    made = cattrs.Converter(omit_if_default=True, forbid_extra_keys=True, detailed_validation=False)
    made.register_unstructure_hook(Text, _text_out)
    made.register_structure_hook(Text, _text_in)
    made.register_unstructure_hook(Limit, str)
    made.register_structure_hook(Limit, lambda raw, _: parse_limit(raw))
    made.register_unstructure_hook(Decimal, str)
    made.register_structure_hook(Decimal, lambda raw, _: Decimal(raw))
    made.register_unstructure_hook(date, date.isoformat)
    made.register_structure_hook(date, lambda raw, _: date.fromisoformat(raw))
    made.register_structure_hook(str | tuple[str, ...], lambda raw, _: raw if isinstance(raw, str) else tuple(raw))
    made.register_unstructure_hook(datetime, datetime.isoformat)
    made.register_structure_hook(datetime, lambda raw, _: datetime.fromisoformat(raw))
    made.register_unstructure_hook(Condition, lambda one: {"text": one.text, "tree": _node_out(one.tree)})
    made.register_structure_hook(Condition, lambda raw, _: Condition(raw["text"], _node_in(raw["tree"])))
    made.register_unstructure_hook_func(lambda kind: kind is Any, _free_out)
    made.register_structure_hook_func(lambda kind: kind is Any, lambda raw, _: _free_in(raw))
    # Made at their first use: a portal that starts writes an edition, and seldom reads one back.
    made.register_unstructure_hook_factory(lambda kind: kind is Catalog, lambda _: make_dict_unstructure_fn(
        Catalog, made, _cattrs_omit_if_default=True, places=_NO_PLACES))
    made.register_structure_hook_factory(lambda kind: kind is Catalog, lambda _: make_dict_structure_fn(
        Catalog, made, places=_NO_PLACES))
    return made


_CONVERTER = _converter()
