"""The authors' guides tell the truth: every example loads, every shown message and figure is what comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from catalog.assemble import Loaded, assemble
from catalog.check import check
from catalog.report import found_in, report_lines
from catalog.schemas.bundle import BUNDLE
from catalog.schemas.dictionary import SHAPES
from catalog.schemas.fields import Authored
from catalog.schemas.matter import ASK_SET, MATTER
from forms.compose import compose
from forms.figures import figures_json
from forms.trials.explore import explore
from forms.values import json_ready

ROOT = Path(__file__).parents[2]
GUIDES = ("docs/authoring.md", "docs/authoring.zh-CN.md")
FOLDER = ROOT / "bundles"
SHIPPED = {str(path.relative_to(FOLDER)): path.read_text("utf-8") for path in FOLDER.rglob("*.yaml")}
TODAY = date(2026, 3, 2)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# file: bundles/(\S+\.yaml)\n")


class Step(NamedTuple):
    """All files as they stand at one block of the guide, and what the commands shown after it print."""

    texts: Mapping[str, str]
    shown: tuple[str, ...]


def blocks(guide: str) -> list[tuple[str, str]]:
    """Every fenced block of a guide as (language, text)."""
    return _BLOCK.findall((ROOT / guide).read_text("utf-8"))


def steps(guide: str) -> Iterator[Step]:
    """The states that a reader who types the blocks one by one goes through, with what is shown for each."""
    texts = dict(SHIPPED)
    shown: list[str] = []
    begun = False
    for language, text in blocks(guide):
        if language == "yaml":
            if begun and shown:
                yield Step(dict(texts), tuple(shown))
                shown = []
            named = _FILE.match(text)
            assert named, f"{guide}: this block does not say which file it is:\n{text}"
            texts[named[1]] = text
            begun = True
        elif language == "console" and begun:
            shown.append(text)
    yield Step(dict(texts), tuple(shown))


def errors(loaded: Loaded) -> list[str]:
    """What `flask check` refuses."""
    return [str(problem) for problem in (*loaded.problems, *check(loaded.catalog)) if problem.level == "error"]


def checked(loaded: Loaded) -> list[str]:
    """What `flask check` prints, line by line."""
    return report_lines(found_in(loaded))


def verify(command: str, said: str, loaded: Loaded) -> None:
    """Whether one command shown in a guide prints what the guide says."""
    if command == "flask check":
        assert said.splitlines() == checked(loaded)
        return
    bundle = re.fullmatch(r"flask figures (\S+) --json", command)
    assert bundle, f"a test does not know how to check: {command}"
    figures = loaded.catalog.bundles[bundle[1]].figures
    computed = figures_json(compose(loaded.catalog, bundle[1], json_ready(figures), today=TODAY))
    told: dict[str, Any] = json.loads(said)
    assert {key: {part: computed[key][part] for part in parts} for key, parts in told.items()} == told


@pytest.mark.parametrize("guide", GUIDES)
def test_every_step_of_the_guide_comes_out_as_shown(guide: str) -> None:
    tried = set()
    for step in steps(guide):
        loaded = assemble(step.texts)
        for text in step.shown:
            first, _, said = text.partition("\n")
            verify(first.removeprefix("$ "), said, loaded)
            tried.add(first.removeprefix("$ ").partition(" --")[0].rpartition(" ")[0])
    assert tried == {"flask", "flask figures"}


@pytest.mark.parametrize("guide", GUIDES)
def test_what_a_reader_ends_up_with_loads_and_checks_clean(guide: str) -> None:
    loaded = assemble(list(steps(guide))[-1].texts)
    assert errors(loaded) == []
    own = sorted(set(loaded.catalog.bundles) - {name.removesuffix(".yaml") for name in SHIPPED})
    assert own == ["bakery", "bakery-shinan", "swimming-pool"]
    assert [str(problem) for bundle in own for problem in explore(loaded.catalog, bundle, TODAY)] == []


def test_both_editions_show_the_same_blocks() -> None:
    english, chinese = (
        [text for language, text in blocks(guide) if language != "text"] for guide in GUIDES
    )
    assert english == chinese


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_shows_ten_examples_and_names_every_kind_of_file(guide: str) -> None:
    text = (ROOT / guide).read_text("utf-8")
    assert sum(language == "yaml" for language, _ in blocks(guide)) >= 10
    kinds = ("departments", "regions", "sections", "fields", "materials", "licences", "roles", "tables", "sets",
             "windows", "calendar", "matters")
    assert [kind for kind in kinds if kind not in text] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_message_a_guide_explains_is_one_that_the_checker_says(guide: str) -> None:
    said = "".join(path.read_text("utf-8") for room in ("catalog", "forms") for path in (ROOT / room).rglob("*.py"))
    table = (ROOT / guide).read_text("utf-8").split("|---|---|\n")[-1].split("\n\n")[0]
    explained = [line.split("|")[1] for line in table.splitlines()]
    pieces = [piece.strip() for message in explained for piece in re.split(r"…|；|：|→|，|\(.*?\)", message)]
    assert len(explained) >= 20
    assert [piece for piece in pieces if len(piece) > 1 and piece not in said] == []


def shapes(shape: Authored) -> Iterator[Authored]:
    """A shape and every shape inside it."""
    yield shape
    todo = list(shape.fields.values())
    while todo:
        field = todo.pop()
        inner = getattr(field, "schema", None)
        if isinstance(inner, Authored):
            yield from shapes(inner)
        todo += [part for name in ("item", "text", "shape") if (part := getattr(field, name, None)) is not None]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_key_an_author_may_write_is_explained(guide: str) -> None:
    code = " ".join(re.findall(r"`([^`\n]+)`", (ROOT / guide).read_text("utf-8")))
    words = set(re.findall(r"\w+", code))
    tops = (*SHAPES.values(), MATTER, ASK_SET, BUNDLE)
    keys = {field.data_key or name for top in tops for shape in shapes(top) for name, field in shape.fields.items()}
    assert sorted(keys - words) == []
