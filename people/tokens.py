"""Bearer tokens for programs: random, stored as digests, expiring, revocable, for one role and one department."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from people.accounts import Beside, nothing
from people.errors import UnknownToken
from people.identity import Identity, Role, role_of
from store import people as stored_people
from store.people import Token
from store.port import Database, Tx

PREFIX = "yjs_"
MOST_KNOWN = 10_000
USUAL_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: a role, for whom, and for an officer the department it is bound to."""

    role: Role
    subject: str
    department: str | None = None
    by: str = "operator"
    life: timedelta = USUAL_LIFE


@dataclass(frozen=True, slots=True)
class _Held:
    """Who holds a token, and until when."""

    identity: Identity
    until: datetime


class Tokens:
    """The bearer tokens of this deployment. `alone`: no other process changes them, so who holds one is remembered
    until something of the people changes."""

    def __init__(self, database: Callable[[], Database], alone: bool = False) -> None:
        self._database, self._alone = database, alone
        self._known: dict[str, _Held] = {}
        self._changes = -1  # not listening yet
        self._guard = threading.Lock()

    def issue(self, grant: Grant, now: datetime, beside: Beside = nothing) -> str:
        """Make a token and return its secret, which is shown once and cannot be read again; what is `beside` it is
        written in the same transaction."""
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(id=secrets.token_hex(6), secret=secret, role=grant.role, subject=grant.subject, created_at=now,
                      expires_at=now + grant.life, actor=grant.by, department=grant.department)

        def unit(tx: Tx) -> None:
            stored_people.add_token(tx, token)
            beside(tx)

        self._database().write(unit)
        return secret

    def identity(self, secret: str, now: datetime) -> Identity:
        """Who holds `secret`; raises `UnknownToken` when it is unknown, revoked, expired or its person is disabled."""
        found = self._known.get(stored_people.digest_of(secret)) if self._known else None
        if found is None or found.until <= now:
            found = self._remembered(secret, now) if self._alone else self._looked_up(secret, now)
        return found.identity

    def _remembered(self, secret: str, now: datetime) -> _Held:
        """Look it up and keep it, unless something changed while it was looked up."""
        with self._guard:
            if self._changes < 0:
                self._changes = 0
                self._database().listen(self._told)
            changes = self._changes
        found = self._looked_up(secret, now)
        with self._guard:
            if changes == self._changes and len(self._known) < MOST_KNOWN:
                self._known[stored_people.digest_of(secret)] = found
        return found

    def _told(self, topic: str) -> None:
        if topic == stored_people.TOPIC:
            with self._guard:
                self._changes += 1
                self._known = {}

    def _looked_up(self, secret: str, now: datetime) -> _Held:
        with self._database().read() as tx:
            token = stored_people.token(tx, secret, now) if secret.startswith(PREFIX) else None
            account = stored_people.known(tx, token.subject) if token else None
        if token is None or (account is not None and account.disabled):
            raise UnknownToken
        name = account.name if account else ""
        return _Held(Identity(token.subject, role_of(token.role), token.department, name, "bearer"), token.expires_at)
