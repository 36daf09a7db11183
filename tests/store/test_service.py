"""What the service keeps for itself and for departments: legs, lanes, offers, notices, people, counters, marks."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from cases.model import LegState
from store import counters, lanes, legs, marks, messages, notices, offers, people
from store.engine.opening import Opened
from store.errors import LoginTaken, UnknownAccount, UnknownEntry, UnknownLeg
from store.lanes import Lane
from store.notices import Notice, Strange
from store.offers import Offer
from store.people import Account, Session, Token
from tests.store.samples import NOW, REFERENCE, a_leg, file_case, minutes

ACCOUNT = Account("a1", "示例登录", "applicant", "示例申请人", NOW, body={"phone": "示例"})
SESSION = Session("secret", "a1", NOW, NOW, minutes(30), {"csrf": "x"})
TOKEN = Token("t1", "secret", "officer", "someone", NOW, minutes(30), "operator", "water-works")
NOTICE = Notice("water-works", "m1", "digest", NOW, "applied", REFERENCE, "01", "leg.received", b"{}")
STRANGE = Strange("q1", "water-works", "m1", "contradiction", NOW, "leg.granted", '{"a": "示例"}', REFERENCE, "01")


def test_a_leg_is_replaced_by_its_newest_fold(store: Opened) -> None:
    store.db.write(file_case)
    folded = a_leg("01", state=LegState.ACCEPTED, n=5, due_at=minutes(60), yellow_at=minutes(30), provisional=True,
                   started_at=NOW, ref="水-1", seq=3, next_actor="department", waits="示例")
    store.db.write(lambda tx: legs.put(tx, [folded]))
    with store.db.read() as tx:
        assert legs.get(tx, REFERENCE, "01") == folded
        assert legs.of_case(tx, REFERENCE) == [folded, a_leg("02")]
        with pytest.raises(UnknownLeg):
            legs.get(tx, REFERENCE, "09")


def test_what_is_folded_again_is_not_written_over_a_newer_fold(store: Opened) -> None:
    store.db.write(file_case)
    again = a_leg("01", due_at=minutes(9), yellow_at=minutes(5), state=LegState.HELD, next_actor="applicant")
    assert store.db.write(lambda tx: legs.refold(tx, again, a_leg("01")))
    assert not store.db.write(lambda tx: legs.refold(tx, a_leg("01", due_at=minutes(1), n=7), again))
    assert not store.db.write(lambda tx: legs.refold(tx, again, a_leg("01"))), "another host was first"
    with store.db.read() as tx:
        assert legs.get(tx, REFERENCE, "01") == again


def test_legs_that_time_has_ended_something_of_are_walked_in_pages(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=5))
    times = {"01": 3, "02": 1, "03": 2, "05": 9}
    store.db.write(lambda tx: legs.put(tx, [a_leg(number, lapse_at=minutes(at)) for number, at in times.items()]))
    with store.db.read() as tx:
        first = legs.lapsing(tx, minutes(9), limit=2)
        rest = legs.lapsing(tx, minutes(9), first[-1], 2)
        assert legs.lapsing(tx, minutes(1)) == []
    assert [leg.leg for leg in (*first, *rest)] == ["02", "03", "01"]


def test_offices_that_rest_are_known_until_long_after_the_next_message_should_have_been_tried(store: Opened) -> None:
    rests = Lane("water-works", "water", 3, minutes(1), "HTTP 401", NOW)
    store.db.write(lambda tx: [lanes.put(tx, rests), lanes.put(tx, replace(rests, office="gas", open_until=None))])
    with store.db.read() as tx:
        assert lanes.resting(tx, NOW) == lanes.resting(tx, minutes(15)) == [rests]
        assert lanes.resting(tx, minutes(16)) == []
    store.db.write(lambda tx: lanes.put(tx, replace(rests, failures=0, open_until=None)))
    with store.db.read() as tx:
        assert lanes.resting(tx, NOW) == []


def test_a_departments_feed_is_numbered_without_gaps_even_by_many_at_once(store: Opened) -> None:
    def put(thread: int) -> None:
        for number in range(5):
            entry = Offer("water", 0, f"case-{thread}", f"{number:02d}", "leg.filed", NOW)
            store.db.write(lambda tx, entry=entry: offers.offer(tx, entry))

    threads = [threading.Thread(target=put, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.db.read() as tx:
        feed = offers.after(tx, "water", 0, 100)
        assert [entry.n for entry in feed] == list(range(1, 31))
        assert [entry.n for entry in offers.after(tx, "water", 28)] == [29, 30]
        assert offers.after(tx, "gas", 0) == []
        assert len(offers.of_leg(tx, "case-3", "02")) == 1


def test_an_offer_is_taken_once(store: Opened) -> None:
    entry = Offer("water", 0, REFERENCE, "01", "leg.filed", NOW)
    number = store.db.write(lambda tx: offers.offer(tx, entry))
    taken = replace(entry, n=number)
    assert store.db.write(lambda tx: offers.take(tx, taken, minutes(1)))
    assert not store.db.write(lambda tx: offers.take(tx, taken, minutes(2)))
    with store.db.read() as tx:
        assert offers.after(tx, "water", 0)[0].taken_at == minutes(1)


def test_a_cancelled_message_leaves_the_feed_and_the_others_of_its_leg_stay(store: Opened) -> None:
    store.db.write(file_case)
    for number in (1, 2):
        entry = Offer("water", 0, REFERENCE, "01", "leg.filed", NOW, number)
        store.db.write(lambda tx, entry=entry: offers.offer(tx, entry))
    assert store.db.write(lambda tx: messages.cancel(tx, REFERENCE, "01")) == 1
    with store.db.read() as tx:
        assert [entry.message for entry in offers.after(tx, "water", 0)] == [2]
        assert [entry.message for entry in offers.of_leg(tx, REFERENCE, "01")] == [2]


def test_a_notice_is_new_once_per_department(store: Opened) -> None:
    assert store.db.write(lambda tx: notices.claim(tx, NOTICE)) is None
    store.db.write(lambda tx: notices.outcome(tx, "water-works", "m1", "quarantined"))
    assert store.db.write(lambda tx: notices.claim(tx, NOTICE)) == replace(NOTICE, outcome="quarantined")
    assert store.db.write(lambda tx: notices.claim(tx, replace(NOTICE, department="gas", body=None))) is None
    with store.db.read() as tx:
        assert notices.find(tx, "gas", "m2") is None


def test_a_notice_whose_effect_failed_is_new_again(store: Opened) -> None:
    def unit(tx: object) -> None:
        notices.claim(tx, NOTICE)  # type: ignore[arg-type]
        raise TimeoutError

    with pytest.raises(TimeoutError):
        store.db.write(unit)
    assert store.db.write(lambda tx: notices.claim(tx, NOTICE)) is None


def test_a_strange_notice_is_kept_whole_and_settled_once(store: Opened) -> None:
    for entry in (STRANGE, STRANGE, replace(STRANGE, id="q2", at=minutes(1))):
        store.db.write(lambda tx, entry=entry: notices.quarantine(tx, entry))
    with store.db.read() as tx:
        assert [one.id for one in notices.unsettled(tx)] == ["q1", "q2"]
        assert [one.id for one in notices.unsettled(tx, after=STRANGE)] == ["q2"]
    settled = replace(STRANGE, settled_at=minutes(2), decision="dropped", actor="operator", reason="示例原因")
    store.db.write(lambda tx: notices.settle(tx, settled))
    with pytest.raises(UnknownEntry):
        store.db.write(lambda tx: notices.settle(tx, settled))
    with store.db.read() as tx:
        assert notices.entry(tx, "q1") == settled
        assert [one.id for one in notices.unsettled(tx)] == ["q2"]
        with pytest.raises(UnknownEntry):
            notices.entry(tx, "q3")


def test_an_account_is_found_by_its_login_which_is_not_stored_plain(store: Opened) -> None:
    store.db.write(lambda tx: people.add_account(tx, ACCOUNT))
    with pytest.raises(LoginTaken):
        store.db.write(lambda tx: people.add_account(tx, replace(ACCOUNT, account="a2")))
    with store.db.read() as tx:
        assert people.by_login(tx, "示例登录") == people.account(tx, "a1") == ACCOUNT
        assert people.by_login(tx, "示例") is None
        assert "示例登录" not in repr(tx.rows("select * from accounts"))
        with pytest.raises(UnknownAccount):
            people.account(tx, "a2")


def test_an_account_can_be_changed_and_closed(store: Opened) -> None:
    store.db.write(lambda tx: people.add_account(tx, ACCOUNT))
    store.db.write(lambda tx: people.set_password(tx, "a1", "hash", NOW, must_change=True))
    store.db.write(lambda tx: people.set_disabled(tx, "a1", True))
    with store.db.read() as tx:
        assert people.account(tx, "a1") == replace(
            ACCOUNT, password="hash", disabled=True, password_at=NOW, must_change=True)
    with pytest.raises(UnknownAccount):
        store.db.write(lambda tx: people.set_password(tx, "a2", "hash", NOW, must_change=False))


def test_a_session_lasts_until_it_ends(store: Opened) -> None:
    store.db.write(lambda tx: people.add_session(tx, SESSION))
    with store.db.read() as tx:
        found = people.session(tx, "secret", minutes(29))
        assert found is not None
        assert replace(found, secret="secret") == SESSION
        assert people.session(tx, "secret", minutes(30)) is None
        assert people.session(tx, found.secret, NOW) is None
    assert not people.needs_seen(found, NOW + timedelta(seconds=59))
    assert people.needs_seen(found, minutes(1))
    store.db.write(lambda tx: people.seen(tx, "secret", minutes(1), minutes(31)))
    with store.db.read() as tx:
        again = people.session(tx, "secret", minutes(30))
        assert again is not None
        assert (again.seen_at, again.data) == (minutes(1), SESSION.data)
    store.db.write(lambda tx: people.end_session(tx, "secret"))
    with store.db.read() as tx:
        assert people.session(tx, "secret", NOW) is None


def test_all_sessions_of_an_account_end_together_and_old_ones_are_purged(store: Opened) -> None:
    for name in "abc":
        store.db.write(lambda tx, name=name: people.add_session(tx, replace(SESSION, secret=name)))
    store.db.write(lambda tx: people.add_session(tx, replace(SESSION, secret="d", account="a2", expires_at=minutes(5))))
    assert store.db.write(lambda tx: people.end_all(tx, "a1")) == 3
    assert store.db.write(lambda tx: people.purge(tx, minutes(5))) == 1


def test_a_token_is_known_until_it_is_over_or_revoked(store: Opened) -> None:
    store.db.write(lambda tx: people.add_token(tx, TOKEN))
    with store.db.read() as tx:
        found = people.token(tx, "secret", NOW)
        assert found is not None
        assert replace(found, secret="secret") == TOKEN
        assert people.token(tx, "secret", minutes(30)) is None
        assert people.token(tx, "other", NOW) is None
        assert "'secret'" not in repr(tx.rows("select * from tokens"))
    assert store.db.write(lambda tx: people.revoke_token(tx, "t1", NOW))
    assert not store.db.write(lambda tx: people.revoke_token(tx, "t1", NOW))
    with store.db.read() as tx:
        assert people.token(tx, "secret", NOW) is None
        assert people.tokens(tx)[0].revoked_at == NOW


def test_counters_are_right_before_and_after_folding(store: Opened) -> None:
    for key, amount in (("a", 1), ("b", 2), ("a", 3), ("a", -1)):
        store.db.write(lambda tx, key=key, amount=amount: counters.add(tx, {("cases", key): amount}))
    assert store.db.write(lambda tx: counters.fold(tx, 3)) == 3
    with store.db.read() as tx:
        assert counters.value(tx, "cases", "a") == 3
        assert counters.every(tx, "cases") == {"a": 3, "b": 2}
        assert counters.value(tx, "cases", "none") == 0
    assert store.db.write(counters.fold) == 1
    assert store.db.write(counters.fold) == 0
    with store.db.read() as tx:
        assert counters.every(tx, "cases") == {"a": 3, "b": 2}


def test_two_sweeps_at_once_count_nothing_twice(store: Opened) -> None:
    for _ in range(40):
        store.db.write(lambda tx: counters.add(tx, {("cases", "a"): 1}))

    def sweep() -> None:
        while store.db.write(lambda tx: counters.fold(tx, 7)):
            pass

    threads = [threading.Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.db.write(counters.fold)
    with store.db.read() as tx:
        assert counters.value(tx, "cases", "a") == 40
        assert tx.rows("select id from counter_deltas") == []


def test_a_mark_holds_until_it_is_dropped(store: Opened) -> None:
    store.db.write(lambda tx: marks.put(tx, "paused", "restored", NOW))
    store.db.write(lambda tx: marks.put(tx, "paused", "again", minutes(1)))
    with store.db.read() as tx:
        assert marks.get(tx, "paused") == marks.Mark("paused", "again", minutes(1))
    store.db.write(lambda tx: marks.drop(tx, "paused"))
    with store.db.read() as tx:
        assert marks.get(tx, "paused") is None


def test_a_mark_is_due_once_and_again_after_its_time(store: Opened) -> None:
    asked = [store.db.write(lambda tx, n=n: marks.due(tx, "daily", minutes(n), timedelta(minutes=5)))
             for n in (0, 1, 4.9, 5, 6, 10, 10)]
    assert asked == [True, False, False, True, False, True, False]
