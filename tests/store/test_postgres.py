"""What only PostgreSQL has: its clock, its notices between processes, restarts of units, unsafe servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.postgres import cluster
from store import leases, marks
from store.choosing import Wanted
from store.cipher import Cipher
from store.engine import postgres
from store.engine.migrations import _names
from store.engine.opening import Opened, Place, open_reader, open_store
from store.engine.postgres_schema import refuse_settings
from store.errors import NewerSchema, StoreUnavailable, UnsafeStorage
from store.port import Tx
from tests.store import children
from tests.store.samples import NOW, file_case

pytestmark = pytest.mark.postgres


@pytest.fixture
def shared(server: Any, tmp_path: Path, opener: Callable[[Place], Opened]) -> Any:
    """The place of a PostgreSQL store, emptied afterwards."""
    yield Place(tmp_path, server.url, pool=8)
    server.empty()


def test_what_one_process_commits_wakes_another(shared: Place, opener: Callable[[Place], Opened]) -> None:
    here, there = opener(shared), opener(shared)
    heard: list[str] = []
    woken = threading.Event()
    there.db.listen(lambda topic: (heard.append(topic), woken.set()))  # type: ignore[func-returns-value]
    here.db.write(file_case)
    assert woken.wait(60)
    assert heard == ["messages"]


def test_two_dispatchers_never_get_the_same_message(shared: Place, opener: Callable[[Place], Opened]) -> None:
    here, there = opener(shared), opener(shared)
    here.db.write(lambda tx: file_case(tx, count=30))
    got: list[str] = []

    def work(store: Opened) -> None:
        while found := store.db.write(lambda tx: leases.claim(tx, Wanted({"water-works": 2}, NOW))):
            got.extend(one.message.key for one in found)

    threads = [threading.Thread(target=work, args=(store,)) for store in (here, there, here, there)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 30


def test_leases_go_by_the_clock_of_the_database(shared: Place, opener: Callable[[Place], Opened]) -> None:
    store = opener(shared)
    store.db.write(file_case)
    claimed = store.db.write(lambda tx: leases.claim(tx, Wanted({"water-works": 1}, NOW, lease_seconds=60)))
    real = datetime.now(UTC)
    assert abs(claimed[0].lease_until - real - timedelta(seconds=60)) < timedelta(seconds=30)
    assert store.db.write(lambda tx: leases.expire(tx, NOW + timedelta(days=400))) == []


def test_units_that_block_each_other_are_run_again(shared: Place, opener: Callable[[Place], Opened]) -> None:
    store = opener(shared)
    for name in "ab":
        store.db.write(lambda tx, name=name: marks.put(tx, name, "0", NOW))  # type: ignore[misc]
    meet = threading.Barrier(2, timeout=20)
    runs: list[str] = []

    def unit(first: str, second: str) -> Callable[[Tx], None]:
        def run(tx: Tx) -> None:
            runs.append(first)
            marks.put(tx, first, first, NOW)
            if len(runs) <= 2:
                meet.wait()
            marks.put(tx, second, first, NOW)

        return run

    threads = [threading.Thread(target=store.db.write, args=(unit(*pair),)) for pair in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) >= 3  # whoever runs again may meet the other once more
    with store.db.read() as tx:
        assert len({row["value"] for row in tx.rows("select value from marks")}) == 1


def test_a_lost_connection_is_told_plainly_and_the_next_unit_works(
    shared: Place, opener: Callable[[Place], Opened]
) -> None:
    store = opener(shared)

    def unit(tx: Tx) -> None:
        marks.put(tx, "gone", "x", NOW)
        tx.rows("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StoreUnavailable):
        store.db.write(unit)
    store.db.write(lambda tx: marks.put(tx, "kept", "x", NOW))
    with store.db.read() as tx:
        assert [row["name"] for row in tx.rows("select name from marks")] == ["kept"]


def test_the_ears_hear_again_after_their_connection_was_cut(shared: Place, opener: Callable[[Place], Opened]) -> None:
    store = opener(shared)
    heard: list[str] = []
    woken = threading.Event()
    store.db.listen(lambda topic: (heard.append(topic), woken.set()))  # type: ignore[func-returns-value]
    with psycopg.connect(shared.url or "", autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'")
    assert woken.wait(20)
    store.db.write(lambda tx: tx.notify("again"))
    while "again" not in heard:
        woken.wait(1)
    assert heard == ["", "again"]


def test_processes_that_migrate_together_agree(server: Any) -> None:
    url = server.bare()
    running = [children.start("migrate_server", url) for _ in range(4)]
    for child in running:
        child.communicate()
    assert [child.returncode for child in running] == [0] * 4
    with psycopg.connect(url) as connection:
        made = connection.execute("select name from _sqlite_migrations").fetchall()
    assert sorted(made) == sorted((name,) for name in _names())


def test_a_newer_schema_is_refused(server: Any, tmp_path: Path) -> None:
    url = server.bare()
    open_store(Place(tmp_path, url), children.CIPHER).close()
    with psycopg.connect(url) as connection:
        connection.execute("insert into _sqlite_migrations (migration_set, name, applied_at)"
                           " values ('yijianshi', '9999_later', 'x')")
    with pytest.raises(NewerSchema, match="9999_later"):
        open_store(Place(tmp_path, url), children.CIPHER)


def test_a_reader_migrates_nothing(server: Any, tmp_path: Path) -> None:
    with pytest.raises(UnsafeStorage, match="先启动一次服务"):
        open_reader(Place(tmp_path, server.bare()), children.CIPHER)


@pytest.mark.parametrize(("setting", "said"), [("synchronous_commit = off", "synchronous_commit"),
                                               ("default_transaction_read_only = on", "只读")])
def test_unsafe_settings_are_refused(server: Any, setting: str, said: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        refuse_settings(connection)
        connection.execute(f"set {setting}")
        with pytest.raises(UnsafeStorage, match=said):
            refuse_settings(connection)


def test_an_unreachable_server_and_an_unknown_scheme_are_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_store(Place(tmp_path, "postgresql://nobody@127.0.0.1:1/none", patience=0.1), children.CIPHER)
    with pytest.raises(UnsafeStorage, match="mysql"):
        open_store(Place(tmp_path, "mysql://x"), children.CIPHER)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a connection gives up after two seconds, not ten."""
    monkeypatch.setattr(postgres, "_PATIENCE", 2.0)


@pytest.mark.usefixtures("impatient")
def test_a_database_that_was_away_for_long_is_used_again_at_once(tmp_path: Path, cipher: Cipher) -> None:
    with cluster() as server:
        store = open_store(Place(tmp_path, server.url, pool=4), cipher)
        try:
            store.db.write(lambda tx: marks.put(tx, "before", "1", NOW))
            server.stop("immediate")
            with pytest.raises(StoreUnavailable):
                store.db.write(lambda tx: marks.put(tx, "meanwhile", "1", NOW))
            server.start()
            store.db.write(lambda tx: marks.put(tx, "after", "1", NOW))
            with store.db.read() as tx:
                assert marks.get(tx, "before") is not None
                assert marks.get(tx, "meanwhile") is None
        finally:
            store.close()


@pytest.mark.usefixtures("impatient")
def test_once_the_database_is_gone_the_rest_of_many_units_does_not_wait_for_it(tmp_path: Path, cipher: Cipher) -> None:
    with cluster() as server:
        store = open_store(Place(tmp_path, server.url, pool=4), cipher)
        try:
            server.stop("immediate")
            ran: list[int] = []
            done = store.db.write_all([lambda tx, number=number: ran.append(number) for number in range(100)])
            assert {type(one.error) for one in done} == {StoreUnavailable}
            assert ran == []
        finally:
            store.close()
            server.start()


def test_a_host_that_hangs_in_a_transaction_is_cut_off_and_told_so(
        shared: Place, opener: Callable[[Place], Opened]) -> None:
    store = opener(shared)

    def hang(tx: Tx) -> None:
        marks.put(tx, "held", "1", NOW)
        tx.run("select set_config('idle_in_transaction_session_timeout', '50', true)")
        tx.rows("select 1 as awake")
        time.sleep(1)  # nothing may be done inside a unit; a host that is stopped or cut off does just that
        tx.rows("select 1 as awake")

    with pytest.raises(StoreUnavailable):
        store.db.write(hang)
    store.db.write(lambda tx: marks.put(tx, "held", "2", NOW))


def test_who_is_started_before_the_database_is_there_waits_for_it_and_says_so(tmp_path: Path, cipher: Cipher) -> None:
    with cluster() as server:
        server.stop()
        said: list[str] = []
        back = threading.Timer(1, server.start)
        back.start()
        open_store(Place(tmp_path, server.url, patience=60), cipher, said.append).close()
        back.join()
        assert len(said) == 1
        assert "最多等待 60 秒" in said[0]


def test_who_waited_for_the_database_in_vain_gives_up(tmp_path: Path, cipher: Cipher) -> None:
    with cluster() as server:
        server.stop()
        try:
            with pytest.raises(StoreUnavailable):
                open_store(Place(tmp_path, server.url, patience=0.1), cipher, say=lambda _: None)
        finally:
            server.start()
