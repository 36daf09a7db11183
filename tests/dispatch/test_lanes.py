"""What waits ahead in a lane: only for quick, healthy offices that may be asked or sent again, and never too long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Answer, Body, Outgoing
from desk.sending.claims import LEASE_SECONDS, Claim
from dispatch.breaker import FIRST_PAUSE
from dispatch.lanes import MOST_AHEAD, Errand, Lanes
from store.leases import Claimed
from store.messages import Message

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
QUICK = Body("gas", "gas", "rest", at_once=2, deadline=10)
GOOD, BAD = Answer("received", ref="R-1"), Answer("again", status=503)


def errand(number, body=QUICK):
    """A claimed message to one of the office's legs."""
    message = Message("R", f"{number:02}", "leg.filed", 1, f"msg_{number}", "gas", body.id, NOW, NOW)
    outgoing = Outgoing(message.key, message.message_id, message.type, f"R-{number:02}", b"{}")
    fence = Claimed(message, 1, 1, "due", NOW + timedelta(seconds=LEASE_SECONDS), NOW)
    return Errand(Claim(message.id, outgoing.leg, outgoing, body, "send", 1, NOW, fence), 0.0)


def at_pace(seconds, answer=GOOD, body=QUICK):
    """Lanes of one office whose last attempt took so long."""
    lanes = Lanes({body.id: body})
    first = errand(0, body)
    assert lanes.place(first, NOW) == "starts"
    assert lanes.ended(first.claim, answer, seconds, NOW).following is None
    return lanes


def test_an_office_of_which_nothing_is_known_gets_what_may_run_at_once():
    assert Lanes({QUICK.id: QUICK}).room(NOW) == {"gas": 2}


@pytest.mark.parametrize(("seconds", "room"), [(0.001, 2 + MOST_AHEAD), (0.1, 2 + 10), (2.0, 2)])
def test_a_quick_office_gets_what_it_takes_in_half_a_second(seconds, room):
    assert at_pace(seconds).room(NOW) == {"gas": room}


def test_an_office_that_could_neither_be_asked_nor_sent_again_has_nothing_ahead():
    old = replace(QUICK, honours_keys=False, can_be_asked=False)
    assert at_pace(0.001, body=old).room(NOW) == {"gas": 2}


def test_one_bad_answer_takes_nothing_from_what_waits_ahead_and_a_second_in_a_row_all_of_it():
    lanes, rooms = at_pace(0.001), []
    for number, answer in enumerate((BAD, GOOD, BAD, BAD), start=1):
        one = errand(number)
        lanes.place(one, NOW)
        lanes.ended(one.claim, answer, 0.001, NOW)
        rooms.append(lanes.room(NOW)["gas"] - QUICK.at_once)
    assert rooms == [MOST_AHEAD, MOST_AHEAD, MOST_AHEAD, 0]


def test_what_waits_follows_an_attempt_that_ends_and_claims_are_made_when_a_quarter_is_left():
    lanes = at_pace(0.05)  # twenty ahead
    errands = [errand(number) for number in range(1, 23)]
    assert [lanes.place(one, NOW) for one in errands] == ["starts"] * 2 + ["waits"] * 20
    assert lanes.room(NOW) == {}
    ended = [lanes.ended(one.claim, GOOD, 0.05, NOW).following for one in errands[:14]]
    assert (ended, lanes.room(NOW)) == (errands[2:16], {})
    assert lanes.ended(errands[14].claim, GOOD, 0.05, NOW).wants
    assert (lanes.room(NOW), lanes.running()) == ({"gas": 15}, 2)


def test_what_waits_for_a_lane_that_begins_to_rest_is_handed_back():
    lanes = at_pace(0.05)
    running, waiting = errand(1), [errand(number) for number in range(2, 6)]
    assert [lanes.place(one, NOW) for one in (running, *waiting)] == ["starts"] * 2 + ["waits"] * 3
    misset = [running.claim._replace(leg=f"R-{number}") for number in range(3)]
    turns = []
    for one in misset:
        turns.append(lanes.ended(one, Answer("setup"), 0.05, NOW))
        if turns[-1].following is None:
            break
    assert [turn.following for turn in turns] == [waiting[1], waiting[2], None]
    assert (turns[-1].unsent, lanes.room(NOW)) == ((waiting[3],), {})


def test_what_was_claimed_before_a_lane_began_to_rest_begins_no_more_and_after_the_rest_one_does():
    lanes = Lanes({QUICK.id: QUICK})
    claimed = [errand(number) for number in range(7)]
    for one in claimed[:5]:
        assert lanes.place(one, NOW) == "starts"
        lanes.ended(one.claim, BAD, 0.1, NOW)
    later = NOW + FIRST_PAUSE
    assert [lanes.place(claimed[5], at) for at in (NOW, later)] == ["rests", "starts"]
    assert lanes.place(claimed[6], later) == "rests"


def test_a_stop_takes_back_what_waits():
    lanes = at_pace(0.05)
    errands = [errand(number) for number in range(1, 5)]
    for one in errands:
        lanes.place(one, NOW)
    assert lanes.emptied() == errands[2:]
    assert lanes.ended(errands[0].claim, GOOD, 0.05, NOW).following is None
