"""What the verbs use to seal and open values at their place `table:column:id`."""

from __future__ import annotations

from typing import Any

from store.encoding import pack, unpack
from store.port import Tx


def seal(tx: Tx, value: Any, place: str) -> bytes:
    """A JSON value, compressed and sealed."""
    return tx.cipher.seal(pack(value), place)


def unseal(tx: Tx, sealed: bytes, place: str) -> Any:
    """The JSON value again; SealBroken if it was not sealed here."""
    return unpack(tx.cipher.open(bytes(sealed), place))


def seal_maybe(tx: Tx, value: Any, place: str) -> bytes | None:
    """`seal`, but None stays None."""
    return None if value is None else seal(tx, value, place)


def unseal_maybe(tx: Tx, sealed: bytes | None, place: str) -> Any:
    """`unseal`, but None stays None."""
    return None if sealed is None else unseal(tx, sealed, place)
