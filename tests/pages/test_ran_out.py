"""A sign-in that ends while a page of the form is being filled: what was typed is found again and can be saved."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.pages.walk import SIMPLE, UTILITIES, sign_in, to_plan

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
    page.go_back()
    page.go_back()
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
