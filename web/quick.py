"""The quick yes to a body: a schema's fields as a table of small checks, made once for each schema.

marshmallow says what a body may be and what is wrong with one. Nearly all bodies are right, and for those its answer
is known beforehand: what the checks take is exactly what the schema would give. At the first doubt they say nothing,
and the schema speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from marshmallow import INCLUDE, RAISE, Schema, fields, missing
from marshmallow.validate import Length

Check = Callable[[Any], Any]


class Doubt(Exception):
    """Not surely right: the schema has to look."""


class YesNo(fields.Boolean):
    """true or false and nothing like them: a consent is never read out of another value."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


@cache
def quick(schema: type[Schema]) -> Check:
    """The table of `schema` as one check; it doubts everything where the schema has a part that it does not know."""
    try:
        return _object(schema())
    except Doubt:
        return _doubting


def _doubting(_: Any) -> Any:
    raise Doubt


def _object(schema: Schema) -> Check:
    """A body: everything that is required, and nothing unknown unless the schema keeps what it does not know."""
    if schema.unknown not in (RAISE, INCLUDE):
        raise Doubt
    open_ = schema.unknown == INCLUDE
    table = {str(field.data_key or name): (field.attribute or name, _check(field))
             for name, field in schema.load_fields.items()}
    needed = frozenset(key for key, (name, _) in table.items() if schema.load_fields[name].required)
    absent = {name: field.load_default for name, field in schema.load_fields.items()
              if field.load_default is not missing}

    def check(value: Any) -> dict[str, Any]:
        if type(value) is not dict or not (open_ or value.keys() <= table.keys()) or not needed <= value.keys():
            raise Doubt
        made = dict(absent)
        for key, inner in value.items():
            name, checked = table.get(key) or (key, _as_it_is)
            made[name] = checked(inner)
        return made

    return check


def _as_it_is(value: Any) -> Any:
    return value


def _check(field: fields.Field[Any]) -> Check:
    make = _MAKERS.get(type(field))
    if make is None or (field.validators and type(field) not in (fields.String, fields.List)):
        raise Doubt
    inner = make(field)
    return (lambda value: None if value is None else inner(value)) if field.allow_none else inner


def _bounds(field: fields.Field[Any]) -> tuple[int, float]:
    """The lengths that a field takes; it may have one rule on its length and no other."""
    if not field.validators:
        return 0, float("inf")
    rule = field.validators[0]
    if type(rule) is not Length or len(field.validators) > 1 or rule.equal is not None:
        raise Doubt
    return rule.min or 0, float("inf") if rule.max is None else rule.max


def _text(field: fields.Field[Any]) -> Check:
    least, most = _bounds(field)

    def check(value: Any) -> str:
        if type(value) is str and least <= len(value) <= most:
            return value
        raise Doubt

    return check


def _yes_no(_: fields.Field[Any]) -> Check:
    def check(value: Any) -> bool:
        if type(value) is bool:
            return value
        raise Doubt

    return check


def _listed(field: fields.Field[Any]) -> Check:
    assert isinstance(field, fields.List)
    inner, (least, most) = _check(field.inner), _bounds(field)

    def check(value: Any) -> list[Any]:
        if type(value) is list and least <= len(value) <= most:
            return [inner(item) for item in value]
        raise Doubt

    return check


def _mapping(field: fields.Field[Any]) -> Check:
    assert isinstance(field, fields.Dict)
    if type(field.key_field) is not fields.String or field.key_field.validators:
        raise Doubt
    inner = None if field.value_field is None else _check(field.value_field)

    def check(value: Any) -> dict[str, Any]:
        if type(value) is not dict:  # JSON's names are texts
            raise Doubt
        return dict(value) if inner is None else {key: inner(item) for key, item in value.items()}

    return check


def _nested(field: fields.Field[Any]) -> Check:
    assert isinstance(field, fields.Nested)
    if field.many or field.unknown is not None:
        raise Doubt
    return _object(field.schema)


_MAKERS: Final[Mapping[type[fields.Field[Any]], Callable[[fields.Field[Any]], Check]]] = {
    fields.String: _text, YesNo: _yes_no, fields.List: _listed, fields.Dict: _mapping, fields.Nested: _nested,
}
