"""Seals personal values, bound to table, column and id, and makes blind indexes for look-ups."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence

from cryptography.exceptions import InvalidTag

from store.algorithms import TAG_BYTES, Box, Key
from store.errors import KeysMissing, SealBroken, StoreUnavailable

_ID_BYTES = 4
_NONCE_BYTES = 12
OVERHEAD = _ID_BYTES + _NONCE_BYTES + TAG_BYTES


def key_id(key: Key) -> bytes:
    """The four bytes that stand in front of everything sealed with `key`."""
    return hashlib.sha256(b"yijianshi key id\0" + key.secret).digest()[:_ID_BYTES]


def sealed_by(sealed: bytes) -> str:
    """The id of the key that sealed a value."""
    return sealed[:_ID_BYTES].hex()


class Cipher:
    """Seals with the newest key and opens with all of them, of whichever family each is; `digest` is what the newest
    key's family links chains with.

    Another host may seal with a key that was added to the file since: `again` reads the file once more for a key that
    is not known. A sealed value is key id (4) + nonce (12) + ciphertext and tag. `place` is `table:column:id`: a value
    copied to another row, column or table does not open there. Instances are shared by threads.
    """

    def __init__(self, keys: Sequence[Key], index_key: Key, again: Callable[[], Sequence[Key]] = lambda: (),
                 destroyed: Iterable[str] = ()) -> None:
        """`keys`: the newest last; `index_key`: that of the blind indexes; `destroyed`: ids of keys that are gone."""
        if not keys:
            raise KeysMissing("密钥文件中没有密钥。")
        self._again = again
        self.destroyed = frozenset(destroyed)
        self._boxes: dict[bytes, Box] = {key_id(key): key.family.box(key.secret) for key in keys}
        self.retired = False  # its newest key was destroyed: what it sealed now nobody could ever open
        self._newest, self.digest = key_id(keys[-1]), keys[-1].family.digest
        self._index = index_key.family.mac(index_key.secret)  # what the key alone decides, once

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return self._newest.hex()

    @property
    def ids(self) -> tuple[str, ...]:
        """What tells the keys apart; it says nothing of them."""
        return tuple(id_.hex() for id_ in self._boxes)

    def seal(self, plain: bytes, place: str) -> bytes:
        """`plain` sealed for `place`; StoreUnavailable once the key is destroyed."""
        self._refuse_retired()
        nonce = os.urandom(_NONCE_BYTES)
        return self._newest + nonce + self._boxes[self._newest].encrypt(nonce, plain, place.encode())

    def seal_all(self, values: Sequence[tuple[bytes, str]]) -> list[bytes]:
        """Plain bytes sealed each for its place; the system is asked for randomness once."""
        self._refuse_retired()
        nonces, box = os.urandom(_NONCE_BYTES * len(values)), self._boxes[self._newest]
        drawn = (nonces[first:first + _NONCE_BYTES] for first in range(0, len(nonces), _NONCE_BYTES))
        return [self._newest + nonce + box.encrypt(nonce, plain, place.encode())
                for nonce, (plain, place) in zip(drawn, values, strict=True)]

    def open(self, sealed: bytes, place: str) -> bytes:
        """The plain bytes; SealBroken for a swapped, changed or cut value and for an unknown key."""
        box = self._boxes.get(sealed[:_ID_BYTES]) or self._learnt(sealed[:_ID_BYTES])
        if box is None or len(sealed) < OVERHEAD:
            raise SealBroken(place.rsplit(":", 1)[0])
        nonce = sealed[_ID_BYTES:_ID_BYTES + _NONCE_BYTES]
        try:
            return box.decrypt(nonce, sealed[_ID_BYTES + _NONCE_BYTES:], place.encode())
        except InvalidTag:
            raise SealBroken(place.rsplit(":", 1)[0]) from None

    def _refuse_retired(self) -> None:
        if self.retired:
            raise StoreUnavailable("本机加密用的密钥已经销毁；请换上现在的密钥文件(YJS_KEYS)，重新启动。")

    def _learnt(self, id_: bytes) -> Box | None:
        """The key of that id if it was added since the last look."""
        self._boxes = {**{key_id(key): key.family.box(key.secret) for key in self._again()}, **self._boxes}
        return self._boxes.get(id_)

    def index(self, value: str, purpose: str) -> str:
        """A blind index: equal values of one `purpose` give equal text, which says nothing without the key."""
        begun = self._index.copy()
        begun.update(f"{purpose}\0{value}".encode())
        return begun.hexdigest()
