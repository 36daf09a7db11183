"""Two windows of one browser: neither takes the other's answers, and a draft being changed stays that draft."""

from __future__ import annotations

import random
import re
from typing import Any

from flask import Flask

from tests.pages.client import Visitor
from tests.pages.test_rows import FIRST, SECOND, VEHICLES, column, vehicles
from tests.pages.test_words import SMALL, ask_through, start
from web.pages.situation import TOO_MUCH

LORRIES: dict[str, Any] = {
    "vehicles": [dict(zip(("vin", "gross_mass"), row, strict=True)) for row in (FIRST, SECOND)], "filer": "legal_rep",
}
GROUPS = ("0", "1AJ", "2BKS", "3CLT", "4DMU", "5ENV", "6FW", "7GPX", "8HY", "9RZ")
VALUES = {sign: value for value, signs in enumerate(GROUPS) for sign in signs}
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
LETTERS = sorted(VALUES)
THIRD = "LSVAA4182E2123456"


def drafts(visitor: Visitor) -> set[str]:
    """The drafts that the person has."""
    visitor.get("/cases")
    return set(re.findall(r"/drafts/([0-9a-f]{32})", visitor.page))


def change(visitor: Visitor, draft: str, question: str) -> str:
    """Press 修改 of a question of a draft; the address of the page it leads to."""
    visitor.get(f"/drafts/{draft}/plan")
    visitor.send(f"/drafts/{draft}/questions", ("question", question))
    return visitor.address


def seen(visitor: Visitor) -> tuple[str, str]:
    """What the page says that it has seen."""
    return "seen", re.findall(r'name="seen" value="([^"]*)"', visitor.page)[0]


def test_a_draft_being_changed_is_saved_though_another_window_began_another_matter(visitor: Visitor) -> None:
    draft = start(visitor, "transport-company", **LORRIES)
    before = drafts(visitor)
    first = change(visitor, draft, "vehicles")
    assert column(visitor, "vin") == [FIRST[0], SECOND[0]]
    visitor.get("/bundles/utilities/questions/services")
    visitor.send("/bundles/utilities/questions/services", ("services", "water"))
    visitor.send(first, *vehicles(FIRST))
    assert "保存并继续填表" in visitor.text
    action = re.search(r'action="(/bundles/transport-company/start[^"]*)"', visitor.page)
    assert action is not None
    visitor.send(action[1], seen(visitor))
    assert draft in visitor.at
    assert drafts(visitor) == before, "no second draft"
    visitor.get(f"/drafts/{draft}/form/vehicles")
    assert column(visitor, "vin") == [FIRST[0]]


def test_a_question_asks_of_rows_what_decides_and_what_the_form_asks_of_them_stays(visitor: Visitor) -> None:
    draft = start(visitor, "transport-company", **LORRIES)
    page = visitor.get(f"/drafts/{draft}/form/vehicles")
    assert visitor.text.count("您已回答") == 4, "what is said is shown, and not asked again"
    visitor.send(page, *vehicles(FIRST, SECOND), ("vehicles.0.price", "186000"), ("vehicles.1.price", "98000"),
                 ("do", "later"))
    first = change(visitor, draft, "vehicles")
    assert "不含税价格" not in visitor.text
    visitor.send(first, *vehicles((THIRD, "20000"), FIRST))
    action = re.search(r'action="(/bundles/transport-company/start[^"]*)"', visitor.page)
    assert action is not None
    visitor.send(action[1], seen(visitor))
    visitor.get(page)
    assert (column(visitor, "vin"), column(visitor, "price")) == ([THIRD, FIRST[0]], ["", "186000"])


def test_a_visitor_finds_the_answers_of_one_bundle_after_looking_at_another(visitor: Visitor) -> None:
    ask_through(visitor, "utilities", SMALL)
    visitor.get(VEHICLES)
    visitor.send(VEHICLES, *vehicles(FIRST))
    visitor.get("/bundles/utilities/plan")
    assert visitor.at == "/bundles/utilities/plan"
    visitor.get(VEHICLES)
    assert column(visitor, "vin") == [FIRST[0]]


def test_changing_a_draft_keeps_apart_from_a_new_application_for_the_same(visitor: Visitor) -> None:
    draft = start(visitor, "transport-company", **LORRIES)
    first = change(visitor, draft, "vehicles")
    visitor.get(VEHICLES)
    assert column(visitor, "vin") == [""], "a new application begins empty"
    visitor.send(VEHICLES, *vehicles(SECOND))
    visitor.get(first)
    assert column(visitor, "vin") == [FIRST[0], SECOND[0]]


def test_a_draft_is_changed_by_its_owner_alone_and_after_a_sign_in(app: Flask, visitor: Visitor) -> None:
    draft = start(visitor, "transport-company", **LORRIES)
    first = change(visitor, draft, "vehicles")
    assert draft in first
    visitor.client.delete_cookie("yjs")
    visitor.get(first)
    assert visitor.at == "/login"
    visitor.sign_in("sample-retiree")
    visitor.get(first)
    assert visitor.status == 404
    assert FIRST[0] not in visitor.page
    visitor.get(VEHICLES)
    assert column(visitor, "vin") == [""]
    visitor.sign_in()
    visitor.get(first)
    assert column(visitor, "vin") == [FIRST[0], SECOND[0]]
    visitor.get(first.replace("transport-company/questions/vehicles", "utilities/questions/services"))
    assert visitor.status == 404, "not a draft of that bundle"


def test_the_oldest_answers_go_when_there_are_many(visitor: Visitor) -> None:
    visitor.get(VEHICLES)
    visitor.send(VEHICLES, *vehicles(FIRST))
    for bundle, question, answer in (("utilities", "services", "water"), ("retirement", "retire_kind", "age"),
                                     ("newborn", "has_certificate", "yes")):
        visitor.get(f"/bundles/{bundle}/questions")
        visitor.send(f"/bundles/{bundle}/questions/{question}", (question, answer))
        assert visitor.at != f"/bundles/{bundle}/questions/{question}"
    visitor.get(VEHICLES)
    assert column(visitor, "vin") == [""]


def numbers(count: int) -> list[str]:
    """Numbers of vehicles with their right check digits, which have as little in common as real ones."""
    chance, made = random.Random(5), []
    for _ in range(count):
        bare = "".join(chance.choices(LETTERS, k=13)) + f"{chance.randrange(10_000):04d}"
        rest = sum(VALUES[sign] * weight for sign, weight in zip(bare, WEIGHTS, strict=True)) % 11
        made.append(f"{bare[:8]}{'X' if rest == 10 else rest}{bare[9:]}")
    return made


def test_answers_that_no_cookie_holds_are_said_not_to_be_kept(visitor: Visitor) -> None:
    visitor.get(VEHICLES)
    rows = [(number, "18000") for number in numbers(200)]
    visitor.send(VEHICLES, *vehicles(*rows))
    assert (visitor.status, len(column(visitor, "vin"))) == (422, 200)
    assert TOO_MUCH in visitor.text
    visitor.send(VEHICLES, *vehicles(*rows[:60]))
    assert visitor.at != VEHICLES
    visitor.get(VEHICLES)
    assert len(column(visitor, "vin")) == 60
