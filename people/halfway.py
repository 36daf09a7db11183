"""Half sign-ins: the password was right, and what else is asked before a session opens, one step after the other."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from people import totp
from people.errors import HalfSignInOver
from people.factors import Proof
from people.password_rules import fault
from store import people as stored_people
from store.people import Account
from store.port import Database, Tx
from store.sign_in import factors, half_sign_ins
from store.sign_in.half_sign_ins import Half

Step = Literal["code", "new_password", "factor"]
LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Asks:
    """What a deployment asks for beside a password: a second `factor` of every member of the staff, and another
    password after so many `days` (0: never)."""

    factor: bool
    days: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A half sign-in that is not over, whose it is, and what comes next (None: nothing, it may open a session)."""

    half: Half
    account: Account
    step: Step | None


class Halfway:
    """The half sign-ins there are."""

    def __init__(self, database: Callable[[], Database], asks: Asks) -> None:
        self._database, self._asks = database, asks

    def begin(self, account: Account, password: str, now: datetime) -> str | None:
        """The secret of a half sign-in, if more is asked of an account than the password that was right; else None."""
        with self._database().read() as tx:
            has = factors.factor(tx, account.account) is not None
        half = _new(account, now, renew=self._is_over(account, password, now),
                    enrol=self.asks_of(account) and not has)
        if next_step(half, has) is None:
            return None
        self._database().write(lambda tx: half_sign_ins.add(tx, half))
        return half.secret

    def asks_of(self, account: Account) -> bool:
        """Whether an account must have a second factor."""
        return self._asks.factor and account.role != "applicant"

    def begin_enrolling(self, account: Account, now: datetime) -> str:
        """The secret of a half sign-in that sets up a factor, for somebody who has just proved to be the owner."""
        half = _new(account, now, proved=True, enrol=True)
        self._database().write(lambda tx: half_sign_ins.add(tx, half))
        return half.secret

    def found(self, secret: str, now: datetime) -> Standing | None:
        """Where the half sign-in of a secret stands; None if there is none any more."""
        with self._database().read() as tx:
            half = half_sign_ins.get(tx, secret, now)
            account = stored_people.known(tx, half.account) if half else None
            has = half is not None and factors.factor(tx, half.account) is not None
        if half is None or account is None or account.disabled:
            return None
        return Standing(half, account, next_step(half, has))

    def end(self, secret: str) -> None:
        """End a half sign-in; no error if there is none."""
        self._database().write(lambda tx: half_sign_ins.end_by(tx, secret))

    def _is_over(self, account: Account, password: str, now: datetime) -> bool:
        """Whether a password has to be changed: somebody else chose it, it is too easy by the rules of today, or it has
        stood too long."""
        life, since = timedelta(days=self._asks.days), account.password_at or account.created_at
        return account.must_change or bool(fault(password, account.login)) or bool(life and since + life <= now)


def next_step(half: Half, has: bool) -> Step | None:
    """What a half sign-in asks for next, where its account `has` a factor or not. Nobody changes anything before the
    factor that there is was proved."""
    if has and not half.proved:
        return "code"
    if half.renew:
        return "new_password"
    return "factor" if half.enrol else None


def proved(tx: Tx, half: Half, how: Proof) -> None:
    """The factor was proved, by a code of the app or a recovery code; `HalfSignInOver`."""
    if not half_sign_ins.go_on(tx, replace(half, proved=True, how=how)):
        raise HalfSignInOver


def renewed(tx: Tx, half: Half, secret: str) -> None:
    """A new password was chosen, which ended this half sign-in with all others of the account: it goes on under a new
    secret."""
    half_sign_ins.add(tx, replace(half, secret=secret, renew=False))


def end(tx: Tx, half: Half) -> None:
    """It is whole; `HalfSignInOver` if it was before, or was ended meanwhile."""
    if not half_sign_ins.end(tx, half):
        raise HalfSignInOver


def new_secret() -> str:
    """What a cookie holds."""
    return secrets.token_urlsafe(32)


def _new(account: Account, now: datetime, *, renew: bool = False, enrol: bool = False, proved: bool = False) -> Half:
    return Half(new_secret(), account.account, now + LIFE, proved=proved, renew=renew, enrol=enrol,
                pending=totp.new_secret() if enrol else "")
