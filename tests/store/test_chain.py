"""The audit chains: every way of tampering is found and the first bad entry is named; erasing is not tampering."""

from __future__ import annotations

import pytest

from cases.model import Event
from store import audit, events
from store.algorithms import AES, SM4, sha256, sm3
from store.chains import seals
from store.chains.chain import Head, linked, salted
from store.chains.proof import Verdict, verify
from store.cipher import Cipher
from store.engine.opening import Opened, Place, open_store
from store.errors import Stale
from store.port import Tx
from tests.store.samples import NOW, REFERENCE, file_case, minutes

OTHER = "20261123-SAMPLE-2"


def verdict(store: Opened, outside: Head | None = None) -> Verdict:
    return verify(store.db, outside)


@pytest.fixture
def filled(store: Opened) -> Opened:
    store.db.write(lambda tx: file_case(tx, count=3))
    store.db.write(lambda tx: file_case(tx, OTHER, count=3))
    for n in range(3):
        store.db.write(lambda tx, n=n: audit.record(tx, audit.Entry(NOW, "operator", "legs.retry", f"leg-{n}")))
    return store


def test_an_untouched_store_holds(filled: Opened) -> None:
    store = filled
    store.db.write(lambda tx: seals.seal_heads(tx, NOW))
    found = verdict(store)
    assert (found.holds, found.chains, found.entries, found.erased, found.seals) == (True, 3, 11, 0, 1)


def test_events_come_back_in_order_with_their_data(filled: Opened) -> None:
    event = Event("leg.granted", minutes(3), "water-works", "02", {"results": [{"number": "示例1号"}]}, filled=True)
    assert filled.db.write(lambda tx: events.append(tx, REFERENCE, [event], after=4)).n == 5
    with filled.db.read() as tx:
        recorded = events.of_case(tx, REFERENCE)
    assert [one.n for one in recorded] == [1, 2, 3, 4, 5]
    assert recorded[-1].event == event


def test_a_decision_over_an_older_state_is_refused(filled: Opened) -> None:
    with pytest.raises(Stale):
        filled.db.write(lambda tx: events.append(tx, REFERENCE, [Event("a", NOW, "b")], after=3))
    with filled.db.read() as tx:
        assert events.last(tx, REFERENCE) == 4


def test_erased_payloads_are_counted_and_not_blamed(filled: Opened) -> None:
    assert filled.db.write(lambda tx: events.erase(tx, REFERENCE, [2])) == 1
    assert filled.db.write(lambda tx: events.erase(tx, OTHER)) == 4
    found = verdict(filled)
    assert (found.holds, found.erased) == (True, 5)
    with filled.db.read() as tx:
        recorded = events.of_case(tx, REFERENCE)
    assert [one.erased for one in recorded] == [False, True, False, False]
    assert recorded[1].event.data == {}


EDITS = {
    "type": f"update events set type = 'leg.granted' where reference = '{REFERENCE}' and n = 3",
    "time": f"update events set at = '2020-01-01T00:00:00.000000Z' where reference = '{REFERENCE}' and n = 3",
    "actor": f"update events set actor = 'nobody' where reference = '{REFERENCE}' and n = 3",
    "leg": f"update events set leg = '09' where reference = '{REFERENCE}' and n = 3",
    "mark": f"update events set filled = 1 where reference = '{REFERENCE}' and n = 3",
    "digest": f"update events set digest = 'x' where reference = '{REFERENCE}' and n = 3",
    "hash": f"update events set hash = 'x' where reference = '{REFERENCE}' and n = 3",
    "payload of another": "update events set body = (select body from events"
                          f" where reference = '{REFERENCE}' and n = 2)"
                          f" where reference = '{REFERENCE}' and n = 3",
    "deleted": f"delete from events where reference = '{REFERENCE}' and n = 3",
    "deleted first": f"delete from events where reference = '{REFERENCE}' and n = 1",
    "deleted last": f"delete from events where reference = '{REFERENCE}' and n = 4",
    "inserted": "insert into events (reference, n, leg, type, at, actor, filled, body, digest, prev, hash)"
                f" select reference, 5, leg, type, at, actor, filled, body, digest, hash, 'x' from events"
                f" where reference = '{REFERENCE}' and n = 4",
    "moved to another case": f"update events set reference = '{OTHER}', n = 5"
                             f" where reference = '{REFERENCE}' and n = 4",
    "audit actor": "update audit set actor = 'nobody' where n = 2",
    "audit deleted": "delete from audit where n = 2",
    "audit cut": "delete from audit where n = 3",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_every_edit_is_found(filled: Opened, edit: str) -> None:
    assert filled.db.write(lambda tx: tx.run(edit)) == 1
    found = verdict(filled)
    assert found.first_bad is not None
    assert found.first_bad.startswith(("@audit" if "audit" in edit else REFERENCE, OTHER))


def test_a_chain_goes_on_with_the_digest_of_a_new_key_and_every_part_of_it_is_proved(place: Place) -> None:
    first, second, index = AES.key(b"1" * 32), SM4.key(b"2" * 16), AES.key(b"i" * 32)
    opened = open_store(place, Cipher([first], index))
    opened.db.write(lambda tx: file_case(tx, count=3))
    opened.db.write(lambda tx: seals.seal_heads(tx, NOW))
    opened.close()
    opened = open_store(place, Cipher([first, second], index))
    opened.db.write(lambda tx: events.append(tx, REFERENCE, [Event("leg.remark", NOW, "b", "02")]))
    opened.db.write(lambda tx: audit.record(tx, audit.Entry(NOW, "operator", "legs.retry", "leg")))
    opened.db.write(lambda tx: seals.seal_heads(tx, NOW))
    assert (verdict(opened).holds, verdict(opened).entries, verdict(opened).seals) == (True, 6, 2)
    with opened.db.read() as tx:
        rows = tx.rows("select * from events where reference = :r order by n", r=REFERENCE)
    covered = [linked(row["prev"], (REFERENCE, row["n"], *events.covered(row), row["digest"])) for row in rows]
    assert [row["hash"] for row in rows] == [*map(sha256, covered[:-1]), sm3(covered[-1])]
    opened.db.write(lambda tx: tx.run("update events set actor = 'nobody' where n = 5"))
    assert verdict(opened).first_bad == f"{REFERENCE}: entry 5 was changed"
    opened.close()


def test_a_payload_sealed_anew_by_somebody_with_the_key_is_found(filled: Opened) -> None:
    def forge(tx: Tx) -> None:
        body = tx.cipher.seal(salted({"why": "other"}), events.place(REFERENCE, 3))
        tx.run("update events set body = :body where reference = :r and n = 3", body=body, r=REFERENCE)

    filled.db.write(forge)
    assert verdict(filled).first_bad == f"{REFERENCE}: entry 3: its payload was changed"


def test_two_swapped_entries_are_found(filled: Opened) -> None:
    def swap(tx: Tx) -> None:
        for old, new in ((2, 90), (3, 2), (90, 3)):
            tx.run("update events set n = :new where reference = :r and n = :old", new=new, old=old, r=REFERENCE)

    filled.db.write(swap)
    assert verdict(filled).first_bad == f"{REFERENCE}: entry 2 does not follow entry 1"


def cut_tail(tx: Tx) -> None:
    tx.run("delete from events where reference = :r and n = 4", r=REFERENCE)
    tx.run("update heads set n = 3, hash = (select hash from events where reference = :r and n = 3) where chain = :r",
           r=REFERENCE)


def test_a_tail_cut_together_with_its_head_contradicts_the_sealed_list(filled: Opened) -> None:
    filled.db.write(lambda tx: seals.seal_heads(tx, NOW))
    filled.db.write(cut_tail)
    assert verdict(filled).first_bad == f"{REFERENCE}: entry 4 is not what seal 1 lists"


def test_a_chain_rebuilt_with_right_hashes_contradicts_the_sealed_list(filled: Opened) -> None:
    filled.db.write(lambda tx: seals.seal_heads(tx, NOW))

    def rebuild(tx: Tx) -> None:
        cut_tail(tx)
        events.append(tx, REFERENCE, [Event("leg.granted", NOW, "water-works", "03")])

    filled.db.write(rebuild)
    assert verdict(filled).first_bad == f"{REFERENCE}: entry 4 is not what seal 1 lists"


def test_a_whole_case_that_vanished_is_found(filled: Opened) -> None:
    filled.db.write(lambda tx: seals.seal_heads(tx, NOW))

    def vanish(tx: Tx) -> None:
        for table in ("messages", "legs", "events", "cases"):
            tx.run(f"delete from {table} where reference = :r", r=OTHER)

    filled.db.write(vanish)
    assert verdict(filled).first_bad == f"{OTHER}: the case is gone"
    filled.db.write(lambda tx: tx.run("delete from heads where chain = :r", r=OTHER))
    assert str(verdict(filled).first_bad).startswith(OTHER)


def test_a_list_that_was_cut_contradicts_the_head_kept_outside(filled: Opened) -> None:
    filled.db.write(lambda tx: seals.seal_heads(tx, NOW))
    filled.db.write(lambda tx: events.append(tx, REFERENCE, [Event("a", NOW, "b")]))
    outside = filled.db.write(lambda tx: seals.seal_heads(tx, minutes(1)))
    assert outside is not None
    assert verdict(filled, outside).holds

    def cut(tx: Tx) -> None:
        tx.run("delete from seals where n = 2")
        tx.run("update heads set n = 1, hash = (select hash from seals where n = 1) where chain = '@seals'")

    filled.db.write(cut)
    assert verdict(filled).holds
    assert "outside" in str(verdict(filled, outside).first_bad)


@pytest.mark.parametrize("edit", ["update seals set at = 'x'", "update seals set body = (select body from plans)",
                                  "update seals set hash = 'x'", "delete from seals"])
def test_a_changed_seal_is_found(filled: Opened, edit: str) -> None:
    filled.db.write(lambda tx: seals.seal_heads(tx, NOW))
    filled.db.write(lambda tx: tx.run(edit))
    assert str(verdict(filled).first_bad).startswith("@seals")


def test_only_heads_that_moved_are_sealed_again(filled: Opened) -> None:
    first = filled.db.write(lambda tx: seals.seal_heads(tx, NOW))
    assert filled.db.write(lambda tx: seals.seal_heads(tx, NOW)) is None
    filled.db.write(lambda tx: events.append(tx, REFERENCE, [Event("a", NOW, "b")]))
    second = filled.db.write(lambda tx: seals.seal_heads(tx, minutes(1)))
    assert first is not None and second is not None
    assert (first.n, second.n) == (1, 2)
    with filled.db.read() as tx:
        assert seals.latest(tx) == second


def test_audit_entries_are_read_back_in_order(filled: Opened) -> None:
    entry = audit.Entry(NOW, "operator", "sight", REFERENCE, {"why": "示例原因"})
    filled.db.write(lambda tx: audit.record(tx, entry))
    with filled.db.read() as tx:
        *others, read = audit.entries(tx, after=1)
    assert [one.target for one in others][:2] == ["leg-1", "leg-2"]
    assert (read.target, read.data) == (REFERENCE, {"why": "示例原因"})
