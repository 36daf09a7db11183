"""A bundle in two languages: what lacks its other line is noted, tables have theirs in a column, texts are composed."""

from __future__ import annotations

import copy

from catalog.assemble import assemble
from catalog.check import check
from catalog.text import Text, composed
from tests.forms.authored import BASE, matter, written

KINDS = """kinds:
  name: 种类
  columns: [code, name, name_en, name_zh, name_short]
  rows:
    - {code: one, name: 甲, name_en: First, name_zh: 乙, name_short: S}
"""


def noted(name: str, fields: str, **more: str) -> list[str]:
    """What is noted of a bundle of one matter that has this name, about languages alone."""
    texts = written(matter("m", "fields: [pname, kind], materials: [PR01]"), "matters: {m: {}}\n", fields)
    texts = {**BASE, **more, **texts, "b.yaml": texts["b.yaml"].replace("name: 小事", f"name: {name}")}
    loaded = assemble(texts)
    assert not loaded.problems
    return [one.message for one in check(loaded.catalog) if one.code == "no_line"]


def test_labels_that_lack_a_language_of_the_bundles_name_are_noted_where_they_stand() -> None:
    told = noted("{zh: 甲事, en: Matter}", "kind: {name: 种类, type: choice, options: {a: 甲}}\n")
    assert "b 的名称写了 en，这里的「种类」「甲」还没有；请写成 {zh: 种类, en: …}" in told
    assert any("「图纸」" in line for line in told) and any("「事项m」" in line for line in told)
    assert noted("甲事", "kind: {name: 种类}\n") == []


def test_options_of_a_table_have_their_line_in_a_column_of_that_language() -> None:
    fields = "kind: {name: {zh: 种类, en: Kind}, type: choice, table: kinds}\n"
    told = noted("{zh: 甲事, en: Matter}", fields, **{"tables.yaml": KINDS})
    assert not any("种类" in line or "「甲」" in line for line in told)
    texts = written(matter("m", "fields: [kind]"), "matters: {m: {}}\n", fields)
    option, = assemble({**BASE, **texts, "tables.yaml": KINDS}).catalog.fields["kind"].options
    assert option.name.lines == {"zh": "甲", "en": "First"}


def test_a_composed_text_has_a_line_in_each_language_of_its_parts() -> None:
    text = composed("{}({})", Text("身份证件", {"en": "Paper"}), Text("经办人"))
    assert (text, text.in_language("en")) == ("身份证件(经办人)", "Paper(经办人)")
    assert text.in_language("ja") == text
    assert copy.deepcopy(text).lines == text.lines
    assert composed("{}！", "甲").lines == {"zh": "甲！"}
