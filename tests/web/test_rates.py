"""A caller who asks too often is told when to come again, before anything is done for them; others are not touched."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from app import create_app
from connectors.signing import headers_for
from settings.values import BadSettings, Settings
from tests.web.conftest import OFFICES, POWER_TOKEN, SECRETS, WATER_TOKEN
from web import rates
from web.wiring import NAME

HERE = Path(__file__).parent


class Hand:
    """The seconds that a bucket counts by."""

    at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def hand(monkeypatch):
    made = Hand()
    monkeypatch.setattr(rates, "monotonic", made)
    return made


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """A portal with a hundredth of the usual rates: a person has two requests and one more in five seconds."""
    folder = tmp_path_factory.mktemp("rates")
    (folder / "offices.yaml").write_text(OFFICES)
    made = create_app({"YJS_ENV": "test", "YJS_DATA": str(folder / "data"), "YJS_BUNDLES": str(HERE / "definitions"),
                       "YJS_DEPARTMENTS": str(folder / "offices.yaml"), "WATER_SECRET": SECRETS["water"],
                       "WATER_TOKEN": WATER_TOKEN, "POWER_SECRET": SECRETS["power"], "POWER_TOKEN": POWER_TOKEN,
                       "YJS_RATE": "0.01"})
    yield made
    made.extensions[NAME].close()


@pytest.fixture
def fresh(portal, hand):
    portal.extensions[NAME].rates = rates.Rates(0.01)
    return portal


def statuses(count, ask):
    return [ask().status_code for _ in range(count)]


def test_a_bucket_holds_ten_seconds_and_fills_at_its_rate(hand):
    counted = rates.Rates(1)
    assert [counted.wait("a", 2.0) for _ in range(21)] == [0] * 20 + [1]
    assert counted.wait("b", 2.0) == 0, "another caller has a bucket of their own"
    hand.at += 0.5
    assert [counted.wait("a", 2.0) for _ in range(2)] == [0, 1]
    hand.at += 3600
    assert [counted.wait("a", 2.0) for _ in range(21)] == [0] * 20 + [1]


def test_a_slow_rate_says_how_long_to_wait_and_waiting_is_enough(hand):
    counted = rates.Rates(0.001)
    assert counted.wait("a", 20.0) == 0
    seconds = counted.wait("a", 20.0)
    assert seconds == 50
    hand.at += seconds
    assert counted.wait("a", 20.0) == 0


def test_as_many_callers_are_remembered_as_there_is_room_for(hand, monkeypatch):
    monkeypatch.setattr(rates, "LARGEST", 3)
    counted = rates.Rates(0.001)
    for name in "abcd":
        assert counted.wait(name, 20.0) == 0
    assert counted.wait("a", 20.0) == 0, "it was the oldest and is forgotten"
    assert counted.wait("d", 20.0) > 0


def test_visitors_of_one_network_are_counted_together_and_programs_by_themselves(fresh):
    visitor = fresh.test_client()
    assert statuses(11, lambda: visitor.get("/api/bundles")) == [200] * 10 + [429]
    refused = visitor.get("/api/bundles")
    assert (refused.json["code"], refused.headers["Retry-After"]) == ("too_many", "1")
    elsewhere = visitor.get("/api/bundles", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert elsewhere.status_code == 200
    assert "请求太频繁" in visitor.get("/").text
    assert statuses(3, lambda: visitor.get("/healthz")) == [200] * 3
    assert visitor.get("/static/site.css", buffered=True).status_code == 200
    feed = {"Authorization": f"Bearer {WATER_TOKEN}"}
    assert statuses(21, lambda: visitor.get("/api/departments/water-office/legs", headers=feed)) == [200] * 20 + [429]


def test_a_person_is_counted_wherever_they_come_from(fresh, hand):
    browser = fresh.test_client()
    offered = browser.get("/demo/personas").json
    who = next(one["id"] for one in offered["personas"] if one["role"] == "applicant")
    became = browser.post(f"/demo/personas/{who}", headers={"X-CSRFToken": offered["csrf_token"]})
    assert became.status_code < 400
    assert statuses(4, lambda: browser.get("/api/drafts")) == [200, 200, 429, 429]
    hand.at += 5
    assert statuses(2, lambda: browser.get("/api/drafts")) == [200, 429]


def test_a_department_is_counted_by_what_it_signed_and_a_forger_by_the_network(fresh):
    client, body = fresh.test_client(), json.dumps({"type": "leg.accepted", "timestamp": "2026-01-05T09:00:00+08:00",
                                                    "data": {"leg": "202601054R4JK2EFMETJ-01"}}).encode()

    def notice(secret):
        now: datetime = fresh.extensions[NAME].clock.now()
        return client.post("/api/departments/water-office/notices", data=body, content_type="application/json",
                           headers=headers_for("m1", now, body, [secret]))

    forged = statuses(12, lambda: notice(SECRETS["power"]))
    assert forged == [401] * 10 + [429] * 2
    assert statuses(21, lambda: notice(SECRETS["water"])) == [404] * 20 + [429], "what is forged uses up nothing of it"


@pytest.mark.parametrize(("environ", "factor"), [
    ({}, 1.0), ({"YJS_RATE": "2.5"}, 2.5), ({"YJS_RATE": "0"}, 0.0), ({"YJS_ENV": "demo"}, 0.0),
    ({"YJS_ENV": "test"}, 0.0)])
def test_callers_are_counted_in_production_unless_said_otherwise(environ, factor):
    assert Settings.from_environ(environ).rates == factor


@pytest.mark.parametrize("wrong", ["-1", "many", "1e3", "1001", "٣"])
def test_a_rate_that_is_no_number_is_refused(wrong):
    with pytest.raises(BadSettings, match="YJS_RATE"):
        Settings.from_environ({"YJS_RATE": wrong})
