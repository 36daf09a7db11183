"""While the store takes nothing: what is known is not lost, and what never began is not taken for sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import Answer
from desk.desk import Desk
from desk.sending.recording import Came
from dispatch.retry import Then
from store import messages
from store.errors import StorageFull, TransactionLost
from store.port import Done
from tests.desk.conftest import NOW
from tests.desk.filings import small_filing
from tests.desk.test_notices import PNG

ROOM = {"water-group": 4, "power-grid": 4}
SOON = NOW + timedelta(seconds=3)


class Refusing:
    """A store that takes units of work as `takes` says, one after the other, and everything once that has ended."""

    def __init__(self, store):
        self._store = store
        self.takes, self.error = [], StorageFull

    def __getattr__(self, name):
        return getattr(self._store, name)

    def write(self, unit):
        if self.takes and not self.takes.pop(0):
            raise self.error
        return self._store.write(unit)

    def write_all(self, units):
        return [Done(error=self.error()) if self.takes and not self.takes.pop(0) else Done(self._store.write(unit))
                for unit in units]


@pytest.fixture
def store(opened):
    return Refusing(opened.db)


@pytest.fixture
def desk(premises, store):
    return Desk(replace(premises, database=store))


@pytest.fixture
def receipt(desk):
    return desk.file("somebody", small_filing(), "key-1", NOW)


def states(desk, receipt):
    return {leg["leg"]: leg["state"] for leg in desk.case_view("somebody", receipt.reference, NOW)["legs"]}


def outbox(opened, receipt):
    with opened.db.read() as tx:
        return {message.leg: message.state for message in messages.of_case(tx, receipt.reference)}


def test_an_answer_that_could_not_be_written_comes_back_and_counts_when_it_is_written_later(desk, receipt, store):
    came = [Came(claim, Answer("received", ref="A-1"), Then("done")) for claim in desk.claim(ROOM, NOW)]
    store.takes = [False, False, False]
    left = desk.record(came, NOW)
    assert {(one.came.claim.leg, one.later) for one in left} == {(one.claim.leg, True) for one in came}
    assert desk.record([one.came for one in left], SOON) == []
    assert set(states(desk, receipt).values()) == {"received"}


def test_an_answer_that_kills_its_transaction_is_not_tried_for_ever(desk, receipt, store):
    came = [Came(claim, Answer("received"), Then("done")) for claim in desk.claim(ROOM, NOW)]
    store.takes, store.error = [False, False, False], TransactionLost
    assert {one.later for one in desk.record(came, NOW)} == {False}


def test_result_files_that_find_no_room_do_not_take_the_other_answers_along(desk, receipt, store, opened):
    first, second = desk.claim(ROOM, NOW)
    paper = {"base64": PNG, "name": "方案.png", "type": "image/png"}
    results = [{"material": "plan_reply", "name": "方案", "files": [paper]}]
    granted = Answer("received", state="granted", data={"results": results})

    def full(file, chunks):
        raise StorageFull

    opened.vault.put = full
    left = desk.record([Came(first, granted, Then("done")), Came(second, Answer("received"), Then("done"))], NOW)
    assert [one.came.claim for one in left if one.later] == [first]
    assert states(desk, receipt)[second.id.leg] == "received"


@pytest.mark.parametrize("takes", [[True, False], [True, False, False], [True, False, False, False]],
                         ids=["taken back at once", "by the next claim", "by the sweep"])
def test_what_was_leased_and_could_not_begin_is_due_again_and_no_unknown_outcome(
        premises, receipt, store, opened, takes):
    desk = Desk(replace(premises, database=store, embedded=False))  # one of several hosts, so it leases first
    store.takes = list(takes)  # the lease, the beginning, and how often it is not taken back
    assert desk.claim(ROOM, NOW) == []
    if len(takes) == 4:
        assert desk.claim(ROOM, NOW) == []
    desk.sweep(NOW + timedelta(minutes=5))
    assert set(outbox(opened, receipt).values()) == {"due"}
    again = desk.claim(ROOM, NOW + timedelta(minutes=6))
    assert {claim.purpose for claim in again} == {"send"}
    assert set(outbox(opened, receipt).values()) == {"leased"}


@pytest.mark.parametrize("takes", [[False], [False, False]], ids=["put off", "nothing is taken"])
def test_what_could_not_begin_in_the_only_process_is_due_as_before(desk, receipt, store, opened, takes):
    store.takes = list(takes)
    assert desk.claim(ROOM, NOW) == []
    assert set(outbox(opened, receipt).values()) == {"due"}
    again = desk.claim(ROOM, SOON)
    assert {claim.purpose for claim in again} == {"send"}
    assert set(outbox(opened, receipt).values()) == {"leased"}
