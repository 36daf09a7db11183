"""Sign-ins that are not whole: the password was right, and more is asked. They open nothing, and stand apart from
sessions, so that nothing which reads those can take one for the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.encoding import stamp
from store.people import digest_of
from store.port import Tx
from store.rows import insert, shape
from store.sealing import seal, unseal

_KEPT = ("proved", "renew", "enrol", "how", "pending")


@dataclass(frozen=True, slots=True)
class Half:
    """A half sign-in; the cookie holds `secret`, the store its digest (read back, `secret` is that digest).

    `proved`: the second factor was, `how` says by what. `renew`: another password has to be chosen. `enrol`: a factor
    has to be set up, of the secret `pending`, which was shown here alone."""

    secret: str
    account: str
    until: datetime
    proved: bool = False
    renew: bool = False
    enrol: bool = False
    how: str = "password"
    pending: str = ""


def add(tx: Tx, half: Half) -> None:
    """Store a new half sign-in."""
    digest = digest_of(half.secret)
    insert(tx, "half_sign_ins", {"digest": digest, "account": half.account, "until": stamp(half.until),
                                 "body": _sealed(tx, half, digest)})


def get(tx: Tx, secret: str, now: datetime) -> Half | None:
    """The half sign-in of this secret if it is not over, else None."""
    found = tx.rows("select * from half_sign_ins where digest = :d and until > :now",
                    d=digest_of(secret), now=stamp(now))
    return next((shape(Half, row, secret=row["digest"], **unseal(tx, row["body"], _place(row["digest"])))
                 for row in found), None)


def go_on(tx: Tx, half: Half) -> bool:
    """Store how far one has come that was read; False if it is over."""
    return tx.run("update half_sign_ins set body = :body where digest = :d", d=half.secret,
                  body=_sealed(tx, half, half.secret)) == 1


def end(tx: Tx, half: Half) -> bool:
    """End one that was read; False if somebody did already."""
    return tx.run("delete from half_sign_ins where digest = :d", d=half.secret) == 1


def end_by(tx: Tx, secret: str) -> None:
    """End the one of a secret; no error if there is none."""
    tx.run("delete from half_sign_ins where digest = :d", d=digest_of(secret))


def _sealed(tx: Tx, half: Half, digest: str) -> bytes:
    return seal(tx, {name: getattr(half, name) for name in _KEPT}, _place(digest))


def _place(digest: str) -> str:
    return f"half_sign_ins:body:{digest}"
