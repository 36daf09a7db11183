"""Local accounts: who may sign in, with which role, and the details sealed beside them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from people.errors import LoginTaken, WeakPassword, WrongLogin
from people.guesses import LOGIN, Guesses, network_of
from people.identity import Role
from people.passwords import Passwords
from store import leaving
from store import people as stored_people
from store.errors import LoginTaken as NotFree
from store.people import Account
from store.port import Database, Tx
from store.visits import numbers

Beside = Callable[[Tx], object]


def nothing(*_: object) -> None:
    """Nothing else is written in the transaction."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made. `password` None: it cannot sign in by password (sample persons, other systems);
    `must_change`: somebody else chose it, so the owner chooses another one at the first sign-in."""

    login: str
    role: Role
    name: str
    department: str | None = None
    password: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    subject: str | None = None
    must_change: bool = False


class Accounts:
    """The local accounts. `database` is called when it is first needed, so that nothing is opened before."""

    def __init__(self, database: Callable[[], Database], guesses: Guesses) -> None:
        self._database = database
        self._guesses = guesses
        self._passwords = Passwords()

    def add(self, new: NewAccount, now: datetime, beside: Callable[[Tx, Account], object] = nothing) -> Account:
        """Make an account, and write what is `beside` it in its transaction; raises `LoginTaken` or `WeakPassword`."""
        stored = self._passwords.make(new.password, new.login) if new.password is not None else None
        account = Account(
            account=new.subject or f"p{secrets.token_hex(8)}", login=new.login, role=new.role, name=new.name,
            department=new.department, password=stored, body=dict(new.details), created_at=now,
            must_change=new.must_change, password_at=now if stored else None)

        def unit(tx: Tx) -> None:
            stored_people.add_account(tx, account)
            beside(tx, account)

        try:
            self._database().write(unit)
        except NotFree as error:
            raise LoginTaken from error
        return account

    def by_password(self, login: str, password: str, address: str, now: datetime) -> Account:
        """The account that `login` and `password` open; raises `WrongLogin` or `TooManyAttempts`.

        Unknown, disabled and wrong look and cost the same.
        """
        network = network_of(address)
        self._guesses.guess_at(LOGIN, login, network, now)
        with self._database().read() as tx:
            account = stored_people.by_login(tx, login)
        fits = self._passwords.fits(account.password if account else None, password)
        if account is None or not fits or account.disabled:
            raise WrongLogin
        self._guesses.known_at(LOGIN, login, network, now)
        return account

    def get(self, subject: str) -> Account | None:
        """The account of `subject`, disabled ones too."""
        with self._database().read() as tx:
            return stored_people.known(tx, subject)

    def by_login(self, login: str) -> Account | None:
        """The account that is called so here, disabled ones too."""
        with self._database().read() as tx:
            return stored_people.by_login(tx, login)

    def details(self, subject: str) -> Mapping[str, Any]:
        """What is known of a person (sealed at rest), empty for nobody."""
        account = self.get(subject)
        return account.body if account else {}

    def give_password(self, account: Account, password: str, now: datetime, beside: Beside = nothing) -> None:
        """Set a password that somebody else chose, which its owner changes at the next sign-in; every session of the
        account ends. Raises `WeakPassword`."""
        stored = self._passwords.make(password, account.login)
        self._end_and(account.account, lambda tx: stored_people.set_password(
            tx, account.account, stored, now, must_change=True), beside)

    def change_password(self, account: Account, password: str, now: datetime, beside: Beside = nothing) -> None:
        """Set the password that the owner chose, another than before; every session of the account ends. Raises
        `WeakPassword`."""
        stored = self._passwords.make(password, account.login)
        if self._passwords.fits(account.password, password):
            raise WeakPassword("新密码和原来的一样；请换一个")
        self._end_and(account.account, lambda tx: stored_people.set_password(
            tx, account.account, stored, now, must_change=False), beside)

    def identify(self, account: Account, details: Mapping[str, Any], beside: Beside = nothing, *,
                 number: str = "") -> None:
        """Store what somebody has made sure of about a person, in place of what was known before. By their own `number`
        a counter finds the account; by none where it is for an organisation."""
        def unit(tx: Tx) -> None:
            stored_people.renew(tx, account, account.name, details)
            numbers.forget(tx, account.account)
            if number:
                numbers.note(tx, account.account, number)
            beside(tx)

        self._database().write(unit)

    def disable(self, subject: str, beside: Beside = nothing) -> None:
        """Close an account: its sessions end, its tokens and its password no longer open anything."""
        self._end_and(subject, lambda tx: stored_people.set_disabled(tx, subject, disabled=True), beside)

    def enable(self, subject: str, beside: Beside = nothing) -> None:
        """Open a closed account again, with its password and the tokens that it had."""
        self._end_and(subject, lambda tx: stored_people.set_disabled(tx, subject, disabled=False), beside)

    def erase(self, subject: str, files_of: datetime, now: datetime, beside: Beside = nothing) -> None:
        """Erase the account of an applicant, however it is signed in to; what cases say stays with them. Uploads that
        were not filed go as if they had come at `files_of`."""
        uploads = leaving.unfiled(self._database(), subject, now)

        def unit(tx: Tx) -> None:
            leaving.erase(tx, subject, uploads, files_of, now)
            beside(tx)

        self._database().write(unit)

    def _end_and(self, subject: str, change: Beside, beside: Beside) -> None:
        """Change an account, end its sessions, and write what is `beside`, in one transaction."""
        def unit(tx: Tx) -> None:
            change(tx)
            stored_people.end_all(tx, subject)
            beside(tx)

        self._database().write(unit)
