"""All bundles in a real browser, by visible labels: filed, every ask answered, watched until nothing is open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bench.applicant import CATALOG
from bench.town import Town, town_of
from forms.compose import compose
from forms.plan import Plan
from tests.pages.walk import fill, submit

PERSONS = {"retirement": "示例丙", "after-life": "示例丙", "newborn": "示例丁"}
NOTICE_PERIOD = "deregistration"  # its first leg may be decided only after 20 natural days in public
PATIENCE, ZONE = 20_000, ZoneInfo("Asia/Shanghai")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A portal whose clock can be moved, with the shipped script mix."""
    with town_of() as made:
        yield made


@pytest.mark.parametrize("bundle", [*sorted({*CATALOG.bundles} - {NOTICE_PERIOD}), NOTICE_PERIOD])
def test_a_bundle_is_filed_and_ends(town: Town, browser: Browser, bundle: str) -> None:
    page = browser.new_context(base_url=town.url, locale="zh-CN").new_page()
    page.set_default_timeout(PATIENCE)
    page.goto("/")
    page.get_by_role("link", name=str(CATALOG.bundles[bundle].name), exact=True).click()
    page.get_by_role("button", name="开始办理").click()
    plan = compose(CATALOG, bundle, CATALOG.bundles[bundle].figures, today=datetime.now(ZONE).date())
    while "/questions/" in page.url:
        answer(page, bundle, plan)
        expect(page.locator(".govuk-error-summary")).to_have_count(0)
    page.get_by_role("button", name="登录后开始填表").first.click()
    page.get_by_role("button", name=re.compile(PERSONS.get(bundle, "示例甲"))).click()
    page.get_by_role("button", name="开始填表").first.click()
    fill(page)
    submit(page)
    page.get_by_role("button", name="看办理进度").click()
    until_ended(page, town, bundle)


def until_ended(page: Page, town: Town, bundle: str) -> None:
    """Answer what is asked, let a notice period go by, until the page has nothing more to wait for."""
    live, asked = page.locator("#live[hx-get]"), page.get_by_role("link", name=re.compile("现在补充"))
    moved = bundle != NOTICE_PERIOD
    for _ in range(300):
        if asked.count():
            supply(page, asked.first)
        elif not live.count():
            break
        elif not moved and page.get_by_text("公告").count() and page.locator(".look-done").count():
            page.wait_for_timeout(5_000)  # notices under way would be refused as stale
            town.jump(days=22)
            moved = True
            page.reload()
            page.get_by_role("button", name="以示例甲登录").click()  # the session ended with the days
        page.wait_for_timeout(1_000)
    assert moved
    expect(live).to_have_count(0)
    expect(page.locator("section.leg .look-done").first).to_be_visible()


def supply(page: Page, link: Locator) -> None:
    """Answer one request."""
    link.click()
    for sample in page.get_by_role("checkbox", name=re.compile("附上示例")).all():
        sample.check()
    for field in page.get_by_role("textbox").all():
        field.fill("12")
    page.get_by_role("button", name="提交补充").click()


def answer(page: Page, bundle: str, plan: Plan) -> None:
    """Answer the question on the page as the published figures do."""
    shown = page.locator("h1").inner_text()
    asked = next(one for one in plan.questions if str(one.ask) in shown)
    given = CATALOG.bundles[bundle].figures[asked.id]
    names = {option.code: str(option.name) for option in asked.options}
    names |= {code: str(region.name) for code, region in CATALOG.regions.items()}
    if asked.type == "yes_no":
        page.get_by_label("是" if given else "否", exact=True).check()
    elif asked.type in {"choice", "many"}:
        for one in given if asked.type == "many" else [given]:
            page.get_by_label(names[one], exact=True).check()
    elif asked.type in {"region", "regions"}:
        for place, one in enumerate(given if asked.type == "regions" else [given]):
            page.get_by_role("combobox").nth(place).select_option(label=names[one])
    elif asked.type == "rows":
        put_rows(page, given, {column.code.rpartition(".")[2]: str(column.name) for line in plan.fields
                               if line.code == asked.id for column in line.inner})
    else:
        page.get_by_role("textbox").fill(str(given))
    page.get_by_role("button", name="下一步").click()


def put_rows(page: Page, rows: Sequence[Mapping[str, object]], labels: Mapping[str, str]) -> None:
    """Fill row after row."""
    for number, row in enumerate(rows):
        if number:
            page.get_by_role("button", name=re.compile("再加")).click()
        for column, value in row.items():
            page.get_by_label(labels[column]).nth(number).fill(str(value))
