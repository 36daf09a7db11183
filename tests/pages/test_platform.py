"""Signing in by the stand-in identity platform in a real browser, and out again from either side."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.pages.walk import SIMPLE, UTILITIES, to_plan

BUTTON = "用城市统一身份认证登录(示例)"
FIRM = re.compile("示例甲，代表示例科技有限公司")


def test_who_comes_by_the_platform_finds_filled_in_what_it_knows_and_signs_out_here_or_there(page: Page) -> None:
    to_plan(page, UTILITIES, SIMPLE)
    page.get_by_role("button", name="登录后开始填表").first.click()
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("button", name="取消，不登录").click()
    expect(page.get_by_text("您在统一身份认证平台取消了登录")).to_be_visible()
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("button", name=FIRM).click()
    page.get_by_role("button", name="开始填表").first.click()
    expect(page.get_by_label("统一社会信用代码")).to_have_value("91370202MA0000000Y")
    expect(page.get_by_label("法定代表人姓名")).to_have_value("示例甲")

    page.get_by_role("button", name="退出（示例甲）").click()
    expect(page.get_by_role("heading", name="您已退出本网站")).to_be_visible()
    expect(page.get_by_role("link", name="登录", exact=True)).to_be_visible()
    page.wait_for_url(re.compile(r"127\.0\.0\.1:\d+/$"))  # to the platform and back again

    page.get_by_role("link", name="登录", exact=True).click()
    page.get_by_role("button", name=BUTTON).click()
    platform = page.url.partition("/authorize")[0]
    page.get_by_role("button", name=FIRM).click()
    expect(page.get_by_role("button", name="退出（示例甲）")).to_be_visible()
    page.goto(f"{platform}/end")
    expect(page.get_by_text("您已退出统一身份认证平台")).to_be_visible()
    page.goto("/cases")  # the portal was told by the platform itself
    expect(page.get_by_role("heading", name="登录", exact=True)).to_be_visible()
