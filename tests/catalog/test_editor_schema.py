"""The editor's JSON Schema is valid, fits the shipped files and shows what is wrong in broken ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from catalog.editor_schema import editor_schemas

BUNDLES = Path(__file__).parents[2] / "bundles"
MINI = Path(__file__).parent / "mini"
SCHEMAS = editor_schemas()
FILES = sorted([*BUNDLES.rglob("*.yaml"), *MINI.rglob("*.yaml")])


def as_editor_sees(path: Path) -> Any:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_text()), default=str))


def schema_of(path: Path) -> dict[str, Any]:
    for home in (BUNDLES, MINI):
        if path.is_relative_to(home):
            kind = path.relative_to(home).parts[0].removesuffix(".yaml")
            return SCHEMAS.get(kind, SCHEMAS["bundle"])
    raise AssertionError(path)


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_each_schema_is_a_schema_with_chinese_titles(kind: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[kind])
    text = json.dumps(SCHEMAS[kind], ensure_ascii=False)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in text)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(BUNDLES.parent)) for path in FILES])
def test_the_files_we_ship_fit_their_schema(path: Path) -> None:
    found = [error.message for error in Draft202012Validator(schema_of(path)).iter_errors(as_editor_sees(path))]
    assert found == []


@pytest.mark.parametrize(("kind", "value"), [
    ("departments", {"a": {"nam": "甲"}}), ("departments", {"a": {"name": "甲", "level": "town"}}), ("fields",
    {"a": {"name": "甲", "type": "txt"}}),
    ("matters", {"m": {"name": "甲", "department": "d", "limits": {"promised": "3d"}}}), ("matters",
    {"m": {"name": "甲"}}),
    ("bundle", {"id": "b", "name": "甲", "matters": {"m": {"must": "yes"}}}), ("bundle", {"name": "甲"}),
    ("calendar", {"source": "甲", "days_off": ["2026-1-1"], "make_up_days": []}), ("windows",
    {"w": {"from": "2026-01-01"}}),
])
def test_what_the_loader_refuses_for_its_shape_the_editor_marks(kind: str, value: Any) -> None:
    assert not Draft202012Validator(SCHEMAS[kind]).is_valid(value)
