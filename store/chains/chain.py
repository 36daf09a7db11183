"""The hash chains of events and audit: pure hashing, and the check that finds the first bad entry.

An entry hashes its predecessor, its plain columns and a salted digest of its payload, not the payload itself. So a
payload can be erased with its salt, and the chain still holds: the check says erased, not broken.

Which digest links the next entry is the writer's (`Cipher.digest`). A reader is told of none: what holds by one of
`DIGESTS` holds, so that a chain may change over to another in its middle.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from store.algorithms import DIGESTS, Digest
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


def link(head: Head, plain: Iterable[Any], payload: bytes, by: Digest) -> Entry:
    """The entry that follows `head`, with a salted payload: of that the chain hashes a digest, from which nobody can
    guess back to it without the salt."""
    columns, n, digest = tuple(plain), head.n + 1, by(payload)
    return Entry(n, columns, digest, head.hash, by(linked(head.hash, (head.chain, n, *columns, digest))))


def linked(prev: str, covered: Any) -> bytes:
    """What is hashed of an entry that covers a JSON value and follows the entry hashed `prev`."""
    return b"%b\n%b" % (prev.encode(), written(covered))


def is_digest(said: str, of: bytes) -> bool:
    """Whether `said` is a digest of these bytes, by whichever of the digests that chains may have."""
    return any(by(of) == said for by in DIGESTS)


def fault(head: Head, entry: Entry) -> str | None:
    """What is wrong with `entry` as the follower of `head`, or None."""
    if entry.n != head.n + 1:
        return f"entry {head.n + 1} is missing"
    if entry.prev != head.hash:
        return f"entry {entry.n} does not follow entry {head.n}"
    if not is_digest(entry.hash, linked(head.hash, (head.chain, entry.n, *entry.plain, entry.digest))):
        return f"entry {entry.n} was changed"
    return None
