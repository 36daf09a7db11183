"""Every shipped bundle goes through the pages, from its first question to a receipt with all its legs, over HTTP."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from bench.parties import agree
from catalog.load import load_catalog
from forms.values import json_ready
from sources.samples import who_tries
from tests.pages.client import sent

CATALOG = load_catalog(Path(__file__).parent.parent.parent / "bundles").catalog


class Visitor:
    """A browser without scripts or pictures: keeps cookies, sends the token of the last page."""

    def __init__(self, portal: str) -> None:
        self.portal, self.session, self.page = portal, requests.Session(), ""

    def get(self, path: str) -> str:
        """Open a page."""
        return self._keep(self.session.get(self.portal + path, timeout=30))

    def send(self, path: str, fields: list[tuple[str, str]]) -> str:
        """Send a form to `path` and follow where it leads."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        assert token is not None
        answer = self.session.post(self.portal + path, [("csrf_token", token[1]), *fields], timeout=30)
        return self._keep(answer)

    def _keep(self, answer: requests.Response) -> str:
        said = re.findall(r'error-summary__list">(.*?)</ul>', answer.text, re.DOTALL)
        assert answer.status_code == 200, (answer.url, said)
        self.page = answer.text
        return answer.url.removeprefix(self.portal)


@pytest.mark.parametrize("bundle", sorted(CATALOG.bundles))
def test_a_shipped_bundle_is_filed_through_its_pages(portal: str, bundle: str) -> None:
    visitor, situation = Visitor(portal), json_ready(CATALOG.bundles[bundle].figures)
    at = visitor.get(f"/bundles/{bundle}/questions")
    while "/questions/" in at:
        question = at.rpartition("/")[2]
        at = visitor.send(at, list(sent(question, situation[question])))
    visitor.get("/login")
    visitor.send("/login/persona", [("persona", who_tries(bundle).id)])
    visitor.get(f"/bundles/{bundle}/plan")
    draft = visitor.send(f"/bundles/{bundle}/start", []).split("/")[2]
    visitor.send(f"/drafts/{draft}/sample-form", [("section", visitor.get(f"/drafts/{draft}").rpartition("/")[2])])
    visitor.get(f"/drafts/{draft}/materials")
    if "/sample-papers" in visitor.page:
        visitor.send(f"/drafts/{draft}/sample-papers", [])
    pledges = re.findall(r'name="signed" value="([^"]+)"', visitor.page)
    assert visitor.page.count("承诺内容：") >= len(pledges), "nobody signs what he cannot read"
    visitor.send(f"/drafts/{draft}/materials", [("signed", key) for key in pledges])
    shown = re.search(r'name="shown" value="([^"]+)"', visitor.page)
    assert shown is not None
    visitor.send(f"/drafts/{draft}/consent", [("shown", shown[1]), ("agreed", "yes"), ("sensitive", "yes")])
    for role in re.findall(rf'action="/drafts/{draft}/agreements/(\w+)"', visitor.page):
        visitor.send(f"/drafts/{draft}/agreements/{role}", [])
        told = re.search(r'给([^<]+)的确认码.*?class="code">([^<]+)<', visitor.page, re.DOTALL)
        assert told is not None
        agree(portal, *told.groups())
    visitor.get(f"/drafts/{draft}/review")
    if bundle == "tendering":  # the sample's last day for bids is late
        assert "投标截止定得比最短的 20 天晚" in visitor.page, "what the form made a rule warn of is read before filing"
    edition = re.search(r'name="edition" value="([^"]+)"', visitor.page)
    assert edition is not None
    receipt = visitor.send(f"/drafts/{draft}/submit", [("edition", edition[1])])
    assert receipt.startswith("/cases/") and receipt.endswith("/receipt")
    for page in ("", "/plan", "/form/applicant", "/materials", "/consent", "/review"):
        assert visitor.get(f"/drafts/{draft}{page}") == receipt, f"{page} of a filed draft leads to its receipt"


def test_an_answer_that_a_rule_refuses_is_told_at_the_next_question_and_no_more_once_it_is_changed(portal: str) -> None:
    visitor = Visitor(portal)
    first = visitor.get("/bundles/cafe/questions")
    assert visitor.send(first, [("fumes", "yes")]) == "/bundles/cafe/questions/food_items"
    assert "还不能办理" in visitor.page and "请改办“开办餐饮店”" in visitor.page
    visitor.get(first)
    visitor.send(first, [("fumes", "no")])
    assert "还不能办理" not in visitor.page
    at = visitor.get("/bundles/pet-clinic/questions")
    for answer in ("hospital", "no"):
        at = visitor.send(at, [(at.rpartition("/")[2], answer)])
    assert "还不能办理" not in visitor.page, "no imaging device is only what a default says as yet"


def test_home_begins_with_a_life_and_shows_a_number_once_where_nothing_is_gained(portal: str) -> None:
    page = requests.get(portal, timeout=30).text
    stages = re.findall(r'<h2 class="govuk-heading-m">([^<]+)</h2>', page)
    assert stages == ["出生", "入学", "就业", "安居", "社会保障", "扶残助困", "退休", "身后", "开办经营", "招用员工",
                      "项目建设", "交通运输", "文化演出", "企业变更", "企业信用", "企业退出"]
    gains = re.findall(r"(\d+) → <strong>(\d+)</strong>", page)
    assert gains and all(before != after for before, after in gains)


def test_what_an_author_answers_beforehand_stands_ticked(portal: str) -> None:
    visitor = Visitor(portal)
    visitor.get("/bundles/enterprise-move/questions/changes")
    ticked = re.findall(r'<input[^>]*value="(\w+)"[^>]*\bchecked\b', visitor.page)
    assert ticked == list(json_ready(next(
        question.default for question in CATALOG.bundles["enterprise-move"].questions if question.id == "changes")))
