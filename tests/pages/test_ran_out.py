"""A page of the form that is left against one's will: the sign-in ends, the network goes, one goes back or presses
twice. What was typed is found again, and nothing old is saved over it."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Page, expect

from tests.pages.walk import SIMPLE, UTILITIES, go_back, sign_in, to_plan

TYPED = "示例新名称有限公司"


def type_and_run_out(page: Page) -> None:
    """Fill one field; then the sign-in ends, as it does after an hour."""
    to_plan(page, UTILITIES, SIMPLE)
    sign_in(page)
    page.get_by_role("button", name="填入示例数据").click()
    page.get_by_label("单位名称").fill(TYPED)
    page.context.clear_cookies(name="yjs")


def save(page: Page) -> None:
    """Press the button that saves the page."""
    page.get_by_role("button", name="保存，下一页").click()


def test_the_login_page_says_that_nothing_was_saved_and_going_back_finds_what_was_typed(page: Page) -> None:
    type_and_run_out(page)
    form = page.url.partition("?")[0]
    save(page)
    expect(page.get_by_text("刚才填的还没有保存")).to_be_visible()
    page.get_by_role("button", name="以示例甲登录").click()
    assert page.url.startswith(form)
    for there in (re.compile("/login"), re.compile(re.escape(form))):
        go_back(page)
        expect(page).to_have_url(there)
    expect(page.get_by_label("单位名称")).to_have_value(TYPED)
    save(page)
    page.goto(form)
    expect(page.get_by_label("单位名称")).to_have_value(TYPED)


def test_after_signing_in_again_in_a_second_tab_the_page_is_saved_as_if_nothing_had_been(page: Page) -> None:
    type_and_run_out(page)
    form = page.url.partition("?")[0]
    second = page.context.new_page()
    second.goto("/login")
    second.get_by_role("button", name="以示例甲登录").click()
    expect(second.get_by_role("button", name=re.compile("退出"))).to_be_visible()
    save(page)
    page.goto(form)
    expect(page.get_by_label("单位名称")).to_have_value(TYPED)


def test_without_a_network_a_page_is_not_left_and_says_that_it_is_not_saved(context: BrowserContext) -> None:
    page = context.new_page()
    to_plan(page, UTILITIES, SIMPLE)
    sign_in(page)
    form = page.url
    page.get_by_label("单位名称").fill(TYPED)
    context.set_offline(True)
    save(page)
    expect(page.locator(".unsent")).to_contain_text("还没有保存")
    context.set_offline(False)
    save(page)
    expect(page).not_to_have_url(form)
    page.goto(form)
    expect(page.get_by_label("单位名称")).to_have_value(TYPED)


def test_going_back_shows_the_choices_that_are_kept_and_not_those_of_an_earlier_visit(page: Page) -> None:
    to_plan(page, UTILITIES, SIMPLE)
    sign_in(page)
    form = page.url
    expect(page.get_by_label("企业", exact=True)).to_be_checked()
    page.goto(f"{form}?review=1")
    page.get_by_label("个体工商户").check()
    page.get_by_role("button", name="保存，回到核对").click()
    expect(page).to_have_url(re.compile("/review"))
    go_back(page)
    go_back(page)
    expect(page).to_have_url(form)
    expect(page.get_by_label("个体工商户")).to_be_checked()


def test_pressing_twice_opens_one_draft(page: Page) -> None:
    page.goto("/login")
    page.get_by_role("button", name="以示例乙登录").click()
    to_plan(page, UTILITIES, SIMPLE)
    page.get_by_role("button", name="开始填表").first.dblclick()
    expect(page).to_have_url(re.compile("/form/"))
    page.goto("/cases")
    expect(page.get_by_role("link", name=re.compile("接着填"))).to_have_count(1)
