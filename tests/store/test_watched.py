"""What is counted and watched: counters equal a recount whatever happened, and what does not hold is named."""

from __future__ import annotations

import signal
import threading
from random import Random

import pytest

from cases.model import LegState
from store import choosing, conservation, counters, legs, tallies
from store.chains.seals import seal_heads
from store.conservation import KNOWN, MOVED, PAGE, RULES, Breach
from store.engine.opening import Opened, Place, open_store
from tests.store import children
from tests.store.samples import NOW, REFERENCE, Walk, a_leg, file_case


def drift(store: Opened) -> list[tallies.Drift]:
    with store.db.read() as tx:
        return tallies.drift(tx)


def look(store: Opened, among: str = PAGE, after: str = "", page: int = 100) -> conservation.Looked:
    with store.db.read() as tx:
        return conservation.look(tx, among, after, page)


@pytest.mark.parametrize("seed", range(3))
def test_counters_equal_a_recount_after_any_changes_failures_and_folds(store: Opened, seed: int) -> None:
    walk = Walk(store, Random(seed), "walk")
    for step in range(120):
        if step % 4 == 3:
            with pytest.raises(TimeoutError):
                walk.step(fails=True)
        walk.step()
        if step % 10 == 9:
            store.db.write(lambda tx: counters.fold(tx, 5))
            assert drift(store) == []
    with store.db.read() as tx:
        assert sum(tallies.by_state(tx).values()) == tallies.created(tx) > 30
        assert sum(tallies.by_bundle(tx).values()) == len(walk.cases)
        assert set(tallies.by_bundle(tx)) == {"utilities|open", "utilities|closed"}


def test_counters_equal_a_recount_after_many_at_once(store: Opened) -> None:
    walks = [Walk(store, Random(n), f"walk{n}") for n in range(6)]
    threads = [threading.Thread(target=lambda walk=walk: [walk.step() for _ in range(25)]) for walk in walks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drift(store) == []


def test_counters_equal_a_recount_after_kills(place: Place) -> None:
    for seed in range(3):
        child = children.start("count_for_ever", str(place.data), place.url or "", str(seed))
        assert child.stdout is not None
        for _ in range(40):
            assert child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        store = open_store(place, children.CIPHER, say=lambda text: None)
        with store.db.read() as tx:
            assert tallies.created(tx) > 10
        assert drift(store) == []
        store.close()


def test_a_planted_drift_is_found_and_mended_while_changes_go_on(store: Opened) -> None:
    walk = Walk(store, Random(1), "walk")
    for _ in range(20):
        walk.step()
    store.db.write(lambda tx: tx.run("update legs set state = 'queued'"))
    store.db.write(lambda tx: tx.run("update counter_deltas set amount = amount + 1 where name = 'created'"))
    found = drift(store)
    assert ("created", "legs") in {(one.name, one.key) for one in found}
    assert "legs" in {one.name for one in found}
    store.db.write(file_case)  # between the recount and the mending
    store.db.write(lambda tx: tallies.repair(tx, found))
    assert drift(store) == []


def test_legs_are_counted_by_department_office_and_state(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=3))
    with store.db.read() as tx:
        before = {row.leg: row for row in legs.of_case(tx, REFERENCE)}
    moved = [a_leg("02", state=LegState.SENDING, n=2)]
    store.db.write(lambda tx: tallies.note(tx, "utilities", before, moved, NOW))
    with store.db.read() as tx:
        assert tallies.by_department(tx) == {
            ("water-works", "water-works", "queued"): 2, ("water-works", "water-works", "sending"): 1}
        assert tallies.by_state(tx) == {"queued": 2, "sending": 1}
        assert tallies.offices_of(tx, "water-works") == ["water-works"]
        assert tallies.offices_of(tx, "gas") == []


def test_a_case_is_closed_with_its_last_leg_and_opened_by_a_correction(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=2))
    for states, closed in (("refused queued", False), ("refused granted", True), ("in_review granted", False)):
        after = [a_leg(number, state=LegState(state), n=2) for number, state in zip(("01", "02"), states.split(),
                                                                                   strict=True)]
        with store.db.read() as tx:
            before = {row.leg: row for row in legs.of_case(tx, REFERENCE)}
        store.db.write(lambda tx, b=before, a=after: (legs.put(tx, a), tallies.note(tx, "utilities", b, a, NOW)))
        with store.db.read() as tx:
            assert (tx.rows("select closed_at from cases")[0]["closed_at"] is not None) is closed
        assert drift(store) == []


def test_a_sound_store_has_no_breach(store: Opened) -> None:
    for number in range(5):
        store.db.write(lambda tx, n=number: file_case(tx, f"case-{n}"))
    found = look(store, page=3)
    assert (found.breaches, found.last, len(found.planned)) == ((), "case-2", 3)
    assert found.planned["case-0"] == ("p2", {"01", "02"})
    assert len(look(store, after=found.last).planned) == 2
    assert look(store, after="case-4").planned == {}


BREACHES = {
    "case without legs": "delete from legs",
    "case without a first event": "delete from events where n = 1",
    "leg folded beyond its events": "update legs set n = 99 where leg = '01'",
    "open leg without a next action or a waiting reason": "delete from messages where leg = '02'",
    "due message that nothing will send": "update messages set next_at = null where leg = '01'",
    "message of a closed case still due": "update cases set closed_at = 'x'",
    "case closed before its legs are over": "update cases set closed_at = 'x'",
    "case still open after all its legs": "update legs set closed_at = 'x'",
}


@pytest.mark.parametrize("rule", BREACHES)
def test_what_falls_out_is_named(store: Opened, rule: str) -> None:
    store.db.write(file_case)
    store.db.write(lambda tx: tx.run(BREACHES[rule]))
    assert rule in {breach.rule for breach in look(store).breaches}


@pytest.mark.parametrize(("change", "sound"), [
    ({"state": LegState.WAITING}, False), ({"state": LegState.WAITING, "waits": "02"}, True),
    ({"state": LegState.QUEUED, "waits": "示例原因"}, True), ({"state": LegState.STUCK}, False),
    ({"state": LegState.ACCEPTED}, True), ({"state": LegState.SUPPLEMENT_REQUIRED}, False),
    ({"state": LegState.SUPPLEMENT_REQUIRED, "next_actor": "applicant"}, True),
    ({"state": LegState.SUPPLEMENTED}, False),
])
def test_every_open_leg_has_a_next_action_or_says_why_it_waits(
    store: Opened, change: dict[str, object], sound: bool
) -> None:
    store.db.write(lambda tx: file_case(tx, count=1))
    store.db.write(lambda tx: tx.run("delete from messages"))
    store.db.write(lambda tx: legs.put(tx, [a_leg("01", **change)]))
    assert (look(store).breaches == ()) is sound
    with store.db.read() as tx:
        assert choosing.next_due(tx, ["water-works"]) is None


def test_only_cases_that_moved_since_they_were_sealed_are_looked_at(store: Opened) -> None:
    for name in "abc":
        store.db.write(lambda tx, name=name: file_case(tx, name))
    assert set(look(store, MOVED).planned) == {"a", "b", "c"}
    assert set(look(store, MOVED, page=2).planned) == {"a", "b"}
    store.db.write(lambda tx: seal_heads(tx, NOW))
    assert look(store, MOVED).planned == {}


def test_a_breach_is_known_until_its_case_was_looked_at_again(store: Opened) -> None:
    first, second, whole = Breach(RULES[0], REFERENCE, "01"), Breach(RULES[1], REFERENCE, ""), Breach(RULES[2], "", "")
    store.db.write(file_case)

    def keep(looked: set[str], *found: Breach) -> list[Breach]:
        return store.db.write(lambda tx: conservation.keep(tx, looked, found, NOW))

    assert keep({REFERENCE}, first, second, whole) == sorted([first, second, whole])
    assert keep(set(), whole) == []
    with store.db.read() as tx:
        assert conservation.known(tx) == sorted([first, second, whole])
        assert conservation.counts(tx) == {rule: int(rule in RULES[:3]) for rule in RULES}
    assert set(look(store, KNOWN).planned) == {REFERENCE}
    assert keep({REFERENCE}, second) == []
    with store.db.read() as tx:
        assert conservation.known(tx) == [second]


def test_beyond_what_a_page_shows_a_breach_is_new_once_and_gone_with_its_repair(store: Opened) -> None:
    many = [Breach(RULES[0], f"a{number:04}", "") for number in range(1_000)]
    last = Breach(RULES[0], "b", "")
    looked = {"b", *(one.reference for one in many)}
    assert store.db.write(lambda tx: conservation.keep(tx, looked, [*many, last], NOW)) == [*many, last]
    assert store.db.write(lambda tx: conservation.keep(tx, {"b"}, [last], NOW)) == []
    store.db.write(lambda tx: conservation.keep(tx, {"b"}, [], NOW))
    with store.db.read() as tx:
        assert conservation.counts(tx)[RULES[0]] == len(many)
