"""A department list that changes while legs are open, on both stores: nobody's leg is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside, inside
from cases.model import Event
from connectors.base import Answer
from desk.applicants.afterwards import Withdrawal
from desk.errors import CannotDeliver, CannotRetry
from desk.staff.acts import Act
from desk.upkeep.offices import absent
from desk.upkeep.troubles import health, troubles
from desk.upkeep.watch import Watch
from dispatch.retry import Then
from store import audit
from store.engine.opening import Place
from tests.store.lists import CLOSING, DESK, PULL, changed_list, entry, list_without
from web.wiring import RefusedStart

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ALONE = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
BEHIND = {**CATALOG.bundles["utilities"].figures, "services": ["power"]}  # power waits for leg 08
OFFICE, NEW = "power-grid", "power-company"
ROOM = {OFFICE: 9, NEW: 9}
ACT = Act("operator:1", "清单已更正")

Opener = Callable[[Path], AbstractContextManager[Inside]]


@pytest.fixture
def portal(place: Place, tmp_path: Path) -> Opener:
    """Starts a portal on the store of this test with a department list."""
    return lambda listed: inside(tmp_path, place.data, place.url, YJS_DEPARTMENTS=str(listed))


def withdraw(there: Inside, reference: str, key: str) -> None:
    there.desk.afterwards.withdraw(SUBJECT, reference, Withdrawal(None, "不办了"), key, NOW)


def state(there: Inside, leg: str) -> str:
    reference, _, number = leg.rpartition("-")
    legs = there.desk.case_view(SUBJECT, reference, LATER)["legs"]
    return str(next(one["state"] for one in legs if one["leg"] == number))


def keys(there: Inside, office: str = OFFICE) -> list[str]:
    """The keys of the feed's messages."""
    return [there.desk.feed.message(office, line["leg"], line["cursor"], LATER)["key"] for line in
            there.desk.feed.after(office, 0, 100)]


def offices_of(there: Inside, reference: str) -> set[str]:
    return {leg.department for leg in there.desk.intake.receipt(SUBJECT, reference).legs}


@pytest.mark.parametrize("channel", [PULL, DESK])
def test_what_waited_to_be_pushed_is_offered_once_the_office_fetches(
        portal: Opener, tmp_path: Path, channel: str) -> None:
    with portal(changed_list(tmp_path, OFFICE)) as before:
        told = before.file(ALONE, "told", NOW).legs[0].leg
        before.deliver(NOW)
        withdraw(before, told[:-3], "w1")
        before.deliver(NOW)
        assert before.say(OFFICE, told, "leg.withdraw_rejected", NOW, reason="已开工") == "applied"
        tried = before.file(ALONE, "tried", NOW).legs[0].leg
        before.deliver(NOW, Answer("again", sent=False), Then("send", LATER + timedelta(days=1)))
        doubtful = before.file(ALONE, "doubtful", NOW).legs[0].leg
        before.deliver(NOW, Answer("unknown"), Then("ask", LATER + timedelta(days=1)))
        withdraw(before, told[:-3], "w2")
        fresh = before.file(ALONE, "fresh", NOW).legs[0].leg
    with portal(changed_list(tmp_path, OFFICE, channel)) as after:
        after.desk.sweep(LATER)
        assert sorted(keys(after)) == sorted([
            *(f"{leg}:leg.filed:1" for leg in (tried, doubtful, fresh)), f"{told}:leg.withdrawn:2"])
        assert after.desk.claim(ROOM, LATER + timedelta(days=9)) == []
        for leg in (tried, doubtful, fresh):
            after.desk.feed.taken(OFFICE, leg, after.desk.feed.fetch(OFFICE, leg, LATER)["read_code"], LATER)
            assert state(after, leg) == "received"
        assert list(Watch(after.house.database).everything()) == []
        after.desk.sweep(LATER)
        assert len(after.desk.feed.after(OFFICE, 0, 100)) == 4


def test_what_an_office_that_fetched_has_not_taken_is_pushed_and_what_it_opened_is_asked_about_first(
        portal: Opener, tmp_path: Path) -> None:
    with portal(changed_list(tmp_path, OFFICE, PULL)) as before:
        taken, opened, unread = (before.file(ALONE, key, NOW).legs[0].leg for key in ("taken", "opened", "unread"))
        before.desk.feed.taken(OFFICE, taken, before.desk.feed.fetch(OFFICE, taken, NOW)["read_code"], NOW)
        before.desk.feed.fetch(OFFICE, opened, NOW)
    with portal(changed_list(tmp_path, OFFICE)) as after:
        after.desk.sweep(LATER)
        claims = after.desk.claim(ROOM, LATER)
        assert {claim.leg: claim.purpose for claim in claims} == {opened: "ask", unread: "send"}
        assert state(after, taken) == "received"


def test_a_message_that_did_not_arrive_is_offered_when_it_is_sent_again_to_an_office_that_fetches_now(
        portal: Opener, tmp_path: Path) -> None:
    with portal(changed_list(tmp_path, OFFICE)) as before:
        same, anew = (before.file(ALONE, key, NOW).legs[0].leg for key in ("same", "anew"))
        before.deliver(NOW, Answer("refused", reason="格式不符", status=422))
    with portal(changed_list(tmp_path, OFFICE, PULL)) as after:
        after.desk.sweep(LATER)
        assert keys(after) == []
        after.desk.operations.resends.retry([same], False, ACT, LATER)
        after.desk.operations.resends.retry([anew], True, ACT, LATER)
        assert keys(after) == [f"{same}:leg.filed:1", f"{anew}:leg.filed:2"]
        after.desk.feed.taken(OFFICE, anew, after.desk.feed.fetch(OFFICE, anew, LATER)["read_code"], LATER)
        assert state(after, anew) == "received"
        assert list(Watch(after.house.database).everything()) == []


def test_no_start_without_an_office_that_has_open_legs_and_the_message_names_it(
        portal: Opener, tmp_path: Path) -> None:
    with portal(changed_list(tmp_path, OFFICE)) as before:
        before.file(BEHIND, "waits", NOW)
        before.file(ALONE, "due", NOW)
    with portal(list_without(tmp_path, OFFICE, entry(NEW, OFFICE))) as after:
        missing = absent(after.house.database, after.house.deployment.bodies)
        assert [(one.office, one.legs, one.messages) for one in missing] == [(OFFICE, 2, 1)]
        with pytest.raises(RefusedStart, match=rf"(?s){OFFICE}.*在办 2 件.*takes_new: no"):
            after.house.begin()
        assert after.house.dispatcher is None


def test_an_office_that_takes_nothing_new_ends_what_it_has_and_its_successor_gets_the_rest(
        portal: Opener, tmp_path: Path) -> None:
    with portal(changed_list(tmp_path, OFFICE)) as before:
        old = before.file(ALONE, "old", NOW).legs[0].leg
    with portal(changed_list(tmp_path, OFFICE, CLOSING, more=entry(NEW, OFFICE))) as between:
        assert absent(between.house.database, between.house.deployment.bodies) == []
        new = between.file(ALONE, "new", LATER).legs[0].leg
        assert offices_of(between, old[:-3]) == {OFFICE}
        assert offices_of(between, new[:-3]) == {NEW}
        assert between.deliver(LATER) == 2
        for office, leg in ((OFFICE, old), (NEW, new)):
            assert between.say(office, leg, "leg.refused", LATER, reason_code="R1", reason="不符") == "applied"
    with portal(list_without(tmp_path, OFFICE, entry(NEW, OFFICE))) as after:
        assert absent(after.house.database, after.house.deployment.bodies) == []


def test_a_case_goes_on_although_the_list_lacks_the_office_of_a_leg_that_is_released(
        portal: Opener, tmp_path: Path) -> None:
    with portal(changed_list(tmp_path, OFFICE)) as before:
        receipt = before.file(BEHIND, "k", NOW)
        before.deliver(NOW)
    leg, giver = f"{receipt.reference}-03", f"{receipt.reference}-08"
    office = next(one.department for one in receipt.legs if one.leg == giver)
    with portal(list_without(tmp_path, OFFICE, entry(NEW, OFFICE))) as between:
        assert between.say(office, giver, "leg.granted", LATER, results=[]) == "applied"
        assert (state(between, giver), state(between, leg)) == ("granted", "queued")
        assert [(one.key, one.message_state) for one in troubles(between.house.database)] == [
            (f"{leg}:leg.filed:1", "stuck")]
        assert list(Watch(between.house.database).everything()) == []
        with pytest.raises(CannotRetry, match=OFFICE):
            between.desk.operations.resends.retry([leg], False, ACT, LATER)
    with portal(changed_list(tmp_path, OFFICE)) as after:
        after.desk.operations.resends.retry([leg], False, ACT, LATER)
        after.deliver(LATER)
        assert state(after, leg) == "received"


def test_what_is_decided_at_an_office_that_is_gone_stops_no_start_and_what_is_left_of_it_is_an_operators(
        portal: Opener, tmp_path: Path) -> None:
    with portal(changed_list(tmp_path, OFFICE)) as before:
        granted, revoked, lapsed = (before.file(ALONE, key, NOW).legs[0].leg for key in ("a", "b", "c"))
        before.deliver(NOW)
        for leg in (granted, revoked):
            assert before.say(OFFICE, leg, "leg.granted", NOW, results=[{"name": "供电协议"}]) == "applied"
        ask = {"ask": "a1", "reason": "缺图", "limit": "5wd", "fields": [{"field": "load_kw"}]}
        assert before.say(OFFICE, lapsed, "leg.supplement_required", NOW, **ask) == "applied"
        before.desk.sweep(LATER + timedelta(days=20))
        void_above(before, revoked)
    with portal(list_without(tmp_path, OFFICE, entry(NEW, OFFICE))) as after:
        listed = after.house.deployment.bodies
        assert absent(after.house.database, listed) == []
        after.desk.sweep(LATER)
        left = {f"{leg}:leg.withdrawn:1" for leg in (revoked, lapsed)}
        assert {one.key for one in troubles(after.house.database)} == left
        assert after.desk.operations.resends.settle(sorted(left), ACT, LATER)
        assert [one["void"] for one in shown(after, revoked)["results"]] == [True]
        assert health(after.house.database, LATER, listed).undelivered == {OFFICE: 2}
        deliveries = after.desk.operations.deliveries
        for leg, why in ((lapsed, "不是已经办成"), ("20260105-NONE-01", "没有分办件")):
            with pytest.raises(CannotDeliver, match=why):
                deliveries.deliver([granted, leg], "window", ACT, LATER)
        assert deliveries.deliver([granted], "window", replace(ACT, dry_run=True), LATER) == [granted]
        assert state(after, granted) == "granted"
        assert deliveries.deliver([granted], "window", ACT, LATER) == [granted]
        assert (state(after, granted), health(after.house.database, LATER, listed).undelivered) == (
            "delivered", {OFFICE: 1})
        assert "结果已送达：窗口领取" in [line["text"] for line in shown(after, granted)["timeline"]]
        with after.house.database.read() as tx:
            assert [(one.action, one.target) for one in audit.entries(tx)][-1] == ("deliver", granted)
        assert list(Watch(after.house.database).everything()) == []
    with portal(changed_list(tmp_path, OFFICE)) as again, pytest.raises(CannotDeliver, match="还在接入清单里"):
        again.desk.operations.deliveries.deliver([revoked], "window", ACT, LATER)


def void_above(there: Inside, leg: str) -> None:
    """What a leg was granted on came to nothing: its office is to call its results back."""
    event = Event("leg.revoke_requested", NOW, "platform", leg[-2:], {"revoke": True, "reason": "前面的事项结果已作废"})
    there.desk._book.advance(leg[:-3], lambda _: (event,), NOW)


def shown(there: Inside, leg: str) -> dict[str, Any]:
    """A leg as its applicant sees it."""
    return dict(next(one for one in there.desk.case_view(SUBJECT, leg[:-3], LATER)["legs"] if one["leg"] == leg[-2:]))
