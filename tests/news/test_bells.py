"""Officers without a system of their own are told that work waits: in office hours, how much of it, and no more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.desk import Desk
from desk.errors import InvalidAnswers
from desk.sending.feed import Taker
from store import people
from store.people import Account
from tests.news.conftest import Town, said
from tests.oversight.conftest import ON_BOTH, at

OFFICE, OFFICER = "water-group", "officer-1"
HOUR = timedelta(hours=1)


@pytest.fixture
def premises(premises):
    """The water company has no system of its own."""
    water = replace(premises.deployment.bodies[OFFICE], connector="desk", channel="desk", address="")
    bodies = {**premises.deployment.bodies, OFFICE: water}
    made = replace(premises, deployment=replace(premises.deployment, bodies=bodies), gateway_gets_mobiles=True)
    officer = Account(OFFICER, "water-1", "officer", "供水窗口", at(4), department=OFFICE)
    made.database.write(lambda tx: people.add_account(tx, officer))
    return made


@pytest.fixture
def town(premises):
    """One application has come, at ten on Monday; its water leg waits for somebody to open it."""
    made = Town(premises, Desk(premises))
    made.file()
    made.desk.bells.choose(OFFICER, OFFICE, at(5), wanted=True, mobile="13800138000")
    return made


def told(town, now):
    """What leaves at this moment and arrives."""
    leaving = town.leaving(now)
    for one in leaving:
        town.desk.bulletins.end(one, "sent", "received", now)
    return [said(one)["text"] for one in leaving]


@ON_BOTH
def test_an_officer_is_told_how_much_waits_and_nothing_of_whose_it_is(town):
    leaving, = town.leaving(at(5, 11))
    assert said(leaving) == {
        "kind": "work", "urgent": False, "recipient": {"subject": OFFICER, "mobile": "13800138000"},
        "reference": None, "references": [], "link": "http://127.0.0.1:5000/staff/arrivals",
        "text": f"{town.premises.deployment.bodies[OFFICE].name}新到 1 件还没有打开，请登录办理。"}
    town.desk.bulletins.end(leaving, "sent", "received", at(5, 11))
    assert told(town, at(5, 14)) == [], "nothing has come since"


def test_the_day_begins_with_what_stands_there_and_goes_on_with_what_has_come_since(town, monkeypatch):
    assert (told(town, at(5, 7)), told(town, at(5, 12, 30)), told(town, at(5, 18)), told(town, at(10, 10))) == (
        [], [], [], []), "before office hours, at noon, in the evening, on a Saturday"
    town.desk.bells.choose(OFFICER, OFFICE, at(5), wanted=True)
    first, = told(town, at(6, 9))
    assert "新到 1 件还没有打开" in first
    monkeypatch.setattr("tests.oversight.conftest.NOW", at(6, 10))
    town.file("key-2")
    assert told(town, at(6, 10, 30)) == [], "two hours lie between two bells"
    assert ["新到 2 件还没有打开" in text for text in told(town, at(6, 11, 30))] == [True]
    assert told(town, at(6, 16)) == []
    assert ["新到 2 件还没有打开" in text for text in told(town, at(7, 9, 30))] == [True]


def test_what_ends_today_and_what_is_late_is_counted_for_the_office_whose_clock_runs(town):
    reference, = {row["reference"] for row in rows(town, "select reference from legs")}
    town.desk.officer_acts.open(Taker(OFFICE, OFFICER), f"{reference}-01", at(5, 11))
    town.say(reference, "01", "leg.accepted", at(5, 11))
    due = town.rows(reference)["01"].due_at
    day = due.astimezone(town.premises.zone).day
    assert told(town, at(6, 9)) == []
    assert ["今天到期 1 件，请登录" in text for text in told(town, at(day, 9))] == [True]
    assert ["已超期 1 件，请登录" in text for text in told(town, at(day, 9) + timedelta(days=1))] == [True]


@pytest.mark.parametrize("meanwhile", ["opened", "next day", "not wanted", "disabled", "left the list"])
def test_what_is_not_so_any_more_before_it_could_leave_does_not(town, meanwhile):
    reference, = {row["reference"] for row in rows(town, "select reference from legs")}
    late, = town.leaving(at(5, 11))
    town.desk.bulletins.again(late, at(5, 11, 30), "HTTP 503")
    again = at(5, 12)
    if meanwhile == "opened":
        town.desk.officer_acts.open(Taker(OFFICE, OFFICER), f"{reference}-01", again)
    elif meanwhile == "next day":
        again = at(6, 8, 30)
    elif meanwhile == "not wanted":
        town.desk.bells.choose(OFFICER, OFFICE, again, wanted=False)
    elif meanwhile == "disabled":
        town.premises.database.write(lambda tx: people.set_disabled(tx, OFFICER, disabled=True))
    else:
        shorter = {name: one for name, one in town.premises.deployment.bodies.items() if name != OFFICE}
        town.desk = Desk(replace(town.premises, deployment=replace(town.premises.deployment, bodies=shorter)))
    assert town.desk.bulletins.claim(9, again) == []
    assert [row["state"] for row in rows(town, "select state from bulletins")] == ["overtaken"]


def test_a_number_that_is_taken_back_leaves_with_nothing(town):
    late, = town.leaving(at(5, 11))
    town.desk.bulletins.again(late, at(5, 11, 30), "HTTP 503")
    town.desk.bells.choose(OFFICER, OFFICE, at(5, 11, 20), wanted=True)
    assert town.desk.bulletins.claim(9, at(5, 11, 30)) == []
    assert ["mobile" in said(one)["recipient"] for one in town.leaving(at(6, 9))] == [False]


def test_one_officer_who_cannot_be_told_keeps_no_other_waiting(town, caplog):
    second = Account("officer-2", "water-2", "officer", "供水窗口", at(4), department=OFFICE)
    town.premises.database.write(lambda tx: people.add_account(tx, second))
    town.desk.bells.choose("officer-2", OFFICE, at(5), wanted=True)
    assert town.desk.bells.readers(OFFICE) == 2
    town.premises.database.write(
        lambda tx: tx.run("update bells set body = x'00' where account = :a", a=OFFICER))
    assert [one.bulletin.subject for one in town.leaving(at(5, 11))] == ["officer-2"]
    assert "an officer is not reminded: SealBroken" in caplog.text
    town.desk.bells.choose(OFFICER, OFFICE, at(5, 11), wanted=True)
    assert OFFICER in [one.bulletin.subject for one in town.leaving(at(5, 11, 20))]


def test_a_number_that_is_none_is_said_and_nothing_is_kept(town):
    with pytest.raises(InvalidAnswers) as wrong:
        town.desk.bells.choose("officer-3", OFFICE, at(5), wanted=True, mobile="110")
    assert "11 位手机号" in wrong.value.errors["mobile"][0]
    assert town.desk.bells.chosen("officer-3") is None


def rows(town, sql):
    with town.premises.database.read() as tx:
        return tx.rows(sql)
