"""The queries of the pages: by subject, by department, one whole case, what is stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cases.states import TRANSFERRED
from store import cases, events, files, lanes, legs, mandates, messages
from store.cases import CaseRow
from store.encoding import moment, stamp
from store.events import Recorded
from store.files import FileRow
from store.legs import NEVER, LegRow
from store.mandates import AgencyRow
from store.messages import TROUBLED, Message
from store.overseeing import RUNNING
from store.paging import Order
from store.port import Tx
from store.rows import named, shape

# By what the lists of a person and of an office are ordered, and those of the legs of which the office has yet to take
# something.
_FILED = Order(("filed_at", "reference"), backwards=True, first=NEVER)
_INBOX = Order(("due_rank", "reference", "leg"))
_DONE = Order(("since", "reference", "leg"), backwards=True, first=NEVER)
_ARRIVED = Order(("created_at", "reference", "leg", "type", "n"), frozenset({"n"}))
_UNTAKEN = f"office = :office and state = 'due' and next_at is null and type <> '{TRANSFERRED}'"


@dataclass(frozen=True, slots=True)
class Whole:
    """A case with everything that hangs on it."""

    case: CaseRow
    legs: tuple[LegRow, ...]
    events: tuple[Recorded, ...]
    messages: tuple[Message, ...]
    files: tuple[FileRow, ...]
    agency: AgencyRow | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of legs and where the next one begins (None: this was the last)."""

    legs: tuple[LegRow, ...]
    next: str | None

    @property
    def places(self) -> list[tuple[str, str]]:
        """The legs by reference and number."""
        return [(leg.reference, leg.leg) for leg in self.legs]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A page of legs (reference and number) with something that their office has yet to take, and where the next one
    begins (None: this was the last)."""

    legs: tuple[tuple[str, str], ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Unfetched:
    """What an office that fetches has yet to take: how many messages, and since when the first."""

    office: str
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What the metrics tell: messages that wait (and since when), run and are yet to be fetched per office, held ones
    per state, lights, strange notices, offices that are left alone, bytes of the database."""

    waiting: dict[str, int]
    due_since: dict[str, datetime]
    leased: dict[str, int]
    unfetched: dict[str, int]
    offered_since: dict[str, datetime]
    held: dict[str, int]
    yellow: int
    red: int
    strange: int
    resting: dict[str, int]
    size: int

    @property
    def oldest_due(self) -> datetime | None:
        """Since when the message waits that waits longest."""
        return min(self.due_since.values(), default=None)


def cases_of(tx: Tx, subject: str, after: str | None = None, limit: int = 20) -> tuple[list[str], str | None]:
    """A subject's cases by reference, the newest first, and where the next page begins (None: this was the last)."""
    found, then = _FILED.page(tx.rows(
        f"select reference, filed_at from cases where subject = :subject and {_FILED.behind} order by {_FILED.by}"
        " limit :limit", subject=subject, limit=limit + 1, **_FILED.place(after)), limit)
    return [row["reference"] for row in found], then


def whole_case(tx: Tx, reference: str) -> Whole:
    """A case with legs, events, messages and files; UnknownCase."""
    case = cases.get(tx, reference)
    return Whole(
        case, tuple(legs.of_case(tx, reference)), tuple(events.of_case(tx, reference)),
        tuple(messages.of_case(tx, reference)), tuple(files.of_case(tx, reference)),
        None if case.on_behalf_of is None else mandates.agency(tx, reference),
    )


def inbox(tx: Tx, office: str, after: str | None = None, limit: int = 50) -> Page:
    """An office's legs that it has to work on, by due date; `after` is the `next` of the page before."""
    found, then = _INBOX.page(tx.rows(
        "select * from legs where office = :office and closed_at is null and started_at is not null"
        f" and state <> 'granted' and {_INBOX.behind} order by {_INBOX.by} limit :limit",
        office=office, limit=limit + 1, **_INBOX.place(after)), limit)
    return Page(tuple(shape(LegRow, row) for row in found), then)


def place_in_inbox(leg: LegRow) -> str:
    """Where a leg stands in the inbox, as the `after` of what stands behind it."""
    return _INBOX.text(stamp(leg.due_at) if leg.due_at else NEVER, leg.reference, leg.leg)


def inbox_size(tx: Tx, office: str) -> int:
    """How many legs an office has to work on."""
    return int(tx.rows("select count(*) as n from legs where office = :office and closed_at is null"
                       " and started_at is not null and state <> 'granted'", office=office)[0]["n"])


def done_of(tx: Tx, office: str, after: str | None = None, limit: int = 50) -> Page:
    """An office's legs that are granted or over, the latest first; `after` is the `next` of the page before."""
    found, then = _DONE.page(tx.rows(
        "select * from legs where office = :office and (closed_at is not null or state = 'granted')"
        f" and {_DONE.behind} order by {_DONE.by} limit :limit",
        office=office, limit=limit + 1, **_DONE.place(after)), limit)
    return Page(tuple(shape(LegRow, row) for row in found), then)


def arrivals(tx: Tx, office: str, after: str | None = None, limit: int = 50) -> Arrivals:
    """The legs of which an office that fetches has yet to take something, the oldest message first."""
    found, then = _ARRIVED.page(tx.rows(
        f"select {', '.join(_ARRIVED.columns)} from messages where {_UNTAKEN} and {_ARRIVED.behind}"
        f" order by {_ARRIVED.by} limit :limit", office=office, limit=limit + 1, **_ARRIVED.place(after)), limit)
    return Arrivals(tuple(dict.fromkeys((row["reference"], row["leg"]) for row in found)), then)


def with_arrivals(tx: Tx, references: Iterable[str]) -> set[tuple[str, str]]:
    """The legs of these cases (reference and number) of which an office has yet to take something."""
    return {(row["reference"], row["leg"]) for names, each in named(references) for row in tx.rows(
        f"select distinct reference, leg from messages where reference in ({names}) and state = 'due'"
        f" and next_at is null and type <> '{TRANSFERRED}'", **each)}


def arrived(tx: Tx, office: str, most: int = 1_000, since: datetime | None = None) -> int:
    """Of how many legs an office has yet to take something, of what came behind `since` alone; no more than `most` are
    counted."""
    return int(tx.rows(f"select count(*) as n from (select distinct reference, leg from messages where {_UNTAKEN}"
                       " and created_at > :since limit :most) as waiting", office=office, most=most,
                       since=stamp(since) if since else "")[0]["n"])


def figures(tx: Tx, now: datetime) -> Figures:
    """What the metrics tell; only partial indexes are read, so a million finished cases cost nothing."""
    at = stamp(now)
    waiting = tx.rows("select office, count(*) as n, min(next_at) as oldest from messages where next_at is not null"
                      " group by office")
    offered = unfetched(tx)
    return Figures(
        {row["office"]: row["n"] for row in waiting},
        {row["office"]: moment(row["oldest"]) for row in waiting},
        messages.leased(tx),
        {one.office: one.count for one in offered},
        {one.office: one.since for one in offered},
        held(tx),
        _count(tx, f"select count(*) as n from legs where {RUNNING} and yellow_at is not null"
                   " and yellow_at <= :at and due_at > :at", at),
        _count(tx, f"select count(*) as n from legs where {RUNNING} and due_at is not null and due_at <= :at", at),
        strange(tx, now),
        {lane.office: 1 for lane in lanes.resting(tx, now)},
        int(tx.rows("select {bytes} as n")[0]["n"]),
    )


def held(tx: Tx) -> dict[str, int]:
    """How many messages did not arrive and are not tried again by themselves, by state."""
    return _counts(tx, f"select state as k, count(*) as n from messages where {TROUBLED} group by state")


def strange(tx: Tx, now: datetime) -> int:
    """How many strange notices wait for a person."""
    return _count(tx, "select count(*) as n from quarantine where settled_at is null and at <= :at", stamp(now))


def unfetched(tx: Tx) -> list[Unfetched]:
    """What offices that fetch have yet to take, by office."""
    found = tx.rows("select office, count(*) as n, min(created_at) as since from messages"
                    " where state = 'due' and next_at is null group by office order by office")
    return [Unfetched(row["office"], row["n"], moment(row["since"])) for row in found]


def waiting(tx: Tx) -> dict[str, int]:
    """How many messages are on their way, by office: those that will leave by themselves, and attempts that run."""
    due = _counts(tx, "select office as k, count(*) as n from messages where next_at is not null group by office")
    return dict(Counter(due) + Counter(messages.leased(tx)))


def parting(tx: Tx, office: str) -> int:
    """How many of the messages that will leave by themselves for an office say only that a leg has left it, or are
    about one that is over."""
    return int(tx.rows("select count(*) as n from messages where office = :office and next_at is not null"
                       f" and (type = :type or {messages.ABOUT_OVER})", office=office, type=TRANSFERRED)[0]["n"])


def _counts(tx: Tx, sql: str) -> dict[str, int]:
    return {row["k"]: row["n"] for row in tx.rows(sql)}


def _count(tx: Tx, sql: str, at: str) -> int:
    return int(tx.rows(sql, at=at)[0]["n"])
