"""While the store takes nothing: what is known is not lost, and what never began is not taken for sent."""

import base64
import errno
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import Answer
from desk.desk import Desk
from desk.sending.recording import LATEST, Came
from desk.staff.acts import Act
from desk.uploads.apart import APART, AT_ONCE
from dispatch.retry import Then
from sources.samples import sample_paper
from store import leases, messages, notices
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
    return desk.intake.file("somebody", small_filing(), "key-1", NOW)


def states(desk, receipt):
    return {leg["leg"]: leg["state"] for leg in desk.case_view("somebody", receipt.reference, NOW)["legs"]}


def outbox(desk, receipt):
    with desk._premises.database.read() as tx:
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
    # Both together, then each by itself, and behind it what becomes of its message.
    store.takes, store.error = [False, False, True, False, True], TransactionLost
    assert {one.later for one in desk.record(came, NOW)} == {False}
    assert set(outbox(desk, receipt).values()) == {"unknown"}  # and not leased in silence until its lease ends
    assert desk.claim(ROOM, NOW + timedelta(seconds=59)) == []
    assert {claim.purpose for claim in desk.claim(ROOM, NOW + timedelta(minutes=1))} == {"ask"}
    with store.read() as tx:
        tried = [leases.attempts_of(tx, one) for one in messages.of_case(tx, receipt.reference)]
    assert {(first.outcome, first.detail) for first, _ in tried} == {("unknown", "not written: TransactionLost")}


def test_an_upload_of_which_the_store_takes_no_row_leaves_no_bytes_behind(desk, store, opened):
    store.takes = [False]
    with pytest.raises(StorageFull):
        desk.keep_file("somebody", ("图.png", "image/png"), [base64.b64decode(PNG)], NOW)
    assert not list(opened.vault._folder.glob("*/*"))


def kept_aside(desk):
    with desk._premises.database.read() as tx:
        return notices.unsettled(tx)


def answers(desk, name="方案.png", content=PNG):
    """The answers to the two filings of a case: one grants at once with a file inside, the other one just received."""
    first, second = desk.claim(ROOM, NOW)
    results = [{"material": "plan_reply", "name": "方案", "files": [{"base64": content, "name": name}]}]
    return [Came(first, Answer("received", state="granted", data={"results": results}), Then("done")),
            Came(second, Answer("received"), Then("done"))]


def raising(error):
    def met(*_):
        raise error
    return met


@pytest.mark.parametrize("error", [StorageFull, OSError(errno.ENOSPC, "full")], ids=["vault", "disk"])
def test_result_files_that_find_no_room_do_not_take_the_other_answers_along(desk, receipt, opened, error):
    granted, received = answers(desk)
    opened.vault.put = raising(error)
    left = desk.record([granted, received], NOW)
    assert [one.came for one in left if one.later] == [granted]
    assert states(desk, receipt)[received.claim.id.leg] == "received"


@pytest.fixture
def busy(monkeypatch):
    """All places at which files are opened are taken, until it is called."""
    monkeypatch.setattr("desk.uploads.apart.PATIENCE", 0.01)
    with ExitStack() as places:
        for _ in range(AT_ONCE):
            places.enter_context(APART._places)
        yield places.close


def test_an_answer_whose_file_cannot_be_opened_just_now_waits_and_takes_no_other_along(desk, receipt, busy):
    granted, received = answers(desk, "方案.pdf", base64.b64encode(sample_paper("方案")[2]).decode())
    left = desk.record([granted, received], NOW)
    assert [one.came for one in left if one.later] == [granted]
    assert states(desk, receipt)[received.claim.id.leg] == "received"
    busy()
    assert desk.record([one.came for one in left], SOON) == []
    assert states(desk, receipt)[granted.claim.id.leg] == "granted"


def test_what_is_not_opened_before_the_lease_ends_is_kept_for_a_person_and_the_receipt_counts(desk, receipt, busy):
    granted, received = answers(desk, "方案.pdf", base64.b64encode(sample_paper("方案")[2]).decode())
    assert desk.record([granted, received], NOW + LATEST) == []
    assert set(states(desk, receipt).values()) == {"received"}
    entry, = kept_aside(desk)
    assert entry.code == "not_read"
    busy()
    assert desk.operations.quarantine.apply(entry.id, Act("operator", "已核实"), NOW + LATEST)["outcome"] == "applied"
    assert states(desk, receipt)[granted.claim.id.leg] == "granted"


def test_of_an_answer_that_we_cannot_read_by_our_own_fault_the_receipt_counts_and_the_rest_is_a_persons(
        desk, receipt, opened, caplog):
    granted, received = answers(desk)
    opened.vault.put = raising(KeyError("何人"))
    assert desk.record([granted, received], NOW) == []
    assert set(states(desk, receipt).values()) == {"received"}
    assert [entry.code for entry in kept_aside(desk)] == ["not_read"]
    assert caplog.text.count("what came with an answer is kept aside: KeyError at") == 1
    assert "何人" not in caplog.text


def test_answers_that_cannot_be_recorded_together_are_recorded_one_by_one(desk, receipt, monkeypatch):
    other = desk.intake.file("somebody", small_filing(), "key-2", NOW)
    came = [Came(claim, Answer("received"), Then("done")) for claim in desk.claim(ROOM, NOW)]
    advance = desk._book.advance_all

    def breaks(wishes, now):
        if any(wish.reference == other.reference for wish in wishes):
            raise KeyError
        return advance(wishes, now)

    monkeypatch.setattr(desk._book, "advance_all", breaks)
    assert {(one.came.claim.id.reference, one.later) for one in desk.record(came, NOW)} == {(other.reference, False)}
    assert set(states(desk, receipt).values()) == {"received"}


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
    assert set(outbox(desk, receipt).values()) == {"due"}
    again = desk.claim(ROOM, NOW + timedelta(minutes=6))
    assert {claim.purpose for claim in again} == {"send"}
    assert set(outbox(desk, receipt).values()) == {"leased"}


@pytest.mark.parametrize("takes", [[False], [False, False]], ids=["put off", "nothing is taken"])
def test_what_could_not_begin_in_the_only_process_is_due_as_before(desk, receipt, store, opened, takes):
    store.takes = list(takes)
    assert desk.claim(ROOM, NOW) == []
    assert set(outbox(desk, receipt).values()) == {"due"}
    again = desk.claim(ROOM, SOON)
    assert {claim.purpose for claim in again} == {"send"}
    assert set(outbox(desk, receipt).values()) == {"leased"}
