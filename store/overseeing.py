"""What supervisors look at: legs that are late, soon will be or stand still, page by page, and how often each was
urged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from store.encoding import moment, stamp
from store.legs import LegRow
from store.port import Tx
from store.rows import shape

# The states in which a department's clock runs; the words of the partial indexes.
RUNNING = "(state = 'received' or state = 'accepted' or state = 'in_review' or state = 'supplemented')"
_STALLED = "stalls_at is not null and stalls_at <= :now"
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
    """How many legs of an office are late, how many soon will be, and how many have stood still for too long."""

    office: str
    late: int
    soon: int
    stalled: int


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


def by_office(tx: Tx, now: datetime) -> list[Late]:
    """The offices that have legs that are late, soon will be or stand still, those with the most late ones first."""
    at = stamp(now)
    late_ = _counted(tx, f"{RUNNING} and due_at is not null and due_at <= :at", at)
    soon_ = _counted(tx, f"{RUNNING} and yellow_at is not null and yellow_at <= :at and due_at > :at", at)
    still = _counted(tx, "stalls_at is not null and stalls_at <= :at", at)
    lines = [Late(office, late_.get(office, 0), soon_.get(office, 0), still.get(office, 0))
             for office in {*late_, *soon_, *still}]
    return sorted(lines, key=lambda line: (-line.late, -line.soon, -line.stalled, line.office))


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
