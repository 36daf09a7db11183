"""The guides for departments' engineers, English and Chinese: both say the same, and what they say is so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from catalog.dictionary import FieldType
from connectors.shipped import registry
from connectors.signing import headers_for, secret_bytes
from tests.docs.pages import CODE, FENCE, HEADING, anchors, blocks, code

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = ("connecting.md", "connecting.zh-CN.md")
_LINK = re.compile(r"\]\(([^)]+)\)")
_COUNT = re.compile(r"\d+(?:[.,]\d+)*")


class Section(NamedTuple):
    """What a section of a guide names, whatever its language: the level of its heading, its code, its figures, where
    its links lead, and how many lines of tables and items of lists it has."""

    level: int
    code: set[str]
    figures: set[str]
    links: list[str]
    rows: int
    items: int


def read(guide: str) -> str:
    """The text of one edition."""
    return (DOCS / guide).read_text("utf-8")


def led_to(target: str, guide: str) -> str:
    """A link's target that both editions share: the edition left out, a heading of the page itself by its place."""
    if target.startswith("#"):
        return f"heading {anchors(read(guide)).index(target[1:])}"
    return "the other edition" if target in GUIDES else target.replace(".zh-CN", "")


def sections(guide: str) -> Iterator[Section]:
    """The sections of one edition in their order, without what stands in blocks."""
    text = FENCE.sub("", read(guide))
    starts = [*(found.start() for found in HEADING.finditer(text)), len(text)]
    for begin, end in pairwise(starts):
        part = text[begin:end]
        prose = _LINK.sub("]", CODE.sub("", part))
        yield Section(
            len(part) - len(part.lstrip("#")), code(part), set(_COUNT.findall(prose)),
            sorted(led_to(target, guide) for target in _LINK.findall(part)),
            len(re.findall(r"^\|", part, re.MULTILINE)), len(re.findall(r"^ *(?:-|\d+\.) ", part, re.MULTILINE)))


def test_both_editions_show_the_same_blocks() -> None:
    english, chinese = (blocks(read(guide)) for guide in GUIDES)
    assert len(english) >= 15
    assert chinese == english


def test_both_editions_say_the_same_section_by_section() -> None:
    english, chinese = ([*sections(guide)] for guide in GUIDES)
    assert len(english) >= 15
    assert chinese == english


@pytest.mark.parametrize("guide", GUIDES)
def test_every_connector_is_documented(guide: str) -> None:
    assert [name for name in registry().names() if f"`{name}`" not in read(guide)] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_the_guide_says_how_every_type_of_field_travels(guide: str) -> None:
    table = read(guide).partition("| JSON |\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z_]+)`", table)) >= set(get_args(FieldType))


@pytest.mark.parametrize("guide", GUIDES)
def test_the_signature_that_the_guide_works_out_is_right(guide: str) -> None:
    found = re.search(r"`(whsec_[\w+/=]+)`(.*\n?.*)", read(guide))
    assert found
    key, id_, seconds, body, signature = CODE.findall(found[2])[:5]
    assert secret_bytes(found[1]) == key.encode()
    made = headers_for(id_, datetime.fromtimestamp(int(seconds), UTC), body.encode(), [found[1]])
    assert made["webhook-signature"] == signature


def test_the_table_of_the_guide_gives_a_local_systems_number_of_a_national_code() -> None:
    shown = next(block for block in re.findall(r"```python\n(.*?)```", read("connecting.md"), re.DOTALL)
                 if "local_code" in block)
    made: dict[str, Callable[[str], str]] = {}
    exec(shown, made)
    codes = {"000131024000": "0131024000", "370702065000": "0802065000", "370920650000": "0720650000", "": ""}
    assert {code: made["local_code"](code) for code in codes} == codes
