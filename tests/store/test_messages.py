"""The outbox: claims, leases, frozen bodies, outcomes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from store import choosing, leases, messages
from store.choosing import Wanted
from store.engine.opening import Opened
from store.errors import LeaseLost
from store.leases import Claimed, Outcome
from store.messages import MessageId
from store.port import Tx
from tests.store.samples import NOW, REFERENCE, a_message, file_case, message_of, minutes

ROOM = {"water-works": 10}
BODY = '{"示例":"正文"}'.encode()
FIRST = MessageId(REFERENCE, "01", "leg.filed", 1)
AGAIN = Outcome("due", "again", next_at=minutes(1))


def claimed(store: Opened, at: float = 0, room: dict[str, int] | None = None) -> list[Claimed]:
    return store.db.write(lambda tx: leases.claim(tx, Wanted(room or ROOM, minutes(at))))


def begun(store: Opened) -> list[Claimed]:
    """What is claimed and frozen, as an attempt that leaves has it."""
    found = claimed(store)
    for one in found:
        freeze(store, one, BODY)
    return found


def freeze(store: Opened, one: Claimed, body: bytes, mapping: str = "1") -> None:
    letters = messages.enclosed(store.db.cipher, {one.message.id: body}, mapping)
    store.db.write(lambda tx: leases.begin(tx, [one], [letters]))


def body_of(store: Opened, which: MessageId = FIRST) -> bytes | None:
    with store.db.read() as tx:
        return messages.bodies(tx, [message_of(tx, which)]).get(which)


def message(store: Opened, which: MessageId = FIRST) -> messages.Message:
    with store.db.read() as tx:
        return message_of(tx, which)


def test_a_due_message_is_claimed_once(store: Opened) -> None:
    store.db.write(file_case)
    first, second = claimed(store), claimed(store)
    assert legs(first) == {"01", "02"}
    assert second == []
    assert message(store).state == "leased"


def test_a_key_names_leg_type_and_number() -> None:
    assert FIRST.key == f"{REFERENCE}-01:leg.filed:1"


def test_a_claim_keeps_to_the_free_places_of_each_office(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=5))
    store.db.write(lambda tx: messages.add(tx, [a_message("01", type="leg.urged", message_id="u", office="power")]))
    taken = claimed(store, room={"water-works": 2, "power": 1, "gas": 3})
    assert [one.message.office for one in taken] == ["water-works", "water-works", "power"]


def test_the_oldest_is_served_first(store: Opened) -> None:
    store.db.write(file_case)
    older = a_message("02", type="leg.urged", message_id="u", next_at=minutes(-5))
    store.db.write(lambda tx: messages.add(tx, [older]))
    assert claimed(store, room={"water-works": 1})[0].message.type == "leg.urged"


def tried(store: Opened, count: int) -> set[str]:
    """Some legs of the case, which were tried once and are due again a minute later, after everything else."""
    items = claimed(store, room={"water-works": count})
    for one in items:
        store.db.write(lambda tx, one=one: leases.settle(tx, one, AGAIN, NOW))  # type: ignore[misc]
    return {one.message.leg for one in items}


def legs(found: list[Claimed]) -> set[str]:
    return {one.message.leg for one in found}


def test_what_was_tried_before_comes_first_once_it_is_due_again(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=6))
    before = tried(store, 2)
    assert not legs(claimed(store, room={"water-works": 1})) & before
    assert legs(claimed(store, 2, {"water-works": 4})[:2]) == before


def test_what_fails_again_and_again_leaves_half_of_a_lane_to_others(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=8))
    before = tried(store, 5)
    assert len(legs(claimed(store, 2, {"water-works": 4})) & before) == 2
    rest = legs(claimed(store, 2, {"water-works": 9}))
    assert (len(rest & before), len(rest - before)) == (3, 1)


def test_where_there_is_one_place_what_has_been_due_longest_gets_it(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=3))
    before = tried(store, 1)
    turns = [one.message.leg for _ in range(3) for one in claimed(store, 2, {"water-works": 1})]
    assert len(turns) == 3
    assert {turns[-1]} == before


def test_threads_that_claim_together_never_get_the_same_message(store: Opened) -> None:
    for case in range(5):
        store.db.write(lambda tx, case=case: file_case(tx, f"case-{case}", count=8))  # type: ignore[misc]
    got: list[str] = []

    def worker() -> None:
        while found := claimed(store, room={"water-works": 3}):
            got.extend(one.message.key for one in found)

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 40


def test_the_first_body_counts_for_ever(store: Opened) -> None:
    store.db.write(file_case)
    one = claimed(store)[0]
    freeze(store, one, BODY, "m1")
    with pytest.raises(LeaseLost):
        freeze(store, one, b"other", "m2")
    with store.db.read() as tx:
        assert [row["mapping"] for row in tx.rows("select mapping from bodies")] == ["m1"]
    assert body_of(store) == BODY


def test_a_body_is_not_frozen_without_the_lease(store: Opened) -> None:
    store.db.write(file_case)
    one = claimed(store)[0]
    with pytest.raises(LeaseLost):
        freeze(store, one._replace(token=one.token - 1), b"x")
    with pytest.raises(LeaseLost):
        freeze(store, one._replace(message=replace(one.message, leg="09")), b"x")
    assert body_of(store) is None


def test_of_bodies_that_are_frozen_together_none_is_if_one_lease_is_lost(store: Opened) -> None:
    store.db.write(file_case)
    first, second = claimed(store)
    letters = messages.enclosed(store.db.cipher, {first.message.id: BODY, second.message.id: BODY}, "1")
    late = second._replace(token=second.token - 1)
    with pytest.raises(LeaseLost):
        store.db.write(lambda tx: leases.begin(tx, [first, late], [letters]))
    assert [body_of(store, one.message.id) for one in (first, second)] == [None, None]


def test_bodies_of_a_case_are_frozen_in_one_row_and_each_is_read_as_it_was(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=3))
    found = claimed(store)
    written = {one.message.id: b'{"leg":"%b"}' % one.message.leg.encode() for one in reversed(found)}
    letters = messages.enclosed(store.db.cipher, written, "1")
    store.db.write(lambda tx: leases.begin(tx, found, [letters]))
    with store.db.read() as tx:
        assert tx.rows("select count(*) as n from bodies")[0]["n"] == 1
        assert messages.bodies(tx, messages.of_case(tx, REFERENCE)) == written
    for one in found:
        outcome = Outcome("due", "again", next_at=minutes(1))
        store.db.write(lambda tx, one=one, outcome=outcome: leases.settle(tx, one, outcome, NOW))  # type: ignore[misc]
    assert {one.message.frozen for one in claimed(store, at=2)} == {letters.frozen}


def due(store: Opened, at: float = 0) -> list[Claimed]:
    """What is due as the only dispatcher of a store sees it; PostgreSQL lets nobody skip rows in a snapshot."""
    return store.db.write(lambda tx: leases.due(tx, Wanted(ROOM, minutes(at))))


def test_what_is_due_is_leased_and_frozen_at_once_when_its_attempt_begins(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    one, = due(store)
    assert message(store).state == "due"
    freeze(store, one, BODY)
    kept = message(store)
    assert (kept.state, kept.next_at, kept.attempts, kept.doing, kept.started_at) == ("leased", None, 1, "send", NOW)
    assert (body_of(store), due(store)) == (BODY, [])
    store.db.write(lambda tx: leases.settle(tx, one, Outcome("unknown", next_at=minutes(1)), NOW))
    again, = due(store, at=2)
    assert (again.message.frozen, again.kind, again.attempt) == (FIRST.within, "ask", 2)
    store.db.write(lambda tx: leases.begin(tx, [again], ()))
    assert (message(store).doing, body_of(store)) == ("ask", BODY)


@pytest.mark.parametrize("moved", [
    lambda tx: messages.cancel(tx, REFERENCE, "01"),
    lambda tx: leases.settle(tx, leases.claim(tx, Wanted(ROOM, NOW))[0], Outcome("due", next_at=NOW), NOW),
], ids=["cancelled", "tried by somebody else"])
def test_an_attempt_does_not_begin_at_what_is_not_as_it_was_seen(store: Opened, moved: Callable[[Tx], object]) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    one, = due(store)
    store.db.write(moved)
    before = message(store)
    with pytest.raises(LeaseLost):
        freeze(store, one, BODY)
    assert (message(store), body_of(store)) == (before, None)


def test_a_body_is_stored_sealed(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    begun(store)
    with store.db.read() as tx:
        assert "正文".encode() not in bytes(tx.rows("select body from bodies")[0]["body"])


def test_an_outcome_closes_message_and_attempt(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    one = claimed(store)[0]
    outcome = Outcome("done", "received", status=200, detail="ok", answer=b'{"ref":"1"}')
    store.db.write(lambda tx: leases.settle(tx, one, outcome, minutes(1)))
    with store.db.read() as tx:
        attempt = leases.attempts_of(tx, one.message)[0]
    assert (message(store).state, message(store).settled_at) == ("done", minutes(1))
    assert (attempt.kind, attempt.outcome, attempt.status, attempt.answer, attempt.ended_at) == (
        "send", "received", 200, b'{"ref":"1"}', minutes(1))


def test_a_retry_comes_when_it_is_due_and_keeps_every_attempt(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    for attempt in range(3):
        one = claimed(store, at=attempt * 10)[0]
        assert one.attempt == attempt + 1
        outcome = Outcome("due", "again", next_at=minutes(attempt * 10 + 10))
        store.db.write(lambda tx, one=one, outcome=outcome: leases.settle(tx, one, outcome, NOW))  # type: ignore[misc]
    with store.db.read() as tx:
        assert len(leases.attempts_of(tx, message_of(tx, FIRST))) == 3
        assert choosing.next_due(tx, ["gas", "water-works"]) == minutes(30)


def test_a_late_worker_cannot_overwrite_a_later_outcome(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    late = begun(store)[0]
    expired = store.db.write(_expire_all)
    assert expired == [FIRST]
    with pytest.raises(LeaseLost):
        store.db.write(lambda tx: leases.settle(tx, late, Outcome("done"), minutes(9)))
    assert message(store).state == "unknown"


def test_an_expired_lease_is_asked_about_first(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    begun(store)
    store.db.write(_expire_all)
    again = claimed(store, at=10)[0]
    assert (again.was, again.attempt, again.token) == ("unknown", 2, 3)
    with store.db.read() as tx:
        tries = leases.attempts_of(tx, message_of(tx, FIRST))
        assert [(one.attempt, one.outcome, one.kind) for one in tries] == [(1, "unknown", "send"), (2, None, "ask")]
        assert [one.started_at for one in tries] == [NOW, minutes(10)]


def test_who_opens_the_store_voids_older_leases(store: Opened) -> None:
    store.db.write(file_case)
    begun(store)
    assert len(store.db.write(lambda tx: leases.void_leases(tx, NOW))) == 2
    assert store.db.write(lambda tx: leases.void_leases(tx, NOW)) == []


@pytest.mark.parametrize("ended", [lambda tx: _expire_all(tx=tx), lambda tx: leases.void_leases(tx, NOW)],
                         ids=["by time", "at start"])
def test_a_lease_whose_attempt_never_began_is_due_again_for_nothing_has_left(
        store: Opened, ended: Callable[[object], list[MessageId]]) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    late = claimed(store)[0]
    assert store.db.write(ended) == []
    assert message(store).state == "due"
    with store.db.read() as tx:
        assert [one.outcome for one in leases.attempts_of(tx, message_of(tx, FIRST))] == ["not_sent"]
    with pytest.raises(LeaseLost):
        freeze(store, late, b"{}")


def test_a_running_lease_does_not_expire(store: Opened) -> None:
    store.db.write(file_case)
    claimed(store)
    assert store.db.write(lambda tx: leases.expire(tx, NOW)) == []


def test_what_was_not_sent_goes_back(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    one = claimed(store)[0]
    unsent = Outcome("due", "not_sent", next_at=minutes(1))
    store.db.write(lambda tx: leases.settle(tx, one, unsent, minutes(1)))
    assert (message(store).state, message(store).next_at) == ("due", minutes(1))


def test_a_refusal_keeps_the_departments_words_sealed(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    one = claimed(store)[0]
    store.db.write(lambda tx: leases.settle(tx, one, Outcome("refused", reason="示例原因"), NOW))
    with store.db.read() as tx:
        raw = tx.rows("select reason from messages")[0]["reason"]
    assert message(store).reason == "示例原因"
    assert "示例原因".encode() not in bytes(raw)


def test_a_held_message_is_resent_with_the_same_key(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    one = claimed(store)[0]
    store.db.write(lambda tx: leases.settle(tx, one, Outcome("stuck"), NOW))
    seen = message(store)
    assert store.db.write(lambda tx: messages.resend(tx, seen, NOW))
    assert not store.db.write(lambda tx: messages.resend(tx, seen, NOW))
    again = claimed(store)[0]
    assert again.message.key == FIRST.key
    store.db.write(lambda tx: leases.settle(tx, again, Outcome("stuck"), NOW))
    assert not store.db.write(lambda tx: messages.resend(tx, seen, NOW))  # stuck as it was seen, but by another attempt


def test_only_what_was_never_tried_is_cancelled(store: Opened) -> None:
    store.db.write(file_case)
    tried, = legs(claimed(store, room={"water-works": 1}))
    other, = {"01", "02"} - {tried}
    assert store.db.write(lambda tx: messages.cancel(tx, REFERENCE, tried)) == 0
    assert store.db.write(lambda tx: messages.cancel(tx, REFERENCE, other)) == 1
    assert message(store, FIRST._replace(leg=other)).state == "cancelled"


@pytest.mark.parametrize(("came", "recalled", "then"), [
    (Outcome("due", next_at=minutes(1)), True, "cancelled"), (Outcome("stuck"), True, "cancelled"),
    (Outcome("refused"), True, "cancelled"), (Outcome("unknown", next_at=minutes(1)), False, "unknown"),
    (None, False, "leased"),
])
def test_a_filing_is_recalled_however_often_it_was_tried_unless_it_may_arrive(
    store: Opened, came: Outcome | None, recalled: bool, then: str,
) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    one = claimed(store)[0]
    if came is not None:
        store.db.write(lambda tx: leases.settle(tx, one, came, NOW))
    assert store.db.write(lambda tx: messages.recall(tx, REFERENCE, "01")) is recalled
    assert message(store).state == then


def test_messages_of_a_type_are_numbered_per_leg(store: Opened) -> None:
    store.db.write(file_case)
    with store.db.read() as tx:
        assert messages.next_number(tx, REFERENCE, "01", "leg.filed") == 2
        assert messages.next_number(tx, REFERENCE, "01", "leg.urged") == 1


def test_a_message_wakes_the_listeners_after_its_commit(store: Opened) -> None:
    heard = threading.Event()
    topics: list[str] = []

    def listener(topic: str) -> None:
        topics.append(topic)
        heard.set()

    store.db.listen(listener)
    store.db.write(file_case)
    assert heard.wait(60)
    assert topics[0] == "messages"


def test_running_attempts_are_counted_per_office(store: Opened) -> None:
    store.db.write(file_case)
    claimed(store)
    with store.db.read() as tx:
        assert messages.leased(tx) == {"water-works": 2}


def _expire_all(tx: object) -> list[MessageId]:
    tx.run("update messages set lease_until = '2000-01-01T00:00:00.000000Z' where state = 'leased'")  # type: ignore[attr-defined]
    return leases.expire(tx, minutes(5))  # type: ignore[arg-type]
