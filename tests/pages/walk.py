"""The applicant's way by visible labels, in pieces that the browser tests put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from playwright.sync_api import Page, expect

UTILITIES = "水电气网联合报装"
EVERY_MS = 10_000  # in which a live page asks at least once
Answers = Mapping[str, str | list[str]]
EVERYTHING: Answers = {
    "需要接入哪些服务": ["供水", "排水(非纯生活污水)", "供电", "燃气", "供热", "通信", "有线电视"],
    "集中供热": "是", "红线外新建管线": "是", "总长多少米": "250", "占用多少平方米道路": "60",
    "挖掘多少平方米道路": "40", "新建还是大修": "大修", "哪天竣工": "2012-06-30", "平方米绿地": "30", "株树": "6",
    "公路": "是", "河道": "是", "立方米": "120",
    "由谁提交": "经办人(代理人)",
}
SIMPLE: Answers = {"需要接入哪些服务": ["供水", "供电"], "红线外新建管线": "否", "由谁提交": "法定代表人"}


def answer(page: Page, answers: Answers) -> None:
    """Answer the question on the page by the label that belongs to it."""
    heading = page.locator("h1").inner_text()
    wanted = next(value for part, value in answers.items() if part in heading)
    if isinstance(wanted, list):
        for label in wanted:
            page.get_by_label(label, exact=True).check()
    elif page.get_by_role("radio").count():
        page.get_by_label(wanted, exact=False).first.check()
    else:
        page.get_by_label(heading).fill(wanted)
    page.get_by_role("button", name="下一步").click()


def to_plan(page: Page, bundle: str, answers: Answers) -> None:
    """From the home page through every question to the plan."""
    page.goto("/")
    page.get_by_role("link", name=bundle).click()
    page.get_by_role("button", name="开始办理").click()
    while "/questions/" in page.url:
        answer(page, answers)
    expect(page.get_by_role("heading", name="您的办理方案")).to_be_visible()


def sign_in(page: Page, person: str = "示例甲") -> None:
    """From the plan to the first page of the form, as a sample person."""
    page.get_by_role("button", name="登录后开始填表").first.click()
    page.get_by_role("button", name=f"以{person}登录").click()
    page.get_by_role("button", name="开始填表").first.click()


def fill(page: Page) -> None:
    """Fill the form with the sample data, page by page, and attach the sample papers where any are wanted."""
    page.get_by_role("button", name="填入示例数据").click()
    while "/form/" in page.url:
        page.get_by_role("button", name="保存，下一页").click()
        assert page.locator(".govuk-error-summary").count() == 0, page.locator(".govuk-error-summary").inner_text()
    if page.get_by_role("button", name="附上示例材料").count():
        page.get_by_role("button", name="附上示例材料").click()
    for pledge in page.get_by_role("checkbox", name=re.compile("我承诺")).all():
        pledge.check()
    page.get_by_role("button", name="下一步").click()


@contextmanager
def leaving(page: Page) -> Iterator[None]:
    """What is done here leads to another page, be its address the same."""
    entry = "navigation.currentEntry.key"
    here = page.evaluate(entry)
    yield
    page.wait_for_function(f"here => {entry} !== here", arg=here)


def go_back(page: Page) -> None:
    """Press the browser's button as a person does: what comes out of the browser's memory is not loaded, which the
    driver's own way back would wait for."""
    with leaving(page):
        page.evaluate("() => { setTimeout(() => history.back(), 50) }")


def ask_again(page: Page) -> None:
    """Let the clock of a live page run until it has asked what is new and shows it, so that nobody waits for that. With
    the news that all is over it asks no more: whoever looked before that was shown would wait for ever."""
    page.evaluate("() => { document.getElementById('live').dataset.shown = 'before' }")
    with page.expect_response("**/live") as told:
        page.clock.fast_forward(EVERY_MS)
    if told.value.status == 200:
        page.wait_for_function("() => document.getElementById('live').dataset.shown === undefined")


def submit(page: Page) -> tuple[str, str]:
    """Consent, check, file; the reference and the code of the receipt."""
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="下一步，核对").click()
    if page.get_by_role("heading", name="请对方确认").count():
        let_all_agree(page)
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_role("heading", name="已提交")).to_be_visible()
    reference, code = page.locator(".code").all_inner_texts()
    return reference, code


def let_all_agree(page: Page) -> None:
    """Make a code for everybody who must agree; each opens it in a browser of their own, reads, and agrees."""
    ask, browser = page.get_by_role("button", name=re.compile("^生成确认码")), page.context.browser
    assert browser is not None
    while ask.count():
        ask.first.click()
        told = re.search("给(.+)的确认码", page.locator(".told").inner_text())
        assert told is not None
        other = browser.new_context(base_url=page.url, locale="zh-CN").new_page()
        other.goto("/agreements")
        other.get_by_role("button", name=f"以{told[1]}登录").click()
        other.get_by_label("确认码").fill(page.locator(".code").inner_text())
        other.get_by_role("button", name="打开").click()
        for box in other.get_by_role("checkbox").all():
            box.check()
        other.get_by_role("button", name="同意", exact=True).click()
        expect(other.get_by_text("您已经同意")).to_be_visible()
        other.context.close()
        page.get_by_role("link", name="看看对方答复了没有").click()
    page.get_by_role("button", name="下一步，核对").click()


def file(page: Page, bundle: str, answers: Answers) -> tuple[str, str]:
    """The whole way from the home page to the receipt."""
    to_plan(page, bundle, answers)
    sign_in(page)
    fill(page)
    return submit(page)
