"""File bytes: sealed, durable, whole or not there, in the data folder and in PostgreSQL."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.cipher import Cipher
from store.engine.opening import Opened, Place
from store.errors import SealBroken, StorageFull, UnknownFile
from store.uploads.vault import PART, FolderVault, new_file_id
from tests.store.samples import NOW, minutes

SOME = random.Random(1).randbytes(2 * PART + 77)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at:at + size] for at in range(0, len(data), size))


def test_files_are_listed_by_the_time_in_which_they_came_a_page_after_the_other(store: Opened) -> None:
    made = [new_file_id(minutes(number)) for number in range(5)]
    for file in made:
        store.vault.put(file, [b"x"])
    found, after = store.vault.listed(minutes(1), minutes(4), "")
    while after is not None:
        page, after = store.vault.listed(minutes(1), minutes(4), after)
        found += page
    assert sorted(found) == made[1:4]


def test_what_a_killed_process_left_half_written_goes_once_it_is_old(kept: tuple[FolderVault, str, Path]) -> None:
    vault, file, path = kept
    old, young = (path.with_name(f".{file}.{word}.part") for word in ("old", "young"))
    for part in (old, young):
        part.write_bytes(b"x")
    os.utime(old, (0, 0))
    vault.listed(minutes(0), minutes(1), path.parent.name)
    assert (old.exists(), young.exists(), path.exists()) == (False, True, True)


@pytest.mark.parametrize("data", [b"", b"a", SOME[:PART], SOME[:PART + 1], SOME], ids=len)
def test_what_is_kept_comes_back_whole(store: Opened, data: bytes) -> None:
    file = new_file_id(NOW)
    kept = store.vault.put(file, cut(data, 65_536))
    assert (kept.size, kept.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert b"".join(store.vault.open(file)) == data


def test_an_upload_that_breaks_off_leaves_nothing(store: Opened) -> None:
    def broken() -> Iterator[bytes]:
        yield SOME
        raise TimeoutError

    file = new_file_id(NOW)
    with pytest.raises(TimeoutError):
        store.vault.put(file, broken())
    with pytest.raises(UnknownFile):
        store.vault.open(file)


def test_of_many_files_that_are_read_one_after_the_other_one_is_open(store: Opened, place: Place) -> None:
    named = [new_file_id(minutes(number)) for number in range(5)]
    for file in named:
        store.vault.put(file, [SOME])
    opened = [store.vault.open(file) for file in named]
    assert next(opened[0]) == SOME[:PART]
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert len([link for link in links if link.is_relative_to(place.data / "files")]) <= 1
    assert b"".join(opened[4]) == SOME
    store.vault.drop(named[1])
    with pytest.raises(UnknownFile if place.url is None else SealBroken):
        next(opened[1])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_without_room_is_said_in_the_stores_own_words_and_leaves_nothing(
        folder: Place, cipher: Cipher, number: int) -> None:
    def until_full() -> Iterator[bytes]:
        yield SOME
        raise OSError(number, "no room")

    folder.data.mkdir()
    vault = FolderVault(folder.data, cipher)
    with pytest.raises(StorageFull):
        vault.put(new_file_id(NOW), until_full())
    assert [path for path in folder.data.rglob("*") if path.is_file()] == []


def test_a_dropped_file_is_gone_and_dropping_twice_is_fine(store: Opened) -> None:
    file = new_file_id(NOW)
    store.vault.put(file, [b"a"])
    store.vault.drop(file)
    store.vault.drop(file)
    with pytest.raises(UnknownFile):
        store.vault.open(file)


@pytest.mark.parametrize("file", ["../../etc/passwd", "a" * 31, "A" * 32, "", "a" * 33])
def test_only_an_id_names_a_file(folder: Place, cipher: Cipher, file: str) -> None:
    folder.data.mkdir()
    with pytest.raises(UnknownFile):
        FolderVault(folder.data, cipher).open(file)


@pytest.fixture
def kept(folder: Place, cipher: Cipher) -> tuple[FolderVault, str, Path]:
    folder.data.mkdir()
    vault, file = FolderVault(folder.data, cipher), new_file_id(NOW)
    vault.put(file, [SOME])
    return vault, file, folder.data / "files" / file[-2:] / file


def test_bytes_on_disk_are_sealed_and_private(kept: tuple[FolderVault, str, Path]) -> None:
    _, _, path = kept
    assert SOME[:32] not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each for each in path.parent.iterdir() if each != path] == []


def test_ids_stand_in_the_order_in_which_they_are_made_and_their_files_in_many_folders(
        kept: tuple[FolderVault, str, Path]) -> None:
    made = [new_file_id(minutes(n)) for n in range(20)]
    assert made == sorted(made) and len({file[:12] for file in made}) == 20
    assert len({file[-2:] for file in (new_file_id(NOW) for _ in range(200))}) > 100


def test_a_file_that_an_earlier_version_put_is_found_copied_and_dropped_where_it_is(
        kept: tuple[FolderVault, str, Path], tmp_path: Path, cipher: Cipher) -> None:
    vault, file, path = kept
    earlier = path.parents[1] / file[:2] / file
    earlier.parent.mkdir(exist_ok=True)
    path.rename(earlier)
    assert b"".join(vault.open(file)) == SOME
    copy = FolderVault(tmp_path / "copy", cipher)
    assert copy.share(file, vault) and b"".join(copy.open(file)) == SOME
    vault.drop(file)
    assert not earlier.exists()
    with pytest.raises(UnknownFile):
        vault.open(file)


@pytest.mark.parametrize("length", [0, 3, 4, 100, PART, PART + 36, PART + 40, 2 * PART])
def test_a_cut_file_does_not_open(kept: tuple[FolderVault, str, Path], length: int) -> None:
    vault, file, path = kept
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(SealBroken):
        list(vault.open(file))


def test_a_file_cut_between_its_parts_does_not_open(kept: tuple[FolderVault, str, Path]) -> None:
    vault, file, path = kept
    path.write_bytes(path.read_bytes()[:4 + PART + 32])
    with pytest.raises(SealBroken):
        list(vault.open(file))


def test_a_changed_or_swapped_file_does_not_open(kept: tuple[FolderVault, str, Path]) -> None:
    vault, file, path = kept
    other = new_file_id(NOW)
    vault.put(other, [b"other"])
    whole = path.read_bytes()
    path.write_bytes((path.parent.parent / other[-2:] / other).read_bytes())
    with pytest.raises(SealBroken):
        list(vault.open(file))
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(SealBroken):
        list(vault.open(file))


def test_a_swapped_part_in_the_database_does_not_open(store: Opened) -> None:
    first, second = new_file_id(NOW), new_file_id(NOW)
    store.vault.put(first, [b"first"])
    store.vault.put(second, [b"second"])
    if store.db.write(lambda tx: tx.run(
            "update file_bytes set body = (select body from file_bytes where file = :s) where file = :f",
            s=second, f=first)):
        with pytest.raises(SealBroken):
            list(store.vault.open(first))
