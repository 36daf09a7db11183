"""What follows each answer, and when: the ladder, its jitter, and who may be sent what again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Answer, Body
from dispatch.breaker import Breaker
from dispatch.retry import GIVE_UP_AFTER, LADDER, Then, Tried, able, after, allowed, unheard

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOTH = Body("a", "d", "rest", honours_keys=True, can_be_asked=True, read_lag=30)
KEYS = replace(BOTH, can_be_asked=False)
ASKED = replace(BOTH, honours_keys=False)
NEITHER = replace(BOTH, honours_keys=False, can_be_asked=False)


def _in(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("answer", "body", "purpose", "then"), [
    (Answer("received"), BOTH, "send", Then("done")),
    (Answer("refused"), BOTH, "send", Then("done")),
    (Answer("again"), BOTH, "send", Then("send", _in(30))),
    (Answer("setup"), BOTH, "send", Then("send", _in(30))),
    (Answer("again", retry_after=600.0), BOTH, "send", Then("send", _in(600))),
    (Answer("again", retry_after=1.0), BOTH, "send", Then("send", _in(30))),
    (Answer("again", retry_after=1e9), BOTH, "send", Then("send", _in(43_200))),
    (Answer("unknown"), BOTH, "send", Then("ask", _in(30))),
    (Answer("unknown"), ASKED, "send", Then("ask", _in(30))),
    (Answer("unknown"), KEYS, "send", Then("send", _in(30))),
    (Answer("unknown"), NEITHER, "send", Then("stuck")),
    (Answer("again"), BOTH, "ask", Then("ask", _in(30))),
    (Answer("setup"), ASKED, "ask", Then("ask", _in(30))),
    (Answer("unknown"), ASKED, "ask", Then("ask", _in(30))),
    (Answer("received"), ASKED, "ask", Then("done")),
    (unheard(Answer("received", "R-1", "granted"), BOTH), BOTH, "ask", Then("send", _in(30))),
    (unheard(Answer("received", "R-1", "received"), BOTH), BOTH, "ask", Then("done")),
    (unheard(Answer("received", "R-1", "in_review"), BOTH), BOTH, "ask", Then("done")),
    (unheard(Answer("received", "R-1", "granted"), ASKED), ASKED, "ask", Then("done")),
    (Answer("absent"), BOTH, "ask", Then("send", NOW)),
    (Answer("absent"), ASKED, "ask", Then("ask", _in(30))),
])
def test_every_answer_has_its_next_step(answer: Answer, body: Body, purpose: str, then: Then) -> None:
    tried = Tried(1, purpose, NOW, NOW)  # type: ignore[arg-type]
    assert after(answer, body, tried, 0.5) == then


def test_not_found_becomes_definite_when_it_was_said_for_the_read_lag() -> None:
    assert after(Answer("absent"), ASKED, Tried(2, "ask", NOW, NOW, absent_for=29.0), 0.5) == Then("ask", _in(1))
    assert after(Answer("absent"), ASKED, Tried(2, "ask", NOW, NOW, absent_for=30.0), 0.5) == Then("send", NOW)


@pytest.mark.parametrize(("type_", "body", "next_one", "then"), [
    ("leg.filed", BOTH, "ask", "ask"), ("leg.supplemented", BOTH, "send", "send"), ("leg.filed", ASKED, "ask", "ask"),
    ("leg.withdrawn", ASKED, "stuck", "stuck"), ("leg.urged", KEYS, "send", "send"),
])
def test_that_a_department_knows_the_leg_says_nothing_of_a_later_message(
    type_: str, body: Body, next_one: str, then: str,
) -> None:
    assert allowed("ask", able(body, type_)) == next_one
    assert after(Answer("unknown"), able(body, type_), Tried(1, "send", NOW, NOW), 0.5).kind == then


@pytest.mark.parametrize(("purpose", "body", "what"), [
    ("send", NEITHER, "send"), ("ask", BOTH, "ask"), ("ask", ASKED, "ask"), ("ask", KEYS, "send"),
    ("ask", NEITHER, "stuck"),
])
def test_an_unknown_outcome_is_never_sent_again_to_a_department_that_would_count_twice(
    purpose: str, body: Body, what: str,
) -> None:
    assert allowed(purpose, body) == what  # type: ignore[arg-type]


def test_the_ladder_goes_from_half_a_minute_to_twelve_hours_with_a_fifth_of_jitter() -> None:
    waits = [
        [(after(Answer("again"), BOTH, Tried(attempt, "send", NOW, NOW), roll).at or NOW) - NOW for roll in (0.0, 1.0)]
        for attempt in (1, len(LADDER), 1000)]
    seconds = [[wait.total_seconds() for wait in pair] for pair in waits]
    assert seconds == [[24.0, 36.0], [34_560.0, 51_840.0], [34_560.0, 51_840.0]]
    assert list(LADDER) == sorted(LADDER)


def test_a_departments_own_ladder_is_used() -> None:
    quick = replace(BOTH, ladder=(2.0, 4.0))
    assert after(Answer("again"), quick, Tried(7, "send", NOW, NOW), 0.5) == Then("send", _in(4))


def test_after_its_time_a_person_decides_but_a_receipt_still_counts() -> None:
    late = NOW + GIVE_UP_AFTER + timedelta(seconds=1)
    assert after(Answer("again"), BOTH, Tried(40, "send", NOW, late), 0.5) == Then("stuck")
    assert after(Answer("received"), BOTH, Tried(40, "send", NOW, late), 0.5) == Then("done")


LOST = Answer("again")


def _after(*answers: Answer, legs: str = "same") -> Breaker:
    breaker = Breaker()
    for at, answer in enumerate(answers):
        breaker = breaker.after(answer, f"leg-{at if legs == 'each' else 0}", NOW, NOW)
    return breaker


@pytest.mark.parametrize(("answers", "legs", "rests"), [
    ([LOST] * 4, "same", False), ([LOST] * 5, "same", True),
    ([LOST] * 4 + [Answer("received")] + [LOST] * 4, "same", False),
    ([Answer("setup")] * 2, "each", False), ([Answer("setup")] * 3, "each", True),
    ([Answer("setup")] * 4, "same", False),
    ([LOST] * 4 + [Answer("refused")], "same", False), ([Answer("again", retry_after=5.0)] * 9, "same", False),
])
def test_a_lane_rests_after_failures_in_a_row_or_three_legs_that_met_a_wrong_set_up(
    answers: list[Answer], legs: str, rests: bool,
) -> None:
    assert (_after(*answers, legs=legs).open_until is not None) is rests


def test_a_resting_lane_lets_one_probe_through_and_a_good_answer_opens_it_fully() -> None:
    breaker = _after(*[LOST] * 5)
    until = breaker.open_until or NOW
    assert breaker.room(4, 0, NOW) == 0
    assert breaker.room(4, 0, until) == 1 and breaker.room(4, 1, until) == 0
    longer = breaker.after(LOST, "leg-9", until, until)
    assert (longer.open_until or NOW) - until > until - NOW
    assert longer.after(Answer("received"), "leg-9", until, until).room(4, 3, until) == 4


def test_what_was_under_way_when_a_lane_began_to_rest_makes_its_rest_no_longer_and_counts() -> None:
    breaker = _after(*[LOST] * 5)
    until = breaker.open_until or NOW
    for ended in (NOW, until - timedelta(seconds=1), until + timedelta(seconds=9)):
        breaker = breaker.after(LOST, "leg-9", NOW, ended)
    assert (breaker.open_until, breaker.opened, breaker.failures) == (until, 1, 8)
    assert breaker.room(4, 0, until) == 1


def test_a_lane_whose_department_is_down_for_months_rests_ten_minutes_at_most_and_is_probed_for_ever() -> None:
    breaker, now, rests = Breaker(), NOW, list[float]()
    for probe in range(10_000):
        breaker = breaker.after(Answer("setup"), f"leg-{probe}", now, now)
        if breaker.open_until is not None:
            rests.append((breaker.open_until - now).total_seconds())
            now = breaker.open_until
    assert rests[:8] == [15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]
    assert set(rests[7:]) == {600.0}
    assert (len(breaker.misset), breaker.room(4, 0, now)) == (3, 1)


def test_a_clock_that_is_set_back_by_hours_ends_a_rest_and_the_next_one_is_as_long_as_it_should_be() -> None:
    breaker = _after(*[LOST] * 5)
    earlier = NOW - timedelta(hours=2)
    assert (breaker.room(4, 0, earlier), breaker.room(4, 1, earlier)) == (1, 0)
    probed = breaker.after(LOST, "leg-9", earlier, earlier)
    assert (probed.open_until, probed.room(4, 0, earlier)) == (earlier + timedelta(seconds=30), 0)
