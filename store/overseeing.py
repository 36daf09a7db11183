"""What supervisors look at: legs that are late, soon will be or stand still, page by page, and how often each was
urged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from store.encoding import moment, stamp
from store.legs import NEVER, LegRow
from store.port import Tx
from store.rows import shape

# The states in which a department's clock runs; the words of the partial indexes.
RUNNING = "(state = 'received' or state = 'accepted' or state = 'in_review' or state = 'supplemented')"
_STALLED = "stalls_at is not null and stalls_at <= :now"
_BEYOND = "beyond_at is not null and beyond_at >= :since"
BEYOND_SHOWN = timedelta(days=90)  # what is older is in reports
# What the inbox of an office holds; said so that its index serves.
_INBOX = "office = :office and closed_at is null and started_at is not null and state <> 'granted'"


class After(NamedTuple):
    """Where a page of legs ended: the time it is ordered by, as it is stored, and the leg."""

    at: str = ""
    reference: str = ""
    leg: str = ""

    @classmethod
    def of(cls, at: datetime, reference: str, leg: str) -> After:
        """Behind this leg in a list ordered by this time of it."""
        return cls(stamp(at), reference, leg)


@dataclass(frozen=True, slots=True)
class Late:
    """How many legs of an office are late, how many soon will be, how many have stood still for too long,
    of how many something was lately asked beside what is published, and for how many a paper is overdue."""

    office: str
    late: int
    soon: int
    stalled: int
    beyond: int = 0
    owed: int = 0


def late(tx: Tx, now: datetime, after: After, limit: int, office: str = "") -> list[LegRow]:
    """Legs whose department's clock ran out, the longest overdue first; with `office` only its own."""
    where, rank = (f"{_INBOX} and {RUNNING}", "due_rank") if office else (RUNNING, "due_at")
    found = tx.rows(
        f"select * from legs where {where} and due_at is not null and {rank} <= :now and ({rank}, reference, leg) >"
        f" (:at, :reference, :leg) order by {rank}, reference, leg limit :limit",
        now=stamp(now), limit=limit, **after._asdict(), **({"office": office} if office else {}))
    return [shape(LegRow, row) for row in found]


def soon(tx: Tx, now: datetime, after: After, limit: int, office: str = "") -> list[LegRow]:
    """Legs of whose time little is left, the one that is so for longest first; with `office` only its own."""
    found = tx.rows(
        f"select * from legs where {RUNNING} and yellow_at is not null and yellow_at <= :now and due_at > :now"
        " and (:office = '' or office = :office) and (yellow_at, reference, leg) > (:at, :reference, :leg)"
        " order by yellow_at, reference, leg limit :limit",
        now=stamp(now), limit=limit, office=office, **after._asdict())
    return [shape(LegRow, row) for row in found]


def stalled(tx: Tx, now: datetime, after: After, limit: int, office: str = "") -> list[LegRow]:
    """Legs that have stood still for too long, the one that has for longest first; with `office` only its own."""
    found = tx.rows(
        f"select * from legs where {_STALLED} and (:office = '' or office = :office)"
        " and (stalls_at, reference, leg) > (:at, :reference, :leg) order by stalls_at, reference, leg limit :limit",
        now=stamp(now), limit=limit, office=office, **after._asdict())
    return [shape(LegRow, row) for row in found]


def stalled_by_state(tx: Tx, now: datetime) -> dict[str, int]:
    """How many legs have stood still for too long, by state."""
    found = tx.rows(f"select state, count(*) as n from legs where {_STALLED} group by state", now=stamp(now))
    return {row["state"]: int(row["n"]) for row in found}


def beyond(tx: Tx, now: datetime, after: After, limit: int, office: str = "") -> list[LegRow]:
    """Legs of which something was asked beside what is published, not too long ago, the last one first; with `office`
    only its own."""
    found = tx.rows(
        f"select * from legs where {_BEYOND} and (:office = '' or office = :office)"
        " and (beyond_at, reference, leg) < (:at, :reference, :leg)"
        " order by beyond_at desc, reference desc, leg desc limit :limit",
        since=stamp(now - BEYOND_SHOWN), limit=limit, office=office, **(after if after.at else After(NEVER))._asdict())
    return [shape(LegRow, row) for row in found]


def owed(tx: Tx, now: datetime, after: After, limit: int, office: str = "") -> list[LegRow]:
    """Legs for which a paper that was to follow is overdue, the one that is for longest first; with `office` only its
    own."""
    found = tx.rows(
        "select * from legs where owed_at is not null and owed_at <= :now and (:office = '' or office = :office)"
        " and (owed_at, reference, leg) > (:at, :reference, :leg) order by owed_at, reference, leg limit :limit",
        now=stamp(now), limit=limit, office=office, **after._asdict())
    return [shape(LegRow, row) for row in found]


def owes(tx: Tx, subject: str) -> bool:
    """Whether somebody owes a paper that was to follow, in any case of theirs. Sought among all that is owed, which is
    little, and not among the cases of somebody who may have filed thousands."""
    return bool(tx.rows(
        "select 1 as yes from legs where owed_at is not null and exists (select 1 from cases"
        " where cases.reference = legs.reference and subject = :subject and cases.closed_at is null) limit 1",
        subject=subject))


def by_office(tx: Tx, now: datetime) -> list[Late]:
    """The offices that have legs that are late, soon will be or stand still, those with the most late ones first."""
    at = stamp(now)
    found = [_counted(tx, f"{RUNNING} and due_at is not null and due_at <= :at", at),
             _counted(tx, f"{RUNNING} and yellow_at is not null and yellow_at <= :at and due_at > :at", at),
             _counted(tx, "stalls_at is not null and stalls_at <= :at", at),
             _counted(tx, _BEYOND.replace(":since", ":at"), stamp(now - BEYOND_SHOWN)),
             _counted(tx, "owed_at is not null and owed_at <= :at", at)]
    lines = [Late(office, *(one.get(office, 0) for one in found)) for office in {name for one in found for name in one}]
    return sorted(lines, key=lambda line: (-line.late, -line.soon, -line.stalled, -line.beyond, line.office))


def urges(tx: Tx, references: Iterable[str]) -> dict[tuple[str, str], list[datetime]]:
    """When the legs of these cases were urged, oldest first, by (reference, leg)."""
    found: dict[tuple[str, str], list[datetime]] = {}
    for reference in dict.fromkeys(references):
        for row in tx.rows("select leg, at from events where reference = :reference and type = 'leg.urged' order by n",
                           reference=reference):
            found.setdefault((reference, row["leg"]), []).append(moment(row["at"]))
    return found


def _counted(tx: Tx, which: str, at: str) -> dict[str, int]:
    found = tx.rows(f"select office, count(*) as n from legs where {which} group by office", at=at)
    return {row["office"]: int(row["n"]) for row in found}
