"""When and from where members of the staff signed in last, and how many tries failed since: shown to each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from store.encoding import moment, stamp
from store.port import Tx
from store.rows import insert, upsert_text
from store.sealing import seal, unseal

KEPT = 5


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in: when, from which network, and by what."""

    at: datetime
    network: str
    how: str


@dataclass(frozen=True, slots=True)
class History:
    """The last sign-ins of an account, the latest first, and how many tries failed after that."""

    last: tuple[SignIn, ...] = field(default=())
    wrong: int = 0


def history(tx: Tx, account: str) -> History:
    """The history of an account, empty for one that never came."""
    for row in tx.rows("select wrong, body from sign_ins where account = :a", a=account):
        kept = unseal(tx, row["body"], _place(account))
        return History(tuple(SignIn(moment(at), network, how) for at, network, how in kept), row["wrong"])
    return History()


def note(tx: Tx, account: str, one: SignIn) -> History:
    """Write that somebody signed in; the history as it was before."""
    before = history(tx, account)
    kept = [(stamp(each.at), each.network, each.how) for each in (one, *before.last)][:KEPT]
    tx.run(_PUT, account=account, wrong=0, body=seal(tx, kept, _place(account)))
    return before


def note_wrong(tx: Tx, account: str) -> None:
    """Count a try that failed."""
    insert(tx, "sign_ins", {"account": account, "wrong": 1, "body": seal(tx, [], _place(account))},
           "on conflict (account) do update set wrong = sign_ins.wrong + 1")


_PUT = upsert_text("sign_ins", ("account", "wrong", "body"), ("account",))


def _place(account: str) -> str:
    return f"sign_ins:body:{account}"
