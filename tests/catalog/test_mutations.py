"""Random damage to the shipped definitions never gives a traceback and never loads silently changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from catalog.assemble import assemble
from catalog.canonical import dumps
from catalog.check import check
from catalog.load import read_folder
from catalog.nodes import read_text

BUNDLES = Path(__file__).parents[2] / "bundles"
GOOD: Mapping[str, str] = read_folder(BUNDLES)[0]
MUTATIONS, PARTS = 500, 10
SIGNS = "abz09 :,{}[]#-&*!|>'\"%@`，：“”（）水\t\n_.<=+?\\\x00\u202e"
JUNK = ("- ", "{", "}", "]", "x: ", "水: 火\n", "<<: *a\n", "&a ", "!!int ", "---\n", "  ", "…", "9" * 40, "yes",
"and ")


def mutated(text: str, random: Random) -> str:
    """One small damage: a line deleted, doubled or swapped, a sign changed, the end lost, junk put in."""
    lines = text.split("\n")
    line, at = random.randrange(len(lines)), random.randrange(len(text))
    kind = random.randrange(6)
    if kind == 0:
        return "\n".join(lines[:line] + lines[line + 1:])
    if kind == 1:
        return "\n".join(lines[:line + 1] + lines[line:])
    if kind == 2:
        other = random.randrange(len(lines))
        lines[line], lines[other] = lines[other], lines[line]
        return "\n".join(lines)
    if kind == 3:
        return text[:at] + random.choice(SIGNS) + text[at + 1:]
    if kind == 4:
        return text[:at]
    return text[:at] + random.choice(JUNK) + text[at:]


def meaning(file: str, text: str) -> Any:
    """What the file says as plain text values, comments, quotes and spacing left out."""
    node = read_text(file, text).node
    return tidied(node.plain()) if node else None


DEFAULTS = (
    ("origin", "local"), ("effect", "block"), ("kind", "before_start"), ("kind", "decision"), ("absent", "skip"),
    ("required", "yes"),
)


def tidied(value: Any) -> Any:
    """The same without spacing and without what says only what holds anyway: defaults, and of matters their place."""
    if isinstance(value, dict):
        return {key: tidied(numbered(one) if key == "matters" else one) for key, one in value.items()
                if (key, one) not in DEFAULTS}
    return [tidied(one) for one in value] if isinstance(value, list) else value.strip()


def numbered(matters: Any) -> Any:
    """The matters of a bundle without numbers that their place gives them anyway."""
    if not isinstance(matters, dict):
        return matters
    return {ident: {key: one for key, one in entry.items() if (key, one) != ("no", f"{place:02}")}
            if isinstance(entry, dict) else entry for place, (ident, entry) in enumerate(matters.items(), 1)}


GOOD_BYTES = dumps(assemble(GOOD).catalog)


def outcome(file: str, text: str) -> str:
    """`refused`, `reported`, `changed`, `same` (nothing was said differently) or `silent`, which must not be."""
    loaded = assemble({**GOOD, file: text})
    if loaded.problems:
        return "refused"
    if dumps(loaded.catalog) != GOOD_BYTES:
        check(loaded.catalog)
        return "changed"
    if meaning(file, text) == meaning(file, GOOD[file]):
        return "same"
    return "reported" if check(loaded.catalog) else "silent"


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, PARTS))])
def test_random_damage_is_refused_reported_or_visible(part: int) -> None:
    files = [file for file, text in sorted(GOOD.items()) for _ in range(1 + text.count("\n") // 40)]
    for number in range(part, MUTATIONS, PARTS):
        random = Random(number)  # a seeded choice of damage, no secret
        file = random.choice(files)
        text = mutated(GOOD[file], random)
        assert outcome(file, text) != "silent", f"mutation {number} of {file}"
