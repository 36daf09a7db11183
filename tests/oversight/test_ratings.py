"""Ratings are given once, of what has ended; they are sealed, counted, carried along and erased like other answers."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from desk.errors import IdempotencyMismatch, InvalidAnswers, NotNow, UnknownCase, UnknownLeg
from desk.records.export import Extent, export, plain
from oversight import figures
from oversight.ratings import Given, Ratings
from store import endings, ratings, tallies
from tests.oversight.conftest import ON_BOTH, at

WORDS = "窗口说明不清楚"


@pytest.fixture
def desk(town):
    return Ratings(town.premises.database, town.desk)


@pytest.fixture
def ended(town):
    """A case whose water leg was granted on time and whose power leg was refused a day late."""
    reference = town.file()
    town.say(reference, "01", "leg.granted", at(6), results=[])
    town.say(reference, "03", "leg.refused", at(9), reason_code="R1", reason="不符")
    return reference


RATED = at(9, 11)


def give(desk, reference, leg, level, now=RATED, key=None, **more):
    desk.give("somebody", reference, Given(leg, level, **more), key or f"{leg}-{level}", now)


def open_for(desk, reference, now):
    return [one.leg for one in desk.of_case("somebody", reference) if one.open(now)]


def test_what_has_ended_is_open_for_a_rating_and_nothing_else(town, desk):
    reference = town.file()
    assert open_for(desk, reference, at(6)) == []
    town.say(reference, "01", "leg.granted", at(6), results=[])
    assert open_for(desk, reference, at(6)) == ["01"]
    with pytest.raises(NotNow, match="还没有办完"):
        give(desk, reference, "", 5)
    town.say(reference, "03", "leg.refused", at(7), reason_code="R1", reason="不符")
    assert open_for(desk, reference, at(7)) == ["", "01", "03"]
    assert open_for(desk, reference, at(7) + timedelta(days=60)) == ["", "03"]
    with pytest.raises(NotNow, match="60 天"):
        give(desk, reference, "01", 5, at(8) + timedelta(days=60))


@ON_BOTH
def test_a_rating_is_given_once_and_a_repeated_sending_has_one_effect(desk, ended):
    give(desk, ended, "", 4, key="k1", words=WORDS)
    give(desk, ended, "", 4, key="k1", words=WORDS)
    with pytest.raises(IdempotencyMismatch):
        give(desk, ended, "", 3, key="k1", words=WORDS)
    with pytest.raises(NotNow, match="已经评价过"):
        give(desk, ended, "", 3, key="k2")
    with pytest.raises(UnknownLeg):
        give(desk, ended, "77", 3)
    with pytest.raises(UnknownCase):
        desk.give("else", ended, Given("", 1), "k1", RATED)
    assert [one.rating.level for one in desk.of_case("somebody", ended) if one.rating] == [4]


@pytest.mark.parametrize(("given", "wrong"), [
    (Given("", 0), {"level"}), (Given("", 6), {"level"}), (Given("", 5, {"price": 5}), {"items"}),
    (Given("", 5, {"guide": 9}), {"items"}), (Given("", 5, {}, "长" * 501), {"words"}),
    (Given("", 5, {}, "\u202e倒"), {"words"}),
])
def test_nonsense_is_refused_by_name(desk, ended, given, wrong):
    with pytest.raises(InvalidAnswers) as refused:
        desk.give("somebody", ended, given, "k", RATED)
    assert set(refused.value.errors) == wrong
    assert [one for one in desk.of_case("somebody", ended) if one.rating] == []


@ON_BOTH
def test_a_bad_rating_is_owed_an_answer_of_fifteen_working_days(town, desk, ended):
    give(desk, ended, "01", 2)
    give(desk, ended, "03", 3)
    with town.premises.database.read() as tx:
        (one,), then = ratings.owed(tx, None, 9)
        assert then is None
        assert (ratings.late(tx, at(30)), ratings.late(tx, at(31))) == ((1, 0), (1, 1))
    assert (one.leg, one.due_at) == ("01", at(30, 23).replace(minute=59, second=59))


@ON_BOTH
def test_words_stand_sealed_and_leave_only_where_personal_data_may(town, desk, ended):
    give(desk, ended, "01", 1, words=WORDS)
    with town.premises.database.read() as tx:
        kept, = tx.rows("select * from ratings")
    assert WORDS.encode() not in bytes(kept["body"])
    said = {personal: json.dumps([line for line in export(town.premises.database, Extent(personal=personal))
                                  if line["kind"] == "rating"], ensure_ascii=False, default=plain)
            for personal in (False, True)}
    assert (WORDS in said[False], WORDS in said[True]) == (False, True)
    assert json.loads(said[False])[0]["level"] == 1


@ON_BOTH
def test_what_is_rated_or_taken_back_after_the_last_event_is_in_the_export_of_that_time(town, desk, ended):
    def said(since):
        return [line["kind"] for line in export(town.premises.database, Extent(since=since))]

    assert said(RATED) == ["audit"]
    give(desk, ended, "01", 4)
    assert said(RATED) == ["rating", "audit"]
    later = RATED + timedelta(hours=1)
    town.desk.afterwards.take_back_consent("somebody", ended, "back", later)
    assert said(later) == ["consent", "audit"]


@ON_BOTH
def test_erasing_takes_the_words_and_leaves_the_count(town, desk, ended):
    give(desk, ended, "01", 1, words=WORDS)
    assert town.premises.database.write(lambda tx: ratings.erase(tx, ended)) == 1
    with town.premises.database.read() as tx:
        assert [(one.level, one.body, one.owed) for one in ratings.of_case(tx, ended)] == [(1, None, True)]
        assert tallies.drift(tx) == []


@ON_BOTH
def test_whether_a_case_ended_in_time_is_noted_once_by_the_sweep_and_taken_back_when_it_opens_again(town, ended):
    other = town.file("key-2")
    for number in ("01", "03"):
        town.say(other, number, "leg.granted", at(6), results=[])
    town.desk.sweep(RATED)
    town.desk.sweep(at(9, 12))

    def standing():
        with town.premises.database.read() as tx:
            assert [one for one in tallies.drift(tx) if one.name == endings.ENDED] == []
            line, = figures.by_standing(tx)
        return line.open, line.ended, line.on_time, line.late, line.undecided

    assert standing() == (0, 2, 1, 1, 0)
    town.premises.database.write(lambda tx: tx.run("update cases set closed_at = null where reference = :r", r=ended))
    with town.premises.database.read() as tx:
        again = endings.reopened(tx, 9)
    for _ in range(2):  # a second host found the same
        town.premises.database.write(lambda tx: endings.note(tx, again))
    assert standing()[2:] == (1, 0, 0)


@ON_BOTH
def test_a_rating_that_was_counted_wrong_is_found_by_the_recount(town, desk, ended):
    give(desk, ended, "01", 5)
    town.premises.database.write(lambda tx: tx.run("update counter_deltas set amount = 7 where name = 'ratings'"))
    with town.premises.database.read() as tx:
        drift, = tallies.drift(tx)
    assert drift == replace(drift, name="ratings", kept=7, counted=1)
