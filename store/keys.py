"""The key file: made with mode 0600 outside the data folder, extended by rotation, never overwritten in place; a key
that nothing needs any more can be destroyed."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from store.algorithms import AES, FAMILIES, Family, Key
from store.cipher import Cipher, key_id
from store.engine.folder import claimed, make_folder, write_durably
from store.errors import FolderBusy, KeysExposed, KeysInUse, KeysMissing

DESTROYED = "destroyed"  # ids of keys that are gone: a store that was put back to before does not know that they are


def create_keys(path: Path, family: Family = AES) -> None:
    """Make a key file with one sealing key and the index key of a family; refuses to overwrite one."""
    make_folder(path.parent)
    with _alone(path):
        if path.exists():
            raise KeysExposed(
                f"{path} 已存在；不会覆盖密钥，丢失密钥就无法再读出已保存的资料。要轮换请用 flask keys add。")
        _write(path, {"index": _fresh(family, family.index_bytes), "keys": [_fresh(family, family.key_bytes)]})


def add_key(path: Path, family: Family | None = None) -> None:
    """Add a newer sealing key, of the newest one's family or of another; the older ones stay and still open what they
    sealed."""
    _read(path)  # where there is no folder either, it is said so
    path = path.resolve()  # a link stays one, and all who have it have the new key
    with _alone(path):
        content, before = _read(path), path.stat()
        family = family or _key(content["keys"][-1]).family
        _write(path, {**content, "keys": [*content["keys"], _fresh(family, family.key_bytes)]}, before)


def destroy_key(path: Path, which: str) -> None:
    """Take a sealing key out of the file for good, by its id; where it stood is written over. KeysMissing if it is not
    there, KeysInUse if it is the newest one; KeysExposed if the file has another name as well, for another host or a
    copy that is kept would have its bytes taken away."""
    _read(path)
    path = path.resolve()
    with _alone(path):
        content, before = _read(path), path.stat()
        left = [text for text in content["keys"] if key_id(_key(text)).hex() != which]
        if len(left) == len(content["keys"]):
            raise KeysMissing(f"{path} 里没有编号为 {which} 的密钥；请用 flask keys list 查看。")
        if left[-1:] != content["keys"][-1:]:
            raise KeysInUse(f"{which} 是正在用来加密的密钥；请先用 flask keys add 加一个新的。")
        if before.st_nlink > 1:
            raise KeysExposed(f"{path} 还有别的名字（硬链接）；请先删除它们或改成单独的拷贝。没有改动。")
        with path.open("r+b") as old:
            _write(path, {**content, "keys": left, DESTROYED: [*content.get(DESTROYED, ()), which]}, before)
            if _read(path)["keys"] != left:  # nothing is taken away before what is left can be read
                raise KeysMissing(f"{path} 写入以后读不回来；请检查磁盘。旧的内容没有抹去。")
            old.write(b"\0" * before.st_size)
            old.flush()
            os.fsync(old.fileno())


def listed(path: Path) -> list[tuple[str, str]]:
    """The ids of the sealing keys and the names of their families, the newest last."""
    return [(key_id(key).hex(), key.family.name) for key in _keys(_read(path))]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile: of two who add a key at once one would write the other's away, and what
    was sealed with it could never be opened."""
    with claimed(path.with_name(f".{path.name}.change")) as ours:
        if not ours:
            raise FolderBusy("另一个命令正在写密钥文件；请等它结束后重试。")
        yield


def load_keys(path: Path, data: Path | None = None) -> Cipher:
    """The cipher of a key file; KeysExposed if others can read it or it lies inside the data folder `data`."""
    content = _read(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeysExposed(f"{path} 可被其他用户读取；请执行 chmod 600。")
    if data is not None and path.resolve().is_relative_to(data.resolve()):
        raise KeysExposed(f"{path} 位于数据目录之内；请移到数据目录之外，否则备份会带走密钥。")
    return Cipher(_keys(content), _key(content["index"], of_index=True), lambda: _added(path),
                  content.get(DESTROYED, ()))


def _keys(content: dict[str, Any]) -> list[Key]:
    return [_key(text) for text in content["keys"]]


def _added(path: Path) -> list[Key]:
    """The sealing keys that stand in the file now; none if it cannot be read."""
    try:
        return _keys(_read(path))
    except KeysMissing:
        return []


def _fresh(family: Family, size: int) -> str:
    """A key as it is written: base64, with its family in front unless that is `aes`, which needs no name."""
    written = base64.b64encode(os.urandom(size)).decode()
    return written if family is AES else f"{family.name}:{written}"


def _key(text: str, of_index: bool = False) -> Key:
    name, named, written = text.rpartition(":")
    family = FAMILIES.get(name) if named else AES
    if family is None:
        raise KeysMissing(f"密钥文件中有不认识的算法“{name[:20]}”：可以用的是 {'、'.join(FAMILIES)}。")
    try:
        secret = base64.b64decode(written, validate=True)
    except ValueError:
        secret = b""
    if len(secret) != (size := family.index_bytes if of_index else family.key_bytes):
        raise KeysMissing(f"密钥文件内容不完整：{family.name} 的密钥应为 {size} 字节的 Base64。")
    return family.key(secret)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
        _ = content["index"], content["keys"][0]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        raise KeysMissing(f"{path} 不存在、不可读或内容不完整；请检查 YJS_KEYS 指向的文件。") from None
    return dict(content)


def _write(path: Path, content: dict[str, Any], before: os.stat_result | None = None) -> None:
    """Write it, for whoever owned what stood there `before`: root may have called, and the service must read it."""
    write_durably(path, [json.dumps(content, indent=1).encode()], before)
