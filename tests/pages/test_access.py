"""Every page without an accessibility violation, without sideways scrolling, at a desktop's and a phone's width."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.pages.client import Visitor, let_see
from tests.pages.test_words import start
from tests.pages.walk import EVERYTHING, answer, fill, sign_in, submit
from tests.shared import PATIENCE_MS

# What is not violated is not told node by node: that was a megabyte and two thirds of the time of each page.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
         "resultTypes": ["violations"]}
AXE = Axe()


@pytest.fixture
def sized(browser: Browser, portal: str, width: int) -> Iterator[Page]:
    """A page of a fresh visitor at one of the widths."""
    context = browser.new_context(base_url=portal, viewport={"width": width, "height": 844}, locale="zh-CN")
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


# The messages on the page that no control, nor group of them, is described by: nobody would hear them there.
UNTOLD = """[...document.querySelectorAll(".govuk-error-message")].filter(
    message => !message.id || !document.querySelector(`[aria-describedby~="${message.id}"]`)
).map(each => each.outerHTML)"""

# And the controls that a message is about which do not say themselves that they are wrong.
NOT_WRONG = """[...document.querySelectorAll(".govuk-error-message")].flatMap(message =>
    [...document.querySelectorAll(`:is(input, select, textarea)[aria-describedby~="${message.id}"]`)]
).filter(control => control.getAttribute("aria-invalid") !== "true").map(each => each.outerHTML)"""

# How wide a page becomes where somebody reads with letters of twice the size, or with the portal's own larger ones.
LARGER = """() => {
    const root = document.documentElement
    root.style.fontSize = "200%"
    const twice = root.scrollWidth
    root.style.fontSize = ""
    const usual = root.classList.contains("large-type")
    root.classList.add("large-type")
    const large = root.scrollWidth
    root.classList.toggle("large-type", usual)
    return Math.max(twice, large)
}"""


def look_over(page: Page) -> None:
    """No violation, no sideways scrolling, a title and one main heading; every message belongs to its control."""
    found = AXE.run(page, options=RULES).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], page.url
    size = page.viewport_size
    assert size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], page.url
    if size["width"] < 400 and "/staff" not in page.url:
        assert page.evaluate(LARGER) <= size["width"], f"{page.url}: larger letters run out of a telephone"
    assert page.locator("h1").count() == 1, page.url
    assert page.title().endswith("一件事")
    assert page.evaluate(UNTOLD) == [], page.url
    assert page.evaluate(NOT_WRONG) == [], page.url
    if page.locator(".govuk-error-summary a").count():
        assert page.locator(".govuk-error-message").count(), f"{page.url}: what is wrong stands on top alone"


OPEN = ("/", "/?q=没有", "/bundles/utilities", "/bundles/newborn", "/login", "/track", "/nowhere")


@pytest.mark.parametrize("path", OPEN)
def test_open_pages_are_accessible(sized: Page, path: str) -> None:
    answer_ = sized.goto(path)
    assert answer_ is not None and answer_.status == (404 if path == "/nowhere" else 200)
    look_over(sized)


def test_larger_type_is_one_press_away_on_every_page_and_stays(page: Page) -> None:
    body = "parseFloat(getComputedStyle(document.querySelector('main p.govuk-body')).fontSize)"
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/bundles/utilities")
    usual = page.evaluate(body)
    page.get_by_role("button", name="大字版").click()
    assert page.evaluate(body) >= 1.2 * usual
    look_over(page)
    page.goto("/")
    look_over(page)
    page.get_by_role("button", name="标准字号").click()
    page.goto("/bundles/utilities")
    assert page.evaluate(body) == usual


@pytest.mark.parametrize(("person", "pages"), [
    ("示例运维人员", {"未送达": "没有送达部门的消息", "异常回告": "异常回告"}),
    ("示例编制人员", {"水电气网联合报装": "水电气网联合报装"}),
])
def test_the_pages_of_the_staff_are_accessible(sized: Page, person: str, pages: dict[str, str]) -> None:
    sized.goto("/login")
    sized.get_by_text("其他角色").click()
    sized.get_by_role("button", name=f"以{person}登录").click()
    look_over(sized)
    for name, heading in pages.items():
        sized.get_by_role("link", name=name).first.click()
        assert sized.locator("h1").inner_text() == heading
        look_over(sized)


def test_the_whole_way_of_a_case_is_accessible(sized: Page) -> None:
    page = sized
    page.goto("/bundles/utilities")
    page.get_by_role("button", name="开始办理").click()
    look_over(page)
    page.get_by_role("button", name="下一步").click()
    look_over(page)
    while "/questions/" in page.url:
        answer(page, EVERYTHING)
        look_over(page)
    sign_in(page)
    look_over(page)
    page.get_by_label("统一社会信用代码").fill("123")
    page.get_by_role("button", name="保存，下一页").click()
    look_over(page)
    page.get_by_role("button", name="绿地和树木").click()
    look_over(page)
    page.get_by_role("button", name="材料", exact=True).click()
    look_over(page)
    page.get_by_role("button", name="材料齐了，下一步").click()
    look_over(page)
    page.goto(re.sub(r"/materials.*", "/form/applicant", page.url))
    fill(page)
    look_over(page)
    page.get_by_role("button", name="下一步，核对").click()
    look_over(page)
    reference, code = submit(page) if page.get_by_role("button", name="下一步，核对").count() else ("", "")
    look_over(page)
    page.get_by_role("button", name="看办理进度").click()
    look_over(page)
    page.get_by_role("link", name="撤回申请").click()
    look_over(page)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="看看会有什么影响").click()
    look_over(page)
    page.get_by_role("link", name="我的办件").first.click()
    look_over(page)
    page.goto(f"/track#r={reference}&c={code}")
    page.wait_for_url(f"**/track/{reference}")
    look_over(page)


MOURNED = {"has_certificate": False, "death_kind": "normal", "cremated": True, "had": ["pension", "card"],
           "survivors": False, "several_heirs": True, "filer": "self"}


def test_lists_of_people_fit_a_telephone_with_larger_letters(browser: Browser, visitor: Visitor) -> None:
    draft = start(visitor, "after-life", "sample-retiree", **MOURNED)
    page = browser.new_page(viewport={"width": 320, "height": 844}, locale="zh-CN")
    let_see(page, visitor)
    for path in (f"/drafts/{draft}/form/heirs", "/bundles/hiring/questions/employees"):
        page.goto(f"http://portal.test{path}")
        assert page.locator(".row-box").count()
        look_over(page)
    page.close()


def test_a_question_with_many_boxes_is_answered_with_one_press(page: Page) -> None:
    page.goto("/bundles/listing-check/questions/areas")
    ticked = page.locator("main input[type=checkbox]:checked")
    page.get_by_role("button", name="全选").click()
    assert ticked.count() == 14
    page.get_by_label("海关").uncheck()
    page.get_by_role("button", name="全选").click()
    page.get_by_role("button", name="全不选").click()
    assert ticked.count() == 0
