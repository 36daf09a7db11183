"""Second factors of the staff: a secret shared with an authenticator app, and recovery codes that count once each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from store.encoding import moment, stamp
from store.port import Tx
from store.rows import insert
from store.sealing import seal, unseal


@dataclass(frozen=True, slots=True)
class Factor:
    """What an account shares with its owner's app since a time; `step` is that of the last code which was taken."""

    account: str
    secret: str
    since: datetime
    step: int


def factor(tx: Tx, account: str) -> Factor | None:
    """The factor of an account, or None."""
    return next((Factor(account, unseal(tx, row["body"], _place(account)), moment(row["since"]), row["step"])
                 for row in tx.rows("select * from factors where account = :a", a=account)), None)


def add_factor(tx: Tx, factor: Factor) -> bool:
    """Store a factor; False, and nothing, if the account has one."""
    return bool(insert(tx, "factors", {
        "account": factor.account, "since": stamp(factor.since), "step": factor.step,
        "body": seal(tx, factor.secret, _place(factor.account))}, "on conflict (account) do nothing"))


def take_step(tx: Tx, account: str, step: int) -> bool:
    """Take the code of a step, and with it all before; False if it, or a later one, was taken already."""
    return tx.run("update factors set step = :step where account = :a and step < :step", step=step, a=account) == 1


def drop_factor(tx: Tx, account: str) -> bool:
    """The account has neither factor nor recovery codes any more; whether it had."""
    tx.run("delete from recovery_codes where account = :a", a=account)
    return tx.run("delete from factors where account = :a", a=account) == 1


def put_codes(tx: Tx, account: str, codes: Iterable[str]) -> None:
    """These are the recovery codes of an account; those that it had are worthless."""
    tx.run("delete from recovery_codes where account = :a", a=account)
    for code in codes:
        insert(tx, "recovery_codes", {"account": account, "code": _digest(tx, account, code)})


def take_code(tx: Tx, account: str, code: str) -> bool:
    """Use up a recovery code; False if the account has none like it."""
    return tx.run("delete from recovery_codes where account = :a and code = :code", a=account,
                  code=_digest(tx, account, code)) == 1


def codes_left(tx: Tx, account: str) -> int:
    """How many recovery codes an account has left."""
    return int(tx.rows("select count(*) as n from recovery_codes where account = :a", a=account)[0]["n"])


def _place(account: str) -> str:
    return f"factors:body:{account}"


def _digest(tx: Tx, account: str, code: str) -> str:
    """Under which a code is kept: keyed, so that nobody who has the store alone can try them all."""
    return tx.cipher.index(f"{account}:{code}", "recovery_codes:code")
