"""The account of an identity: made when it first signs in, renewed each time after, never taken from anybody else."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from people.accounts import Beside, nothing
from people.errors import AccountClosed, IdentityTaken, RealNameNeeded, SignInStale
from people.oidc.person import Person, RoleFields, SignedOut, known_of
from people.oidc.ticket import Ticket
from store import identities, people
from store.errors import LoginTaken
from store.identities import Bond
from store.people import Account
from store.port import Database, Tx
from store.visits import numbers


class OidcAccounts:
    """Accounts that the platform opens. `roles` are asked when somebody signs in: they stand in the definitions."""

    def __init__(self, database: Callable[[], Database], roles: Callable[[], Sequence[RoleFields]]) -> None:
        self._database, self._roles = database, roles

    def enter(self, person: Person, ticket: Ticket, now: datetime) -> Account:
        """The account of a person who came back with this ticket, which is used up; `SignInStale` if it was before,
        `AccountClosed`, `RealNameNeeded`."""
        details = known_of(person, self._roles())

        def unit(tx: Tx) -> Account:
            if not identities.spend(tx, ticket.mark, ticket.until):
                raise SignInStale
            bond = identities.bond(tx, person.issuer, person.subject, lock=True)
            account = people.account(tx, bond.account) if bond else None
            if account is not None and account.disabled:
                raise AccountClosed
            if not person.enough and (account is None or account.role == "applicant"):
                raise RealNameNeeded
            if bond is None or account is None:
                return _known_at_a_counter(tx, person, details, now) or _made(tx, person, details, now)
            identities.came(tx, bond, now)
            people.came(tx, account.account, now)
            return _renewed(tx, account, person, details)

        try:
            return self._database().write(unit)
        except LoginTaken:  # two windows came for the first time at one moment, each to a host of its own
            return self._database().write(unit)

    def bind(self, account: Account, identity: tuple[str, str], now: datetime, beside: Beside = nothing) -> None:
        """Let an identity (issuer, subject) open a member of the staff's account, and write what is `beside` it in the
        same transaction; `IdentityTaken`."""
        def unit(tx: Tx) -> None:
            identities.add_bond(tx, Bond(*identity, account=account.account, bound_at=now, seen_at=now))
            beside(tx)

        try:
            self._database().write(unit)
        except LoginTaken as error:
            raise IdentityTaken from error

    def unbind(self, account: str, beside: Beside = nothing) -> int:
        """No identity opens this account any more, and the sessions that came by one end; how many did. What is
        `beside` it is written if any did."""
        def unit(tx: Tx) -> int:
            people.end_all_via(tx, account)
            dropped = identities.drop_bonds(tx, account)
            if dropped:
                beside(tx)
            return dropped

        return self._database().write(unit)

    def leave(self, out: SignedOut, issuer: str) -> None:
        """End what somebody signed out of at the platform: the sessions of that sign-in, and of whoever it names those
        that do not say of which they are; or all that came by the platform. A message that comes twice does nothing
        the second time."""
        def unit(tx: Tx) -> None:
            if not identities.spend(tx, json.dumps(["logout", issuer, out.mark]), out.until):
                return
            bond = identities.bond(tx, issuer, out.subject) if out.subject else None
            if out.sid:
                people.end_via(tx, via(issuer, out.sid))
                if bond is not None:  # an id token need not say of which sign-in it is, though the message does
                    people.end_via(tx, via(issuer, None), bond.account)
            elif bond is not None:
                people.end_all_via(tx, bond.account)

        self._database().write(unit)


def via(issuer: str, sid: str | None) -> str:
    """How a session says by which sign-in at the platform it came."""
    return json.dumps([issuer, sid])


def _known_at_a_counter(tx: Tx, person: Person, details: dict[str, str], now: datetime) -> Account | None:
    """The account that a counter made for this very person, who signs in for the first time, or None. What was filed
    there is theirs: the clerk has seen the paper with the number that the platform says."""
    found = numbers.account_of(tx, _own_number(person)) if _own_number(person) else None
    if found is None or not found.login.startswith(numbers.AT_A_COUNTER) or identities.bonds_of(tx, found.account):
        return None
    identities.add_bond(tx, Bond(person.issuer, person.subject, found.account, now, now))
    people.came(tx, found.account, now)
    return _renewed(tx, found, person, details)


def _own_number(person: Person) -> str:
    """The number of whoever signs in for themself; none where it is for an organisation."""
    return "" if person.organisation else person.citizen_id


def _made(tx: Tx, person: Person, details: dict[str, str], now: datetime) -> Account:
    """A new applicant. The login is nobody's name: what people are called like decides nothing here."""
    name = f"p{secrets.token_hex(8)}"
    account = Account(account=name, login=f"@{name}", role="applicant", name=person.name, created_at=now, body=details)
    people.add_account(tx, account)
    identities.add_bond(tx, Bond(person.issuer, person.subject, name, now, now))
    _note_number(tx, account, person)
    return account


def _note_number(tx: Tx, account: Account, person: Person) -> None:
    """Whose account it is, for a counter to which the person brings the paper."""
    if account.role == "applicant" and (number := _own_number(person)):
        numbers.note(tx, account.account, number)


def _renewed(tx: Tx, account: Account, person: Person, details: dict[str, str]) -> Account:
    """What is newly known of an applicant; a member of the staff is who the operator said."""
    _note_number(tx, account, person)
    if account.role != "applicant" or (account.name, account.body) == (person.name, details):
        return account
    people.renew(tx, account, person.name, details)
    return replace(account, name=person.name, body=details)
