"""The dictionary as one bundle words it: a shared code keeps type and bounds, and has texts that fit what is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from catalog.bundle import Bundle, OwnWords
from catalog.dictionary import Field, Material, Section
from catalog.model import Catalog

_Worded = TypeVar("_Worded", Field, Section, Material)


def worded(catalog: Catalog, bundle: Bundle) -> Catalog:
    """The catalog with the words of `bundle`; the same one where it has none of its own."""
    if not (bundle.field_words or bundle.section_words or bundle.material_words):
        return catalog
    return replace(catalog, fields=_with(catalog.fields, bundle.field_words),
                   sections=_with(catalog.sections, bundle.section_words),
                   materials=_with(catalog.materials, bundle.material_words))


def _with(known: Mapping[str, _Worded], own: Mapping[str, OwnWords]) -> dict[str, _Worded]:
    said = {code: _said(words) for code, words in own.items() if code in known}
    return {code: replace(one, **said[code]) if code in said else one for code, one in known.items()}


def _said(words: OwnWords) -> dict[str, Any]:
    texts = {one.name: getattr(words, one.name) for one in fields(words)}
    return {name: text for name, text in texts.items() if text is not None}
