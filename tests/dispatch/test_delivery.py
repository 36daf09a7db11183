"""Filed legs reach their departments and end, whatever the departments do: real portal, store, HTTP and signatures."""

import collections
import json
import threading
import time

import pytest

from dispatch import attempts
from sandbox.run import DEPLOYMENT, start
from sandbox.server import Setting
from store import leases, messages
from store.errors import StorageFull
from store.port import Done


def _effects(town):
    """How often each message took effect at a department."""
    lines = [json.loads(line) for line in town.ledger.read_text("utf-8").splitlines()]
    return collections.Counter(line["key"] for line in lines if line["what"] == "effect")


@pytest.mark.parametrize("script", ["prompt", "crashes-after-effect", "duplicates-and-reorders", "down-for-a-while"])
def test_every_leg_ends_with_one_effect_each(town, script):
    place = town(script)
    reference = place.file()
    assert place.ended(reference) == {"01": "granted", "03": "granted"}
    assert set(_effects(place).values()) == {1}


def test_people_file_while_what_was_left_open_is_taken_up_and_nothing_leaves_before(town, monkeypatch):
    place = town("prompt")
    place.dispatcher.stop(5)
    recover, go, asked = place.house.desk.recover, threading.Event(), threading.Event()

    def slowly(now):
        asked.set()
        assert go.wait(60)
        return recover(now)
    monkeypatch.setattr(place.house.desk, "recover", slowly)
    place.dispatcher = place.dispatch()
    assert asked.wait(60)
    reference = place.file()
    assert {leg["state"] for leg in place.legs(reference)} == {"queued"}
    go.set()
    assert place.ended(reference) == {"01": "granted", "03": "granted"}


def test_a_store_that_is_away_for_a_moment_at_the_start_is_asked_again(town, monkeypatch):
    place = town("prompt")
    place.dispatcher.stop(5)
    recover, away = place.house.desk.recover, [StorageFull("full")]

    def sometimes(now):
        if away:
            raise away.pop()
        return recover(now)
    monkeypatch.setattr(place.house.desk, "recover", sometimes)
    place.dispatcher = place.dispatch()
    assert place.ended(place.file()) == {"01": "granted", "03": "granted"}
    assert not away


def test_a_dispatcher_that_stops_in_the_middle_leaves_nothing_lost_and_nothing_double(town):
    place = town("slow", speed=12.0)
    reference = place.file()
    place.sandbox.agenda.pause(0.8)
    place.dispatcher.stop(0.0)
    place.dispatcher = place.dispatch()
    assert place.ended(reference) == {"01": "granted", "03": "granted"}
    assert set(_effects(place).values()) == {1}


def test_departments_that_cannot_be_reached_rest_and_get_their_legs_when_they_are_back(town):
    place = town("prompt")
    place.sandbox.stop()
    reference = place.file()
    place.dispatcher.stop(1)
    assert {leg["state"] for leg in place.legs(reference)} <= {"queued", "sending", "outcome_unknown"}
    place.sandbox = start(DEPLOYMENT, place.environ, Setting("prompt", place.ledger, 20.0))
    place.dispatcher = place.dispatch()
    assert place.ended(reference) == {"01": "granted", "03": "granted"}


def test_answers_that_come_while_the_store_takes_nothing_are_held_and_nobody_is_asked_again(town, monkeypatch):
    place = town("slow", speed=4.0)  # answers take half a second
    reference = place.file()
    wait_until(lambda: seen(place, "call") == 2)
    with monkeypatch.context() as full:
        full.setattr(place.house.database, "write", refused)
        full.setattr(place.house.database, "write_all", lambda units: [Done(error=StorageFull()) for _ in units])
        wait_until(lambda: len(place.dispatcher._held) == 2)
    wait_until(lambda: {leg["state"] for leg in place.legs(reference)} <= {"received", "accepted", "granted"})
    assert seen(place, "call") == 2
    assert seen(place, "query") == 0


def test_an_attempt_that_could_outlive_its_lease_is_not_begun_and_leaves_later(town, monkeypatch):
    place = town("prompt")
    with monkeypatch.context() as slow:
        slow.setattr(attempts, "LEASE_SECONDS", 9.0)  # an attempt may take ten
        reference = place.file()
        wait_until(lambda: given_back(place, reference) >= 2)
        assert seen(place, "call") == 0
        assert {leg["state"] for leg in place.legs(reference)} <= {"queued", "sending"}
    assert place.ended(reference) == {"01": "granted", "03": "granted"}
    assert set(_effects(place).values()) == {1}


def given_back(place, reference):
    """How many attempts at its legs ended without having begun."""
    with place.house.database.read() as tx:
        return sum(attempt.detail == "too late" for message in messages.of_case(tx, reference)
                   for attempt in leases.attempts_of(tx, message))


def refused(unit):
    raise StorageFull


def wait_until(happened):
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def seen(place, what):
    """How often departments saw it."""
    lines = place.ledger.read_text("utf-8").splitlines() if place.ledger.exists() else []
    return [json.loads(line)["what"] for line in lines].count(what)
