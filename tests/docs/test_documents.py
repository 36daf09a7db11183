"""The documents tell the truth: files and headings exist, codes are documented, next year has a calendar."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from bench.applicant import CATALOG
from cases.lights import Colour
from tests.docs.pages import anchors
from web.api.codes import codes_page

HOME = Path(__file__).resolve().parents[2]
PAGES = sorted([*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md")])
ANCHOR = re.compile(r"\]\((?!https?://)([^)#\s]*)#([^)]+)\)")
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
NAMED = re.compile(r"`([\w/]+\.py)(?:::([\w.]+))?`")
DRAWN = re.compile(r"\b([a-z_]+)\.([A-Za-z]+)\b")
PROBLEM = re.compile(r"Problem\(\s*\d+,\s*\"(\w+)\"")


def defined(path):
    """What a module defines: its names, and `Class.name` for what stands in a class."""
    names = set()
    for node in ast.parse((HOME / path).read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        for name in (getattr(target, "name", getattr(target, "id", None)) for target in targets):
            names |= {name} | {f"{name}.{part.name}" for part in getattr(node, "body", ()) if hasattr(part, "name")}
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_every_file_heading_and_function_that_a_page_names_exists(page):
    text = page.read_text()
    assert [target for target in LINK.findall(text) if not (page.parent / target).exists()] == []
    led_to = [((page.parent / to if to else page), anchor) for to, anchor in ANCHOR.findall(text)]
    assert [anchor for to, anchor in led_to if to.suffix == ".md" and anchor not in anchors(to.read_text())] == []
    named = {(path, name) for path, name in NAMED.findall(text) if "/" in path or name}
    assert [path for path, _ in named if not (HOME / path).is_file()] == []
    assert [(path, name) for path, name in named if name and name not in defined(path)] == []


def test_the_picture_of_the_architecture_shows_what_is_there():
    picture = (HOME / "docs" / "architecture.md").read_text().split("```")[1]
    drawn = {(module, name) for module, name in DRAWN.findall(picture) if name != "py"}
    assert len(drawn) >= 5
    kept = {name: {it for depth in ("*", "*/*") for path in HOME.glob(f"{depth}/{name}.py") for it in defined(path)}
            for name, _ in drawn}
    assert [one for one in drawn if one[1] not in kept[one[0]]] == []


def test_the_page_of_the_fault_rig_names_each_of_its_files():
    page = (HOME / "docs" / "faults.md").read_text()
    files = sorted(path.name for path in (HOME / "chaos").glob("*.py") if path.name != "__init__.py")
    assert [name for name in files if f"`chaos/{name}`" not in page] == []


def test_the_page_of_error_codes_does_not_lag():
    assert (HOME / "docs" / "errors.md").read_text() == codes_page(), "write it anew with web.api.codes.codes_page()"


def test_every_code_that_a_view_answers_is_documented():
    used = {code for path in (HOME / "web").rglob("*.py") for code in PROBLEM.findall(path.read_text())}
    documented = set(re.findall(r"`(\w+)`", codes_page()))
    assert used - documented == set()


def test_every_reason_why_a_file_is_refused_is_documented():
    used = set(re.findall(r"BadFile\(\"(\w+)\"", (HOME / "desk" / "uploads" / "content.py").read_text()))
    assert used and used - set(re.findall(r"\| 422 \| `(\w+)`", codes_page())) == set()


def test_the_colours_of_a_light_are_those_that_the_api_names():
    page = (HOME / "docs" / "api.md").read_text()
    said = re.search(r"- `light`: string – (.*)", page)[1]
    assert {part.strip().partition(":")[0] for part in said.split(";")} == set(get_args(Colour))


def test_next_years_calendar_is_there_or_marked_provisional():
    years = CATALOG.calendar
    last = max(years)
    assert last >= 2027, "add bundles/calendar/<year>.yaml; an unannounced year is marked `provisional: yes`"
    assert years[last].provisional or years[last].make_up_days
