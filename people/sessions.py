"""Server-side sessions: revocable, ended by idleness and by age; the cookie holds a random secret and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from people.accounts import Beside, nothing
from people.identity import VISITOR, Identity, OpenVisit, role_of
from store import people as stored_people
from store.errors import StoreUnavailable
from store.people import Account, Session
from store.port import Database, Tx
from store.visits import visits


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a session may rest, how long it may live at all, and how long a visit in it may rest."""

    idle: timedelta
    life: timedelta
    visit: timedelta = timedelta(minutes=10)


class Sessions:
    """The sessions of browsers. The account is read at every request, so a changed role or a disabled person counts
    from the next one on."""

    def __init__(self, database: Callable[[], Database], lives: Lives) -> None:
        self._database = database
        self._lives = lives

    def open(self, account: Account, now: datetime, old: str | None = None, via: str | None = None, *,
             beside: Beside = nothing) -> str:
        """Open a session for `account`, end the one called `old`, and return the cookie's secret. `via`: by which
        sign-in at the identity platform the person came. What is `beside` it is written in the same transaction."""
        secret = secrets.token_urlsafe(32)
        session = Session(secret=secret, account=account.account, created_at=now, seen_at=now,
                          expires_at=now + min(self._lives.idle, self._lives.life), via=via)

        def unit(tx: Tx) -> None:
            if old:
                stored_people.end_session(tx, old)
            beside(tx)  # first, for it may end all that were opened before
            stored_people.add_session(tx, session)

        self._database().write(unit)
        return secret

    def identity(self, secret: str, now: datetime, *, active: bool = True) -> Identity:
        """Who holds `secret`; a visitor when it is unknown, ended, too old, or the account is disabled. What is not
        `active`, because a page asks by itself, lets the session go on resting."""
        with self._database().read() as tx:
            session = stored_people.session(tx, secret, now)
            account = stored_people.known(tx, session.account) if session else None
            visit = _visit(tx, account, secret, now)
        if session is None or account is None or account.disabled:
            return VISITOR
        if active and stored_people.needs_seen(session, now):
            end = min(now + self._lives.idle, session.created_at + self._lives.life)
            with suppress(StoreUnavailable):  # while nothing can be written, reading goes on
                self._database().write(lambda tx: stored_people.seen(tx, secret, now, end))
        if active and visit is not None and visit.row.until - now <= self._lives.visit - stored_people.SEEN_EVERY:
            with suppress(StoreUnavailable):
                self._database().write(lambda tx: visits.go_on(tx, visit.id, now + self._lives.visit))
        return Identity(account.account, role_of(account.role), account.department, account.name, "session", visit)

    def end(self, secret: str, now: datetime) -> bool:
        """End one session, with the visit that is open in it; whether it came by the identity platform."""
        def unit(tx: Tx) -> bool:
            found = stored_people.session(tx, secret, now)
            visits.end_of_session(tx, stored_people.digest_of(secret), now, visits.SIGNED_OUT)
            stored_people.end_session(tx, secret)
            return found is not None and found.via is not None

        return self._database().write(unit)


def _visit(tx: Tx, account: Account | None, secret: str, now: datetime) -> OpenVisit | None:
    """The visit that a clerk has open in this session; none once the account that it is for is closed."""
    if account is None or account.role != "counter":
        return None
    found = visits.of_session(tx, stored_people.digest_of(secret), now)
    person = stored_people.known(tx, found.subject) if found else None
    return None if found is None or person is None or person.disabled else OpenVisit(found, person.name)
