"""Visits: a clerk at a counter acts for one person who is present, from when it is opened until it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from store.encoding import stamp
from store.errors import UnknownVisit
from store.port import Row, Tx
from store.rows import insert, one, params, shape
from store.sealing import seal, unseal

KEPT = timedelta(days=366)  # for whom the counter acted is answered for so long, and as long as a case tells of it
PRESSED, SIGNED_OUT, IDLE, NEXT = "pressed", "signed_out", "idle", "next"  # how a visit ended


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit: the clerk's account, what the counter is called, and for whose account (`subject`) the clerk acts until
    `until`, which moves on with every act. `session` is the digest of the clerk's session while it is open. `body` has
    the kind of `paper` that was looked at and how it was `checked`, `why`, and of somebody who came in the person's
    place `proxy` (name, number) and `mandate` (the file of the paper). What the person is called the account says
    alone."""

    visit: str
    clerk: str
    counter: str
    subject: str
    opened_at: datetime
    until: datetime
    body: Mapping[str, Any]
    session: str | None = None
    ended_at: datetime | None = None
    how: str | None = None


def add(tx: Tx, visit: Visit) -> None:
    """Store a visit that begins; whatever the clerk's session had open before has ended."""
    assert visit.session is not None
    end_of_session(tx, visit.session, visit.opened_at, NEXT)
    insert(tx, "visits", {**params(visit, "body"), "body": seal(tx, visit.body, _place(visit.visit))})


def of_session(tx: Tx, session: str, now: datetime) -> Visit | None:
    """The visit that a session has open, or None."""
    found = tx.rows("select * from visits where session = :session and until > :now", session=session, now=stamp(now))
    return _opened(tx, found[0]) if found else None


def get(tx: Tx, visit: str) -> Visit:
    """The visit; UnknownVisit."""
    return _opened(tx, one(tx, UnknownVisit, "select * from visits where visit = :visit", visit=visit))


def of_person(tx: Tx, subject: str, limit: int) -> list[Visit]:
    """The visits that were opened for a person, the latest first."""
    return [_opened(tx, row) for row in tx.rows(
        "select * from visits where subject = :subject order by opened_at desc limit :limit", subject=subject,
        limit=limit)]


def hold(tx: Tx, visit: str, now: datetime) -> bool:
    """Whether a visit is open, which it stays until this transaction has ended."""
    return bool(tx.rows("select visit from visits where visit = :visit and session is not null and until > :now {lock}",
                        visit=visit, now=stamp(now)))


def go_on(tx: Tx, visit: str, until: datetime) -> None:
    """A visit that is open goes on until a later moment."""
    tx.run("update visits set until = :until where visit = :visit and session is not null", visit=visit,
           until=stamp(until))


def end_of_session(tx: Tx, session: str, now: datetime, how: str) -> bool:
    """End the visit that a session has open; whether there was one. One that ran out before ended then."""
    ran_out = tx.run("update visits set session = null, ended_at = until, how = :how where session = :session"
                     " and until <= :now", session=session, now=stamp(now), how=IDLE)
    ended = tx.run("update visits set session = null, ended_at = :now, how = :how where session = :session",
                   session=session, now=stamp(now), how=how)
    return bool(ended and not ran_out)


def purge(tx: Tx, now: datetime) -> None:
    """Note the end of visits that nobody ended, and forget old ones of which no case tells."""
    tx.run("update visits set session = null, ended_at = until, how = :how where session is not null"
           " and until <= :now", now=stamp(now), how=IDLE)
    tx.run("delete from visits where opened_at < :before and session is null"
           " and not exists (select 1 from visit_cases where visit_cases.visit = visits.visit)",
           before=stamp(now - KEPT))


def counted(tx: Tx, since: datetime, until: datetime) -> list[Row]:
    """The visits that began in a period, the earliest first: `visit`, `counter`, `opened_at`, and how many cases were
    filed in it (`cases`)."""
    return tx.rows("select visit, counter, opened_at, (select count(*) from visit_cases where visit_cases.visit ="
                   " visits.visit) as cases from visits where opened_at >= :since and opened_at < :until"
                   " order by opened_at, visit", since=stamp(since), until=stamp(until))


def _place(visit: str) -> str:
    return f"visits:body:{visit}"


def _opened(tx: Tx, row: Row) -> Visit:
    return shape(Visit, row, body=unseal(tx, row["body"], _place(row["visit"])))
