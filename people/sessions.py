"""Server-side sessions: revocable, ended by idleness and by age; the cookie holds a random secret and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.people import Account, Session

from people.identity import VISITOR, Identity, role_of
from store import people as rows
from store.port import Database

SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a session may rest, and how long it may live at all."""

    idle: timedelta
    life: timedelta


class Sessions:
    """The sessions of browsers. The account is read at every request, so a changed role or a disabled person counts
    from the next one on."""

    def __init__(self, database: Callable[[], Database], lives: Lives) -> None:
        self._database = database
        self._lives = lives

    def open(self, account: Account, now: datetime, old: str | None = None) -> str:
        """Open a session for `account`, end the one called `old`, and return the cookie's secret."""
        secret = secrets.token_urlsafe(32)
        session = Session(secret=secret, account=account.account, created_at=now, seen_at=now,
                          expires_at=now + self._lives.life, data={})

        def unit(tx: object) -> None:
            if old:
                rows.end_session(tx, old)
            rows.add_session(tx, session)

        self._database().write(unit)
        return secret

    def identity(self, secret: str, now: datetime) -> Identity:
        """Who holds `secret`; a visitor when it is unknown, ended, too old, or the account is disabled."""
        with self._database().read() as tx:
            session = rows.session(tx, secret, now)
            account = rows.by_id(tx, session.account) if session else None
        if session is None or account is None or account.disabled or session.seen_at + self._lives.idle <= now:
            return VISITOR
        if session.seen_at + SEEN_EVERY <= now:
            self._database().write(lambda tx: rows.seen(tx, secret, now))
        return Identity(account.account, role_of(account.role), account.department, account.name, "session")

    def end(self, secret: str) -> None:
        """End one session."""
        self._database().write(lambda tx: rows.end_session(tx, secret))

    def end_all(self, subject: str) -> None:
        """End every session of a person."""
        self._database().write(lambda tx: rows.end_all(tx, subject))
