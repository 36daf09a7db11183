"""A backup is a whole, checked, readable copy of either store, and comes back into either, paused."""

import os
import shutil
import sqlite3
import threading

import pytest

from store import audit, drafts, events, files, legs, mandates, marks, messages, offers, pausing, people, ratings
from store.algorithms import AES
from store.audit import Entry
from store.chains import seals
from store.chains.proof import verify
from store.cipher import Cipher
from store.copies import backup
from store.copies.backup import MANIFEST, Goal, back_up, read_manifest
from store.copies.restoration import restore, try_out
from store.drafts import Draft
from store.engine.opening import Opened, Place, open_reader
from store.engine.sqlite import FILE
from store.errors import NoCopy
from store.failpoints import arm
from store.files import FileRow
from store.offers import Offer
from store.people import Account
from store.ratings import Rating
from store.uploads.vault import new_file_id
from tests.store.samples import NOW, REFERENCE, file_case, minutes

PAPER = os.urandom(70_000)


def quiet(text):
    assert text


def fill(opened: Opened) -> str:
    """A case with a file, an account, a draft, audit entries, counters; the file's id."""
    file = new_file_id(NOW)
    kept = opened.vault.put(file, [PAPER[:1000], PAPER[1000:]])

    def unit(tx):
        file_case(tx)
        files.add(tx, FileRow(file=file, owner="someone", name="示例.pdf", type="application/pdf", size=kept.size,
                              sha256=kept.sha256, created_at=NOW))
        files.link(tx, REFERENCE, "someone", [file])
        people.add_account(tx, Account(account="a1", login="示例", role="applicant", name="示例甲", created_at=NOW))
        drafts.add(tx, Draft(draft="d1", subject="someone", bundle="utilities", edition="e1", body={"form": {}},
                             created_at=NOW, updated_at=NOW))
        ratings.add(tx, Rating(REFERENCE, "01", "utilities", "water", 1, NOW, {"words": "示例评语"}, minutes(9)))
        tx.run("insert into counter_deltas (name, key, amount) values ('filed', 'x', 3)")
        for n in range(450):
            audit.record(tx, Entry(minutes(n), "operator", "sample", f"t{n}", {"reason": "示例"}))

    opened.db.write(unit)
    opened.db.write(lambda tx: seals.seal_heads(tx, NOW))
    return file


def rows(opened, table):
    with opened.db.read() as tx:
        found = [dict(row) for row in tx.rows(f"select * from {table}")]
    left = {"id"} if table == "counter_deltas" else set()
    return sorted(({name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()
                    if name not in left} for row in found), key=str)


TABLES = ("editions", "plans", "cases", "legs", "events", "heads", "seals", "files", "messages", "audit", "accounts",
          "drafts", "ratings", "counter_deltas")


@pytest.fixture
def filled(store):
    return store, fill(store)


@pytest.fixture
def taken(place, filled, cipher, tmp_path):
    """A filled store and a backup of it, as a reader beside it makes one."""
    reader = open_reader(place, cipher)
    made = back_up(place, reader, cipher, Goal(tmp_path / "copy"), NOW)
    reader.close()
    return filled[0], filled[1], made


def test_a_copy_comes_back_row_by_row_with_its_files_and_paused(taken, cipher, tmp_path):
    opened, file, made = taken
    back, said = restore(Place(tmp_path / "back"), cipher, tmp_path / "copy", quiet, NOW)
    try:
        assert said == made == read_manifest(tmp_path / "copy")
        assert (made.cases, made.legs, made.files, made.bytes) == (1, 2, 1, len(PAPER))
        for table in TABLES:
            assert rows(back, table) == rows(opened, table), table
        assert b"".join(back.vault.open(file)) == PAPER
        with back.db.read() as tx:
            assert pausing.paused(tx) is not None
        assert verify(back.db).holds
        back.db.write(lambda tx: audit.record(tx, Entry(NOW, "operator", "after", "t")))
        assert verify(back.db).holds
    finally:
        back.close()


def test_a_copy_of_either_store_comes_back_into_postgresql(taken, server, cipher, tmp_path, opener):
    opened, file, _ = taken
    empty = Place(tmp_path / "unused", server.bare())
    back, _ = restore(empty, cipher, tmp_path / "copy", quiet, NOW)
    try:
        for table in TABLES:
            assert rows(back, table) == rows(opened, table), table
        assert b"".join(back.vault.open(file)) == PAPER
        back.db.write(lambda tx: tx.run("insert into counter_deltas (name, key, amount) values ('filed', 'x', 1)"))
        assert verify(back.db).holds
    finally:
        back.close()
    with pytest.raises(NoCopy):
        restore(empty, cipher, tmp_path / "copy", quiet, NOW)


def test_a_copy_holds_no_key_and_nobody_else_may_read_it(taken, tmp_path):
    names = {path.name for path in (tmp_path / "copy").iterdir()}
    assert names == {FILE, "files", MANIFEST}
    for path in (tmp_path / "copy").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    whole = b"".join(path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file())
    assert "示例甲".encode() not in whole
    assert PAPER[:64] not in whole


@pytest.mark.parametrize("harm", ["database", "file", "lost file", "manifest", "keys"])
def test_a_harmed_copy_is_not_restored(taken, cipher, tmp_path, harm):
    _, file, _ = taken
    copy, keys = tmp_path / "copy", cipher
    bytes_ = copy / "files" / file[-2:] / file
    if harm == "database":
        with sqlite3.connect(copy / FILE) as connection:
            connection.execute("update legs set state = 'granted'")
    elif harm == "file":
        content = bytearray(bytes_.read_bytes())
        content[40_000] ^= 1
        bytes_.write_bytes(content)
    elif harm == "lost file":
        bytes_.unlink()
    elif harm == "manifest":
        (copy / MANIFEST).unlink()
    else:
        keys = Cipher([AES.key(os.urandom(32))], AES.key(os.urandom(32)))
    with pytest.raises(NoCopy):
        try_out(copy, keys)
    with pytest.raises(NoCopy):
        restore(Place(tmp_path / "back"), keys, copy, quiet, NOW)
    assert not (tmp_path / "back" / FILE).exists()


def test_only_an_empty_folder_takes_a_copy_or_a_restore(taken, folder, place, cipher, tmp_path, opener):
    opened, _, _ = taken
    with pytest.raises(NoCopy):
        back_up(place, opened, cipher, Goal(tmp_path / "copy"), NOW)
    with pytest.raises(NoCopy):
        back_up(place, opened, cipher, Goal(place.data / "inside"), NOW)
    (tmp_path / "file").touch()
    with pytest.raises(NoCopy, match="没有完成"):
        back_up(place, opened, cipher, Goal(tmp_path / "file" / "inside"), NOW)
    used = Place(tmp_path / "used", patience=1.0)
    opener(used).close()
    with pytest.raises(NoCopy):
        restore(used, cipher, tmp_path / "copy", quiet, NOW)


def test_a_copy_like_an_earlier_one_shares_its_files_and_comes_back_without_it(filled, place, cipher, tmp_path):
    opened, file = filled
    first, second = tmp_path / "first", tmp_path / "second"
    made = back_up(place, opened, cipher, Goal(first), NOW)
    again = back_up(place, opened, cipher, Goal(second, like=first), NOW)
    assert (again.files, again.bytes) == (made.files, made.bytes)
    assert (second / "files" / file[-2:] / file).samefile(first / "files" / file[-2:] / file)
    shutil.rmtree(first)
    assert try_out(second, cipher).files == made.files
    with pytest.raises(NoCopy, match="manifest"):
        back_up(place, opened, cipher, Goal(tmp_path / "third", like=first), NOW)


def test_a_copy_that_was_cut_off_is_cleared_away_and_can_be_made_again(filled, place, cipher, tmp_path):
    opened, _ = filled
    arm("backup.mid:raise")
    try:
        with pytest.raises(Exception, match="failpoint"):
            back_up(place, opened, cipher, Goal(tmp_path / "copy"), NOW)
    finally:
        arm("")
    assert list((tmp_path / "copy").iterdir()) == []
    assert back_up(place, opened, cipher, Goal(tmp_path / "copy"), NOW).cases == 1


def test_two_backups_into_one_folder_at_once_leave_one_whole_copy(filled, place, cipher, tmp_path, monkeypatch):
    opened, _ = filled
    looked, there = backup.refuse_taken, tmp_path / "copy"

    def look_and_be_overtaken(target, where):
        looked(target, where)
        monkeypatch.setattr(backup, "refuse_taken", looked)
        back_up(place, opened, cipher, Goal(there), NOW)

    monkeypatch.setattr(backup, "refuse_taken", look_and_be_overtaken)
    with pytest.raises(NoCopy, match="另一个备份"):
        back_up(place, opened, cipher, Goal(there), NOW)
    assert try_out(there, cipher).files == 1


def test_a_lost_file_of_a_case_fails_the_backup_and_a_lost_upload_is_counted(filled, place, cipher, tmp_path):
    opened, file = filled
    upload = new_file_id(NOW)
    opened.db.write(lambda tx: files.add(tx, FileRow(file=upload, owner="someone", name="草稿.pdf", type="a/b", size=1,
                                                     sha256="0" * 64, created_at=NOW)))
    assert back_up(place, opened, cipher, Goal(tmp_path / "one"), NOW).absent == 1
    opened.vault.drop(file)
    with pytest.raises(NoCopy):
        back_up(place, opened, cipher, Goal(tmp_path / "two"), NOW)
    assert list((tmp_path / "two").iterdir()) == []


def test_what_was_acknowledged_before_a_backup_under_load_is_in_it(store, place, cipher, tmp_path):
    acknowledged, stop = [[] for _ in range(3)], threading.Event()

    def writer(number):
        n = 0
        while not stop.is_set():
            reference = f"20261123-W{number}-{n:05d}"
            paper = new_file_id(NOW)
            kept = store.vault.put(paper, [reference.encode()])

            def unit(tx, reference=reference, paper=paper, kept=kept):
                file_case(tx, reference)
                files.add(tx, FileRow(file=paper, owner="someone", name="示例", type="a/b", size=kept.size,
                                      sha256=kept.sha256, created_at=NOW))
                files.link(tx, reference, "someone", [paper])

            store.db.write(unit)
            acknowledged[number].append(reference)
            n += 1
            stop.wait(0.02)  # as applicants do, between two

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2):
            while sum(map(len, acknowledged)) < 15 * (number + 1):
                stop.wait(0.01)
            before = {reference for one in acknowledged for reference in tuple(one)}
            copy = tmp_path / f"copy{number}"
            made = back_up(place, store, cipher, Goal(copy), NOW)
            back, _ = restore(Place(tmp_path / f"back{number}"), cipher, copy, quiet, NOW)
            with back.db.read() as tx:
                there = {row["reference"] for row in tx.rows("select reference from cases")}
                assert before <= there
                assert len(there) == made.cases == made.files
                for reference in sorted(there)[:5]:
                    assert len(legs.of_case(tx, reference)) == 2
                    assert len(messages.of_case(tx, reference)) == 2
                    assert len(events.of_case(tx, reference)) == 3
            back.close()
            shutil.rmtree(copy)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_marks_of_the_running_process_and_open_sessions_are_not_carried(filled, place, cipher, tmp_path):
    opened, _ = filled
    opened.db.write(lambda tx: marks.put(tx, "dispatcher", "x", NOW))
    session = people.Session("secret", "a1", NOW, NOW, minutes(60))
    opened.db.write(lambda tx: people.add_session(tx, session))
    opened.db.write(lambda tx: mandates.show_code(tx, "a1", "CODE", minutes(15)))
    back_up(place, opened, cipher, Goal(tmp_path / "copy"), NOW)
    back, _ = restore(Place(tmp_path / "back"), cipher, tmp_path / "copy", quiet, NOW)
    with back.db.read() as tx:
        assert marks.get(tx, "dispatcher") is None
        assert (people.session(tx, "secret", NOW), mandates.agent_of(tx, "CODE", NOW)) == (None, None)
    back.close()


@pytest.mark.parametrize("into", ["folder", "database"])
def test_no_number_of_a_feed_is_given_twice_however_often_a_copy_is_restored(
        filled, place, cipher, tmp_path, server, into):
    opened, _ = filled

    def offered(where, office, leg="01"):
        return where.db.write(lambda tx: offers.offer(tx, Offer(office, 0, REFERENCE, leg, "leg.filed", NOW)))

    assert [offered(opened, "water", leg) for leg in ("01", "02", "01")] == [1, 2, 3]
    opened.db.write(lambda tx: offers.take(tx, offers.after(tx, "water", 1)[0], NOW))
    back_up(place, opened, cipher, Goal(tmp_path / "copy"), NOW)
    reached = {"water": offered(opened, "water"), "gas": offered(opened, "gas")}
    for hour in (1, 2):
        empty = Place(tmp_path / f"back{hour}", server.bare() if into == "database" else None)
        back, _ = restore(empty, cipher, tmp_path / "copy", quiet, minutes(60 * hour))
        with back.db.read() as tx:
            again = offers.after(tx, "water", reached["water"])
            assert [(one.leg, one.taken_at) for one in offers.after(tx, "water", 0)] == [
                ("02", NOW), ("01", None), ("01", None)]
        assert [one.leg for one in again] == ["01", "01"]
        for office, before in reached.items():
            numbers = [one.n for one in again if office == "water"] + [offered(back, office) for _ in range(3)]
            assert numbers == sorted(set(numbers))
            assert numbers[0] > before
            reached[office] = numbers[-1]
        back.close()
