"""The tracking page in a real browser while a proxy fails and while somebody reads in it."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Route, expect

from tests.pages.walk import EVERYTHING, UTILITIES, file

PROXY_SAYS = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def test_a_failed_poll_leaves_the_page_and_what_is_open_stays_open_when_it_changes(context: BrowserContext) -> None:
    page = context.new_page()
    file(page, UTILITIES, EVERYTHING)
    failed: list[int] = []

    def fail_twice(route: Route) -> None:
        if len(failed) == 2:
            route.continue_()
            return
        failed.append((502, 503)[len(failed)])
        route.fulfill(status=failed[-1], content_type="text/html", body=PROXY_SAYS)

    page.route("**/live", fail_twice)
    page.get_by_role("button", name="看办理进度").click()
    stale = page.locator("[data-stale]")
    live = page.locator("#live")
    # Whichever stands first now: a leg above it may get a timeline later.
    first = page.locator("details[id^=timeline]").first.get_attribute("id")
    read = page.locator(f'[id="{first}"]')
    before = live.get_attribute("hx-headers")
    assert before is not None
    read.locator("summary").click()
    expect(stale).to_contain_text("现在连不上", timeout=30_000)
    expect(live).not_to_have_attribute("hx-headers", before, timeout=90_000)
    assert failed == [502, 503]
    expect(stale).to_be_empty()
    expect(page.locator("section.leg")).to_have_count(17)
    expect(page.get_by_text("Bad Gateway")).to_have_count(0)
    assert read.evaluate("element => element.open")
