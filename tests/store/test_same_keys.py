"""A store is opened with the keys it was written with, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from store import files
from store.algorithms import AES
from store.cipher import Cipher
from store.engine.opening import Opened, Place, open_reader, open_store
from store.engine.same_keys import note_keys
from store.errors import KeysDiffer, StorageFull
from store.files import FileRow
from store.keys import add_key, create_keys, load_keys
from store.port import Tx
from tests.desk.test_full_store import Refusing
from tests.store.samples import NOW

FIRST, SECOND, INDEX = (AES.key(bytes([number]) * 32) for number in range(3))
ONE, BOTH = Cipher([FIRST], INDEX), Cipher([FIRST, SECOND], INDEX)
UPLOAD = FileRow(file="a" * 32, owner="someone", name="图.pdf", type="a/b", size=1, sha256="0" * 64, created_at=NOW)


def written(place: Place, cipher: Cipher, unit: Callable[[Opened], None]) -> None:
    opened = open_store(place, cipher)
    unit(opened)
    opened.close()


@pytest.mark.parametrize(("before", "then"), [
    (ONE, Cipher([SECOND], INDEX)), (ONE, Cipher([FIRST], SECOND)), (BOTH, ONE), (BOTH, Cipher([SECOND], INDEX)),
], ids=["another key", "another index key", "the newest is missing", "the oldest is missing"])
def test_with_other_keys_than_were_in_force_nothing_is_opened(place: Place, before: Cipher, then: Cipher) -> None:
    written(place, before, lambda opened: note_keys(opened.db, NOW))
    for opens in (open_store, open_reader):
        with pytest.raises(KeysDiffer, match="YJS_KEYS"):
            opens(place, then)
    written(place, before, lambda opened: note_keys(opened.db, NOW))


def test_a_key_that_was_added_is_in_force_from_then_on(place: Place) -> None:
    for cipher in (ONE, BOTH):
        written(place, cipher, lambda opened: note_keys(opened.db, NOW))
    with pytest.raises(KeysDiffer):
        open_store(place, ONE)


def test_a_store_that_says_nothing_of_its_keys_is_tried(place: Place) -> None:
    written(place, ONE, lambda opened: opened.db.write(_upload))
    with pytest.raises(KeysDiffer, match="YJS_KEYS"):
        open_store(place, Cipher([AES.key(os.urandom(32))], AES.key(os.urandom(32))))
    written(place, BOTH, lambda opened: note_keys(opened.db, NOW))


def _upload(tx: Tx) -> None:
    files.add(tx, UPLOAD)


def test_what_another_host_seals_with_a_key_added_since_opens(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create_keys(path)
    running = load_keys(path)
    add_key(path)
    sealed = load_keys(path).seal(b"a", "t:c:1")
    assert running.open(sealed, "t:c:1") == b"a"
    assert running.seal(b"a", "t:c:1")[:4] != sealed[:4]  # and it goes on sealing with what it began with


def test_a_full_disk_keeps_nobody_out_whose_keys_are_the_same(folder: Place) -> None:
    for cipher, refused in ((ONE, False), (BOTH, True)):
        opened = open_store(folder, ONE)
        note_keys(opened.db, NOW)
        opened.close()
        opened = open_store(folder, cipher)
        full = Refusing(opened.db)
        full.takes = [False]
        with pytest.raises(StorageFull) if refused else nullcontext():
            note_keys(full, NOW)
        opened.close()
