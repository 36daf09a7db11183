"""Visits at a counter: a clerk opens one for a person who came, or sent somebody, and acts for them until it ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from people.identity import Identity
from store import audit
from store import people as stored_people
from store.audit import Entry
from store.people import Account
from store.port import Database, Tx
from store.visits import numbers, visits
from store.visits.visits import PRESSED, Visit

PLACE = "counter"  # in the details of a clerk's account: what the counter is called
UNNAMED = "综合窗口"
SHOWN = 10  # visits that a person finds on their page


@dataclass(frozen=True, slots=True)
class Shown:
    """Who came, as their paper says: name, number (its kind before it), and what is known by it, by field."""

    name: str
    number: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Received:
    """A visit as the person may know of it: when and at which counter, who came and what was looked at, and the name of
    whoever came in the person's place."""

    at: datetime
    counter: str
    said: str
    proxy: str


class Visits:
    """Whom clerks attend to. `idle`: how long a visit may rest."""

    def __init__(self, database: Callable[[], Database], idle: timedelta) -> None:
        self._database, self._idle = database, idle

    def account(self, shown: Shown, now: datetime) -> Account:
        """The account of the person with this number, made if there is none. Its name may be another."""
        def unit(tx: Tx) -> Account:
            found = numbers.account_of(tx, shown.number)
            if found is not None:
                return found
            name = f"p{secrets.token_hex(8)}"
            made = Account(account=name, login=f"{numbers.AT_A_COUNTER}{name}", role="applicant", name=shown.name,
                           created_at=now, body=dict(shown.details))
            stored_people.add_account(tx, made)
            numbers.note(tx, name, shown.number)
            return made

        return self._database().write(unit)

    def open(self, clerk: Identity, secret: str, account: Account, body: Mapping[str, Any], now: datetime) -> Visit:
        """Open a visit in the session of a clerk, for the owner of an account; `body` as in `Visit`, of which the audit
        log says all but names and numbers."""
        with self._database().read() as tx:
            own = stored_people.account(tx, str(clerk.subject))
        visit = Visit(visit=f"JD{secrets.token_hex(8)}", clerk=own.account, subject=account.account, opened_at=now,
                      counter=str(own.body.get(PLACE) or UNNAMED), until=now + self._idle,
                      session=stored_people.digest_of(secret), body=body)

        def unit(tx: Tx) -> None:
            visits.add(tx, visit)
            stored_people.came(tx, account.account, now)
            audit.record(tx, Entry(now, own.account, "visit.open", account.account, {
                "visit": visit.visit, "counter": visit.counter, "reason": _said(body)}))

        self._database().write(unit)
        return visit

    def of_person(self, subject: str, limit: int = SHOWN) -> list[Received]:
        """When, where and how the owner of an account was attended to, the latest first."""
        with self._database().read() as tx:
            return [Received(one.opened_at, one.counter, _said(one.body), (one.body.get("proxy") or {}).get("name", ""))
                    for one in visits.of_person(tx, subject, limit)]

    def end(self, visit: Visit, now: datetime) -> None:
        """End a visit because the clerk says so."""
        def unit(tx: Tx) -> None:
            if visit.session is not None and visits.end_of_session(tx, visit.session, now, PRESSED):
                audit.record(tx, Entry(now, visit.clerk, "visit.end", visit.subject, {"visit": visit.visit}))

        self._database().write(unit)

    def note(self, visit: Visit, act: str, which: str, now: datetime) -> None:
        """Write down that the clerk is about to do something for the person, with `which` case or draft: nothing is
        done that is not in the log, though not all of the log may have been done."""
        entry = Entry(now, visit.clerk, "visit.act", visit.subject, {"visit": visit.visit, "reason": act, "of": which})
        self._database().write(lambda tx: audit.record(tx, entry))


CHECKED: Mapping[str, str] = {"reader": "读卡核对", "seen": "人工核对证件"}
WHY: Mapping[str, str] = {"present": "本人到场", "proxy": "受托人持委托书代办"}


def _said(body: Mapping[str, Any]) -> str:
    return f"{WHY[body['why']]}，{CHECKED[body['checked']]}"
