"""Accounts, sessions and bearer tokens; secrets are kept as SHA-256 only, names and logins sealed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from store.encoding import stamp
from store.errors import LoginTaken, UnknownAccount
from store.port import Row, Tx
from store.rows import insert, named, one, params, shape
from store.sealing import seal, unseal

TOPIC = "people"  # told after each change of what an account or a token is worth
SEEN_EVERY = timedelta(minutes=1)
_ITS_SIGN_IN = tuple((table, "account") for table in (
    "factors", "recovery_codes", "half_sign_ins", "sign_ins", "known_numbers"))


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account; `password` is a password hash, which stands since `password_at` (None: since before that was
    kept) and is to be changed at the next sign-in if it `must_change`; `body` is whatever else is known of the
    person."""

    account: str
    login: str
    role: str
    name: str
    created_at: datetime
    department: str | None = None
    password: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    disabled: bool = False
    must_change: bool = False
    password_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session on the server; the cookie holds `secret`, the store its digest (read back, `secret` is that digest).
    `via`: how the identity platform calls the sign-in it came by, kept as an index; None for a local one."""

    secret: str
    account: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token of the API; `secret` is given once and kept as its digest, `id` names it for revoking."""

    id: str
    secret: str
    role: str
    subject: str
    created_at: datetime
    expires_at: datetime
    actor: str
    department: str | None = None
    revoked_at: datetime | None = None


def add_account(tx: Tx, account: Account) -> None:
    """Store a new account; LoginTaken."""
    tx.notify(TOPIC)
    place = f"accounts:body:{account.account}"
    made = insert(tx, "accounts", {
        **params(account, "login", "name", "body"), "login": _login(tx, account.login),
        "name": seal(tx, account.name, f"accounts:name:{account.account}"),
        "body": seal(tx, {"login": account.login, "body": account.body}, place),
        "seen_at": stamp(account.created_at) if account.role == "applicant" else None,
    }, "on conflict (login) do nothing")
    if not made:
        raise LoginTaken


def account(tx: Tx, account: str) -> Account:
    """The account of this id; UnknownAccount."""
    return _account(tx, one(tx, UnknownAccount, "select * from accounts where account = :a", a=account))


def known(tx: Tx, account: str) -> Account | None:
    """The account of this id; None where it is gone, or is a program's own name."""
    found = tx.rows("select * from accounts where account = :a", a=account)
    return _account(tx, found[0]) if found else None


def by_login(tx: Tx, login: str) -> Account | None:
    """The account with this login, or None."""
    found = tx.rows("select * from accounts where login = :login", login=_login(tx, login))
    return _account(tx, found[0]) if found else None


def accounts(tx: Tx, role: str) -> list[Account]:
    """All accounts of a role of staff, oldest first."""
    # The second condition is the index's: applicants are not listed.
    found = tx.rows("select * from accounts where role = :role and role <> 'applicant' order by created_at, account",
                    role=role)
    return [_account(tx, row) for row in found]


def set_password(tx: Tx, account: str, password: str, now: datetime, must_change: bool) -> None:
    """Store a new password hash, and whether its owner has to choose another one; UnknownAccount."""
    _change(tx, account, "password = :value, password_at = :now, must_change = :must", password,
            now=stamp(now), must=int(must_change))


def set_disabled(tx: Tx, account: str, disabled: bool) -> None:
    """Close an account or open it again; UnknownAccount."""
    _change(tx, account, "disabled = :value", int(disabled))


def is_closed(tx: Tx, account: str) -> bool:
    """Whether there is such an account and it is closed."""
    return bool(tx.rows("select account from accounts where account = :a and disabled <> 0", a=account))


def closed(tx: Tx, accounts: Iterable[str]) -> set[str]:
    """Those of these accounts that are closed."""
    return {row["account"] for names, each in named(accounts) for row in tx.rows(
        f"select account from accounts where account in ({names}) and disabled <> 0", **each)}


def renew(tx: Tx, account: Account, name: str, body: Mapping[str, Any]) -> None:
    """Store what is newly known of a person; UnknownAccount."""
    place = f"accounts:body:{account.account}"
    _change(tx, account.account, "body = :value", seal(tx, {"login": account.login, "body": body}, place))
    _change(tx, account.account, "name = :value", seal(tx, name, f"accounts:name:{account.account}"))


def came(tx: Tx, account: str, now: datetime) -> None:
    """Note when an applicant last came; one whom nobody sees for long is forgotten (`store/leaving.py`)."""
    tx.run("update accounts set seen_at = :now where account = :a and role = 'applicant'", now=stamp(now), a=account)


def blank(tx: Tx, account: str, now: datetime) -> None:
    """Leave of an account its id alone: it names nobody, opens nothing, and is found by nothing."""
    tx.notify(TOPIC)
    tx.run("update accounts set login = :login, name = :name, body = :body, password = null, password_at = null,"
           " disabled = 1, erased_at = :now, seen_at = '' where account = :a and role = 'applicant'", a=account,
           now=stamp(now), login=_login(tx, secrets.token_hex(16)), name=seal(tx, "", f"accounts:name:{account}"),
           body=seal(tx, {"login": "", "body": {}}, f"accounts:body:{account}"))


def forget(tx: Tx, account: str) -> None:
    """Delete an account that holds nothing any more, with what it chose and showed."""
    tx.notify(TOPIC)
    forget_choices(tx, account)
    tx.run("delete from accounts where account = :a", a=account)


def forget_choices(tx: Tx, account: str) -> None:
    """Forget what somebody chose and showed."""
    for table, owner in (("preferences", "subject"), ("mandate_codes", "agent"), *_ITS_SIGN_IN):
        tx.run(f"delete from {table} where {owner} = :a", a=account)


def add_session(tx: Tx, session: Session) -> None:
    """Store a new session."""
    digest = digest_of(session.secret)
    insert(tx, "sessions", {**params(session, "secret", "data"), "digest": digest, "via": _via(tx, session.via),
                            "body": seal(tx, session.data, f"sessions:body:{digest}")})
    came(tx, session.account, session.created_at)


def session(tx: Tx, secret: str, now: datetime) -> Session | None:
    """The session of this secret if it is not over, else None."""
    found = tx.rows("select * from sessions where digest = :d and expires_at > :now",
                    d=digest_of(secret), now=stamp(now))
    if not found:
        return None
    digest = found[0]["digest"]
    return shape(Session, found[0], secret=digest, data=unseal(tx, found[0]["body"], f"sessions:body:{digest}"))


def needs_seen(session: Session, now: datetime) -> bool:
    """Whether "last seen" is old enough to be written again (at most once a minute)."""
    return now - session.seen_at >= SEEN_EVERY


def seen(tx: Tx, secret: str, now: datetime, expires_at: datetime) -> None:
    """Write "last seen" and the new end of a session."""
    tx.run("update sessions set seen_at = :now, expires_at = :end where digest = :d",
           now=stamp(now), end=stamp(expires_at), d=digest_of(secret))


def end_session(tx: Tx, secret: str) -> None:
    """End a session; no error if there is none."""
    tx.run("delete from sessions where digest = :d", d=digest_of(secret))


def end_all(tx: Tx, account: str) -> int:
    """End every session of an account, and what is half a sign-in of it; how many sessions."""
    tx.run("delete from half_sign_ins where account = :a", a=account)
    return tx.run("delete from sessions where account = :a", a=account)


def end_via(tx: Tx, via: str, account: str | None = None) -> int:
    """End every session that came by this sign-in at the platform, or those of one account; how many."""
    if account is None:
        return tx.run("delete from sessions where via = :via", via=_via(tx, via))
    return tx.run("delete from sessions where via = :via and account = :a", via=_via(tx, via), a=account)


def end_all_via(tx: Tx, account: str) -> int:
    """End every session of an account that came by the platform; how many."""
    return tx.run("delete from sessions where account = :a and via is not null", a=account)


def purge(tx: Tx, now: datetime) -> int:
    """Delete sessions that are over, whole or half, and marks that nobody can use again; how many sessions."""
    tx.run("delete from spent where until <= :now", now=stamp(now))
    tx.run("delete from half_sign_ins where until <= :now", now=stamp(now))
    return tx.run("delete from sessions where expires_at <= :now", now=stamp(now))


def add_token(tx: Tx, token: Token) -> None:
    """Store a new token."""
    insert(tx, "tokens", {**params(token, "secret"), "digest": digest_of(token.secret)})


def token(tx: Tx, secret: str, now: datetime) -> Token | None:
    """The token of this secret if it is neither over nor revoked, else None."""
    found = tx.rows("select * from tokens where digest = :d and expires_at > :now and revoked_at is null",
                    d=digest_of(secret), now=stamp(now))
    return shape(Token, found[0], secret=found[0]["digest"]) if found else None


def tokens(tx: Tx) -> list[Token]:
    """All tokens, oldest first; `secret` is the digest."""
    return [shape(Token, row, secret=row["digest"]) for row in tx.rows("select * from tokens order by created_at, id")]


def revoke_token(tx: Tx, which: str, at: datetime) -> bool:
    """Revoke a token; False if there is none to revoke."""
    tx.notify(TOPIC)
    return tx.run("update tokens set revoked_at = :at where id = :id and revoked_at is null",
                  at=stamp(at), id=which) == 1


def _change(tx: Tx, account: str, change: str, value: Any, **more: Any) -> None:
    tx.notify(TOPIC)
    if not tx.run(f"update accounts set {change} where account = :a", value=value, a=account, **more):
        raise UnknownAccount


def _account(tx: Tx, row: Row) -> Account:
    kept = unseal(tx, row["body"], f"accounts:body:{row['account']}")
    return shape(Account, row, name=unseal(tx, row["name"], f"accounts:name:{row['account']}"), **kept)


def _login(tx: Tx, login: str) -> str:
    return tx.cipher.index(login, "accounts:login")


def _via(tx: Tx, via: str | None) -> str | None:
    return None if via is None else tx.cipher.index(via, "sessions:via")


def digest_of(secret: str) -> str:
    """Under which a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()
