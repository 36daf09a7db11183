"""The quick reading of definitions says exactly what the careful one says, or leaves the text to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from catalog import nodes
from catalog.load import read_folder
from catalog.nodes import Node, Read, read_text

BUNDLES = Path(__file__).parents[2] / "bundles"
GOOD: Mapping[str, str] = read_folder(BUNDLES)[0]
PARTS, DAMAGES = 8, 60
SLIPS = (
    "---", "---\n", "...\n", "%YAML 1.1\n", "? a\n", "? ", "\t", "k:\tv\n", "a\tb", "&a ", "*a", "!!str ", "<<: x\n",
    "'a':b", '"a":b', "[a:b]", "{a: b,}", "k: >#\n", "k: |\n  x\n # y\n", "k: |2-\n    x\n", "k: \"a\n\n  b\"\n",
    "- - a\n", "k: a: b\n", "k:\n", "#", " #", ":", ": ", ",", "{", "}", "[", "]", "\n", "\n  ", "-", "- ", "'", '"',
    "：", "\u3000", "\xa0", "\r\n", "k: a\nk: b\n", "k: yes\n", "k: 0x1F\n", "k: 2026-01-01\n",
)


def told(node: Node | None) -> Any:
    """Everything that a node says, as plain values with lines and with the order of keys."""
    if node is None:
        return None
    return (node.place, node.kind, node.text, [told(item) for item in node.items],
            [(key, told(value)) for key, value in node.pairs.items()])


def both(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """What is read with both parsers at hand, and with the careful one alone."""
    def read() -> tuple[Any, Any]:
        read_text.cache_clear()
        found: Read = read_text("a.yaml", text)
        return told(found.node), found.problems
    with monkeypatch.context() as patch:
        patch.setattr(nodes, "QUICK", None)
        careful = read()
    return read(), careful


@pytest.mark.parametrize("file", sorted(GOOD))
def test_a_shipped_file_is_read_alike(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, careful = both(GOOD[file], monkeypatch)
    assert quick == careful
    assert careful[1] == ()


def damaged(random: Random) -> str:
    """A few lines of a shipped file with one or two slips in them."""
    lines = GOOD[random.choice(sorted(GOOD))].split("\n")
    first = random.randrange(len(lines))
    text = "\n".join(lines[first:first + random.randint(1, 10)])
    for _ in range(random.randint(1, 2)):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(SLIPS) + text[at + random.choice((0, 0, 0, 1, 2)):]
    return text


@pytest.mark.parametrize("part", range(PARTS))
def test_a_slip_of_the_pen_is_read_alike(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(part)  # a seeded choice of slips, no secret
    for text in (damaged(random) for _ in range(DAMAGES)):
        quick, careful = both(text, monkeypatch)
        assert quick == careful, text


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_alone_is_read_alike(slip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (slip, f"a: b\n{slip}", f"a: {slip}\nc: d\n", f"a: [x, {slip}y]\n", f"a: {{b: {slip}c}}\n"):
        quick, careful = both(text, monkeypatch)
        assert quick == careful, text


def test_a_good_text_does_not_need_the_careful_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the careful parser was asked")
    monkeypatch.setattr(nodes, "YAML", refuse)
    read_text.cache_clear()
    assert nodes.QUICK is not None
    assert read_text("a.yaml", "名称: 水\n清单: [一, {二: 三}]\n").problems == ()
