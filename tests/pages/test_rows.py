"""Rows of a repeated group: none is lost by Enter, by 删去 beside an empty one, or for being many."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.client import Visitor
from tests.pages.test_words import start
from tests.pages.walk import sign_in

VEHICLES = "/bundles/transport-company/questions/vehicles"
FIRST, SECOND = ("LSGJA52U9AH000018", "18000"), ("LZZ5CLVB9NA000024", "3500")
TREES: dict[str, Any] = {
    "services": ["water"], "outside_line": True, "line_length": 250, "occupy_area": 0, "dig_area": 0,
    "road_works": "none", "green_area": 30, "tree_count": 6, "cross_highway": False, "cross_river": False,
    "spoil_volume": 0, "heat_area": False, "filer": "legal_rep",
}


def column(visitor: Visitor, name: str) -> list[str]:
    """What stands in the rows' column `name` on the page."""
    controls = re.findall(rf'<input[^>]*name="\w+\.\d+\.{name}"[^>]*>', visitor.page)
    return [found[1] if (found := re.search(r'value="([^"]*)"', control)) else "" for control in controls]


def vehicles(*rows: tuple[str, str]) -> list[tuple[str, str]]:
    """Vehicles as the page of the question sends them."""
    return [(f"vehicles.{at}.{name}", value) for at, row in enumerate(rows)
            for name, value in zip(("vin", "gross_mass"), row, strict=True)]


def trees(*kinds: str) -> list[tuple[str, str]]:
    """Rows of trees as the page of the form sends them; without a kind, an empty row."""
    names = ("group", "species", "dbh", "number", "action")
    return [(f"trees.{at}.{name}", value) for at, kind in enumerate(kinds)
            for name, value in zip(names, (str(at + 1), kind, "10", "1", "move") if kind else ("",) * 5, strict=True)]


@pytest.fixture
def green(visitor: Visitor) -> str:
    """The page of a draft that asks for the list of trees."""
    return f"/drafts/{start(visitor, **TREES)}/form/green"


def test_removing_a_row_emptied_by_hand_removes_that_row(visitor: Visitor, green: str) -> None:
    visitor.get(VEHICLES)
    visitor.send(VEHICLES, *vehicles(("", ""), FIRST, SECOND), ("do", "drop:vehicles:0"))
    assert column(visitor, "vin") == [FIRST[0], SECOND[0]]
    visitor.send(VEHICLES, *vehicles(("", ""), FIRST, SECOND), ("do", "drop:vehicles:1"))
    assert column(visitor, "vin") == [SECOND[0]]
    visitor.get(green)
    visitor.send(green, *trees("", "乙木", "丙木"), ("do", "drop:trees:0"))
    assert column(visitor, "species") == ["乙木", "丙木"]


def test_adding_a_row_keeps_those_that_are_there(visitor: Visitor, green: str) -> None:
    visitor.get(VEHICLES)
    visitor.send(VEHICLES, *vehicles(FIRST), ("do", "add:vehicles"))
    assert column(visitor, "vin") == [FIRST[0], ""]
    visitor.get(green)
    visitor.send(green, *trees("甲木"), ("do", "add:trees"))
    assert column(visitor, "species") == ["甲木", ""]


def test_as_many_rows_are_kept_as_the_field_allows_and_one_more_is_said(visitor: Visitor, green: str) -> None:
    kinds = [f"树{number}" for number in range(101)]
    visitor.get(green)
    visitor.send(green, *trees(*kinds[:100]), ("do", "next"))
    visitor.get(green)
    assert column(visitor, "species") == kinds[:100]
    assert "最多 100 组" in visitor.text
    assert "add:trees" not in visitor.page
    visitor.send(green, *trees(*kinds[:100]), ("do", "add:trees"))
    assert len(column(visitor, "species")) == 100
    visitor.send(green, *trees(*kinds), ("do", "next"))
    assert column(visitor, "species") == kinds, "what was typed is shown again, all of it"
    assert "需要修改" in visitor.text
    assert "最多 100" in visitor.text.partition("需要修改")[2][:40]


def test_a_question_takes_more_than_fifty_rows(visitor: Visitor) -> None:
    visitor.get(VEHICLES)
    visitor.send(VEHICLES, *vehicles(*[FIRST] * 60), ("do", "add:vehicles"))
    assert len(column(visitor, "vin")) == 61


def test_a_row_of_the_situation_emptied_by_hand_leaves_the_others_their_answers(visitor: Visitor) -> None:
    rows = [dict(zip(("vin", "gross_mass"), row, strict=True)) for row in (FIRST, SECOND)]
    at = visitor.get(f"/drafts/{start(visitor, 'transport-company', vehicles=rows, filer='legal_rep')}/form/vehicles")
    visitor.send(at, *((f"vehicles.0.{name}", "") for name in ("vin", "gross_mass", "price")),
                 ("vehicles.1.vin", SECOND[0]), ("vehicles.1.price", "260000"), ("do", "later"))
    visitor.get(at)
    assert column(visitor, "vin") == [FIRST[0], SECOND[0]]
    assert column(visitor, "price") == ["", "260000"]


def test_enter_in_a_row_goes_on_and_removes_nothing(page: Page) -> None:
    page.goto(VEHICLES)
    page.get_by_role("button", name="再加一辆").click()
    for at, row in enumerate((FIRST, SECOND)):
        for name, value in zip(("vin", "gross_mass"), row, strict=True):
            page.fill(f"[name='vehicles.{at}.{name}']", value)
    page.locator("[name='vehicles.1.gross_mass']").press("Enter")
    expect(page).not_to_have_url(re.compile("questions/vehicles"))
    page.goto(VEHICLES)
    assert [box.input_value() for box in page.locator("[name$='.vin']").all()] == [FIRST[0], SECOND[0]]


def test_enter_on_a_page_of_the_form_saves_and_goes_on(page: Page) -> None:
    page.goto(VEHICLES)
    for name, value in zip(("vin", "gross_mass"), FIRST, strict=True):
        page.fill(f"[name='vehicles.0.{name}']", value)
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("法定代表人").check()
    page.get_by_role("button", name="下一步").click()
    sign_in(page)
    page.get_by_role("button", name="填入示例数据").click()
    at = page.url
    page.locator("main form#page input[type=text]").first.press("Enter")
    expect(page).not_to_have_url(at)
    assert page.locator(".govuk-error-summary").count() == 0
