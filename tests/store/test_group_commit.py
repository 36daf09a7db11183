"""The one writer of the embedded store: batches, lost transactions, failing disks, killed processes."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from store import marks
from store.cipher import Cipher
from store.engine.migrations import _names
from store.engine.opening import Opened, Place, open_reader, open_store
from store.engine.safety import file_system, refuse_network, refuse_pragmas
from store.engine.sqlite import FILE, SqliteDatabase
from store.errors import (
    ConstraintBroken,
    FolderBusy,
    NewerSchema,
    StorageFull,
    StoreUnavailable,
    TransactionLost,
    UnsafeStorage,
)
from store.port import Tx
from tests.store import children
from tests.store.samples import NOW

MOUNTS = """/dev/vda / ext4 rw 0 0
10.0.0.1:/share /srv/share nfs4 rw 0 0
tmpfs /srv/share/fast\\040one tmpfs rw 0 0
"""


@pytest.fixture
def db(folder: Place, opener: Callable[[Place], Opened]) -> SqliteDatabase:
    database = opener(folder).db
    assert isinstance(database, SqliteDatabase)
    return database


class Batch:
    """Units that are queued while the writer is held, so that they share one transaction."""

    def __init__(self, db: SqliteDatabase) -> None:
        self.db = db
        self.runs: dict[str, int] = {}
        self.errors: dict[str, BaseException] = {}

    def put(self, name: str, then: Callable[[Any], None] = lambda tx: None) -> Callable[[Tx], None]:
        def unit(tx: Tx) -> None:
            self.runs[name] = self.runs.get(name, 0) + 1
            marks.put(tx, name, "x", NOW)
            then(tx)

        return unit

    def run(self, units: dict[str, Callable[[Tx], None]]) -> None:
        begun, go = threading.Event(), threading.Event()
        holding = threading.Thread(target=self.db.write, args=(lambda tx: (begun.set(), go.wait()),))
        holding.start()
        begun.wait()
        threads = [threading.Thread(target=self._call, args=pair) for pair in units.items()]
        for count, thread in enumerate(threads, 1):
            thread.start()
            while self.db.writer.waiting() < count:
                pass
        go.set()
        for thread in [holding, *threads]:
            thread.join()

    def _call(self, name: str, unit: Callable[[Tx], None]) -> None:
        try:
            self.db.write(unit)
        except BaseException as error:
            self.errors[name] = error

    def kept(self) -> set[str]:
        with self.db.read() as tx:
            return {row["name"] for row in tx.rows("select name from marks")}


def test_units_that_wait_together_share_one_commit(db: SqliteDatabase) -> None:
    batch, commits = Batch(db), db.writer.commits
    batch.run({name: batch.put(name) for name in "abcdef"})
    assert batch.kept() == set("abcdef")
    assert db.writer.commits == commits + 2


def test_a_unit_that_fails_leaves_nothing_and_the_others_of_its_batch_stand(db: SqliteDatabase) -> None:
    def refuse(tx: Any) -> None:
        raise LookupError(tx)

    batch, commits = Batch(db), db.writer.commits
    batch.run({"a": batch.put("a"), "b": batch.put("b", refuse), "c": batch.put("c")})
    assert batch.kept() == {"a", "c"}
    assert {name: type(error) for name, error in batch.errors.items()} == {"b": LookupError}
    assert batch.runs == {"a": 2, "b": 2, "c": 1}
    assert db.writer.commits == commits + 2


def test_after_a_batch_with_a_failure_the_next_is_run_once_even_if_one_fails_again(db: SqliteDatabase) -> None:
    def refuse(tx: Any) -> None:
        raise LookupError(tx)

    first, second, third = Batch(db), Batch(db), Batch(db)
    for batch, then in ((first, refuse), (second, refuse), (third, lambda tx: None)):
        batch.run({name: batch.put(name, then if name == "b" else lambda tx: None) for name in "abc"})
    assert first.runs == {"a": 2, "b": 2, "c": 1}
    assert second.runs == third.runs == {"a": 1, "b": 1, "c": 1}
    assert third.kept() == set("abc")


def test_what_failed_by_what_another_wrote_is_tried_again_without_it(db: SqliteDatabase) -> None:
    def fail_the_second_time(tx: Any) -> None:
        if batch.runs["a"] > 1:
            raise LookupError(tx)

    def refuse_where_a_is_there(tx: Any) -> None:
        if tx.rows("select name from marks where name = 'a'"):
            raise LookupError(tx)

    batch = Batch(db)
    batch.run({"a": batch.put("a", fail_the_second_time), "b": batch.put("b", refuse_where_a_is_there)})
    assert batch.kept() == {"b"}
    assert list(batch.errors) == ["a"]


def test_a_unit_that_fails_alone_is_run_once_and_leaves_nothing(db: SqliteDatabase) -> None:
    def refuse(tx: Any) -> None:
        marks.put(tx, "half", "x", NOW)
        runs.append(tx)
        raise LookupError

    runs: list[Any] = []
    with pytest.raises(LookupError):
        db.write(refuse)
    assert len(runs) == 1
    assert Batch(db).kept() == set()
    db.write(lambda tx: marks.put(tx, "after", "x", NOW))
    assert Batch(db).kept() == {"after"}


def lose_transaction(tx: Any) -> None:
    tx.run("insert or rollback into marks (name, value, at) values ('z', 'x', 'x'), ('z', 'x', 'x')")


def test_a_unit_that_kills_the_transaction_fails_alone(db: SqliteDatabase) -> None:
    batch = Batch(db)
    batch.run({"a": batch.put("a"), "b": batch.put("b", lose_transaction), "c": batch.put("c")})
    assert batch.kept() == {"a", "c"}
    assert list(batch.errors) == ["b"]
    assert isinstance(batch.errors["b"], ConstraintBroken)
    assert batch.runs == {"a": 2, "b": 1, "c": 1}


def test_a_unit_that_hides_the_loss_of_its_transaction_is_found_out(db: SqliteDatabase) -> None:
    def hide(tx: Any) -> None:
        tx._connection.execute("rollback")

    def go_on(tx: Any) -> None:
        hide(tx)
        with pytest.raises(TransactionLost):
            marks.put(tx, "half", "x", NOW)

    batch = Batch(db)
    batch.run({"a": batch.put("a"), "b": batch.put("b", hide), "c": batch.put("c", go_on), "d": batch.put("d")})
    assert batch.kept() == {"a", "d"}
    assert {name: type(error) for name, error in batch.errors.items()} == {"b": TransactionLost, "c": TransactionLost}


def test_a_commit_that_is_refused_fails_only_the_guilty_unit(db: SqliteDatabase) -> None:
    def break_later(tx: Any) -> None:
        tx._connection.execute("pragma defer_foreign_keys = 1")
        tx.run("insert into events (reference, n, type, at, actor, filled, digest, prev, hash)"
               " values ('none', 1, 't', 'a', 'a', 0, '', '', '')")

    batch = Batch(db)
    batch.run({"a": batch.put("a"), "b": batch.put("b", break_later), "c": batch.put("c")})
    assert batch.kept() == {"a", "c"}
    assert isinstance(batch.errors["b"], ConstraintBroken)


def test_a_full_disk_leaves_nothing_half_and_ends_when_there_is_room(db: SqliteDatabase) -> None:
    def fill(tx: Any) -> None:
        pages = tx._connection.execute("pragma page_count").fetchone()[0]
        tx._connection.execute(f"pragma max_page_count = {pages + 5}")
        marks.put(tx, "long", "x" * 200_000, NOW)

    batch = Batch(db)
    batch.run({"a": batch.put("a"), "b": batch.put("b", fill), "c": batch.put("c")})
    assert batch.kept() == {"a", "c"}
    assert isinstance(batch.errors["b"], StorageFull)
    db.write(lambda tx: tx._connection.execute("pragma max_page_count = 100000"))  # type: ignore[attr-defined]
    db.write(lambda tx: marks.put(tx, "after", "x" * 200_000, NOW))


@contextmanager
def small_files(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_after_a_failed_write_to_disk_nothing_more_is_acknowledged(db: SqliteDatabase, folder: Place) -> None:
    db.write(lambda tx: marks.put(tx, "kept", "x", NOW))
    (folder.data / ".probe.part").symlink_to(folder.data)  # no other file can be written there either
    size = (folder.data / f"{FILE}-wal").stat().st_size
    with small_files(size), pytest.raises(StoreUnavailable):
        db.write(lambda tx: marks.put(tx, "lost", "x" * 50_000, NOW))
    with pytest.raises(StoreUnavailable, match="重新启动"):
        db.write(lambda tx: marks.put(tx, "later", "x", NOW))
    assert Batch(db).kept() == {"kept"}


@pytest.mark.parametrize("freed", [False, True], ids=["still used up", "freed before the disk is asked"])
def test_a_quota_that_is_used_up_is_a_full_disk_and_ends_with_it(
    db: SqliteDatabase, folder: Place, freed: bool
) -> None:
    db.write(lambda tx: marks.put(tx, "kept", "x", NOW))
    asked = folder.data / ".probe.part"
    if not freed:
        asked.symlink_to("/dev/full")  # SQLite does not say why a write was refused; who asks the system is told here
    with small_files((folder.data / f"{FILE}-wal").stat().st_size), pytest.raises(StorageFull):
        db.write(lambda tx: marks.put(tx, "lost", "x" * 50_000, NOW))
    asked.unlink(missing_ok=True)
    db.write(lambda tx: marks.put(tx, "later", "x", NOW))
    assert Batch(db).kept() == {"kept", "later"}


def test_a_store_that_was_closed_is_one_file_that_nobody_else_may_read(db: SqliteDatabase, folder: Place) -> None:
    db.write(lambda tx: marks.put(tx, "kept", "x", NOW))
    assert Batch(db).kept() == {"kept"}  # read by a connection that is kept
    db.close()
    left = sorted(path.name for path in folder.data.iterdir())
    assert left == ["files", "lock", FILE]
    assert (folder.data / FILE).stat().st_mode & 0o077 == 0


def test_files_of_another_user_are_refused_with_what_to_do(
    db: SqliteDatabase, folder: Place, cipher: Cipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.close()
    monkeypatch.setattr(os, "geteuid", lambda: 65_533)
    with pytest.raises(UnsafeStorage, match=r"65533.*sudo -u.*chown -R 65533"):
        open_store(folder, cipher)


def test_a_store_that_failed_opens_again_with_all_it_acknowledged(
    db: SqliteDatabase, folder: Place, opener: Callable[[Place], Opened]
) -> None:
    db.write(lambda tx: marks.put(tx, "kept", "x", NOW))
    with small_files((folder.data / f"{FILE}-wal").stat().st_size), pytest.raises(StoreUnavailable):
        db.write(lambda tx: marks.put(tx, "lost", "x" * 50_000, NOW))
    db.close()
    again = opener(folder).db
    again.write(lambda tx: marks.put(tx, "later", "x", NOW))
    with again.read() as tx:
        assert {row["name"] for row in tx.rows("select name from marks")} == {"kept", "later"}


def test_closing_finishes_what_is_queued(db: SqliteDatabase) -> None:
    batch, begun, go = Batch(db), threading.Event(), threading.Event()
    holding = threading.Thread(target=db.write, args=(lambda tx: (begun.set(), go.wait()),))
    holding.start()
    begun.wait()
    queued = threading.Thread(target=db.write, args=(batch.put("queued"),))
    queued.start()
    while db.writer.waiting() < 1:
        pass
    closing = threading.Thread(target=db.close)
    closing.start()
    go.set()
    for thread in (holding, queued, closing):
        thread.join()
    assert batch.runs == {"queued": 1}
    assert not batch.errors


def test_everything_acknowledged_survives_a_killed_process(folder: Place) -> None:
    for _ in range(3):
        child = children.start("write_for_ever", str(folder.data), "")
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(400)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.read().splitlines(keepends=True)
        child.wait()
        child.stdout.close()
        acknowledged = {line.decode().strip() for line in said if line.endswith(b"\n")}
        store = open_store(folder, children.CIPHER, say=lambda text: None)
        assert acknowledged <= Batch(store.db).kept()  # type: ignore[arg-type]
        store.close()


def test_only_one_process_holds_the_folder(folder: Place, cipher: Cipher) -> None:
    holder = subprocess.Popen(
        [children.sys.executable, "-c",
         f"from tests.store import children; children.hold({str(folder.data)!r})"],
        cwd=children.HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    assert holder.stdout and holder.stdin
    holder.stdout.readline()
    said: list[str] = []
    with pytest.raises(FolderBusy):
        open_store(Place(folder.data, patience=0.3), cipher, said.append)
    assert "正被另一个进程使用" in said[0]
    waiting = threading.Timer(0.3, holder.stdin.close)
    waiting.start()
    open_store(Place(folder.data, patience=20), cipher, said.append).close()
    assert said[-1].startswith("已取得")
    holder.wait()
    holder.stdout.close()


def test_processes_that_migrate_together_agree(tmp_path: Path) -> None:
    path = str(tmp_path / "a.sqlite3")
    running = [children.start("migrate_file", path) for _ in range(4)]
    assert [child.wait() for child in running] == [0] * 4
    for child in running:
        child.communicate()
    connection = sqlite3.connect(path)
    assert sorted(connection.execute("select name from _sqlite_migrations")) == sorted((name,) for name in _names())
    connection.close()


def test_a_newer_schema_is_refused(db: SqliteDatabase, folder: Place, cipher: Cipher) -> None:
    db.write(lambda tx: tx.run("insert into _sqlite_migrations (migration_set, name, applied_at)"
                               " values ('yijianshi', '9999_later', 'x')"))
    db.close()
    with pytest.raises(NewerSchema, match="9999_later"):
        open_store(folder, cipher)


def test_a_folder_on_a_network_disk_is_refused() -> None:
    assert file_system(Path("/srv/share/data"), MOUNTS) == "nfs4"
    assert file_system(Path("/srv/share/fast one/data"), MOUNTS) == "tmpfs"
    assert file_system(Path("/srv/other"), MOUNTS) == "ext4"
    with pytest.raises(Exception, match="nfs4"):
        refuse_network(Path("/srv/share/data"), MOUNTS)


@pytest.mark.parametrize(
    "pragma", ["synchronous = 1", "foreign_keys = 0", "journal_mode = delete", "trusted_schema = 1"])
def test_unsafe_settings_are_refused(db: SqliteDatabase, folder: Place, tmp_path: Path, pragma: str) -> None:
    connection = sqlite3.connect(tmp_path / "other.sqlite3")
    for name, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0),
                        ("recursive_triggers", 1)):
        connection.execute(f"pragma {name} = {value}")
    refuse_pragmas(connection)
    connection.execute(f"pragma {pragma}")
    with pytest.raises(Exception, match="数据库设置"):
        refuse_pragmas(connection)
    connection.close()


def test_a_reader_makes_no_store(folder: Place, cipher: Cipher) -> None:
    with pytest.raises(UnsafeStorage, match="先启动一次服务"):
        open_reader(folder, cipher)
    assert not folder.data.exists()


def test_a_damaged_file_is_refused_plainly(folder: Place, cipher: Cipher) -> None:
    folder.data.mkdir()
    (folder.data / FILE).write_bytes(b"this is no database" * 100)
    with pytest.raises(Exception, match="无法打开"):
        open_store(folder, cipher)


def test_one_caller_alone_writes_by_itself_and_the_first_who_waits_goes_on(db: SqliteDatabase) -> None:
    wrote: dict[str, int] = {}

    def unit(name: str) -> Callable[[Tx], None]:
        return lambda tx: wrote.update({name: threading.get_ident()})

    db.write(unit("alone"))
    assert wrote == {"alone": threading.get_ident()}
    batch, commits = Batch(db), db.writer.commits
    batch.run({name: unit(name) for name in ("first", "second")})
    assert db.writer.commits == commits + 2
    assert wrote["first"] == wrote["second"] != threading.get_ident()


def test_a_leader_that_is_interrupted_leaves_the_others_a_way_on(db: SqliteDatabase) -> None:
    def interrupt(tx: Tx) -> None:
        raise KeyboardInterrupt

    batch = Batch(db)
    batch.run({"a": batch.put("a"), "b": interrupt, "c": batch.put("c")})
    assert batch.kept() == {"a", "c"}
    assert isinstance(batch.errors["b"], KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        db.write(interrupt)
    db.write(batch.put("later"))
    assert "later" in batch.kept()
