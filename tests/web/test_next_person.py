"""Several persons at one browser: the next one finds nothing of the last, and a page left open keeps nobody in."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app import create_app
from tests.pages.client import Visitor
from tests.web.conftest import OFFICES, POWER_TOKEN, SECRETS, WATER_TOKEN
from web.wiring import NAME

ANSWER = ("services", "water")
START = datetime.fromisoformat("2026-11-23T09:00:00+08:00")


@pytest.fixture(scope="module")
def persons(house):
    """Two applicants of the samples."""
    return [one.id for one in house.personas if one.role == "applicant"][:2]


@pytest.fixture
def browser(app):
    """A browser that nobody has used yet."""
    return Visitor(app)


def run_out(browser):
    """The sign-in ends without 退出; what pages keep stays in the browser."""
    browser.client.delete_cookie("yjs")


def ticked(browser, at="/bundles/connect/questions/services"):
    """Whether the first question shows an answer that somebody gave before."""
    assert browser.get(at).endswith("services")
    return " checked" in browser.page


def change_a_draft(browser):
    """Open a draft and take its situation back to the questions; the address of the one that is changed."""
    browser.get("/bundles/connect/questions/services")
    browser.send("/bundles/connect/questions/services", ANSWER)
    draft = browser.send("/bundles/connect/start").split("/")[2]
    browser.send(f"/drafts/{draft}/questions", ("question", "services"))
    return browser.address


def test_what_one_person_was_changing_is_not_shown_to_the_next_one_who_signs_in(browser, persons):
    browser.sign_in(persons[0])
    at = change_a_draft(browser)
    run_out(browser)
    browser.sign_in(persons[1])
    assert not ticked(browser)
    browser.get(at)
    assert browser.status == 404


def test_the_same_person_goes_on_where_the_sign_in_ran_out(browser, persons):
    browser.sign_in(persons[0])
    at = change_a_draft(browser)
    run_out(browser)
    browser.get(at)
    assert browser.at == "/login"
    browser.sign_in(persons[0])
    assert ticked(browser, at)
    assert "保存并继续填表" in (browser.get(at.replace("questions/services", "plan")) and browser.page)


def test_what_a_visitor_answered_goes_on_after_signing_in(browser, persons):
    browser.get("/bundles/connect/questions/services")
    browser.send("/bundles/connect/questions/services", ANSWER)
    browser.sign_in(persons[0])
    assert ticked(browser)


def test_a_case_looked_up_by_code_is_closed_by_whoever_signs_in(browser, persons, applicant, filing):
    filed = applicant.file(filing, "looked-up").json
    browser.client.environ_base["REMOTE_ADDR"] = "192.0.2.9"  # where nobody guessed codes before
    browser.get("/track")
    shown = f"/track/{filed['reference']}"
    assert browser.send("/track", ("reference", filed["reference"]), ("code", filed["code"])) == shown
    assert browser.get(shown) == shown
    browser.sign_in(persons[0])
    assert browser.get(shown) == "/track"
    polled = browser.client.get(f"{shown}/live", headers={"HX-Request": "true"})  # by a page left open in a second tab
    assert (polled.status_code, polled.headers["HX-Redirect"]) == (404, "/track")


@pytest.fixture
def timed(tmp_path, monkeypatch):
    """A browser at a portal of its own, and its clock: at(minutes) moves it."""
    hand = tmp_path / "clock"

    def at(minutes):
        hand.write_text(f"{(START + timedelta(minutes=minutes)).isoformat()} x0")

    at(0)
    (tmp_path / "offices.yaml").write_text(OFFICES)
    made = create_app({"YJS_ENV": "test", "YJS_DATA": str(tmp_path / "data"), "YJS_CLOCK": str(hand),
                       "YJS_BUNDLES": str(Path(__file__).parent / "definitions"), "YJS_SESSION_IDLE": "600",
                       "YJS_DEPARTMENTS": str(tmp_path / "offices.yaml"), "WATER_SECRET": SECRETS["water"],
                       "WATER_TOKEN": WATER_TOKEN, "POWER_SECRET": SECRETS["power"], "POWER_TOKEN": POWER_TOKEN})
    yield Visitor(made), at
    made.extensions[NAME].close()


@pytest.mark.parametrize(("who", "path", "home", "still"), [
    (0, "/cases/X/live", "/cases", False), (0, "/cases", "/cases", True),
    ("operator", "/staff/health/live", "/staff/health", False)])
def test_only_what_a_person_asks_for_keeps_a_session_alive(timed, persons, who, path, home, still):
    browser, at = timed
    browser.sign_in(who or persons[0])
    for minutes in range(2, 40, 2):
        at(minutes)
        browser.client.get(path, headers={"HX-Request": "true"})
    assert (browser.get(home) == home) is still


FROM = "/drafts/d/form/basics"


@pytest.mark.parametrize(("came_from", "onward"), [
    (f"http://localhost{FROM}?check=1", f"{FROM}?check=1"),
    ("http://elsewhere.example/drafts", "/"),
    ("http://localhost//elsewhere.example/drafts", "/"),
    (None, "/"),
])
def test_a_form_sent_after_the_sign_in_ran_out_is_called_unsaved_and_leads_back(browser, persons, came_from, onward):
    browser.sign_in(persons[0])
    browser.get("/cases")
    run_out(browser)
    token = browser.page.split('name="csrf-token" content="')[1].split('"')[0]
    sent = browser.client.post("/drafts/d/form/basics", data={"csrf_token": token},
                               headers={"Referer": came_from} if came_from else {})
    assert sent.status_code == 303
    login = browser.client.get(sent.location, follow_redirects=True).text
    assert "刚才填的还没有保存" in login
    led = login.split('name="next" value="')[1].split('"')[0]
    signed_in = browser.client.post("/login/persona", data={"csrf_token": token, "persona": persons[0], "next": led})
    assert signed_in.location == onward


def test_a_page_that_only_asks_to_be_read_says_nothing_of_saving(browser):
    assert browser.get("/cases") == "/login"
    assert "保存" not in browser.page


def test_pages_open_from_before_can_be_sent_after_the_same_person_signed_in_again(browser, persons, app):
    browser.sign_in(persons[0])
    browser.get("/cases")
    before = browser.page
    run_out(browser)
    browser.sign_in(persons[0])
    browser.page = before
    browser.send("/drafts/none/drop")
    assert browser.status == 404


@pytest.mark.parametrize(("before", "page"), [([0], "/cases"), ([], "/login")], ids=["another person", "a visitor"])
def test_pages_that_somebody_else_left_open_are_worthless_after_a_sign_in(browser, persons, before, page):
    for person in before:
        browser.sign_in(persons[person])
    browser.get(page)
    left_open = browser.page
    browser.sign_in(persons[1])
    browser.page = left_open
    browser.send("/drafts/none/drop")
    assert browser.status == 400
