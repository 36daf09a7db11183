"""Sealing: values open only where they were sealed, with keys that lie outside the data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from store import cases
from store.algorithms import AES, FAMILIES, SM4, Family, sm3
from store.cipher import Cipher
from store.engine.folder import claimed
from store.engine.opening import Opened
from store.errors import FolderBusy, KeysExposed, KeysMissing, SealBroken
from store.keys import add_key, create_keys, destroy_key, listed, load_keys
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
    first, second, index = (AES.key(os.urandom(32)) for _ in range(3))
    old, new = Cipher([first], index), Cipher([first, second], index)
    sealed = old.seal(b"a", PLACE)
    assert new.open(sealed, PLACE) == b"a"
    with pytest.raises(SealBroken):
        old.open(new.seal(b"a", PLACE), PLACE)


def test_the_algorithms_of_the_state_are_those_of_the_published_examples() -> None:
    assert sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905, A.1
    # RFC 8998, A.1
    box = SM4.box(bytes.fromhex("0123456789abcdeffedcba9876543210"))
    plain = b"".join(bytes([each]) * 8 for each in (0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0xee, 0xaa))
    nonce, beside = bytes.fromhex("00001234567800000000abcd"), bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = box.encrypt(nonce, plain, beside)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec")
    assert box.decrypt(nonce, sealed, beside) == plain
    with pytest.raises(InvalidTag):
        box.decrypt(nonce, sealed, b"other")


def test_a_keyed_hash_of_the_state_is_the_hmac_of_its_hash() -> None:
    secret, said = b"k" * 32, "张".encode()
    inner = sm3(bytes(each ^ 0x36 for each in secret.ljust(64, b"\0")) + said)
    outer = sm3(bytes(each ^ 0x5c for each in secret.ljust(64, b"\0")) + bytes.fromhex(inner))
    made = SM4.mac(secret).copy()
    made.update(said)
    assert made.hexdigest() == outer


def test_a_key_of_another_family_seals_from_then_on_and_the_older_ones_open(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create_keys(path)
    sealed = load_keys(path).seal(b"a", PLACE)
    add_key(path, SM4)
    changed = load_keys(path)
    assert (changed.open(sealed, PLACE), changed.open(changed.seal(b"b", PLACE), PLACE)) == (b"a", b"b")
    assert changed.digest is SM4.digest
    add_key(path)
    assert '"sm4:' in path.read_text().splitlines()[-3], "a key that is added without a word is of the newest family"


def test_a_blind_index_tells_equal_values_of_one_purpose_only(cipher: Cipher) -> None:
    assert cipher.index("张", "a") == cipher.index("张", "a")
    assert len({cipher.index("张", "a"), cipher.index("张", "b"), cipher.index("李", "a")}) == 3


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_key_file_is_private_and_can_be_extended(tmp_path: Path, family: Family) -> None:
    path, data = tmp_path / "keys" / "keys.json", tmp_path / "data"
    create_keys(path, family)
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


def test_a_key_file_whose_group_or_owner_cannot_be_kept_is_changed_whole_or_not_at_all(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, refused = tmp_path / "keys", "group"

    def as_the_system_does(_file: int | Path, user: int, group: int) -> None:
        if (refused == "group" and group >= 0) or refused == "user":
            raise PermissionError(1, "Operation not permitted")

    for name in ("chown", "fchown"):
        monkeypatch.setattr(os, name, as_the_system_does)
    create_keys(path)
    add_key(path)
    older, newest = (key for key, _ in listed(path))
    held = path.open("rb")
    destroy_key(path, older)
    with held:
        assert held.read().strip(b"\0") == b"" and [key for key, _ in listed(path)] == [newest]
    add_key(path)
    refused, before = "user", path.read_bytes()
    for change in (add_key, lambda it: destroy_key(it, newest)):
        with pytest.raises(PermissionError):
            change(path)
        assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["keys"]


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
                                     '{"index": "?", "keys": ["?"]}', '[1]',
                                     '{"index": "", "keys": ["sm4:YQ=="]}', '{"index": "", "keys": ["rot13:YQ=="]}'])
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
