"""Bearer tokens for programs: random, stored as digests, expiring, revocable, for one role and one department."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from people.errors import UnknownToken
from people.identity import Identity, Role, role_of
from store import people as rows
from store.errors import UnknownAccount
from store.people import Account, Token
from store.port import Database, Tx

PREFIX = "yjs_"
USUAL_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: a role, for whom, and for an officer the department it is bound to."""

    role: Role
    subject: str
    department: str | None = None
    by: str = "operator"
    life: timedelta = USUAL_LIFE


class Tokens:
    """The bearer tokens of this deployment."""

    def __init__(self, database: Callable[[], Database]) -> None:
        self._database = database

    def issue(self, grant: Grant, now: datetime) -> str:
        """Make a token and return its secret, which is shown once and cannot be read again."""
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(id=secrets.token_hex(6), secret=secret, role=grant.role, subject=grant.subject, created_at=now,
                      expires_at=now + grant.life, actor=grant.by, department=grant.department)
        self._database().write(lambda tx: rows.add_token(tx, token))
        return secret

    def identity(self, secret: str, now: datetime) -> Identity:
        """Who holds `secret`; raises `UnknownToken` when it is unknown, revoked, expired or its person is disabled."""
        with self._database().read() as tx:
            token = rows.token(tx, secret, now) if secret.startswith(PREFIX) else None
            account = _account(tx, token.subject) if token else None
        if token is None or (account is not None and account.disabled):
            raise UnknownToken
        return Identity(token.subject, role_of(token.role), token.department, account.name if account else "", "bearer")

    def revoke(self, token_id: str, now: datetime) -> bool:
        """Make a token worthless from now on; False if there is none to revoke."""
        return self._database().write(lambda tx: rows.revoke_token(tx, token_id, now))

    def all(self) -> list[Token]:
        """Every token, oldest first, without secrets."""
        with self._database().read() as tx:
            return rows.tokens(tx)


def _account(tx: Tx, subject: str) -> Account | None:
    """The account of a subject, or None for one that has none (a program's own subject)."""
    try:
        return rows.account(tx, subject)
    except UnknownAccount:
        return None
