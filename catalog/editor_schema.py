"""JSON Schema (draft 2020-12) of the authored files for editors, made from the same marshmallow schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from catalog.schemas.bundle import BUNDLE, After, People
from catalog.schemas.dictionary import SHAPES
from catalog.schemas.fields import (
    Authored,
    Day,
    Duration,
    Either,
    Entries,
    Line,
    ListOf,
    MapOf,
    Matching,
    Name,
    Number,
    OneOrMany,
    Pick,
    Scalar,
    Shape,
    Whole,
    Written,
    YesNo,
)
from catalog.schemas.matter import ASK_SET, MATTER

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# An editor's YAML reader turns bare scalars into numbers and truth values, which we read as text.
ANY_SCALAR = ["string", "number", "boolean"]
Property = dict[str, Any]


def editor_schemas() -> dict[str, Property]:
    """One schema per kind of file: every dictionary kind, `sets`, `matters`, `calendar` and `bundle`."""
    kinds: dict[str, Schema] = {**SHAPES, "sets": ASK_SET, "matters": MATTER}
    found = {kind: _file(kind, _many(_shape(schema))) for kind, schema in kinds.items() if kind != "calendar"}
    found["matters"] = _file("matters", {"anyOf": [_shape(MATTER), _many(_shape(MATTER))]})
    found["calendar"] = _file("calendar", _shape(SHAPES["calendar"]))
    return {**found, "bundle": _file("bundle", _shape(BUNDLE))}


def _file(kind: str, body: Property) -> Property:
    return {"$schema": DIALECT, "$id": f"urn:yijianshi:{kind}", "title": kind, **body}


def _many(item: Property) -> Property:
    return {"type": "object", "additionalProperties": item}


def _shape(schema: Schema) -> Property:
    """A map with its keys, and its short form where it has one."""
    keys: Property = _CONVERTER.schema2jsonschema(schema)  # type: ignore[no-untyped-call]
    made = {**keys, "additionalProperties": False}
    short = schema.short if isinstance(schema, Authored) else None
    return {"anyOf": [{"type": ANY_SCALAR}, made]} if short else made


def _property(_converter: OpenAPIConverter, field: fields.Field[Any], **_: Any) -> Property:
    return _of(field) if isinstance(field, Written) else {}


def _of(field: fields.Field[Any]) -> Property:
    made = next((make(field) for kind, make in _MAKERS.items() if isinstance(field, kind)), {})
    return {"title": field.metadata["title"], **made} if "title" in field.metadata else made


def _line(_: Any) -> Property:
    languages = {"type": "object", "required": ["zh"], "additionalProperties": {"type": ANY_SCALAR}}
    return {"anyOf": [{"type": ANY_SCALAR}, languages]}


def _entries(field: Any) -> Property:
    one = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": _shape(field.schema)}
    return {"type": "array", "items": {"anyOf": [{"type": ANY_SCALAR}, one]}}


def _one_or_many(field: Any) -> Property:
    one = _shape(field.schema)
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _list(field: Any) -> Property:
    item = _of(field.item)
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _named(field: Any) -> Property:
    """A map by name that may also be written as a name or a list of names."""
    return {"anyOf": [{"type": ANY_SCALAR}, {"type": "array", "items": {"type": ANY_SCALAR}}, _many(_of(field.item))]}


def _either(field: Any) -> Property:
    return {"anyOf": [_of(field.text), _of(field.shape)]}


def _pick(field: Any) -> Property:
    """The words of a list; a word of digits may be written without quotes."""
    return {"enum": [*field.choices, *(int(word) for word in field.choices if word.isdigit())]}


def _pattern(pattern: str) -> Property:
    return {"type": ANY_SCALAR, "pattern": f"^(?:{pattern})$"}


_MAKERS: Mapping[type, Callable[[Any], Property]] = {
    After: _named, People: _named, Entries: _entries, OneOrMany: _one_or_many,
    Shape: lambda field: _shape(field.schema), ListOf: _list, MapOf: lambda field: _many(_of(field.item)),
    Either: _either, Line: _line, Pick: _pick,
    YesNo: lambda _: {"enum": ["yes", "no", "true", "false", True, False]},
    Matching: lambda field: _pattern(field.pattern.pattern),
    Duration: lambda _: _pattern(r"\d{1,3}(?:wd|nd|wh|h|min|mo)"),
    Day: lambda _: _pattern(r"\d{4}-\d{2}-\d{2}"), Whole: lambda _: {"type": ["integer", "string"]},
    Number: lambda _: {"type": ["number", "string"]}, Name: lambda _: {"type": ["string", "number"]},
    Scalar: lambda _: {"type": ANY_SCALAR},
}


def _converter() -> OpenAPIConverter:
    plugin = MarshmallowPlugin()
    APISpec(title="yijianshi", version="1", openapi_version="3.1.0", plugins=[plugin])
    made = plugin.converter
    assert made is not None
    made.add_attribute_function(_property)  # type: ignore[no-untyped-call]
    return made


_CONVERTER = _converter()
