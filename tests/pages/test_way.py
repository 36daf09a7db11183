"""The applicant's way in a real browser against the running portal, by visible labels alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from sources.papers import paper
from tests.pages.walk import (
    EVERYTHING,
    SIMPLE,
    UTILITIES,
    ask_again,
    file,
    fill,
    go_back,
    leaving,
    sign_in,
    submit,
    to_plan,
)


def live_until(page: Page, there: Callable[[], bool]) -> None:
    """Let a live page ask again and again until what is waited for is there."""
    until = time.monotonic() + 90
    while not there():
        assert time.monotonic() < until
        ask_again(page)


def test_a_newcomer_files_all_seventeen_matters_answers_an_ask_and_sees_them_end(
    page: Page, context: BrowserContext,
) -> None:
    page.clock.install()
    to_plan(page, UTILITIES, EVERYTHING)
    expect(page.get_by_text("共 17 个事项")).to_be_visible()
    sign_in(page)
    fill(page)
    reference, code = submit(page)
    page.get_by_role("button", name="看办理进度").click()
    expect(page.locator("section.leg")).to_have_count(17)
    # Nobody presses reload: the page asks by itself and finds the departments at work.
    done = page.locator("section.leg .look-done")
    live_until(page, lambda: done.count() > 0)
    live_until(page, lambda: page.get_by_role("link", name=re.compile("现在补充")).count() > 0)

    page.get_by_role("link", name=re.compile("现在补充")).first.click()
    for sample in page.get_by_role("checkbox", name=re.compile("附上示例")).all():
        sample.check()
    for field in page.get_by_role("textbox").all():
        field.fill("12")
    page.get_by_role("button", name="提交补充").click()
    expect(page.locator("section.leg")).to_have_count(17)
    live_until(page, lambda: done.count() == 16)
    expect(page.locator("#live")).not_to_have_attribute("hx-get", re.compile("."))

    stranger = context.browser.new_context(base_url=page.url.split("/cases")[0])  # type: ignore[union-attr]  # it runs
    other = stranger.new_page()
    other.goto("/track")
    other.get_by_label("受理编号").fill(reference)
    other.get_by_label("查询码").fill(code)
    other.get_by_role("button", name="查看进度").click()
    expect(other.get_by_text("凭查询码查看")).to_be_visible()
    expect(other.get_by_role("link", name=re.compile("撤回|下载"))).to_have_count(0)
    stranger.close()


def test_the_code_in_the_fragment_of_the_qr_address_opens_the_case_and_leaves_the_address_bar(page: Page) -> None:
    reference, code = file(page, UTILITIES, SIMPLE)
    page.goto(f"/track#r={reference}&c={code}")
    page.wait_for_url(f"**/track/{reference}")
    assert code not in page.url


def test_water_and_power_by_the_legal_representative_need_no_upload_and_no_script(
    browser: Browser, portal: str,
) -> None:
    context = browser.new_context(base_url=portal, java_script_enabled=False)
    page = context.new_page()
    to_plan(page, UTILITIES, SIMPLE)
    expect(page.get_by_text("不用上传任何材料")).to_be_visible()
    sign_in(page)
    fill(page)
    reference, _ = submit(page)
    page.get_by_role("link", name="我的办件").click()
    expect(page.get_by_text(reference)).to_be_visible()
    context.close()


def test_papers_go_up_without_script(browser: Browser, portal: str, tmp_path: Path) -> None:
    context = browser.new_context(base_url=portal, java_script_enabled=False)
    page = context.new_page()
    to_plan(page, UTILITIES, EVERYTHING)
    sign_in(page)
    page.get_by_role("button", name="材料", exact=True).click()
    upload = _authority(page)
    upload.get_by_label("选择文件").set_input_files(_paper(tmp_path))
    upload.get_by_role("button", name="上传").click()
    expect(upload.get_by_text("已上传")).to_be_visible()
    context.close()


def test_a_paper_goes_up_when_it_is_chosen_and_a_wrong_one_says_what_to_do(page: Page, tmp_path: Path) -> None:
    to_plan(page, UTILITIES, EVERYTHING)
    sign_in(page)
    page.get_by_role("button", name="材料", exact=True).click()
    section = _authority(page)
    wrong = tmp_path / "示例.pdf"
    wrong.write_bytes(b"not a pdf")
    section.get_by_label("选择文件").set_input_files(wrong)
    expect(section.locator(".govuk-error-message")).to_have_text(re.compile("内容却不是 PDF"))
    expect(page.locator(".govuk-error-summary")).to_contain_text("内容却不是 PDF")
    page.goto(f"{page.url.split('?')[0].split('#')[0]}?check=1")
    wrong.write_bytes(b"")
    section.get_by_label("选择文件").set_input_files(wrong)
    expect(section.locator(".govuk-error-message")).to_have_text(re.compile("文件是空的"))
    expect(page.get_by_role("link", name=re.compile("授权委托书：.*文件是空的"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("授权委托书：还没有上传"))).to_have_count(0)
    section.get_by_label("选择文件").set_input_files(_paper(tmp_path))
    expect(section.get_by_text("已上传")).to_be_visible()
    section.get_by_role("button", name=re.compile("删去")).click()
    expect(section.get_by_text("已上传")).to_have_count(0)


def _authority(page: Page) -> Locator:
    """Where the agent's letter of authority goes up."""
    return page.locator("section.paper").filter(has_text="授权委托书").first


def _paper(folder: Path) -> Path:
    found = folder / "授权委托书.pdf"
    found.write_bytes(paper("授权委托书"))
    return found


def test_the_questions_can_be_answered_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    _tab_to(page, UTILITIES)
    page.keyboard.press("Enter")
    page.wait_for_url("**/bundles/utilities")
    _tab_to(page, "开始办理")
    page.keyboard.press("Enter")
    page.wait_for_url("**/questions/services")
    _tab_to(page, "供水")
    page.keyboard.press("Space")
    _tab_to(page, "下一步")
    page.keyboard.press("Enter")
    page.wait_for_url("**/questions/outside_line")
    _tab_to(page, "是")
    page.keyboard.press("ArrowDown")
    _tab_to(page, "下一步")
    page.keyboard.press("Enter")
    page.wait_for_url("**/questions/filer")
    _tab_to(page, "")
    page.keyboard.press("Space")
    _tab_to(page, "下一步")
    page.keyboard.press("Enter")
    page.wait_for_url("**/plan")
    expect(page.get_by_role("heading", name="您的办理方案")).to_be_visible()


FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const label = at.labels && at.labels.length ? at.labels[0].innerText : at.innerText;
  return [at.type || '', (label || '').trim()];
}"""


def _tab_to(page: Page, label: str) -> None:
    """Press Tab until the control with this label has the focus (empty: the first radio button)."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found and (label in found[1].splitlines()[:1] if label else found[0] == "radio"):
            return
    raise AssertionError(f"the keyboard never reached {label}")


def test_every_problem_of_a_page_is_listed_at_once_and_leads_to_its_field(page: Page) -> None:
    to_plan(page, UTILITIES, SIMPLE)
    sign_in(page)
    page.get_by_label("统一社会信用代码").fill("123")
    page.get_by_role("textbox", name="法定代表人证件号码").fill("1")
    page.get_by_role("button", name="保存，下一页").click()
    summary = page.get_by_role("alert")
    expect(summary.get_by_role("link", name=re.compile("统一社会信用代码"))).to_be_visible()
    summary.get_by_role("link", name=re.compile("法定代表人证件号码")).click()
    expect(page.get_by_role("textbox", name="法定代表人证件号码")).to_be_focused()
    expect(page.get_by_label("统一社会信用代码")).to_have_value("123")


def test_the_back_button_after_two_mistakes_leads_to_pages_not_to_a_fault(page: Page) -> None:
    to_plan(page, UTILITIES, SIMPLE)
    sign_in(page)
    for typed in ("123", "456"):
        page.get_by_label("统一社会信用代码").fill(typed)
        with leaving(page):
            page.get_by_role("button", name="保存，下一页").click()
        expect(page.locator(".govuk-error-summary")).to_be_visible()
    for _ in range(2):
        go_back(page)
        expect(page.get_by_label("统一社会信用代码")).to_be_visible()
        page.wait_for_function("history.state?.seen")  # it notes in the history what it shows; then one may go on


def test_going_back_and_changing_an_answer_keeps_what_was_filled_in(page: Page) -> None:
    to_plan(page, UTILITIES, SIMPLE)
    sign_in(page)
    page.get_by_role("button", name="填入示例数据").click()
    page.get_by_role("link", name="上一步").click()
    page.get_by_role("button", name=re.compile("需要接入哪些服务")).click()
    page.get_by_label("燃气", exact=True).check()
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="保存并继续填表").first.click()
    expect(page.get_by_role("heading", name="用气")).to_be_visible()
    page.get_by_role("button", name="申请单位").click()
    expect(page.get_by_label("单位名称")).not_to_have_value("")


def test_search_finds_by_name_and_says_what_to_do_when_nothing_fits(page: Page) -> None:
    page.goto("/")
    page.get_by_label("按名称或要办的事查找").fill("退休")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("link", name="退休")).to_be_visible()
    page.get_by_label("按名称或要办的事查找").fill("不存在的事")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_text("换一个说法试试")).to_be_visible()


def test_somebody_elses_case_looks_like_none(page: Page, context: BrowserContext) -> None:
    reference, _ = file(page, UTILITIES, SIMPLE)
    other = context.browser.new_context(base_url=page.url.split("/cases")[0])  # type: ignore[union-attr]  # it runs
    stranger = other.new_page()
    stranger.goto(f"/cases/{reference}")
    stranger.get_by_role("button", name="以示例丙登录").click()
    expect(stranger.get_by_role("heading", name="没有找到")).to_be_visible()
    other.close()
