"""The hash chains of events and audit: pure hashing, and the check that finds the first bad entry.

An entry hashes its predecessor, its plain columns and a salted digest of its payload, not the payload itself. So a
payload can be erased with its salt, and the chain still holds: the check says erased, not broken.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from store.encoding import pack, unpack, written

GENESIS = "0" * 64
AUDIT = "@audit"
_SALT = 16


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain: its number and its hash."""

    chain: str
    n: int
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is linked: `plain` are the columns the hash covers beside chain, number and digest."""

    n: int
    plain: tuple[Any, ...]
    digest: str
    prev: str
    hash: str


def salted(payload: Any) -> bytes:
    """The payload with a random salt in front, ready to be sealed; erasing it erases the salt too."""
    return secrets.token_bytes(_SALT) + pack(payload)


def salts(count: int) -> Iterator[bytes]:
    """So many salts, to stand in front of packed payloads; the system is asked for all of them at once."""
    drawn = secrets.token_bytes(_SALT * count)
    return (drawn[first:first + _SALT] for first in range(0, len(drawn), _SALT))


def payload_of(salted_payload: bytes) -> Any:
    """The payload again."""
    return unpack(salted_payload[_SALT:])


def digest_of(salted_payload: bytes) -> str:
    """What the chain hashes of a payload; without the salt nobody can guess back to it."""
    return hashlib.sha256(salted_payload).hexdigest()


def link(head: Head, plain: Iterable[Any], digest: str) -> Entry:
    """The entry that follows `head`."""
    columns, n = tuple(plain), head.n + 1
    return Entry(n, columns, digest, head.hash, hash_of(head.hash, [head.chain, n, *columns, digest]))


def hash_of(prev: str, covered: Any) -> str:
    """The hash of an entry that covers a JSON value and follows the entry hashed `prev`."""
    return hashlib.sha256(b"%b\n%b" % (prev.encode(), written(covered))).hexdigest()


def fault(head: Head, entry: Entry) -> str | None:
    """What is wrong with `entry` as the follower of `head`, or None."""
    if entry.n != head.n + 1:
        return f"entry {head.n + 1} is missing"
    if entry.prev != head.hash:
        return f"entry {entry.n} does not follow entry {head.n}"
    if link(head, entry.plain, entry.digest).hash != entry.hash:
        return f"entry {entry.n} was changed"
    return None
