"""Whether the keys in force are those that the store was written with; asked whenever it is opened.

With another key file a portal would begin, call itself ready, and seal new cases so that no one key file opens all.
What was destroyed may be missing, and must not be sealed with again, from whichever old copy of the file.
"""

from __future__ import annotations

import logging
from datetime import datetime

from store import audit, marks
from store.cipher import Cipher
from store.encoding import moment
from store.errors import KeysDiffer, SealBroken, StorageFull
from store.marks import Mark
from store.port import Database, Tx
from store.sealing import unseal

LOG = logging.getLogger(__name__)
NAME, DESTROYED = "keys", "keys_destroyed"
RESEALED = "resealed"  # since when nothing is sealed by another key than the one it names
_PURPOSE = "store.keys"
_SEALS = "seals_with:"


def refuse_other_keys(database: Database) -> None:
    """KeysDiffer unless the keys open what is here: those that were in force before must all be there still, but for
    those that were destroyed. The key file knows of these, too, for a store that was put back to before; it needs them
    unless everything was sealed anew by then."""
    cipher = database.cipher
    with database.read() as tx:
        known, lost, resealed = marks.get(tx, NAME), destroyed(tx), marks.get(tx, RESEALED)
        if known is None:
            _try(tx)
            return
    index, *ids = known.value.split()
    if cipher.newest in lost:
        raise KeysDiffer("密钥文件是旧的：其中最新的密钥已经销毁；请换上现在的密钥文件(YJS_KEYS)。")
    missing = set(ids) - lost - set(cipher.ids)
    if index == _proof(cipher) and missing and missing <= cipher.destroyed:
        if resealed is None or resealed.value not in cipher.ids:
            raise KeysDiffer(f"这些数据是换用新密钥以前的，要用的密钥 {'、'.join(sorted(missing))} 已经销毁，"
                             "不能再读出；请用换了密钥以后的备份。")
        return
    if index != _proof(cipher) or missing:
        raise KeysDiffer("密钥文件不是写入这些数据时用的那一个，或少了其中的密钥；请检查 YJS_KEYS，换回原来的文件。")


def note_keys(database: Database, now: datetime) -> None:
    """Write down which keys are in force, so that a later start can tell; nothing is told of the keys themselves. Where
    they are the same as before, a full disk keeps nobody out: who cannot write seals nothing."""
    refuse_other_keys(database)
    cipher = database.cipher

    def said(tx: Tx) -> str:
        return " ".join((_proof(cipher), *sorted(set(cipher.ids) - destroyed(tx) - cipher.destroyed)))

    def unit(tx: Tx) -> None:
        for key in sorted(cipher.destroyed):
            give_up(tx, key, now)
        marks.put(tx, NAME, said(tx), now)

    with database.read() as tx:
        known = marks.get(tx, NAME)
        noted = known is not None and known.value == said(tx) and cipher.destroyed <= destroyed(tx)
    if not noted:
        database.write(unit)
    try:
        database.write(lambda tx: seals(tx, now))
    except StorageFull:
        LOG.warning("the disk is full: it is not noted yet which key this process seals with")


def seals(tx: Tx, now: datetime) -> bool:
    """Note that a process seals with its newest key just now; False, and nothing, once that key is destroyed."""
    if gone(tx):
        return False
    marks.put_later(tx, _SEALS + tx.cipher.newest, now)
    return True


def gone(tx: Tx) -> bool:
    """Whether the key that a process seals with was destroyed."""
    return tx.cipher.newest in destroyed(tx)


def sealed_last(tx: Tx, key: str) -> datetime | None:
    """When a process said last that it seals with a key; None if none ever did."""
    found: Mark | None = marks.get(tx, _SEALS + key)
    return found.at if found else None


def others_sealed_last(tx: Tx) -> datetime | None:
    """The same of all keys but the newest one that is here."""
    found = tx.rows("select max(at) as at from marks where name like :any and name <> :own",
                    any=f"{_SEALS}%", own=_SEALS + tx.cipher.newest)
    return moment(found[0]["at"]) if found[0]["at"] else None


def destroyed(tx: Tx) -> set[str]:
    """The ids of the keys that were destroyed."""
    found = marks.get(tx, DESTROYED)
    return set(found.value.split()) if found else set()


def given_up(tx: Tx, key: str) -> datetime | None:
    """Since when the store does without a key; None if it does not."""
    known = marks.get(tx, DESTROYED)
    return known.at if known is not None and key in known.value.split() else None


def give_up(tx: Tx, key: str, now: datetime) -> datetime:
    """From now on the store does without a key; since when, if it was given up before (and not by a clock that was
    ahead)."""
    since = given_up(tx, key)
    if since is not None and since <= now:
        return since
    marks.put(tx, DESTROYED, " ".join(sorted(destroyed(tx) | {key})), now)
    return now


def _proof(cipher: Cipher) -> str:
    return cipher.index(NAME, _PURPOSE)


def _try(tx: Tx) -> None:
    """Open something of a store that says nothing of its keys: one that is older, or came out of a copy."""
    try:
        audit.entries(tx, audit.head(tx).n - 1)
        for row in tx.rows("select account, name from accounts order by account limit 1"):
            unseal(tx, row["name"], f"accounts:name:{row['account']}")
        for row in tx.rows("select file, name from files order by file limit 1"):
            unseal(tx, row["name"], f"files:name:{row['file']}")
    except SealBroken:
        raise KeysDiffer("现在的密钥打不开已保存的数据；请检查 YJS_KEYS，换回写入这些数据时用的密钥文件。") from None
