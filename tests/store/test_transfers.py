"""Legs that go to another office (转办), on both stores: nothing is lost, each office has the leg once, and the one it
left is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside, inside
from connectors.base import Answer
from desk.applicants.afterwards import Supply, Withdrawal
from desk.desk import Desk
from desk.errors import CannotTransfer, DeskError, InvalidAnswers, StillStrange, UnknownLeg
from desk.hearing.notices import Incoming
from desk.records.export import Extent, export
from desk.sending.feed import Taker
from desk.sending.recording import Came
from desk.staff.acts import Act
from desk.staff.officer_acts import Said
from desk.staff.transfers import HERE, OVER_ALREADY, UNHEARD, UNSURE, Order
from desk.upkeep.offices import absent
from desk.upkeep.watch import Watch
from dispatch.retry import Then
from store import audit, leases, messages, notices, tallies
from store.engine.opening import Place
from tests.store.lists import DESK, PULL, changed_list, entry, list_without

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)  # a Monday, 9:00 in Shanghai
LATER = NOW + timedelta(hours=1)
ALONE = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
BEHIND = {**CATALOG.bundles["utilities"].figures, "services": ["power"]}  # power waits for leg 08
OLD, NEW = "power-grid", "power-east"
ACT = Act("operator:1", "供电分局撤并")
EAST = entry(NEW, OLD) + '    region: "370203"\n    tokens: [file:power-grid.token]\n'
ROOM = {OLD: 9, NEW: 9}

Opener = Callable[[Path], AbstractContextManager[Inside]]


@pytest.fixture
def portal(place: Place, tmp_path: Path) -> Opener:
    """Starts a portal on the store of this test with a department list."""
    return lambda listed: inside(tmp_path, place.data, place.url, YJS_DEPARTMENTS=str(listed))


def both(folder: Path, *old: str, new: str = "") -> Path:
    """A list with the old office, with these lines of its own, and the new one."""
    return changed_list(folder, OLD, *old, more=EAST + (f"    {new}\n" if new else ""))


def filed(there: Inside, key: str = "one") -> str:
    return there.file(ALONE, key, NOW).legs[0].leg


def move(desk: Desk, leg: str, to: str = NEW, act: Act = ACT, at: datetime = LATER, **more: Any) -> str:
    """Have a leg taken to another office; why it stays, empty if it went."""
    return str(desk.operations.transfers.transfer(Order(to, [leg], **more), act, at).legs[0].why)


def kept(there: Inside, leg: str) -> dict[str, tuple[str, str]]:
    """Office and state of each message to a leg, by its type and number."""
    reference, _, number = leg.rpartition("-")
    with there.house.database.read() as tx:
        return {one.key.partition(":")[2]: (one.office, one.state) for one in messages.of_case(tx, reference)
                if one.leg == number}


def seen(there: Inside, leg: str, at: datetime = LATER) -> dict[str, Any]:
    reference, _, number = leg.rpartition("-")
    legs = there.desk.case_view(SUBJECT, reference, at)["legs"]
    return dict(next(one for one in legs if one["leg"] == number))


def sent(there: Inside, at: datetime = LATER, answer: Answer | None = None) -> dict[str, tuple[str, dict[str, Any]]]:
    """Everything that is due leaves and is answered: office and data by key."""
    claims = there.desk.claim(ROOM, at)
    ended = [Came(claim, answer or Answer("received", ref=f"R-{claim.body.id}"), Then("done")) for claim in claims]
    assert there.desk.record(ended, at) == []
    return {claim.outgoing.key: (claim.body.id, json.loads(claim.outgoing.body)["data"])
            for claim in claims}


def sound(there: Inside) -> None:
    """Everything that must hold holds, the counters are right, and all rows are what their events say."""
    assert list(Watch(there.house.database).everything()) == []
    with there.house.database.read() as tx:
        assert tallies.drift(tx) == []
        references = [row["reference"] for row in tx.rows("select reference from cases")]
    for reference in references:
        known = there.desk._book._read(reference)
        for number, leg in known.case.legs.items():
            assert (known.legs[number].state, known.legs[number].ref) == (leg.state, leg.ref)
            assert leg.office in (None, known.legs[number].office)


def test_a_leg_at_work_goes_with_all_it_has_and_only_its_new_office_is_heard_from_then_on(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        for seq, type_ in ((7, "leg.accepted"), (8, "leg.remark")):
            assert there.say(OLD, leg, type_, NOW + timedelta(minutes=seq), seq=seq, text="请准备现场") == "applied"
        assert move(there.desk, leg) == ""
        assert kept(there, leg) == {"leg.filed:1": (OLD, "done"), "leg.filed:2": (NEW, "due"),
                                    "leg.transferred:1": (OLD, "due")}
        assert (seen(there, leg)["state"], seen(there, leg)["department"], seen(there, leg)["department_name"]) == (
            "queued", NEW, "示例")
        told = sent(there)
        assert told[f"{leg}:leg.transferred:1"] == (OLD, {
            "leg": leg, "reference": leg[:-3], "instance": None, "ref": f"R-{leg[-8:]}",
            "filed": f"{leg}:leg.filed:1", "to": NEW, "to_name": "示例",
            "basis": "successor", "reason": ACT.reason})
        office, data = told[f"{leg}:leg.filed:2"]
        assert (office, data["notices"].rsplit("/", 2)[1]) == (NEW, NEW)
        # The old office's words are put aside, the new one's count, whatever either numbers them.
        assert there.say(OLD, leg, "leg.granted", LATER, seq=9, results=[]) == "quarantined"
        assert there.say(NEW, leg, "leg.in_review", NOW + timedelta(minutes=2), seq=1, step="初审") == "applied"
        assert there.say(NEW, leg, "leg.granted", LATER, seq=2, results=[]) == "applied"
        with there.house.database.read() as tx:
            entry_, = notices.unsettled(tx)
            assert (entry_.department, entry_.code) == (OLD, "transferred")
            act, = (one for one in audit.entries(tx) if one.action == "transfer")
        assert (act.actor, act.target, act.data["reason"]) == (ACT.by, leg, ACT.reason)
        assert (act.data["from"], act.data["to"], act.data["told"]) == (OLD, NEW, True)
        assert seen(there, leg)["state"] == "granted" and seen(there, leg)["remarks"] == ["请准备现场"]
        assert seen(there, leg)["transferred_from"] == "供电公司(示例)"
        given = there.desk.disclosure(SUBJECT, leg[:-3]).recipients
        assert [(one.department_name, one.told) for one in given] == [("供电公司(示例)", "told"), ("示例", "told")]
        texts = [line["text"] for line in seen(there, leg)["timeline"]]
        assert "已转由示例办理" in texts and texts.count("部门已收到") == 2
        assert {one["type"] for one in export(there.house.database, Extent()) if one["kind"] == "event"} > {
            "leg.transferred"}
        sound(there)


@pytest.mark.parametrize("answer", [None, Answer("again", sent=False), Answer("refused", status=422)])
def test_of_what_certainly_never_arrived_the_old_office_hears_nothing(
        portal: Opener, tmp_path: Path, answer: Answer | None) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        if answer is not None:
            there.deliver(NOW, answer, Then("send", LATER))
        assert move(there.desk, leg) == ""
        assert kept(there, leg) == {"leg.filed:1": (OLD, "cancelled"), "leg.filed:2": (NEW, "due")}
        assert [office for office, _ in sent(there).values()] == [NEW]
        with pytest.raises(UnknownLeg):
            there.say(OLD, leg, "leg.accepted", LATER)
        assert there.say(NEW, leg, "leg.accepted", LATER) == "applied"
        sound(there)


@pytest.mark.parametrize("ended", [False, True], ids=["while it leaves", "once nobody knows whether it arrived"])
def test_a_leg_that_may_have_arrived_waits_for_the_answer_unless_a_person_decides(
        portal: Opener, tmp_path: Path, ended: bool) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        claim, = there.desk.claim(ROOM, NOW)
        if ended:
            there.desk.record([Came(claim, Answer("unknown"), Then("ask", LATER + timedelta(days=1)))], NOW)
        assert move(there.desk, leg) == UNSURE
        assert kept(there, leg) == {"leg.filed:1": (OLD, "unknown" if ended else "leased")}
        assert move(there.desk, leg, unanswered=True) == ""
        if not ended:  # the answer that comes now is nobody's any more
            assert there.desk.record([Came(claim, Answer("received", ref="A-1", state="accepted"), Then("done"))],
                                     LATER) == []
        assert kept(there, leg) == {"leg.filed:1": (OLD, "cancelled"), "leg.filed:2": (NEW, "due"),
                                    "leg.transferred:1": (OLD, "due")}
        with there.house.database.read() as tx:
            first = leases.attempts_of(tx, messages.of_case(tx, leg[:-3])[0])
        assert [one.outcome for one in first] == ["unknown"]
        assert (seen(there, leg)["state"], seen(there, leg)["ref"]) == ("queued", None)
        assert sent(there)[f"{leg}:leg.transferred:1"][0] == OLD
        assert there.say(OLD, leg, "leg.accepted", LATER) == "quarantined"
        sound(there)


def test_what_comes_back_to_an_office_is_a_filing_of_its_own_there(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path, PULL)) as there:
        leg = filed(there)
        there.desk.feed.taken(OLD, leg, there.desk.feed.fetch(OLD, leg, NOW)["read_code"], NOW)
        assert move(there.desk, leg) == ""
        sent(there)
        assert move(there.desk, leg, OLD) == ""
        assert kept(there, leg) == {
            "leg.filed:1": (OLD, "done"), "leg.filed:2": (NEW, "done"), "leg.filed:3": (OLD, "due"),
            "leg.transferred:1": (OLD, "due"), "leg.transferred:2": (NEW, "due")}
        lines = there.desk.feed.after(OLD, 0, 10)
        assert [line["type"] for line in lines] == ["leg.filed", "leg.transferred", "leg.filed"]
        for line in lines[1:]:
            offered = there.desk.feed.message(OLD, leg, line["cursor"], LATER)
            there.desk.feed.taken(OLD, leg, offered["read_code"] if "read_code" in offered
                                  else offered["data"]["read_code"], LATER)
        assert seen(there, leg)["state"] == "received"
        assert all(line["taken"] for line in there.desk.feed.after(OLD, 0, 10))
        assert there.say(OLD, leg, "leg.accepted", LATER) == "applied"
        assert there.say(NEW, leg, "leg.accepted", LATER) == "quarantined"
        sound(there)


@pytest.mark.parametrize("unanswered", [False, True])
def test_what_leaves_for_an_office_that_had_the_leg_before_is_waited_for_and_told_like_any_other(
        portal: Opener, tmp_path: Path, unanswered: bool) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        assert move(there.desk, leg) == ""
        sent(there)
        assert move(there.desk, leg, OLD) == ""
        claims = {claim.outgoing.key: claim for claim in there.desk.claim(ROOM, LATER)}
        again = claims.pop(f"{leg}:leg.filed:3")  # it leaves, and nothing is known of it but that
        there.desk.record([Came(one, Answer("received"), Then("done")) for one in claims.values()], LATER)
        assert move(there.desk, leg, unanswered=unanswered) == ("" if unanswered else UNSURE)
        if unanswered:
            assert kept(there, leg)["leg.transferred:3"] == (OLD, "due")
            assert kept(there, leg)["leg.filed:4"] == (NEW, "due")
        else:
            there.desk.record([Came(again, Answer("received"), Then("done"))], LATER)
            assert seen(there, leg)["state"] == "received"
            assert move(there.desk, leg) == ""
            assert kept(there, leg)["leg.transferred:3"] == (OLD, "due")
        sound(there)


def test_a_leg_comes_back_once_the_office_has_heard_that_it_left(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        assert move(there.desk, leg) == ""
        for unanswered in (False, True):
            assert move(there.desk, leg, OLD, unanswered=unanswered) == UNHEARD
        claims = there.desk.claim(ROOM, LATER)
        assert move(there.desk, leg, OLD, unanswered=True) == UNHEARD
        there.desk.record([Came(one, Answer("received"), Then("done")) for one in claims], LATER)
        assert move(there.desk, leg, OLD) == ""
        assert kept(there, leg)["leg.filed:3"] == (OLD, "due")
        sound(there)


def back(there: Inside, leg: str, ref: str | None) -> None:
    """A leg goes to the new office and, an hour later, back to the old one, which had it under `ref`."""
    there.deliver(NOW, Answer("received", ref=ref))
    assert move(there.desk, leg) == ""
    sent(there)
    assert move(there.desk, leg, OLD, at=LATER) == ""


def says(there: Inside, leg: str, at: datetime, *, ref: str | None = None, type_: str = "leg.granted") -> str:
    """What comes of a notice of the old office that was written at `at` and arrives two hours after all."""
    data: dict[str, Any] = {"leg": leg, **({"ref": ref} if ref else {}), **({"results": []} if "gra" in type_ else {})}
    said = {"type": type_, "timestamp": at.isoformat(), "data": data}
    raw = json.dumps(said).encode()
    return str(there.desk.notices.take(Incoming(OLD, f"m-{at.timestamp()}-{ref}-{type_}", raw, said),
                                       LATER + timedelta(hours=2)))


AFTER = LATER + timedelta(minutes=20)


@pytest.mark.parametrize(("had", "has", "wrote", "under", "counts"), [
    # by time, where the office numbers nothing, or alike
    (None, None, NOW, None, False), (None, None, AFTER, None, True), ("A-1", "A-1", NOW, "A-1", False),
    ("A-1", "A-1", AFTER, "A-1", True), ("A-1", None, NOW, "A-1", False), ("A-1", None, AFTER, None, True),
    # by its number, whatever its clock says
    ("A-1", "A-2", AFTER, "A-1", False), ("A-1", "A-2", NOW, "A-2", True), ("A-1", None, NOW, "A-2", True),
    ("A-1", "A-2", AFTER, "A-3", True), (None, "A-2", AFTER, "A-1", False), (None, "A-2", NOW, "A-2", True),
])
def test_what_an_office_wrote_of_the_first_time_does_not_count_once_the_leg_came_back(
        portal: Opener, tmp_path: Path, had: str | None, has: str | None, wrote: datetime, under: str | None,
        counts: bool) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        back(there, leg, had)
        claims = there.desk.claim(ROOM, LATER)
        there.desk.record([Came(one, Answer("received", ref=has), Then("done")) for one in claims], LATER)
        assert says(there, leg, wrote, ref=under) == ("applied" if counts else "quarantined")
        assert says(there, leg, wrote, ref=under) == ("known" if counts else "quarantined")
        assert seen(there, leg)["state"] == ("granted" if counts else "received")
        if not counts:
            with there.house.database.read() as tx:
                entry_, = notices.unsettled(tx)
            assert (entry_.code, under is None or under in entry_.body) == ("before_return", True)
            assert there.desk.operations.quarantine.apply(entry_.id, ACT, AFTER)["outcome"] == "applied"
            assert (seen(there, leg)["state"], seen(there, leg)["ref"]) == ("granted", has)
        sound(there)


def test_while_its_filing_has_not_left_again_an_office_knows_only_of_before(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        back(there, leg, "A-1")
        assert says(there, leg, AFTER, type_="leg.accepted") == "quarantined"  # an office that does not stop
        assert says(there, leg, AFTER, ref="A-2") == "quarantined"
        assert (seen(there, leg)["state"], kept(there, leg)["leg.filed:3"]) == ("queued", (OLD, "due"))
        claims = there.desk.claim(ROOM, AFTER)
        assert says(there, leg, LATER + timedelta(seconds=1), ref="A-1") == "quarantined"
        # It reports before it has answered.
        assert says(there, leg, AFTER + timedelta(seconds=1), ref="A-2") == "applied"
        there.desk.record([Came(one, Answer("received", ref="A-2"), Then("done")) for one in claims], AFTER)
        assert (seen(there, leg)["state"], kept(there, leg)["leg.filed:3"]) == ("granted", (OLD, "done"))
        sound(there)


def test_an_office_that_fetches_is_heard_again_once_it_has_read_the_leg_again(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path, PULL)) as there:
        leg = filed(there)
        there.desk.feed.taken(OLD, leg, there.desk.feed.fetch(OLD, leg, NOW)["read_code"], NOW)
        move(there.desk, leg)
        sent(there)
        move(there.desk, leg, OLD)
        assert says(there, leg, AFTER, type_="leg.accepted") == "quarantined"
        there.desk.feed.fetch(OLD, leg, AFTER)
        assert says(there, leg, LATER, type_="leg.accepted") == "quarantined"
        assert says(there, leg, AFTER + timedelta(seconds=1)) == "applied"
        sound(there)


def test_what_was_put_aside_while_another_had_the_leg_can_count_after_its_return(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        move(there.desk, leg)
        sent(there)
        assert there.say(OLD, leg, "leg.granted", LATER, seq=9, results=[]) == "quarantined"
        with there.house.database.read() as tx:
            entry_, = notices.unsettled(tx)
        with pytest.raises(StillStrange, match="transferred"):
            there.desk.operations.quarantine.apply(entry_.id, ACT, LATER)
        move(there.desk, leg, OLD, at=AFTER)
        sent(there, AFTER)
        assert there.say(OLD, leg, "leg.accepted", AFTER + timedelta(minutes=1), seq=1) == "applied"
        assert there.desk.operations.quarantine.apply(entry_.id, ACT, AFTER)["outcome"] == "applied"
        assert seen(there, leg)["state"] == "granted"
        sound(there)


def test_an_office_that_had_the_leg_before_is_not_asked_about_its_new_filing(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        move(there.desk, leg)
        sent(there)
        move(there.desk, leg, OLD)
        at = LATER
        for purpose in ("send", "ask"):
            claim, = (one for one in there.desk.claim(ROOM, at) if one.outgoing.type == "leg.filed")
            # Its query may tell of the first time; where it honours keys the same filing is sent again instead.
            assert (claim.outgoing.key, claim.purpose, claim.body.can_be_asked) == (
                f"{leg}:leg.filed:3", purpose, False)
            at += timedelta(minutes=1)
            there.desk.record([Came(claim, Answer("unknown"), Then("ask", at))], at)
        sound(there)


def test_what_an_office_that_fetches_has_not_opened_leaves_its_feed_and_of_what_it_opened_it_hears(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path, PULL, new=PULL)) as there:
        unread, opened = filed(there, "unread"), filed(there, "opened")
        code = there.desk.feed.fetch(OLD, opened, NOW)["read_code"]
        assert (move(there.desk, unread), move(there.desk, opened)) == ("", "")
        lines = {line["leg"]: line for line in there.desk.feed.after(OLD, 0, 10)}
        assert [line["type"] for line in lines.values()] == ["leg.transferred"]
        for leg in (unread, opened):
            with pytest.raises(UnknownLeg):
                there.desk.feed.fetch(OLD, leg, LATER)
        with pytest.raises(UnknownLeg, match="没有找到这个分办件"):
            there.desk.feed.fetch(OLD, unread, LATER)
        word = there.desk.feed.message(OLD, opened, lines[opened]["cursor"], LATER)
        assert (word["type"], word["data"]["to"]) == ("leg.transferred", NEW)
        with pytest.raises(InvalidAnswers):
            there.desk.feed.taken(OLD, opened, code, LATER)
        there.desk.feed.taken(OLD, opened, word["read_code"], LATER)
        assert {line["leg"] for line in there.desk.feed.after(NEW, 0, 10)} == {unread, opened}
        for leg in (unread, opened):
            there.desk.feed.taken(NEW, leg, there.desk.feed.fetch(NEW, leg, LATER)["read_code"], LATER)
            assert seen(there, leg)["state"] == "received"
        sound(there)


def test_a_leg_that_waits_for_another_changes_its_office_and_is_filed_there_once_it_may_start(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        receipt = there.file(BEHIND, "one", NOW)
        leg = next(one.leg for one in receipt.legs if one.department == OLD)
        assert seen(there, leg)["state"] == "waiting"
        lines = there.desk.operations.transfers.transfer(Order(NEW, office=OLD), ACT, LATER).legs
        assert [(line.leg, line.told, line.why) for line in lines] == [(leg, False, "")]
        assert (kept(there, leg), seen(there, leg)["department"]) == ({}, NEW)
        assert "已转由示例办理" in [line["text"] for line in seen(there, leg)["timeline"]]
        for number in [one.leg[-2:] for one in receipt.legs if one.leg != leg] * 2:
            there.deliver(LATER)
            with_it = f"{receipt.reference}-{number}"
            if seen(there, with_it)["state"] == "received":
                there.say(seen(there, with_it)["department"], with_it, "leg.granted", LATER, results=[])
        assert kept(there, leg)["leg.filed:1"][0] == NEW
        sound(there)


def test_what_the_old_office_asked_may_still_be_brought_and_holds_nothing_up_at_the_new_one(
        portal: Opener, tmp_path: Path) -> None:
    ask: dict[str, Any] = {"reason": "缺少附图", "limit": "5wd", "fields": [{"field": "load_kw"}]}
    with portal(both(tmp_path)) as there:
        answered, open_ = filed(there, "answered"), filed(there, "open")
        there.deliver(NOW)
        for leg in (answered, open_):
            assert there.say(OLD, leg, "leg.supplement_required", NOW, ask="a1", **ask) == "applied"
        there.desk.afterwards.supplement(SUBJECT, answered[:-3], Supply(answered[-2:], "a1", {"load_kw": 333}), "s1",
                                         NOW)
        assert (move(there.desk, answered), move(there.desk, open_)) == ("", "")
        assert kept(there, answered)["leg.supplemented:1"] == (OLD, "cancelled")
        assert [one["open"] for one in seen(there, open_)["asks"]] == [True]
        told = [data for office, data in sent(there).values() if office == NEW]
        assert 333 in next(data for data in told if data["leg"] == answered)["fields"].values()
        there.desk.afterwards.supplement(SUBJECT, open_[:-3], Supply(open_[-2:], "a1", {"load_kw": 444}), "s2", LATER)
        (office, data), = sent(there).values()
        assert (office, data["ask"], 444 in data["fields"].values()) == (NEW, "a1", True)
        assert kept(there, open_)["leg.material_added:1"] == (NEW, "done")
        # The new office may call its own request as the old one did.
        assert there.say(NEW, open_, "leg.supplement_required", LATER, ask="a1", **ask) == "applied"
        there.desk.afterwards.supplement(SUBJECT, open_[:-3], Supply(open_[-2:], "a1", {"load_kw": 555}), "s3", LATER)
        assert kept(there, open_)["leg.supplemented:1"] == (NEW, "due")
        late = NOW + timedelta(days=20)
        there.desk.sweep(late)
        assert seen(there, answered, late)["state"] == "received"
        sound(there)


def test_what_is_asked_and_not_brought_ends_nothing_at_the_new_office(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        there.say(OLD, leg, "leg.supplement_required", NOW, ask="a1", reason="缺少附图", limit="5wd",
                  fields=[{"field": "load_kw"}])
        move(there.desk, leg)
        sent(there)
        late = NOW + timedelta(days=20)
        there.desk.sweep(late)
        assert (seen(there, leg, late)["state"], seen(there, leg, late)["asks"][0]["lapsed"]) == ("received", True)


def test_the_limit_runs_on_with_a_successor_and_begins_anew_where_the_old_office_was_never_competent(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        runs_on, anew, silent = (filed(there, key) for key in ("on", "anew", "silent"))
        there.deliver(NOW)
        for leg in (runs_on, anew):
            there.say(OLD, leg, "leg.accepted", NOW)
        due = seen(there, runs_on)["due_at"]
        week = NOW + timedelta(days=8)  # the following Tuesday; five working days of silence count as acceptance
        assert move(there.desk, runs_on, at=week) == move(there.desk, silent, at=week) == ""
        assert move(there.desk, anew, at=week, basis="misdirected") == ""
        sent(there, week)
        for leg in (runs_on, anew, silent):
            there.say(NEW, leg, "leg.accepted", week)
        assert [seen(there, leg, week)["due_at"] == due for leg in (runs_on, silent, anew)] == [True, True, False]
        assert seen(there, anew, week)["light"] == "white"
        sound(there)


def test_a_leg_that_was_being_taken_back_ends_with_its_transfer(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        there.desk.afterwards.withdraw(SUBJECT, leg[:-3], Withdrawal(None, "不办了"), "w", NOW)
        assert move(there.desk, leg) == ""
        assert seen(there, leg)["state"] == "withdrawn"
        assert kept(there, leg) == {"leg.filed:1": (OLD, "done"), "leg.withdrawn:1": (OLD, "cancelled"),
                                    "leg.transferred:1": (OLD, "due")}
        assert [office for office, _ in sent(there).values()] == [OLD]
        assert move(there.desk, leg, OLD) == OVER_ALREADY
        sound(there)


def test_an_applicant_takes_back_what_was_transferred_before_the_new_office_has_it(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        move(there.desk, leg)
        there.desk.afterwards.withdraw(SUBJECT, leg[:-3], Withdrawal(None, "不办了"), "w", LATER)
        assert seen(there, leg)["state"] == "withdrawn"
        assert kept(there, leg) == {"leg.filed:1": (OLD, "done"), "leg.filed:2": (NEW, "cancelled"),
                                    "leg.transferred:1": (OLD, "due")}
        sound(there)


def test_of_two_operators_one_moves_a_leg_and_the_other_hears_that_it_is_gone(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        hosts = [Desk(replace(there.desk._premises, embedded=False)) for _ in range(2)]
        assert hosts[1].case_view(SUBJECT, leg[:-3], LATER)["state"] == "in_progress"
        said: list[str] = []

        def press(desk: Desk) -> None:
            said.append(str(desk.operations.transfers.transfer(
                Order(NEW, [leg], basis="successor"), ACT, LATER).legs[0].why))

        pressing = [threading.Thread(target=press, args=[hosts[n % len(hosts)]]) for n in range(6)]
        for one in pressing:
            one.start()
        for one in pressing:
            one.join()
        assert sorted(said) == ["", *[HERE] * 5]
        assert kept(there, leg) == {"leg.filed:1": (OLD, "done"), "leg.filed:2": (NEW, "due"),
                                    "leg.transferred:1": (OLD, "due")}
        assert there.desk.operations.transfers.transfer(Order(NEW, office=OLD), ACT, LATER).legs == ()
        sound(there)


def test_a_notice_of_either_office_on_a_host_that_has_not_seen_the_transfer_finds_its_place(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        others = {office: Desk(replace(there.desk._premises, embedded=False)) for office in (NEW, OLD)}
        assert {other.case_view(SUBJECT, leg[:-3], NOW)["state"] for other in others.values()} == {"in_progress"}
        move(there.desk, leg)
        for office, outcome in ((NEW, "applied"), (OLD, "quarantined")):
            said = {"type": "leg.accepted", "timestamp": LATER.isoformat(), "data": {"leg": leg}}
            incoming = Incoming(office, f"m-{office}", json.dumps(said).encode(), said)
            assert others[office].notices.take(incoming, LATER) == outcome
        sound(there)


def test_who_confirms_what_left_in_that_very_moment_has_confirmed_nothing_for_the_new_office(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path, PULL)) as there:
        leg = filed(there)
        code, feed = there.desk.feed.fetch(OLD, leg, NOW)["read_code"], there.desk.feed
        take = feed._take

        def slowly(*asked: Any) -> None:
            move(there.desk, leg)
            take(*asked)

        feed._take = slowly  # type: ignore[method-assign]
        with pytest.raises(UnknownLeg):
            there.desk.feed.taken(OLD, leg, code, LATER)
        assert seen(there, leg)["state"] == "queued"
        sound(there)


def test_an_officer_who_acts_on_what_has_just_left_is_told_and_nothing_is_done(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path, DESK, new=DESK)) as there:
        leg, officer = filed(there), Taker(OLD, "officer-1")
        there.desk.officer_acts.open(officer, leg, NOW)
        shown = there.desk.officers.sheet(OLD, leg, NOW)
        assert move(there.desk, leg) == ""
        with pytest.raises(UnknownLeg, match="已转由示例办理"):
            there.desk.officer_acts.tell(officer, leg, Said("leg.accepted", "f" * 32, shown.seen), LATER)
        with pytest.raises(UnknownLeg, match="已转由示例办理"):
            there.desk.officers.sheet(OLD, leg, LATER)
        assert kept(there, leg) == {"leg.filed:1": (OLD, "done"), "leg.filed:2": (NEW, "due")}
        assert (there.desk.officers.sizes(OLD), there.desk.officers.sizes(NEW)) == ((0, 0), (1, 1))
        there.desk.officer_acts.open(Taker(NEW, "officer-2"), leg, LATER)
        assert there.desk.officers.sheet(NEW, leg, LATER).leg.state == "received"
        sound(there)


def test_all_that_is_open_at_an_office_goes_at_once_and_what_stays_says_why(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        work, done, sending = filed(there, "work"), filed(there, "done"), filed(there, "sending")
        claims = {claim.leg: claim for claim in there.desk.claim(ROOM, NOW)}
        there.desk.record([Came(claims[leg], Answer("received"), Then("done")) for leg in (work, done)], NOW)
        there.say(OLD, done, "leg.refused", NOW, reason_code="R1", reason="不符合条件")
        asked = Order(NEW, office=OLD)
        tried = there.desk.operations.transfers.transfer(asked, replace(ACT, dry_run=True), LATER)
        assert kept(there, work) == {"leg.filed:1": (OLD, "done")}
        made = there.desk.operations.transfers.transfer(asked, ACT, LATER)
        assert tried == made
        assert {line.leg: line.why for line in made.legs} == {work: "", sending: UNSURE}
        assert (move(there.desk, work), move(there.desk, done)) == (HERE, OVER_ALREADY)
        for order, why in ((Order("nobody", [work]), "没有单位 nobody"), (Order(NEW), "二者选一"),
                           (Order(NEW, ["20260105-NONE-01"]), "没有这些分办件"), (Order(OLD, office=OLD), "同一个")):
            with pytest.raises(CannotTransfer, match=why):
                there.desk.operations.transfers.transfer(order, ACT, LATER)
        sound(there)


def test_the_office_that_is_gone_from_the_list_leaves_its_legs_to_another_and_the_portal_starts(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as before:
        told, sending = filed(before, "told"), filed(before, "sending")
        before.deliver(NOW)
        gone = filed(before, "gone")
        move(before.desk, told)
        assert kept(before, told)["leg.transferred:1"] == (OLD, "due")
    everywhere = EAST.replace('    region: "370203"\n', "")  # the list names cities that must be served, too
    with portal(list_without(tmp_path, OLD, everywhere)) as after:
        listed = after.house.deployment.bodies
        assert [(one.office, one.legs) for one in absent(after.house.database, listed)] == [(OLD, 2)]
        after.desk.operations.transfers.transfer(Order(NEW, office=OLD, unanswered=True), ACT, LATER)
        assert absent(after.house.database, listed) == []
        assert set(kept(after, sending)) == {"leg.filed:1", "leg.filed:2"}  # nobody is there to be told
        after.desk.sweep(LATER)
        assert kept(after, told)["leg.transferred:1"] == (OLD, "cancelled")
        assert {seen(after, leg)["department"] for leg in (told, sending, gone)} == {NEW}
        sound(after)


def test_a_case_with_transfers_is_erased_like_any_other(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW)
        move(there.desk, leg)
        sent(there)
        there.say(NEW, leg, "leg.refused", LATER, reason_code="R1", reason="不符合条件")
        late = LATER + timedelta(days=400)
        assert there.desk.operations.erasures.erase([leg[:-3]], Act("operator", "到期"), late)
        with pytest.raises(UnknownLeg):
            there.say(OLD, leg, "leg.remark", late, text="迟到")


def test_a_host_that_has_leased_a_filing_and_not_begun_sends_nothing_of_a_leg_that_left(
        portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        leg = filed(there)
        there.deliver(NOW, Answer("again", status=503), Then("send", LATER))  # it may have had its effect
        other = Desk(replace(there.desk._premises, embedded=False))
        begun, claims = other._claims._begun, []

        def slowly(beginnings: Any, now: datetime) -> Any:
            claims.append(len(beginnings))
            assert move(there.desk, leg, unanswered=True) == ""
            return begun(beginnings, now)

        other._claims._begun = slowly  # type: ignore[method-assign]
        assert (other.claim(ROOM, LATER), claims) == ([], [1])
        assert kept(there, leg)["leg.filed:1"] == (OLD, "cancelled")
        assert {claim.body.id for claim in there.desk.claim(ROOM, LATER)} == {OLD, NEW}
        sound(there)


def test_many_at_once_on_two_hosts_lose_nothing(portal: Opener, tmp_path: Path) -> None:
    with portal(both(tmp_path)) as there:
        legs = [filed(there, f"key-{n}") for n in range(4)]
        hosts = [Desk(replace(there.desk._premises, embedded=False)) for _ in range(2)]
        faults: list[BaseException] = []

        def live(seed: int) -> None:
            dice, desk = Random(seed), hosts[seed % 2]
            for step in range(25):
                leg, office = dice.choice(legs), dice.choice([OLD, NEW])
                at = NOW + timedelta(seconds=step)
                try:
                    act = dice.choice(["move", "move", "answer", "answer", "say", "withdraw"])
                    if act == "move":
                        move(desk, leg, office, at=at, unanswered=dice.random() < 0.5)
                    elif act == "answer":
                        claims = desk.claim(ROOM, at)
                        answer = dice.choice([Answer("received", ref="A-1"), Answer("received"), Answer("unknown")])
                        then = Then("ask", at) if answer.kind == "unknown" else Then("done")
                        for left in desk.record([Came(claim, answer, then) for claim in claims], at):
                            raise left.fault
                    elif act == "say":
                        type_ = dice.choice(["leg.accepted", "leg.in_review", "leg.received"])
                        said = {"type": type_, "timestamp": at.isoformat(), "data": {"leg": leg, "step": "初审"}}
                        raw = json.dumps(said).encode()
                        desk.notices.take(Incoming(office, f"m-{seed}-{step}", raw, said), at)
                    elif dice.random() < 0.1:
                        desk.afterwards.withdraw(SUBJECT, leg[:-3], Withdrawal(None, "改期"), f"w-{seed}-{step}", at)
                except DeskError:
                    pass
                except BaseException as fault:
                    faults.append(fault)

        living = [threading.Thread(target=live, args=[seed]) for seed in range(6)]
        for one in living:
            one.start()
        for one in living:
            one.join()
        assert faults == []
        sound(there)
        with there.house.database.read() as tx:
            moved = tx.rows("select reference from events where type = 'leg.transferred'")
        assert len(moved) > 4  # each leg more than once; how often it comes back hangs on what is heard meanwhile
