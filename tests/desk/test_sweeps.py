"""What time alone does costs what is due, not what waits; stored dates follow the calendar."""

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cases.calendar_days import work_calendar
from connectors.base import Answer
from desk.desk import Desk
from desk.hearing.notices import Incoming
from desk.sending.recording import Came
from desk.staff.acts import Act
from desk.upkeep.guard import Guard, failing
from desk.upkeep.sweeps import HEARTBEAT
from dispatch.retry import Then
from store import conservation, legs, marks, tallies
from store.errors import StoreClosed, StoreUnavailable, TransactionLost
from tests.desk.conftest import NOW, SHANGHAI
from tests.desk.filings import small_filing

ROOM = {"water-group": 4, "power-grid": 4}
SOON, NEXT = timedelta(seconds=1), timedelta(minutes=1)


def asked(desk, key, limit, **more):
    """A case whose water leg waits for the applicant."""
    receipt = desk.intake.file("somebody", small_filing(), key, NOW)
    desk.record([Came(claim, Answer("received"), Then("done")) for claim in desk.claim(ROOM, NOW)], NOW)
    said = {"type": "leg.supplement_required", "timestamp": NOW.isoformat(), "data": {
        "leg": f"{receipt.reference}-01", "ask": "a1", "reason": "缺附图", "limit": limit, "materials": ["BL01"],
        **more}}
    assert desk.notices.take(Incoming("water-group", key, json.dumps(said).encode(), said), NOW) == "applied"
    return receipt.reference


def settled(desk, now):
    """Sweep until nothing is left to be counted anew."""
    while desk.sweep(now) == now + SOON:
        pass


def rows(opened, reference):
    with opened.db.read() as tx:
        return {leg.leg: leg for leg in legs.of_case(tx, reference)}


def test_a_lease_that_nobody_ends_is_ended_as_soon_as_it_has_run_out(desk):
    desk.intake.file("somebody", small_filing(), "key-1", NOW)
    settled(desk, NOW)
    assert len(desk.claim(ROOM, NOW)) == 2  # and its host is gone
    again = desk.sweep(NOW + timedelta(seconds=30))
    assert again == NOW + timedelta(seconds=61)
    desk.sweep(again)
    assert {claim.purpose for claim in desk.claim(ROOM, again)} == {"ask"}


def test_a_sweep_touches_only_cases_of_which_time_has_ended_something(premises, opened, desk):
    short, long = asked(desk, "key-1", "2wd"), asked(desk, "key-2", "60wd")
    waiting = desk.intake.file("somebody", small_filing(), "key-3", NOW).reference
    settled(desk, NOW)
    later = Desk(premises)
    assert later.sweep(NOW + timedelta(days=1)) == NOW + timedelta(days=1) + NEXT
    assert list(later._book._kept) == []
    later.sweep(NOW + timedelta(days=10))
    assert list(later._book._kept) == [short]
    assert rows(opened, short)["01"].state == "terminated"
    assert {rows(opened, one)["01"].state for one in (long, waiting)} == {"supplement_required", "queued"}
    later.sweep(NOW + timedelta(days=10, minutes=1))
    assert rows(opened, short)["01"].lapse_at is None


def test_the_stored_moment_is_the_end_of_the_ask_and_goes_with_the_answer(opened, desk):
    reference = asked(desk, "key-1", "2wd")
    end = NOW.astimezone(SHANGHAI).replace(hour=23, minute=59, second=59) + timedelta(days=2)
    assert rows(opened, reference)["01"].lapse_at == end
    said = {"type": "leg.refused", "timestamp": NOW.isoformat(), "data": {
        "leg": f"{reference}-01", "reason_code": "R1", "reason": "不符"}}
    desk.notices.take(Incoming("water-group", "m2", json.dumps(said).encode(), said), NOW + timedelta(minutes=1))
    assert rows(opened, reference)["01"].lapse_at is None


def test_a_day_that_a_department_writes_beside_its_limit_ends_no_leg(opened, desk):
    reference = asked(desk, "key-1", "2wd", until="2025-12-31")
    desk.sweep(NOW + NEXT)
    assert rows(opened, reference)["01"].state == "supplement_required"
    end = NOW.astimezone(SHANGHAI).replace(hour=23, minute=59, second=59) + timedelta(days=2)
    assert rows(opened, reference)["01"].lapse_at == end


def test_a_wrong_moment_is_put_right_and_not_looked_at_for_ever(premises, opened, desk):
    reference = asked(desk, "key-1", "60wd")
    right = rows(opened, reference)["01"].lapse_at
    settled(desk, NOW)
    row = rows(opened, reference)["01"]
    opened.db.write(lambda tx: legs.refold(tx, replace(row, lapse_at=NOW), row))
    desk.sweep(NOW + NEXT)
    assert rows(opened, reference)["01"].lapse_at == right
    assert rows(opened, reference)["01"].state == "supplement_required"


def test_another_calendar_moves_the_stored_dates_of_open_cases(premises, opened, desk):
    references = [asked(desk, f"key-{n}", "2wd") for n in range(3)]
    settled(desk, NOW)
    before = rows(opened, references[0])
    years = [replace(year, days_off=(*year.days_off, "2026-01-06", "2026-01-07"))
             for year in premises.catalog.calendar.values()]
    moved = Desk(replace(premises, calendar=work_calendar(years, SHANGHAI)))
    assert moved.sweep(NOW) == NOW + SOON
    settled(moved, NOW)
    for reference in references:
        after = rows(opened, reference)
        assert after["03"].due_at > before["03"].due_at
        assert after["03"].n == before["03"].n
    assert moved.sweep(NOW + NEXT) == NOW + 2 * NEXT
    # What was counted anew is what the desk would have written, so the next event finds it so.
    assert moved.case_view("somebody", references[0], NOW)["legs"][1]["due_at"] == after["03"].due_at.astimezone(
        SHANGHAI).isoformat()


def test_a_drift_of_the_counters_is_found_once_a_day_and_mended(premises, opened, desk, caplog):
    asked(desk, "key-1", "2wd")
    settled(desk, NOW)
    opened.db.write(lambda tx: tx.run("update counters set amount = amount + 5 where name = 'created'"))
    desk.sweep(NOW + timedelta(hours=23))
    with opened.db.read() as tx:
        assert [one.kept - one.counted for one in tallies.drift(tx)] == [5]
        assert [one.rule for one in conservation.known(tx)] == [conservation.DO_NOT_SUM]
    desk.sweep(NOW + timedelta(hours=25))
    assert "counter created legs stood at 7, there are 2" in caplog.text
    desk.sweep(NOW + timedelta(hours=26))
    with opened.db.read() as tx:
        assert tallies.drift(tx) == []
        assert conservation.known(tx) == []


@pytest.mark.parametrize("plant", [
    "delete from messages where leg = '01'", "update legs set waits = '', state = 'waiting' where leg = '03'",
    "update legs set leg = '99' where leg = '03'",
])
def test_a_planted_breach_is_found_within_a_sweep_and_gone_after_its_repair(opened, desk, plant, caplog):
    reference = desk.intake.file("somebody", small_filing(), "key-1", NOW).reference
    settled(desk, NOW)
    with opened.db.read() as tx:
        kept = {name: tx.rows(f"select * from {name}") for name in ("legs", "messages")}
    opened.db.write(lambda tx: tx.run(plant))
    for minute in (1, 2):  # the round begins anew when it has come to the end
        desk.sweep(NOW + minute * NEXT)
    with opened.db.read() as tx:
        assert {one.reference for one in conservation.known(tx)} == {reference}
    assert reference in caplog.text

    def mend(tx):
        for name, before in kept.items():
            tx.run(f"delete from {name}")
            columns = ", ".join(f":{column}" for column in before[0])
            tx.many(f"insert into {name} values ({columns})", before)

    opened.db.write(mend)
    desk.sweep(NOW + 3 * NEXT)
    with opened.db.read() as tx:
        assert conservation.known(tx) == []


def test_what_is_wrong_with_one_part_of_a_sweep_stops_no_other_and_is_told_until_it_works(premises, opened, desk,
                                                                                         caplog):
    desk.intake.file("somebody", small_filing(), "key-1", NOW)
    settled(desk, NOW)
    opened.db.write(lambda tx: tx.run("update legs set lapse_at = '0' where leg = '01'"))
    desk.intake.file("somebody", small_filing(), "key-2", NOW)
    for minute in (1, 2, 3):
        assert desk.sweep(NOW + minute * NEXT) == NOW + (minute + 1) * NEXT
    with opened.db.read() as tx:
        assert [(one.part, one.why[:10]) for one in failing(tx, NOW + 3 * NEXT)] == [("lapses", "ValueError")]
        assert marks.get(tx, HEARTBEAT).at == NOW + 3 * NEXT
        assert not tx.rows("select * from heads where n > sealed_n and chain not like '@%'")
    assert caplog.text.count("a part is not done") == 1
    opened.db.write(lambda tx: tx.run("update legs set lapse_at = null"))
    again = Desk(premises)  # a process that knows nothing of it
    again.sweep(NOW + 4 * NEXT)
    with opened.db.read() as tx:
        assert failing(tx, NOW + 4 * NEXT) == ()


@pytest.mark.parametrize(("fault", "ends"), [(TransactionLost, False), (StoreUnavailable, True), (StoreClosed, True)])
def test_a_sweep_ends_where_the_store_is_away_and_not_where_one_unit_kills_its_transaction(opened, fault, ends):
    def act(_now):
        raise fault("示例")

    guard, raises = Guard(opened.db), pytest.raises(fault) if ends else nullcontext()
    with raises:
        assert guard.do("news", act, NOW) is None
    with opened.db.read() as tx:
        assert [one.part for one in failing(tx, NOW)] == ([] if ends else ["news"])


def test_a_plan_that_cannot_be_opened_is_a_breach_of_its_case_until_it_is_put_back(opened, desk):
    reference = desk.intake.file("somebody", small_filing(), "key-1", NOW).reference
    with opened.db.read() as tx:
        whole = tx.rows("select body from plans")[0]["body"]
    opened.db.write(lambda tx: tx.run("update plans set body = :body", body=whole[:-1] + bytes([whole[-1] ^ 1])))
    for body, broken in ((None, {reference}), (whole, set())):
        if body is not None:
            opened.db.write(lambda tx, body=body: tx.run("update plans set body = :body", body=body))
        desk.sweep(NOW)
        with opened.db.read() as tx:
            assert {one.reference for one in conservation.known(tx)} == broken
            assert failing(tx, NOW) == ()


def test_sessions_that_are_over_are_swept_away(opened, desk):
    opened.db.write(lambda tx: tx.run(
        "insert into sessions (digest, account, created_at, seen_at, expires_at, body)"
        " values ('d', 'a', 'x', 'x', '2026-01-01T00:00:00.000000Z', x'00')"))
    desk.sweep(NOW)
    with opened.db.read() as tx:
        assert tx.rows("select digest from sessions") == []


def test_nobodys_time_ends_before_those_who_could_not_reach_a_paused_service_had_a_working_day(desk, opened):
    reference = asked(desk, "key-1", "1wd")
    settled(desk, NOW)
    desk.operations.pause(Act("operator", "维护"), NOW + timedelta(hours=2))
    back = NOW + timedelta(days=2)  # the ask ended the evening before
    desk.sweep(back)
    desk.operations.resume(Act("operator", "好了"), back)
    desk.sweep(back + SOON)
    assert rows(opened, reference)["01"].state == "supplement_required"
    assert goes_on(desk, reference, back + timedelta(hours=1)) == "applied"  # said while it was paused, and told again
    desk.sweep(back + timedelta(days=2))
    assert rows(opened, reference)["01"].state == "in_review"


def test_after_a_working_day_time_ends_what_it_would_have_ended(desk, opened):
    reference = asked(desk, "key-1", "1wd")
    desk.operations.pause(Act("operator", "维护"), NOW + timedelta(hours=2))
    friday = NOW + timedelta(days=4)
    desk.operations.resume(Act("operator", "好了"), friday)
    desk.sweep(friday + timedelta(days=3))  # Monday
    assert rows(opened, reference)["01"].state == "supplement_required"
    desk.sweep(friday + timedelta(days=4))
    assert rows(opened, reference)["01"].state == "terminated"


@pytest.mark.parametrize(("down", "state"), [(14, "terminated"), (15, "supplement_required")])
def test_a_service_that_was_down_for_a_quarter_of_an_hour_gives_a_working_day_too(premises, desk, opened, down, state):
    reference = asked(desk, "key-1", "1wd")
    end = datetime(2026, 1, 6, 23, 59, 59, tzinfo=SHANGHAI)
    desk.sweep(end)
    Desk(premises).sweep(end + timedelta(minutes=down))
    assert rows(opened, reference)["01"].state == state


def goes_on(desk, reference, now):
    said = {"type": "leg.in_review", "timestamp": now.isoformat(), "data": {"leg": f"{reference}-01", "step": "审图"}}
    return desk.notices.take(Incoming("water-group", f"m-{now}", json.dumps(said).encode(), said), now)
