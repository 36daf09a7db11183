"""The two families of algorithms that a store can be kept with; a key says which one it is for.

`aes`: AES-256-GCM seals values, HMAC-SHA256 makes blind indexes, SHA-256 links chains. `sm4`: SM4-GCM (GB/T 32907),
HMAC-SM3 and SM3 (GB/T 32905), which Chinese authorities must use where 密评 (GB/T 39786) is asked of them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SM3, Hash
from cryptography.hazmat.primitives.hmac import HMAC

TAG_BYTES = 16
Digest = Callable[[bytes], str]


class Box(Protocol):
    """Seals and opens with one key. `encrypt` gives ciphertext and tag; `decrypt` raises `InvalidTag`."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The bytes sealed, bound to the associated data."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The bytes again."""


class Mac(Protocol):
    """A keyed hash that was begun and can be gone on with many times."""

    def copy(self) -> Mac:
        """Where it stands now, to be gone on with by itself."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""

    def hexdigest(self) -> str:
        """What came of it."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family: how long its keys are in bytes (of a blind index: `index_bytes`), and what it seals, indexes and
    links with."""

    name: str
    key_bytes: int
    index_bytes: int
    box: Callable[[bytes], Box]
    mac: Callable[[bytes], Mac]
    digest: Digest

    def key(self, secret: bytes) -> Key:
        """A secret as a key of this family."""
        return Key(self, secret)


@dataclass(frozen=True, slots=True)
class Key:
    """A secret and what it is for. Its text never shows the secret."""

    family: Family
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.family.name})"


class _Sm4Box:
    def __init__(self, secret: bytes) -> None:
        self._key = algorithms.SM4(secret)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        work = Cipher(self._key, modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(associated_data)
        return work.update(data) + work.finalize() + work.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        work = Cipher(self._key, modes.GCM(nonce, data[-TAG_BYTES:])).decryptor()
        work.authenticate_additional_data(associated_data)
        return work.update(data[:-TAG_BYTES]) + work.finalize()


class _Sm3Mac:
    def __init__(self, begun: HMAC) -> None:
        self._begun = begun

    def copy(self) -> _Sm3Mac:
        return _Sm3Mac(self._begun.copy())

    def update(self, data: bytes, /) -> None:
        self._begun.update(data)

    def hexdigest(self) -> str:
        return self._begun.copy().finalize().hex()


def sha256(data: bytes) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sm3(data: bytes) -> str:
    """64 hexadecimal digits. By `cryptography`, for not every Python's `hashlib` has SM3."""
    work = Hash(SM3())
    work.update(data)
    return work.finalize().hex()


AES = Family("aes", 32, 32, AESGCM, partial(hmac.new, digestmod=hashlib.sha256), sha256)
SM4 = Family("sm4", 16, 32, _Sm4Box, lambda secret: _Sm3Mac(HMAC(secret, SM3())), sm3)
FAMILIES = {family.name: family for family in (AES, SM4)}
DIGESTS = tuple(family.digest for family in FAMILIES.values())
