"""The second factor of the staff: codes of an authenticator app, or one of ten recovery codes, each taken once."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from people import totp
from people.accounts import Beside, nothing
from people.errors import HalfSignInOver, WrongCode
from people.guesses import Guarded, Guesses, Limit, network_of
from store import failpoints
from store import people as stored_people
from store.port import Database, Tx
from store.sign_in import factors, half_sign_ins
from store.sign_in.factors import Factor
from store.sign_in.half_sign_ins import Half

# Who guesses here knows the password already, so the many networks that may guess together are few.
FACTOR = Guarded("factor", here=Limit(5, timedelta(minutes=15)), anywhere=Limit(20, timedelta(hours=1)),
                 any_name=Limit(50, timedelta(hours=1)))
RECOVERY_CODES, RECOVERY_DIGITS = 10, 16
Proof = Literal["code", "recovery"]


@dataclass(frozen=True, slots=True)
class Has:
    """What an account has: a factor since a time (None: it has none), and so many recovery codes."""

    since: datetime | None
    codes: int


class Factors:
    """The second factors there are."""

    def __init__(self, database: Callable[[], Database], guesses: Guesses) -> None:
        self._database, self._guesses = database, guesses

    def of(self, subject: str) -> Has:
        """What an account has."""
        with self._database().read() as tx:
            found = factors.factor(tx, subject)
            return Has(found.since if found else None, factors.codes_left(tx, subject))

    def prove(self, subject: str, said: str, address: str, now: datetime,
              beside: Callable[[Tx, Proof], object] = nothing) -> Proof:
        """Take a code of the app or a recovery code, and write what is `beside` it; by which it was. `WrongCode`, also
        for one that was taken before, or `TooManyAttempts`."""
        network = network_of(address)
        self._guesses.guess_at(FACTOR, subject, network, now)

        def unit(tx: Tx) -> Proof:
            found = _taken(tx, subject, digits(said), now)
            beside(tx, found)
            return found

        proof = self._database().write(unit)
        failpoints.reach("factor.after_commit")
        self._guesses.known_at(FACTOR, subject, network, now)
        return proof

    def renew_codes(self, subject: str, beside: Beside = nothing) -> Sequence[str]:
        """Ten new recovery codes instead of those that an account has, shown once."""
        codes = new_codes()

        def unit(tx: Tx) -> None:
            factors.put_codes(tx, subject, codes)
            beside(tx)

        self._database().write(unit)
        return codes

    def reset(self, subject: str, beside: Beside = nothing) -> bool:
        """The account has no factor any more, and nobody is signed in who proved it; whether it had one."""
        def unit(tx: Tx) -> bool:
            had = factors.drop_factor(tx, subject)
            if had:
                stored_people.end_all(tx, subject)
                beside(tx)
            return had

        return self._database().write(unit)


def enrol(tx: Tx, half: Half, said: str, codes: Sequence[str], now: datetime) -> None:
    """Give the account of a half sign-in the factor that was shown there, once a code proves that the app has it, and
    these recovery codes. One that it has is replaced only where it was proved; what was opened without the new one
    ends. `WrongCode`, `HalfSignInOver`."""
    step = totp.step_of(half.pending, digits(said), now)
    if step is None:
        raise WrongCode
    if not half_sign_ins.end(tx, half):
        raise HalfSignInOver
    if half.proved:
        factors.drop_factor(tx, half.account)
    if not factors.add_factor(tx, Factor(half.account, half.pending, now, step)):
        raise HalfSignInOver
    factors.put_codes(tx, half.account, codes)
    stored_people.end_all(tx, half.account)


def new_codes() -> Sequence[str]:
    """Ten recovery codes: digits alone, which every telephone's keys have."""
    return [f"{secrets.randbelow(10 ** RECOVERY_DIGITS):0{RECOVERY_DIGITS}d}" for _ in range(RECOVERY_CODES)]


def digits(said: str) -> str:
    """The digits of a code, however they were grouped and typed."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", said))


def _taken(tx: Tx, subject: str, code: str, now: datetime) -> Proof:
    if len(code) == RECOVERY_DIGITS and factors.take_code(tx, subject, code):
        return "recovery"
    found = factors.factor(tx, subject)
    step = totp.step_of(found.secret, code, now) if found else None
    if step is None or not factors.take_step(tx, subject, step):
        raise WrongCode
    return "code"
