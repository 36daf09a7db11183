"""The tracking page in a real browser while a proxy fails and while somebody reads in it."""

from __future__ import annotations

from itertools import cycle

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.pages.walk import EVERYTHING, UTILITIES, ask_again, file

PROXY_SAYS = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def withdraw_one(page: Page, case: str) -> None:
    """Take back the first leg that can be taken back; one that its department decides just then cannot."""
    reason = page.get_by_label("撤回的原因")
    for _ in range(20):
        page.goto(f"{case}/withdraw")
        page.get_by_role("checkbox").first.check()
        page.get_by_role("button", name="看看会有什么影响").click()
        if reason.is_visible():
            break
    reason.fill("改期")
    page.get_by_role("button", name="确认撤回").click()
    expect(page.locator("section.leg")).to_have_count(17)


def test_a_failed_poll_leaves_the_page_and_what_is_open_stays_open_when_it_changes(context: BrowserContext) -> None:
    page = context.new_page()
    page.clock.install()
    file(page, UTILITIES, EVERYTHING)
    failing, codes, failed = True, cycle((502, 503)), list[int]()

    def answer(route: Route) -> None:
        if not failing:
            route.continue_()
            return
        failed.append(next(codes))
        route.fulfill(status=failed[-1], content_type="text/html", body=PROXY_SAYS)

    page.route("**/live", answer)
    page.get_by_role("button", name="看办理进度").click()
    stale = page.locator("[data-stale]")
    live = page.locator("#live")
    # Whichever stands first now: a leg above it may get a timeline later.
    first = page.locator("details[id^=timeline]").first.get_attribute("id")
    read = page.locator(f'[id="{first}"]')
    before = live.get_attribute("hx-headers")
    assert before is not None
    read.locator("summary").click()
    for _ in range(2):
        ask_again(page)
    expect(stale).to_contain_text("现在连不上")
    # The departments may have done already all that they do by themselves.
    withdraw_one(context.new_page(), page.url)
    failing = False
    ask_again(page)
    expect(live).not_to_have_attribute("hx-headers", before)
    assert failed[:2] == [502, 503]
    expect(stale).to_be_empty()
    expect(page.locator("section.leg")).to_have_count(17)
    expect(page.get_by_text("Bad Gateway")).to_have_count(0)
    assert read.evaluate("element => element.open")
