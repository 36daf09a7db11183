"""Identities of the city's platform and the accounts they open; marks of what may be used once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from store.encoding import stamp
from store.errors import LoginTaken
from store.port import Row, Tx
from store.rows import insert, shape
from store.sealing import seal, unseal


@dataclass(frozen=True, slots=True)
class Bond:
    """Which account an identity opens: who says so (`issuer`), how it calls the person there (`subject`), since when,
    and when the person last came (at first: when it was bound)."""

    issuer: str
    subject: str
    account: str
    bound_at: datetime
    seen_at: datetime


def add_bond(tx: Tx, bond: Bond) -> None:
    """Store that an identity opens an account; LoginTaken if it opens one already."""
    key = _key(tx, bond.issuer, bond.subject)
    made = insert(tx, "identities", {
        "identity": key, "account": bond.account, "bound_at": stamp(bond.bound_at), "seen_at": stamp(bond.seen_at),
        "body": seal(tx, {"issuer": bond.issuer, "subject": bond.subject}, f"identities:body:{key}"),
    }, "on conflict (identity) do nothing")
    if not made:
        raise LoginTaken


def bond(tx: Tx, issuer: str, subject: str, lock: bool = False) -> Bond | None:
    """The bond of an identity, or None; held until this transaction ends where it is to `lock`."""
    found = tx.rows("select * from identities where identity = :key" + (" {lock}" if lock else ""),
                    key=_key(tx, issuer, subject))
    return _bond(tx, found[0]) if found else None


def bonds_of(tx: Tx, account: str) -> list[Bond]:
    """The identities that open an account, the oldest first."""
    found = tx.rows("select * from identities where account = :a order by bound_at, identity", a=account)
    return [_bond(tx, row) for row in found]


def came(tx: Tx, bond: Bond, now: datetime) -> None:
    """Write when the person of an identity last signed in."""
    tx.run("update identities set seen_at = :now where identity = :key",
           now=stamp(now), key=_key(tx, bond.issuer, bond.subject))


def drop_bonds(tx: Tx, account: str) -> int:
    """No identity opens this account any more; how many did."""
    return tx.run("delete from identities where account = :a", a=account)


def spend(tx: Tx, mark: str, until: datetime) -> bool:
    """Use up something that counts once, which is remembered until a moment; False if it was used before."""
    made = insert(tx, "spent", {"mark": tx.cipher.index(mark, "spent:mark"), "until": stamp(until)},
                  "on conflict (mark) do nothing")
    return bool(made)


def _bond(tx: Tx, row: Row) -> Bond:
    return shape(Bond, row, **unseal(tx, row["body"], f"identities:body:{row['identity']}"))


def _key(tx: Tx, issuer: str, subject: str) -> str:
    """Under which an identity is found. As JSON, so that no two pairs write the same text."""
    return tx.cipher.index(json.dumps([issuer, subject]), "identities:identity")
