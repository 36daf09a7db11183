"""All bundles in a real browser, by visible labels: filed, every ask answered, watched until nothing is open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bench.applicant import CATALOG, in_public
from bench.town import Town, town_of
from catalog.reading import columns_that_choose
from forms.compose import compose
from forms.plan import FieldLine, Plan
from sources.samples import who_tries
from tests.bundles.filled import sample
from tests.pages.walk import fill, submit

PATIENCE, ZONE = 20_000, ZoneInfo("Asia/Shanghai")

# A leg of theirs may be decided only after days in public, so that the shared clock is moved: they come last.
IN_PUBLIC = in_public()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A portal whose clock can be moved, with the shipped script mix."""
    with town_of() as made:
        yield made


@pytest.mark.parametrize("bundle", [*sorted({*CATALOG.bundles} - {*IN_PUBLIC}), *IN_PUBLIC])
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
    page.get_by_role("button", name=re.compile(who_tries(bundle).name)).click()
    page.get_by_role("button", name="开始填表").first.click()
    fill(page)
    submit(page)
    page.get_by_role("button", name="看办理进度").click()
    until_ended(page, town, bundle)


def until_ended(page: Page, town: Town, bundle: str) -> None:
    """Answer what is asked, let a notice period go by, until the page has nothing more to wait for."""
    live, asked = page.locator("#live[hx-get]"), page.get_by_role("link", name=re.compile("现在补充"))
    under_way = page.locator("section.leg:not(.leg-waiting):not(.leg-done)")
    passed: set[str] = set()  # whose days in public are over
    for _ in range(300):
        if asked.count():
            supply(page, asked.first)
        elif not live.count():
            break
        elif under_way.count() == 1 and under_way.get_by_text("公告或公示到").count() and (
                (name := under_way.locator("h3").first.inner_text()) not in passed):
            page.wait_for_timeout(5_000)  # notices under way would be refused as stale
            town.jump(days=22)
            passed.add(name)
            page.reload()
            who = who_tries(bundle).name
            page.get_by_role("button", name=f"以{who}登录").click()  # the session ended with the days
        page.wait_for_timeout(1_000)
    assert bool(passed) == (bundle in IN_PUBLIC)
    expect(live).to_have_count(0)
    expect(page.locator("section.leg .look-done").first).to_be_visible()


def supply(page: Page, link: Locator) -> None:
    """Answer one request."""
    link.click()
    for attach in page.get_by_role("checkbox", name=re.compile("附上示例")).all():
        attach.check()
    for field in page.get_by_role("textbox").all():
        field.fill("12")
    page.get_by_role("button", name="提交补充").click()


def answer(page: Page, bundle: str, plan: Plan) -> None:
    """Answer the question on the page as the published figures do."""
    shown = page.locator("h1").inner_text()
    asked = next(one for one in plan.questions if str(one.ask) in shown)
    given = CATALOG.bundles[bundle].figures[asked.id]
    names = {option.code: str(option.name) for option in asked.options}
    if asked.type == "yes_no":
        page.get_by_label("是" if given else "否", exact=True).check()
    elif asked.type in {"choice", "many"}:
        for one in given if asked.type == "many" else [given]:
            page.get_by_label(names[one], exact=True).check()
    elif asked.type in {"region", "regions"}:
        for place, one in enumerate(given if asked.type == "regions" else [given]):
            page.get_by_role("combobox").nth(place).select_option(label=full_name(one))
    elif asked.type == "rows":
        known = who_tries(bundle).details.get(asked.id, [])
        rows = [{**there, **row} for row, there in zip_longest(given, known[:len(given)], fillvalue={})]
        wanted = {f"{asked.id}.{CATALOG.fields[asked.id].key}", *columns_that_choose(CATALOG.bundles[bundle])}
        put_rows(page, rows, {column.code.rpartition(".")[2]: column for line in plan.fields
                              if line.code == asked.id for column in line.inner if column.code in wanted})
    else:
        page.get_by_role("textbox").fill(str(given))
    page.get_by_role("button", name="下一步").click()


def full_name(code: str) -> str:
    """A region under those it belongs to."""
    region = CATALOG.regions[code]
    return f"{full_name(region.parent)} {region.name}" if region.parent else str(region.name)


def put_rows(page: Page, rows: Sequence[Mapping[str, object]], columns: Mapping[str, FieldLine]) -> None:
    """Fill row after row: what the figures say, else what the sample person has, else a sample of the column's type."""
    for number, row in enumerate(rows):
        if number:
            page.get_by_role("button", name=re.compile("再加")).click()
        shown = page.get_by_role("group", name=re.compile(f"^第 {number + 1} "))
        for code, column in columns.items():
            put(shown, column, row.get(code, sample(column)))


def put(row: Locator, column: FieldLine, value: object) -> None:
    """One answer of a row."""
    field = row.get_by_label(str(column.name), exact=True)
    if column.type in {"yes_no", "choice"}:
        names = {option.code: str(option.name) for option in column.options} or {"True": "是", "False": "否"}
        row.get_by_role("group", name=str(column.name)).get_by_label(names[str(value)], exact=True).check()
    elif field.count():  # a question asks only the columns on which it hangs what is to be done
        field.fill(str(value))
