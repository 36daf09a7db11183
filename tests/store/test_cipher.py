"""Sealing: values open only where they were sealed, with keys that lie outside the data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from store import cases
from store.cipher import Cipher
from store.engine.folder import claimed
from store.engine.opening import Opened
from store.errors import FolderBusy, KeysExposed, KeysMissing, SealBroken
from store.keys import add_key, create_keys, load_keys
from store.port import Tx
from tests.store.samples import REFERENCE, a_case, file_case

PLACE = "cases:body:1"


def test_a_sealed_value_opens_at_its_place(cipher: Cipher) -> None:
    sealed = cipher.seal("示例".encode(), PLACE)
    assert "示例".encode() not in sealed
    assert cipher.open(sealed, PLACE) == "示例".encode()


def test_the_same_value_is_sealed_differently_each_time(cipher: Cipher) -> None:
    assert cipher.seal(b"a", PLACE) != cipher.seal(b"a", PLACE)


@pytest.mark.parametrize("place", ["cases:body:2", "cases:code:1", "drafts:body:1"])
def test_a_value_swapped_to_another_place_does_not_open(cipher: Cipher, place: str) -> None:
    with pytest.raises(SealBroken):
        cipher.open(cipher.seal(b"a", PLACE), place)


@pytest.mark.parametrize("at", [0, 5, 20, -1])
def test_a_changed_byte_is_found(cipher: Cipher, at: int) -> None:
    sealed = bytearray(cipher.seal(b"some value", PLACE))
    sealed[at] ^= 1
    with pytest.raises(SealBroken) as raised:
        cipher.open(bytes(sealed), PLACE)
    assert "some" not in str(raised.value)


@pytest.mark.parametrize("length", [0, 3, 20, 31])
def test_a_cut_value_is_found(cipher: Cipher, length: int) -> None:
    with pytest.raises(SealBroken):
        cipher.open(cipher.seal(b"a", PLACE)[:length], PLACE)


def test_the_newest_key_seals_and_all_open() -> None:
    first, second, index = os.urandom(32), os.urandom(32), os.urandom(32)
    old, new = Cipher([first], index), Cipher([first, second], index)
    sealed = old.seal(b"a", PLACE)
    assert new.open(sealed, PLACE) == b"a"
    with pytest.raises(SealBroken):
        old.open(new.seal(b"a", PLACE), PLACE)


def test_a_blind_index_tells_equal_values_of_one_purpose_only(cipher: Cipher) -> None:
    assert cipher.index("张", "a") == cipher.index("张", "a")
    assert len({cipher.index("张", "a"), cipher.index("张", "b"), cipher.index("李", "a")}) == 3


def test_a_key_file_is_private_and_can_be_extended(tmp_path: Path) -> None:
    path, data = tmp_path / "keys" / "keys.json", tmp_path / "data"
    create_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = load_keys(path, data).seal(b"a", PLACE)
    before = load_keys(path)
    add_key(path)
    assert load_keys(path, data).open(sealed, PLACE) == b"a"
    assert load_keys(path, data).seal(b"a", PLACE)[:4] != sealed[:4], "the key that was added is the one that seals"
    assert load_keys(path).index("a", "b") == before.index("a", "b")
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys")
    with pytest.raises(KeysExposed):
        create_keys(tmp_path / "keys")


def test_of_two_who_add_a_key_at_once_none_writes_the_others_away(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create_keys(path)
    before = path.read_bytes()
    with claimed(tmp_path / ".keys.change") as ours, pytest.raises(FolderBusy, match="另一个命令"):
        assert ours
        add_key(path)
    assert path.read_bytes() == before
    add_key(path)
    assert path.read_bytes() != before
    assert [one.name for one in tmp_path.iterdir()] == ["keys"]


def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o644)
    with pytest.raises(KeysExposed, match="chmod 600"):
        load_keys(tmp_path / "keys")


def test_keys_inside_the_data_folder_are_refused(tmp_path: Path) -> None:
    create_keys(tmp_path / "data" / "keys")
    with pytest.raises(KeysExposed, match="数据目录之内"):
        load_keys(tmp_path / "data" / "keys", tmp_path / "data")


@pytest.mark.parametrize("content", [None, "", "{}", '{"index": "", "keys": []}', '{"index": "YQ==", "keys": ["YQ=="]}',
                                     '{"index": "?", "keys": ["?"]}', '[1]'])
def test_a_broken_key_file_is_refused_plainly(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    with pytest.raises(KeysMissing):
        load_keys(path)


def test_a_row_with_a_body_of_another_row_does_not_open(store: Opened) -> None:
    store.db.write(file_case)
    store.db.write(lambda tx: cases.add(tx, a_case("other")))
    store.db.write(lambda tx: tx.run(
        "update cases set body = (select body from cases where reference = 'other') where reference = :r", r=REFERENCE))
    with pytest.raises(SealBroken), store.db.read() as tx:
        cases.get(tx, REFERENCE)


def test_no_personal_value_stands_plain_in_the_database(store: Opened) -> None:
    canary = "示例金丝雀"
    store.db.write(lambda tx: file_case(tx, code=canary, on_behalf_of=canary, body={"name": canary}))

    def everything(tx: Tx) -> bytes:
        tables = ("cases", "events", "legs", "messages", "heads")
        return repr([tx.rows(f"select * from {table}") for table in tables]).encode()

    with store.db.read() as tx:
        assert canary.encode() not in everything(tx)
        assert cases.get(tx, REFERENCE).body == {"name": canary}
