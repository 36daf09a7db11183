"""The officers' pages in a browser: accessible, not wider than the window, worked by keyboard, at both widths."""

import threading
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from app import create_app
from people import totp
from people.accounts import NewAccount
from tests.ops.conftest import PNG, file
from tests.pages.conftest import WIDTHS, width
from tests.pages.test_access import look_over
from tests.shared import PATIENCE_MS
from web.wiring import NAME

__all__ = ["WIDTHS", "width"]
GIVEN = "窗口先替他设的一句话 abcxyz"


@pytest.fixture
def page(browser, width, at_the_pages):
    """A page of a fresh visitor at a portal with two legs for the water company's officers, of whom one has an account
    that an operator made."""
    app = create_app({"YJS_STAFF_FACTOR": "on"})
    home = app.extensions[NAME]
    file(home, 2)
    home.accounts.add(NewAccount("wang", "officer", "示例王", "water-office", GIVEN, must_change=True),
                      home.clock.now())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    context = browser.new_context(base_url=f"http://127.0.0.1:{server.port}", locale="zh-CN",
                                  viewport={"width": width, "height": 844})
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()
        server.shutdown()
        serving.join()
        server.server_close()
        app.extensions[NAME].close()


def test_an_officer_signs_in_for_the_first_time_and_finds_what_is_asked_at_a_glance(page):
    page.goto("/login")
    page.get_by_label("账号").fill("wang")
    page.get_by_label("密码").fill(GIVEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="换一个密码")).to_be_visible()
    page.get_by_role("button", name="换密码并继续").click()
    expect(page.get_by_text("有 1 处需要修改")).to_be_visible()
    look_over(page)
    for label in ("新密码", "再输入一遍新密码"):
        page.get_by_label(label, exact=True).fill(GIVEN[::-1])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="登记验证器")).to_be_visible()
    page.get_by_text("扫不了图").click()
    look_over(page)
    secret = page.locator(".code-text").inner_text().replace(" ", "")
    page.get_by_label("6 位数字").fill(totp.code_of(secret, totp.step_at(datetime.now(UTC))))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="记下恢复码")).to_be_visible()
    look_over(page)
    recovery = page.locator(".code-text").first.inner_text()
    page.get_by_role("button", name="记下了，继续").click()
    page.get_by_role("link", name="登录安全").click()
    look_over(page)
    page.get_by_role("button", name="退出").click()
    page.goto("/login")
    page.get_by_label("账号").fill("wang")
    page.get_by_label("密码").fill(GIVEN[::-1])
    page.keyboard.press("Enter")
    page.get_by_label("验证码或恢复码").fill("123")
    page.keyboard.press("Enter")
    expect(page.get_by_text("有 1 处需要修改")).to_be_visible()
    look_over(page)
    page.get_by_label("验证码或恢复码").fill(recovery)
    page.keyboard.press("Enter")
    expect(page.get_by_text("上次登录")).to_be_visible()


def test_an_officer_works_through_the_pages(page):
    page.goto("/login")
    page.get_by_text("其他角色").click()
    page.get_by_role("button", name="以示例工作人员(供水公司)登录").click()
    look_over(page)
    page.get_by_role("link", name="新到").click()
    look_over(page)
    page.get_by_role("button", name="供水报装").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="供水报装")).to_be_visible()
    look_over(page)
    page.get_by_label("本单位编号").fill("GS-1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("已受理，开始计时")).to_be_visible()
    for act in ("要求补正", "办结"):
        page.locator("summary").get_by_text(act, exact=True).click()
        look_over(page)
    page.get_by_label("编号", exact=True).first.fill("2026-17")
    page.locator("#f-granted-0-files").set_input_files([
        {"name": "协议.png", "mimeType": "image/png", "buffer": PNG},
        {"name": "说明.txt", "mimeType": "text/plain", "buffer": b"plain"}])
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.get_by_text("有 1 处需要修改")).to_be_visible()
    look_over(page)
    expect(page.get_by_label("编号", exact=True).first).to_have_value("2026-17")
    page.get_by_role("button", name="办结", exact=True).click()  # with the file that was taken before
    expect(page.get_by_role("link", name="协议.png")).to_be_visible()
    look_over(page)
    page.get_by_role("link", name="下一件").or_(page.get_by_role("button", name="下一件")).click()
    look_over(page)
    page.get_by_role("link", name="已办").click()
    look_over(page)
