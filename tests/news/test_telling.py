"""Applicants are told what happened, once, while it is true, in words that name nobody."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from desk.applicants.afterwards import Supply
from desk.desk import Desk
from desk.staff.acts import Act
from desk.staff.transfers import Order
from store import people
from store.copies.backup import Goal, back_up
from store.copies.restoration import restore
from store.engine.opening import Place, open_store
from store.engine.sqlite import FILE
from store.errors import StoreUnavailable
from store.telling import bulletins, preferences
from store.telling.preferences import Preferences
from tests.desk.filings import FORM
from tests.news.conftest import Town, said
from tests.oversight.conftest import ON_BOTH, at

MORNING = at(6, 10)
ACT = Act("operator", "维护")


def answer(town, reference, ask, now):
    """The applicant answers an ask of the water leg."""
    file = town.desk.keep_file("somebody", ("图.png", "image/png"), [b"\x89PNG\r\n\x1a\n" + bytes(99)], now).file
    town.desk.afterwards.supplement("somebody", reference, Supply("01", ask, {}, {"BL01": (file,)}), f"s{now}", now)


@ON_BOTH
def test_an_ask_is_told_with_its_limit_reminded_of_and_forgotten_once_it_is_answered(town):
    reference = town.file()
    town.desk.sweep(MORNING)
    town.ask(reference, MORNING, limit="10wd")
    assert town.heard() == []  # a notice tells nobody anything: the sweep finds what moved
    for _ in range(2):
        town.desk.sweep(MORNING)
    one, = town.news()
    assert (one.kind, one.leg, one.until, one.read_at) == ("ask", "01", "2026-01-20", None)
    assert one.text.endswith("需要您补充，请在 1月20日 前补上")
    departing, = town.leaving(MORNING)
    told = said(departing)
    assert told["link"] == f"http://127.0.0.1:5000/cases/{reference}"
    assert told["recipient"] == {"subject": "somebody"}
    assert "13900000000" not in departing.body.decode()  # what a department writes stays here
    town.desk.sweep(at(19, 10))
    town.desk.sweep(at(19, 11))
    assert town.heard() == [("ask", "01"), ("reminder", "01")]
    answer(town, reference, "a0610", at(19, 12))
    town.desk.sweep(at(20))
    assert town.heard() == [("ask", "01"), ("reminder", "01")]
    assert [one.read_at for one in town.news()] == [at(20), at(20)]  # nobody need look at it any more
    assert town.leaving(at(20)) == []  # nor does what was told of it leave


def test_a_fee_and_a_remark_are_told_without_what_the_department_wrote(town):
    reference = town.file()
    town.say(reference, "01", "leg.remark", MORNING, text="请于周五在 13900000000 门口等候勘察")
    town.say(reference, "01", "leg.fee", MORNING, amount="99", basis="示例依据")
    town.desk.sweep(MORNING)
    assert {(one.kind, one.text.partition("”")[2]) for one in town.news()} == {
        ("remark", "部门有留言，请查看"), ("fee", "部门告知了费用，请查看金额和依据")}


def test_what_was_answered_or_put_right_before_anybody_looked_is_not_told(town):
    reference = town.file()
    town.ask(reference, MORNING)
    answer(town, reference, "a0610", MORNING)
    town.refuse(reference, "03", MORNING)
    town.say(reference, "03", "leg.corrected", at(6, 11), what={"state": "in_review"}, authority="上级机关")
    town.desk.sweep(at(6, 12))
    assert [kind for kind, _ in town.heard()] == ["corrected"]


def test_an_ask_that_ends_much_later_is_said_again_three_times_and_an_answer_ends_it(town):
    reference = town.file()
    town.ask(reference, MORNING)
    for day in range(6, 31):
        town.desk.sweep(at(day, 12))
    assert [kind for kind, _ in town.heard()] == ["ask", "waiting", "waiting", "waiting"]
    other = town.file("key-2")
    town.ask(other, at(12))
    town.desk.sweep(at(12, 12))
    answer(town, other, "a1210", at(13))
    town.desk.sweep(at(30))
    assert sum(one.reference == other for one in town.news()) == 1


def test_a_leg_that_went_to_another_office_is_told_once_with_where_it_is_now(town):
    reference = town.file()
    for to in ("heat-utility", "gas-utility"):
        town.desk.operations.transfers.transfer(Order(to, [f"{reference}-03"]), ACT, MORNING)
    town.desk.sweep(MORNING)
    one, = town.news()
    assert (one.kind, one.leg, one.text) == ("transferred", "03", "“供电报装”已转由燃气公司(示例)办理，您不用重新申请")
    town.desk.operations.transfers.transfer(Order("power-grid", [f"{reference}-03"]), ACT, MORNING)
    town.refuse(reference, "03", at(6, 11))
    town.desk.sweep(at(6, 12))
    assert [kind for kind, _ in town.heard()] == ["transferred", "refused"]  # where it was is no news any more


@ON_BOTH
def test_what_belongs_together_leaves_in_one_message_from_one_host_and_never_twice(town):
    elsewhere = Town(town.premises, Desk(replace(town.premises, embedded=False)))
    reference = town.file()
    for number in ("01", "03"):
        town.refuse(reference, number, MORNING)
    town.desk.sweep(MORNING)
    elsewhere.desk.sweep(MORNING)
    assert town.heard() == [("refused", "01"), ("refused", "03"), ("ended", "")], "the end comes last"
    departing, = town.leaving(MORNING)
    assert elsewhere.leaving(MORNING) == []  # another attempt runs
    told = said(departing)
    assert told["kind"] == "refused"
    assert told["text"].count(reference) == 1
    assert "“供水报装”“供电报装”不予办理，" in told["text"]
    assert "打个分" in told["text"]
    town.premises.database.write(lambda tx: tx.run("update bulletins set next_at = created_at"))  # a lease runs out
    again, = elsewhere.leaving(MORNING)  # the host is gone: nobody knows whether it arrived
    assert (again.bulletin.bulletin, again.body) == (departing.bulletin.bulletin, departing.body)
    town.desk.bulletins.end(departing, "refused", "HTTP 400", MORNING)  # the late word of the first one counts no more
    elsewhere.desk.bulletins.end(again, "sent", "received", MORNING)
    assert elsewhere.leaving(at(9)) == []
    with town.premises.database.read() as tx:
        assert [row["state"] for row in tx.rows("select state from bulletins")] == ["sent"]


def test_nothing_leaves_at_night_and_what_waits_for_others_waits_half_an_hour(town):
    reference = town.file()
    town.refuse(reference, "01", at(6, 20))
    town.desk.sweep(at(6, 20))  # and nobody came to bring it in time
    town.say(reference, "03", "leg.granted", at(6, 23), results=[])
    town.desk.sweep(at(6, 23))
    assert town.leaving(at(6, 23)) == town.leaving(at(7, 7)) == []
    departing, = town.leaving(at(7, 8))
    assert all(name in said(departing)["text"] for name in ("供水", "供电", "整件事已结束"))
    town.desk.bulletins.end(departing, "sent", "received", at(7, 8))
    late = town.file("key-2")
    town.say(late, "03", "leg.granted", at(8, 9), results=[])
    town.desk.sweep(at(8, 9))
    assert town.leaving(at(8, 9, 29)) == []
    assert len(town.leaving(at(8, 9, 30))) == 1


def test_what_is_no_longer_true_or_no_longer_wanted_does_not_leave(town):
    reference = town.file()
    town.ask(reference, MORNING)
    town.refuse(reference, "03", MORNING)
    town.desk.sweep(MORNING)
    chosen = Preferences(frozenset(), "13800138000")
    town.premises.database.write(lambda tx: preferences.put(tx, "somebody", chosen))
    agreeing = Town(town.premises, Desk(replace(town.premises, gateway_gets_mobiles=True)))
    departing, = agreeing.leaving(MORNING)
    assert (said(departing)["kind"], "不予" in said(departing)["text"]) == ("ask", False)
    assert said(departing)["recipient"] == {"subject": "somebody", "mobile": "13800138000"}
    taken_back = Preferences(frozenset())
    town.premises.database.write(lambda tx: preferences.put(tx, "somebody", taken_back))
    assert agreeing.leaving(MORNING + bulletins.LEASE) == []  # it is taken back, and made without the number
    anew, = map(said, agreeing.leaving(MORNING + 2 * bulletins.LEASE))
    assert (anew["recipient"], anew["text"]) == ({"subject": "somebody"}, said(departing)["text"])
    answer(town, reference, "a0610", MORNING)
    assert town.leaving(MORNING + 3 * bulletins.LEASE) == []  # it may not have arrived; but it is over
    with town.premises.database.read() as tx:
        assert bulletins.figures(tx).waiting == 0
    town.refuse(town.file("key-2"), "01", MORNING)
    town.desk.sweep(MORNING)
    for chosen, leaving in ((Preferences(), 1), (taken_back, 0)):
        town.premises.database.write(lambda tx, chosen=chosen: preferences.put(tx, "somebody", chosen))
        assert len(town.leaving(MORNING + (5 - leaving) * bulletins.LEASE)) == leaving


def test_nothing_leaves_for_a_closed_account_and_what_comes_after_it_is_open_again_does(town):
    write = town.premises.database.write
    somebody = people.Account("somebody", "somebody", "applicant", FORM["legal_rep_name"], MORNING, body=FORM)
    write(lambda tx: people.add_account(tx, somebody))
    first = town.file()
    town.refuse(first, "01", MORNING)
    town.desk.sweep(MORNING)
    assert len(town.leaving(MORNING)) == 1  # and nobody hears whether it arrived
    town.refuse(first, "03", MORNING)
    town.desk.sweep(MORNING)
    write(lambda tx: people.set_disabled(tx, "somebody", disabled=True))
    assert town.leaving(MORNING + bulletins.LEASE) == []
    write(lambda tx: people.set_disabled(tx, "somebody", disabled=False))
    assert town.leaving(MORNING + 2 * bulletins.LEASE) == []
    assert [row.tell_at for row in town.news()] == [None] * 3, "it is read when they sign in"
    town.refuse(town.file("key-2"), "01", MORNING)
    town.desk.sweep(MORNING)
    assert len(town.leaving(MORNING + 3 * bulletins.LEASE)) == 1


def test_news_is_read_while_nothing_can_be_written(town, monkeypatch):
    town.ask(town.file(), MORNING)
    town.desk.sweep(MORNING)

    def full(_):
        raise StoreUnavailable

    monkeypatch.setattr(town.premises.database, "write", full)
    told, = town.desk.inbox.page("somebody", None, MORNING)[0]
    assert town.desk.inbox.open("somebody", told.reference, told.key, MORNING) == told


def test_those_who_want_to_hear_that_they_filed_do(town):
    town.premises.database.write(lambda tx: preferences.put(tx, "somebody", Preferences(frozenset({"filed"}))))
    town.file()
    town.desk.sweep(MORNING)
    assert town.heard() == [("filed", "")]


def test_without_a_gateway_news_is_told_here_and_nothing_waits(plain):
    town = Town(plain, Desk(plain))
    town.ask(town.file(), MORNING)
    town.desk.sweep(MORNING)
    assert (len(town.news()), town.leaving(at(9))) == (1, [])


def test_while_the_service_is_paused_nobody_is_told_and_nothing_is_forgotten(town):
    reference = town.file()
    town.refuse(reference, "01", MORNING)
    town.desk.sweep(MORNING)
    town.desk.operations.pause(ACT, MORNING)
    town.ask(reference, at(6, 11), "03")
    town.desk.sweep(at(6, 12))
    assert (town.heard(), town.leaving(at(6, 12))) == ([("refused", "01")], [])
    town.desk.operations.resume(ACT, at(7))
    town.desk.sweep(at(7))
    assert town.heard() == [("refused", "01"), ("ask", "03")]
    assert len(town.leaving(at(7))) == 1


def test_one_case_that_cannot_be_read_keeps_nobody_else_from_being_told(town, monkeypatch):
    bad, good = town.file(), town.file("key-2")
    for reference in (bad, good):
        town.ask(reference, MORNING)
    look = town.desk._book.looked_at

    def broken(references):
        if bad in (asked := list(references)):
            raise ValueError(bad)
        return look(asked)

    with monkeypatch.context() as patch:
        patch.setattr(town.desk._sweeper._telling._book, "looked_at", broken)
        town.desk.sweep(MORNING)
    assert [one.reference for one in town.news()] == [good]
    town.desk.sweep(at(7))
    assert {one.reference for one in town.news()} == {good, bad}


def test_a_store_that_is_upgraded_tells_nothing_old(town, premises, cipher, tmp_path):
    reference = town.file()
    town.refuse(reference, "01", MORNING)
    town.ask(reference, MORNING, "03")
    town.desk.sweep(MORNING)
    (tmp_path / "upgraded").mkdir()
    with (closing(sqlite3.connect(tmp_path / "data" / FILE)) as now,
          closing(sqlite3.connect(tmp_path / "upgraded" / FILE)) as old, old):  # as the version before left it
        now.backup(old)
        for table in ("moved", "news", "bulletins", "preferences"):
            old.execute(f"drop table {table}")
        old.execute("delete from _sqlite_migrations where name = '0012_news'")
    with closing(open_store(Place(tmp_path / "upgraded"), cipher)) as opened:
        upgraded = Town(replace(premises, database=opened.db), Desk(replace(premises, database=opened.db)))
        upgraded.desk.sweep(MORNING)
        asked, = upgraded.news()  # what runs is known, so that its end is reminded of
        assert (asked.kind, asked.read_at, upgraded.leaving(MORNING)) == ("ask", MORNING, [])
        upgraded.desk.sweep(at(11))
        assert upgraded.heard()[1:] == [("waiting", "03")]
        upgraded.refuse(reference, "03", at(12))
        upgraded.desk.sweep(at(12))
        assert sorted(upgraded.heard()[2:]) == [("ended", ""), ("refused", "03")]


@pytest.mark.parametrize("many", [3, 9])
def test_of_much_that_waited_one_message_says_the_most_and_counts_the_rest(town, many):
    for number in range(many):
        town.refuse(town.file(f"key-{number}"), "01", MORNING)
    town.desk.sweep(MORNING + timedelta(days=3))
    departing, = town.leaving(MORNING + timedelta(days=3))
    assert said(departing)["text"].count("不予办理") == min(many, 4)
    assert ("另有 5 条消息" in said(departing)["text"]) == (many == 9)


@ON_BOTH
def test_an_erased_person_keeps_and_gets_nothing(town):
    reference = town.file()
    for number in ("01", "03"):
        town.refuse(reference, number, MORNING)
    town.premises.database.write(lambda tx: preferences.put(tx, "somebody", Preferences(frozenset(), "13800138000")))
    town.desk.sweep(MORNING)
    assert town.desk.bulletins.make(MORNING) == 1
    later = MORNING + timedelta(days=40)
    assert town.desk.operations.erasures.erase([reference], ACT, later) == {reference: ""}
    town.desk.sweep(later)
    assert (town.news(), town.leaving(later)) == ([], [])
    with town.premises.database.read() as tx:
        assert preferences.of(tx, ["somebody"]) == {}
        assert [tx.rows(f"select * from {table}") for table in ("news", "bulletins", "moved")] == [[], [], []]


def test_a_copy_tells_nothing_that_was_about_to_leave_where_it_was_made(town, store, place, cipher, tmp_path):
    town.refuse(town.file(), "01", MORNING)
    town.desk.sweep(MORNING)
    assert town.desk.bulletins.make(MORNING) == 1
    town.refuse(town.file("key-2"), "01", MORNING)
    town.desk.sweep(MORNING)
    back_up(place, store, cipher, Goal(tmp_path / "copy"), MORNING)
    with closing(restore(Place(tmp_path / "again"), cipher, tmp_path / "copy", print, MORNING)[0]) as opened:
        premises = replace(town.premises, database=opened.db)
        restored = Town(premises, Desk(premises))
        restored.desk.operations.resume(ACT, MORNING)
        restored.desk.sweep(MORNING)
        assert len(restored.news()) == 2
        assert restored.leaving(MORNING) == []
    assert len(town.leaving(MORNING)) == 2
