"""Once a key is destroyed nothing can be read of any copy from before, on both stores; what is here is whole."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.staff.acts import Act
from desk.staff.rekeying import BACKUP
from desk.upkeep.watch import Watch
from store import marks
from store.chains.proof import verify
from store.cipher import Cipher
from store.copies import resealing
from store.copies.backup import Goal, back_up
from store.copies.restoration import restore, try_out
from store.copies.sealed import SEALED
from store.encoding import stamp
from store.engine import same_keys
from store.engine.opening import Opened, Place, open_store
from store.engine.sqlite import FILE, SqliteReader
from store.errors import KeysDiffer, KeysExposed, KeysInUse, KeysMissing, NoCopy, StoreUnavailable
from store.keys import add_key, create_keys, destroy_key, listed, load_keys
from store.uploads.vault import FolderVault
from tests.shared import Server
from tests.store.everything import readable, unlisted
from tests.store.test_journal import LATER, NOW, POWER, cloned, erase, filed, joined, quiet

ACT, DAY = Act("ops", "换密钥"), timedelta(days=1)
THEN = LATER + 3 * DAY  # when everything is sealed anew
GONE = ("words-of-ended", "name-of-ended", "bytes-of-ended", "person-gone", "draft-of-gone", "bytes-of-gone")
HERE = ("words-of-kept", "name-of-kept", "bytes-of-kept", "person-stays", "draft-of-stays")


@contextmanager
def begun(place: Place, folder: Path) -> Iterator[Inside]:
    """The portal as it begins, with the keys that are in the file now."""
    with inside(folder, place.data, place.url) as made:
        same_keys.note_keys(made.house.database, NOW)
        yield made


def keys_of(folder: Path) -> Path:
    return folder / "keys" / "keys"


def reseal(there: Inside, at: datetime = THEN) -> int:
    """As the command does it, until a whole walk finds nothing; how much was sealed anew."""
    rekeying, newest, total = there.desk.operations.rekeying, there.house.database.cipher.newest, 0
    while True:
        done, then = 0, None
        while (some := rekeying.reseal(newest, then)).then is not None:
            done, then = done + some.done, some.then
        total += done + some.done
        if not done + some.done:
            rekeying.resealed(newest, total, ACT, at)
            return total


def backed_up(there: Inside, place: Place, goal: Goal, at: datetime = THEN + DAY) -> None:
    back_up(place, there.house.opened, there.house.database.cipher, goal, at)
    there.desk.operations.note(BACKUP, goal.folder.name, {}, ACT, at)


def destroy(there: Inside, key: str, after: timedelta) -> None:
    there.desk.operations.rekeying.destroy(key, 14 * DAY, ACT, THEN + after)


def of_copy(folder: Path, cipher: Cipher) -> tuple[bytes, int]:
    reader = SqliteReader(folder / FILE, cipher)
    try:
        return readable(Opened(reader, FolderVault(folder, cipher)))
    finally:
        reader.close()


def those(words: tuple[str, ...], everything: bytes) -> list[str]:
    return [one for one in words if one.encode() in everything]


def test_what_was_erased_can_be_read_of_no_copy_once_its_key_is_destroyed(place: Place, tmp_path: Path) -> None:
    before, after, first = tmp_path / "before", tmp_path / "after", None
    with begun(place, tmp_path) as there:
        ended, kept = (filed(there, name, over=True)[0] for name in ("ended", "kept"))
        gone, _ = (joined(there, name) for name in ("gone", "stays"))
        backed_up(there, place, Goal(before), NOW)
        erase(there, ended)
        there.house.accounts.erase(gone, LATER - 29 * DAY, LATER)
        there.desk.sweep(LATER + 2 * DAY)
        first = there.house.database.cipher.newest
    add_key(keys_of(tmp_path))
    everything, broken = of_copy(before, load_keys(keys_of(tmp_path)))
    assert (those((*GONE, *HERE), everything), broken) == ([*GONE, *HERE], 0), "the copy can be read as yet"
    with begun(place, tmp_path) as there:
        database = there.house.database
        with pytest.raises(KeysInUse, match="reseal"):
            destroy(there, first, 99 * DAY)
        assert reseal(there) > 20
        assert set(resealing.count(there.house.opened)) == {database.cipher.newest}
        with pytest.raises(KeysInUse, match="flask backup"):
            destroy(there, first, 99 * DAY)
        backed_up(there, place, Goal(after, like=before))
        with pytest.raises(KeysInUse, match="以前的备份"):
            destroy(there, first, 13 * DAY)
        with pytest.raises(KeysInUse, match="正在用来加密"):
            destroy(there, database.cipher.newest, 99 * DAY)
        destroy(there, first, 14 * DAY)
    destroy_key(keys_of(tmp_path), first)
    cipher = load_keys(keys_of(tmp_path))
    everything, broken = of_copy(before, cipher)
    assert (those((*GONE, *HERE), everything), broken > 30) == ([], True)
    whole = b"".join(path.read_bytes() for path in before.rglob("*") if path.is_file())
    assert those(GONE, whole) == []
    with pytest.raises(NoCopy, match=f"{first} 已经销毁"):
        try_out(before, cipher)
    with begun(place, tmp_path) as there:
        everything, broken = readable(there.house.opened)
        assert (those(HERE, everything), those(GONE, everything), broken) == ([*HERE], [], 0)
        assert there.desk.case_view("sample", kept, LATER)["reference"] == kept
        assert verify(there.house.database).holds and list(Watch(there.house.database).everything()) == []
    try_out(after, cipher)
    back, _ = restore(Place(tmp_path / "back"), cipher, after, quiet, LATER)
    everything, broken = readable(back)
    back.close()
    assert (those(HERE, everything), those(GONE, everything), broken) == ([*HERE], [], 0)


def test_a_process_that_still_seals_with_an_older_key_seals_nothing_anew(folder: Place, tmp_path: Path) -> None:
    with begun(folder, tmp_path) as running:
        add_key(keys_of(tmp_path))
        newest = load_keys(keys_of(tmp_path)).newest
        with pytest.raises(KeysInUse, match="重新启动"):
            running.desk.operations.rekeying.reseal(newest, None)


def test_a_clock_that_was_ahead_keeps_no_key_for_longer_where_there_is_one_process(
        folder: Place, tmp_path: Path) -> None:
    with begun(folder, tmp_path) as there:
        first = there.house.database.cipher.newest
        same_keys.note_keys(there.house.database, THEN + 200 * DAY)
    add_key(keys_of(tmp_path))
    with begun(folder, tmp_path) as there:
        reseal(there, THEN + 100 * DAY)
        reseal(there)
        backed_up(there, folder, Goal(tmp_path / "copy"))
        there.house.database.write(lambda tx: same_keys.give_up(tx, first, THEN + 100 * DAY))
        rest = there.desk.operations.rekeying.destroy(first, 0 * DAY, ACT, THEN + 2 * DAY)["rest"]
        assert rest == 0


def test_of_several_hosts_a_clock_that_was_ahead_is_named(server: Server, tmp_path: Path) -> None:
    place = Place(tmp_path / "data", server.url, pool=4)
    with begun(place, tmp_path) as there:
        first = there.house.database.cipher.newest
    add_key(keys_of(tmp_path))
    with begun(place, tmp_path) as there:
        reseal(there)
        backed_up(there, place, Goal(tmp_path / "copy"))
        there.house.database.write(lambda tx: marks.put(tx, f"seals_with:{first}", "", THEN + 200 * DAY))
        for work in (lambda: destroy(there, first, 14 * DAY), lambda: reseal(there, THEN + DAY)):
            with pytest.raises(KeysInUse, match=r"2026-09-05 .*还有进程.*比现在.*还晚.*时钟"):
                work()
        with psycopg.connect(server.url) as connection:  # as the page of operating says
            connection.execute("delete from marks where name like 'seals_with:%%' and at > %s", (stamp(THEN),))
        destroy(there, first, 14 * DAY)
    server.empty()


def test_a_store_that_is_set_back_to_before_a_key_was_destroyed_begins_if_it_does_not_need_it(
        folder: Place, tmp_path: Path) -> None:
    with begun(folder, tmp_path) as there:
        reference, _ = filed(there, "one", over=True)
        first = there.house.database.cipher.newest
    add_key(keys_of(tmp_path))
    with begun(folder, tmp_path) as there:
        there.house.close()
        cloned(folder.data, tmp_path / "early")
    with begun(folder, tmp_path) as there:
        reseal(there)
        backed_up(there, folder, Goal(tmp_path / "copy"))
        there.house.close()
        cloned(folder.data, tmp_path / "late")
    with begun(folder, tmp_path) as there:
        destroy(there, first, 14 * DAY)
    destroy_key(keys_of(tmp_path), first)
    with begun(Place(tmp_path / "late"), tmp_path) as there:
        everything, broken = readable(there.house.opened)
        assert (b"words-of-one" in everything, broken) == (True, 0)
        assert there.desk.case_view(SUBJECT, reference, LATER)["reference"] == reference
        with there.house.database.read() as tx:
            assert same_keys.destroyed(tx) == {first}
    with pytest.raises(KeysDiffer, match="已经销毁"):
        open_store(Place(tmp_path / "early"), load_keys(keys_of(tmp_path)), quiet)


def test_a_process_whose_key_is_destroyed_seals_nothing_more(
        folder: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with begun(folder, tmp_path) as there:
        filed(there, "one", over=True)
        client, ready = there.app.test_client(), "/readyz"
        there.desk.sweep(there.house.clock.now())
        old = there.house.database.cipher.newest
        there.house.database.write(lambda tx: same_keys.give_up(tx, old, NOW))
        there.desk.sweep(there.house.clock.now())
        with pytest.raises(StoreUnavailable, match="YJS_KEYS"):
            filed(there, "two", over=True)
        assert "was destroyed" in caplog.text and "密钥已经销毁" in client.get(ready).text


def test_of_several_hosts_each_has_heard_of_it_before_a_key_is_gone(
        server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place, minute = Place(tmp_path / "data", server.url, pool=4), timedelta(minutes=1)
    with begun(place, tmp_path) as slow:
        old = slow.house.database.cipher.newest
        filed(slow, "one", over=True)
        slow.desk.sweep(THEN - minute)
        add_key(keys_of(tmp_path))
        with begun(place, tmp_path) as there:
            rekeying = there.desk.operations.rekeying
            with pytest.raises(KeysInUse, match="5 分钟以后"):
                reseal(there)
            reseal(there, THEN + 5 * minute)
            slow.desk._premises.behind.met("a newer host")  # it takes no work any more, and says its key all the same
            slow.desk.sweep(THEN + 4 * minute)  # after that, but its clock is behind
            slow.desk.sweep(THEN - minute)  # as another host with that key, whose clock is more so
            slow.desk._premises.behind.why = ""
            backed_up(there, place, Goal(tmp_path / "one"), THEN + 11 * minute)
            with pytest.raises(KeysInUse, match="还有进程"):
                rekeying.destroy(old, 0 * DAY, ACT, THEN + 12 * minute)
            assert reseal(there, THEN + DAY) == 0
            with pytest.raises(KeysInUse, match="flask backup"):
                rekeying.destroy(old, 0 * DAY, ACT, THEN + DAY)
            backed_up(there, place, Goal(tmp_path / "two"), THEN + DAY + 6 * minute)
            assert rekeying.destroy(old, 0 * DAY, ACT, THEN + DAY + 7 * minute)["rest"] == 300
            with psycopg.connect(server.url) as connection:  # the host was away, and has not swept since
                connection.execute("select pg_terminate_backend(pid) from pg_stat_activity"
                                   " where application_name = 'yijianshi' and pid <> pg_backend_pid()")
            with slow.house.database.read() as tx:
                assert same_keys.gone(tx)
            with pytest.raises(StoreUnavailable, match="YJS_KEYS"):
                filed(slow, "two", over=True)
            there.file(POWER, "three", NOW)
            assert (slow.deliver(NOW), "密钥已经销毁" in slow.app.test_client().get("/readyz").text) == (0, True)
            slow.desk.sweep(THEN + DAY + 8 * minute)
            assert "was destroyed" in caplog.text
            assert there.deliver(NOW) > 0
            tried = Act("ops", "换密钥", dry_run=True)
            assert rekeying.destroy(old, 0 * DAY, tried, THEN + DAY + 11 * minute)["rest"] == 60
            assert rekeying.destroy(old, 0 * DAY, ACT, THEN + DAY + 11 * minute)["rest"] == 60
            assert rekeying.destroy(old, 0 * DAY, ACT, THEN + DAY + 12 * minute)["rest"] == 0
    server.empty()


def test_a_key_that_was_just_added_is_not_destroyed_before_anything_could_be_sealed_with_it(
        folder: Place, tmp_path: Path) -> None:
    with begun(folder, tmp_path) as there:
        filed(there, "one", over=True)
    add_key(keys_of(tmp_path))
    with begun(folder, tmp_path) as there:
        reseal(there)
        backed_up(there, folder, Goal(tmp_path / "copy"))
        add_key(keys_of(tmp_path))
        with pytest.raises(KeysInUse, match="刚加入"):
            destroy(there, listed(keys_of(tmp_path))[-1][0], 15 * DAY)
    with begun(folder, tmp_path):
        pass


def test_a_backup_that_was_begun_before_the_walk_is_not_one_from_after_it(folder: Place, tmp_path: Path) -> None:
    with begun(folder, tmp_path) as there:
        first = there.house.database.cipher.newest
        filed(there, "one", over=True)
    add_key(keys_of(tmp_path))
    with begun(folder, tmp_path) as there:
        reseal(there)
        begin, end = (THEN + timedelta(minutes=by) for by in (-5, 1))
        there.desk.operations.note(BACKUP, "b", {"at": stamp(begin)}, ACT, end)
        with pytest.raises(KeysInUse, match="flask backup"):
            destroy(there, first, 99 * DAY)


def test_an_old_copy_of_the_key_file_opens_nothing_more_and_seals_nothing(folder: Place, tmp_path: Path) -> None:
    with begun(folder, tmp_path) as there:
        first = there.house.database.cipher.newest
    aside = keys_of(tmp_path).read_bytes()
    add_key(keys_of(tmp_path))
    both = keys_of(tmp_path).read_bytes()
    with begun(folder, tmp_path) as there:
        reseal(there)
        backed_up(there, folder, Goal(tmp_path / "copy"))
        destroy(there, first, 14 * DAY)
    with begun(folder, tmp_path):  # between the store and the file it was cut off
        pass
    destroy_key(keys_of(tmp_path), first)
    with pytest.raises(KeysMissing, match="flask keys list"):
        destroy_key(keys_of(tmp_path), first)
    with pytest.raises(KeysInUse):
        destroy_key(keys_of(tmp_path), listed(keys_of(tmp_path))[-1][0])
    for content, opens in ((aside, False), (both, True), (keys_of(tmp_path).read_bytes(), True)):
        (tmp_path / "other").write_bytes(content)
        (tmp_path / "other").chmod(0o600)
        cipher = load_keys(tmp_path / "other")
        if opens:
            open_store(folder, cipher, quiet).close()
            continue
        with pytest.raises(KeysDiffer, match="销毁"):
            open_store(folder, cipher, quiet)


def test_a_key_file_behind_a_link_is_changed_where_it_lies_and_no_other_name_of_it_is_wiped(tmp_path: Path) -> None:
    shared, link, second = tmp_path / "shared", tmp_path / "link", tmp_path / "second"
    create_keys(shared)
    link.symlink_to(shared)
    add_key(link)
    (first, _), (newest, _) = listed(shared)
    os.link(shared, second)
    before = second.read_bytes()
    with pytest.raises(KeysExposed, match="硬链接"):
        destroy_key(link, first)
    assert shared.read_bytes() == before
    second.unlink()
    destroy_key(link, first)
    assert link.is_symlink() and [key for key, _ in listed(shared)] == [newest] == [key for key, _ in listed(link)]


def test_every_column_of_bytes_is_sealed_and_listed_or_says_why_not(folder: Place, cipher: Cipher) -> None:
    opened = open_store(folder, cipher, quiet)
    assert unlisted(opened) == set()
    opened.close()
    home = Path(resealing.__file__).parents[1]
    sealed = {table for path in home.rglob("*.py") for table in re.findall(r'f"([a-z_]+):(?:[a-z_]+|{\w+}):',
                                                                          path.read_text())}
    assert sealed - {"file_bytes"} == {place.partition(":")[0] for place in SEALED.values()}
