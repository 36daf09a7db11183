"""The pages of urges, ratings, supervisors, auditors and transfers, with something on them, are as accessible as all
others."""

from __future__ import annotations

from playwright.sync_api import Browser

from oversight.ratings import Given
from tests.ops.conftest import deployment, file, received, say
from tests.oversight.test_pages import LATE, WHO, Town, town
from tests.pages.client import Visitor, let_see
from tests.pages.test_access import look_over

__all__ = ["deployment", "town"]


def test_urges_ratings_and_what_staff_see_are_accessible(town: Town, browser: Browser, width: int) -> None:
    town.end("02", "power-office")
    still, = file(town.home, subject=WHO, first=1)
    received(town.home)
    say(town.home, f"{still.reference}-01", "leg.extended", later=1, limit="3wd", reason="现场复杂，需要再次勘察",
        basis="《行政许可法》第四十二条", approved_by="局长", documents=[{"number": "水延〔2026〕1号"}])
    say(town.home, f"{still.reference}-01", "leg.fee", later=1, amount=30, basis="工本费")
    say(town.home, f"{still.reference}-01", "leg.special_started", later=2, kind="听证", basis="第45条",
        expected_end="2026-01-08")
    town.move(LATE)
    now = town.home.clock.now()
    town.home.desk.sweep(now)
    while town.home.daily.go_on(now):
        pass
    case, leg = f"/cases/{town.reference}", f"{town.reference}-02"
    for person, paths in (("operator", (f"/staff/transfers?leg={leg}", f"/staff/legs/{leg}")),
                          (WHO, (case, f"{case}/rating?leg=02", f"/cases/{still.reference}")),
                          ("supervisor", ("/staff/warnings", "/staff/warnings?soon=1", "/staff/warnings?stalled=1",
                                          "/staff/warnings?beyond=1", "/staff/warnings?owed=1", "/staff/ratings",
                                          f"/staff/ratings/{leg}", "/staff/overview", "/staff/report")),
                          ("counter", ("/staff/counter",)),
                          ("auditor", ("/staff/audit", "/staff/audit/strange", "/staff/audit/undelivered"))):
        visitor = Visitor(town.app)
        visitor.sign_in(person)
        page = browser.new_page(viewport={"width": width, "height": 844}, locale="zh-CN")
        let_see(page, visitor)
        for path in paths:
            opened = page.goto(f"http://portal.test{path}")
            assert opened is not None and opened.status == 200, path
            look_over(page)
        page.close()
        if person == WHO:
            town.home.ratings.give(WHO, town.reference, Given("02", 1, {}, "慢"), "k1", now)
