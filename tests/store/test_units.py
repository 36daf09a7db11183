"""Units of work: all or nothing, each for itself, on both stores."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from store import legs, marks
from store.cipher import Cipher
from store.engine.opening import Opened, Place, open_reader
from store.engine.sqlite import _KEPT_READERS, SqliteReader, SqliteTx
from store.errors import ConstraintBroken, NestedWrite, StoreClosed, StoreError, WrongText
from store.port import Tx
from tests.store.samples import NOW, REFERENCE, a_leg, file_case


class Refused(Exception):
    """A unit gave up."""


def names(store: Opened) -> set[str]:
    with store.db.read() as tx:
        return {row["name"] for row in tx.rows("select name from marks")}


def test_a_failing_unit_is_rolled_back_alone(store: Opened) -> None:
    def unit(tx: Tx) -> None:
        marks.put(tx, "gone", "x", NOW)
        raise Refused

    store.db.write(lambda tx: marks.put(tx, "kept", "x", NOW))
    with pytest.raises(Refused):
        store.db.write(unit)
    assert names(store) == {"kept"}


def test_sixteen_callers_keep_exactly_what_did_not_fail(store: Opened) -> None:
    failed: list[str] = []

    def unit(name: str, fails: bool) -> Callable[[Tx], None]:
        def run(tx: Tx) -> None:
            marks.put(tx, name, "x", NOW)
            if fails:
                raise Refused

        return run

    def worker(thread: int) -> None:
        for number in range(40):
            name = f"{thread}-{number}"
            try:
                store.db.write(unit(name, fails=number % 4 == 3))
            except Refused:
                failed.append(name)

    threads = [threading.Thread(target=worker, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 160
    assert names(store) == {f"{t}-{n}" for t in range(16) for n in range(40) if n % 4 != 3}


def test_a_unit_returns_its_value(store: Opened) -> None:
    found = store.db.write(lambda tx: tx.rows("select :a as a, 'x%y::z :b' as b", a="甲"))
    assert found == [{"a": "甲", "b": "x%y::z :b"}]


def test_units_do_not_nest(store: Opened) -> None:
    def unit(tx: Tx) -> None:
        store.db.write(lambda inner: marks.put(inner, "inner", "x", NOW))

    with pytest.raises(NestedWrite):
        store.db.write(unit)
    assert names(store) == set()


@pytest.mark.parametrize("text", ["commit", "ROLLBACK", "begin", "savepoint a", "drop table marks", "pragma x", ""])
def test_a_unit_cannot_end_its_transaction_or_change_tables(store: Opened, text: str) -> None:
    with pytest.raises(WrongText):
        store.db.write(lambda tx: tx.run(text))


def test_a_mistyped_table_is_an_error_and_not_a_new_table(store: Opened) -> None:
    with pytest.raises(StoreError):
        store.db.write(lambda tx: tx.run("insert into lges (leg) values ('01')"))


def test_a_row_that_contradicts_says_which_rule_and_no_value(store: Opened) -> None:
    store.db.write(file_case)
    with pytest.raises(ConstraintBroken) as raised:
        store.db.write(file_case)
    assert REFERENCE not in str(raised.value)


def test_a_row_of_an_unknown_case_is_refused(store: Opened) -> None:
    with pytest.raises(ConstraintBroken):
        store.db.write(lambda tx: legs.put(tx, [a_leg(reference="none")]))


def test_a_snapshot_does_not_see_later_writes(store: Opened) -> None:
    with store.db.read() as tx:
        assert tx.rows("select name from marks") == []
        store.db.write(lambda other: marks.put(other, "later", "x", NOW))
        assert tx.rows("select name from marks") == []
    assert names(store) == {"later"}


def test_a_reading_transaction_cannot_write(store: Opened) -> None:
    with pytest.raises(StoreError), store.db.read() as tx:
        tx.run("insert into marks (name, value, at) values ('a', 'b', 'c')")
    assert names(store) == set()


def test_nothing_is_announced_for_a_unit_that_failed(store: Opened) -> None:
    topics: list[str] = []
    heard = threading.Event()

    def listener(topic: str) -> None:
        topics.append(topic)
        heard.set()

    def unit(tx: Tx) -> None:
        tx.notify("failed")
        raise Refused

    store.db.listen(listener)
    with pytest.raises(Refused):
        store.db.write(unit)
    store.db.write(lambda tx: tx.notify("done"))
    assert heard.wait(60)
    assert topics == ["done"]


def test_a_listener_that_fails_stops_nobody(store: Opened, caplog: pytest.LogCaptureFixture) -> None:
    heard = threading.Event()

    def broken(topic: str) -> None:
        raise Refused

    store.db.listen(broken)
    store.db.listen(lambda topic: heard.set())
    store.db.write(lambda tx: tx.notify("a"))
    assert heard.wait(60)
    assert "a listener of the store failed" in caplog.text
    store.db.write(lambda tx: marks.put(tx, "kept", "x", NOW))


def test_a_closed_store_refuses_plainly(place: Place, opener: Callable[[Place], Opened]) -> None:
    store = opener(place)
    store.close()
    with pytest.raises(StoreClosed):
        store.db.write(lambda tx: None)
    with pytest.raises(StoreClosed), store.db.read():
        pass


def test_what_was_committed_is_there_after_opening_again(place: Place, opener: Callable[[Place], Opened]) -> None:
    first = opener(place)
    first.db.write(lambda tx: marks.put(tx, "kept", "x", NOW))
    first.close()
    assert names(opener(place)) == {"kept"}


def test_a_reader_beside_the_portal_reads_what_is_committed(
    place: Place, store: Opened, cipher: Cipher
) -> None:
    store.db.write(lambda tx: marks.put(tx, "kept", "x", NOW))
    beside = open_reader(place, cipher)
    assert names(beside) == {"kept"}
    with pytest.raises(StoreClosed):
        beside.db.write(lambda tx: None)
    beside.close()


def open_still(tx: Tx) -> bool:
    assert isinstance(tx, SqliteTx)
    try:
        tx._connection.execute("select 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def test_of_more_readers_than_are_kept_the_last_one_is_closed_and_what_it_read_is_read(
        folder: Place, opener: Callable[[Place], Opened], cipher: Cipher, monkeypatch: pytest.MonkeyPatch) -> None:
    opener(folder)
    reader = open_reader(folder, cipher).db
    assert isinstance(reader, SqliteReader)
    monkeypatch.setattr(reader._idle, "full", lambda: False)  # as another thread saw it that came back just before
    with ExitStack() as several:
        read = [several.enter_context(reader.read()) for _ in range(_KEPT_READERS + 1)]
    assert [open_still(tx) for tx in read].count(False) == 1
    with reader.read() as late:
        reader.close()
    assert [tx for tx in (*read, late) if open_still(tx)] == []


def test_many_updates_change_each_its_own_row_and_count_those_that_were_there(store: Opened) -> None:
    sql = "update marks set value = :value, at = at where name = :name and value = :was"
    for number in range(100):
        store.db.write(lambda tx, name=f"m{number:02}": marks.put(tx, name, f"old {name}", NOW))
    wanted = [{"name": f"m{n:02}", "was": f"old m{n:02}" if n % 3 else "another", "value": f"new {n} :value ?"}
              for n in range(105)]
    touched = [store.db.write(lambda tx, part=part: tx.many(sql, part))
               for part in (wanted[:1], wanted[1:3], wanted[3:])]
    assert touched == [0, 2, 64]
    with store.db.read() as tx:
        now = {row["name"]: row["value"] for row in tx.rows("select name, value from marks")}
    assert now == {f"m{n:02}": f"new {n} :value ?" if n % 3 else f"old m{n:02}" for n in range(100)}


def test_many_rows_go_in_whole_or_not_at_all_by_every_way(store: Opened) -> None:
    rows = [{"name": f"m{number}", "value": "x'%:y", "at": "t"} for number in range(70)]
    sql = "insert into marks (name, value, at) values (:name, :value, :at)"
    store.db.write(lambda tx: tx.many(sql, rows[:1]))
    store.db.write(lambda tx: tx.many(sql, rows[1:]))
    with pytest.raises(ConstraintBroken):
        store.db.write(lambda tx: tx.many(sql, [{**rows[0], "name": "new"}, rows[3]]))
    again = f"{sql} on conflict (name) do update set value = excluded.value"
    store.db.write(lambda tx: tx.many(again, [{**row, "value": row["name"]} for row in rows[40:]]))
    with store.db.read() as tx:
        found = {row["name"]: row["value"] for row in tx.rows("select name, value from marks where at = 't'")}
    assert found == {row["name"]: row["name"] if int(row["name"][1:]) >= 40 else "x'%:y" for row in rows}


def test_rows_go_in_by_their_places_like_by_their_names(store: Opened) -> None:
    rows = [(f"m{number}", None if number % 2 else "x'%:y", "t") for number in range(70)]
    plain = "insert into marks (name, value, at) values (:name, :value, :at)"
    with pytest.raises(ConstraintBroken):
        store.db.write(lambda tx: tx.fill(plain, rows))  # a value is missing, so nothing is there
    whole = [(name, value or "odd", at) for name, value, at in rows]
    store.db.write(lambda tx: tx.fill(plain, whole[:1]))
    store.db.write(lambda tx: tx.fill(plain, whole[1:]))
    store.db.write(lambda tx: tx.fill(plain, []))
    again = f"{plain} on conflict (name) do update set value = excluded.value"
    store.db.write(lambda tx: tx.fill(again, [(name, name, at) for name, _, at in whole[40:]]))
    with store.db.read() as tx:
        found = {row["name"]: row["value"] for row in tx.rows("select name, value from marks where at = 't'")}
    assert found == {name: name if int(name[1:]) >= 40 else value for name, value, _ in whole}
