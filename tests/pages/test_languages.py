"""Whoever reads little Chinese chooses English beside it; for everybody else nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from jinja2.nodes import Const, Filter

from tests.pages.client import Visitor
from tests.pages.test_agreements import submit
from tests.pages.test_words import ask_through, fill, start
from web.languages import phrases

TEMPLATES = Path(__file__).parents[2] / "templates"
WORK = {"work_case": "first", "worker_class": "a", "year_long": True, "wants_card": False, "treaty": False,
        "filer": "legal_rep"}
BUNDLE = "/bundles/foreign-work"
LABELS = ("员工姓名", "Employee's name")


def choose(visitor: Visitor, tag: str, next_: str = BUNDLE) -> str:
    """Press the button of a language, or the one that takes it back; where that led."""
    visitor.get(BUNDLE)
    return visitor.send("/language", ("tag", tag), ("next", next_))


def test_english_stands_beside_the_chinese_from_the_guide_to_the_progress(visitor: Visitor) -> None:
    assert choose(visitor, "en") == BUNDLE
    assert "外国人来华工作 Working in China as a foreigner" in visitor.text and "开始办理 Start" in visitor.text
    draft = start(visitor, "foreign-work", **WORK)
    visitor.get(f"/drafts/{draft}/form/worker")
    assert " ".join(LABELS) in visitor.text.replace("&#39;", "'")
    assert "女 Female" in visitor.text and "护照 Passport" in visitor.page
    visitor.get(f"/drafts/{draft}/form/job")
    assert "是 Yes" in visitor.text
    visitor.get(f"/drafts/{draft}/materials")
    assert "We vouch that this person has no criminal record" in visitor.text, "who signs can read it"
    fill(visitor, draft)
    visitor.get(f"/drafts/{draft}/review")
    assert "员工性别 Sex 男 Male" in visitor.text and "劳动合同 Employment contract" in visitor.text
    visitor.get(submit(visitor, draft).removesuffix("/receipt"))
    assert "外国人工作类居留许可 Residence permit for work" in visitor.text


def test_without_a_choice_there_is_the_chinese_alone_and_the_button(visitor: Visitor) -> None:
    visitor.get(BUNDLE)
    assert '<button name="tag" value="en" lang="en">English</button>' in visitor.page
    assert "Working in China" not in visitor.page and "Start" not in visitor.text
    visitor.get("/bundles/utilities")
    assert 'name="tag"' not in visitor.page, "nothing of it is written in another language"


def test_the_choice_holds_until_it_is_taken_back_on_whatever_page(visitor: Visitor) -> None:
    choose(visitor, "en", "/bundles/utilities")
    assert '<button name="tag" value="">只看中文</button>' in visitor.page and "开始办理 Start" in visitor.text
    choose(visitor, "")
    assert "开始办理 Start" not in visitor.text


@pytest.mark.parametrize("tag", ["fr", "zh", "zz", "<b>", "e" * 300])
def test_a_language_in_which_nothing_is_written_changes_nothing(visitor: Visitor, tag: str) -> None:
    choose(visitor, tag)
    assert "外国人来华工作</h1>" in visitor.page and "<b>" not in visitor.page


def test_choosing_leads_nowhere_else(visitor: Visitor) -> None:
    assert choose(visitor, "en", "//example.com/x") == "/"


def test_the_question_who_files_is_there_in_english_too(visitor: Visitor) -> None:
    choose(visitor, "en")
    asked = ask_through(visitor, "foreign-work", WORK)
    assert "filer" in asked
    visitor.get(f"{BUNDLE}/questions/filer")
    assert "由谁提交申请？ Who files it?" in visitor.text and "法定代表人 The legal representative" in visitor.text


def test_home_finds_a_bundle_by_its_other_name_and_shows_that(visitor: Visitor) -> None:
    visitor.get("/?q=working in china")
    assert '<p lang="en">Working in China as a foreigner</p>' in visitor.page


def test_the_api_stays_as_it_is(visitor: Visitor) -> None:
    choose(visitor, "en")
    bundle = visitor.client.get("/api/bundles/foreign-work").json
    assert bundle["name"] == "外国人来华工作"


def test_every_phrase_that_a_page_has_in_other_languages_is_in_the_table_and_none_besides(app: Flask) -> None:
    used = set()
    for path in TEMPLATES.rglob("*.html"):
        for found in app.jinja_env.parse(path.read_text("utf-8")).find_all(Filter):
            if found.name == "t":
                used |= {said.value for said in found.find_all(Const) if isinstance(said.value, str)}
    used = {line for line in used if not line.isascii()}
    buttons = {"开始填表", "继续填表", "保存并继续填表"}
    used |= {"选情形", "看方案", "填表", "交材料", "核对提交", *buttons, *(f"登录后{button}" for button in buttons)}
    assert used - {"登录后"} == set(phrases())
