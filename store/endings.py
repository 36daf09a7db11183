"""Whether an ended case was decided in time: noted by the sweep, so that a department's notice does no more.

A case is `on_time` if every leg that its department decided was decided by its day, `late` if one was not, and
`undecided` if no department decided anything (all was taken back). Counter `ended` by `bundle|how`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from store import counters
from store.port import Tx

ENDED = "ended"
ON_TIME, LATE, UNDECIDED = "on_time", "late", "undecided"
_DECIDED = """select leg, min(at) as at from events where reference = :reference and (type = 'leg.granted'
    or type = 'leg.refused' or type = 'leg.not_accepted' or type = 'leg.delivered') group by leg"""


class Ending(NamedTuple):
    """A case that has ended and how, or (`how` None) one that was noted as ended and is open again."""

    reference: str
    bundle: str
    closed_at: str | None
    how: str | None


def unjudged(tx: Tx, limit: int) -> list[Ending]:
    """Cases that ended and of which it is not noted how, those that ended first in front."""
    found = tx.rows("select reference, bundle, closed_at from cases where closed_at is not null and ended_as is null"
                    " order by closed_at, reference limit :limit", limit=limit)
    return [Ending(**row, how=_how(tx, row["reference"])) for row in found]


def reopened(tx: Tx, limit: int) -> list[Ending]:
    """Cases that were noted as ended and are open again (a correction did that)."""
    found = tx.rows("select reference, bundle, ended_as from cases where closed_at is null and ended_as is not null"
                    " order by reference limit :limit", limit=limit)
    return [Ending(row["reference"], row["bundle"], None, row["ended_as"]) for row in found]


def note(tx: Tx, ended: Sequence[Ending]) -> None:
    """Note how these cases ended, or that they did not; what has moved meanwhile, or another host was quicker with, is
    left alone."""
    tally: dict[tuple[str, str], int] = {}
    for one in ended:
        made = _forget(tx, one) if one.closed_at is None else _keep(tx, one)
        key = (ENDED, f"{one.bundle}|{one.how}")
        tally[key] = tally.get(key, 0) + made
    counters.add(tx, tally)


def recount(tx: Tx) -> dict[tuple[str, str], int]:
    """What the counter should stand at; it reads every case."""
    found = tx.rows("select bundle, ended_as, count(*) as n from cases where ended_as is not null"
                    " group by bundle, ended_as")
    return {(ENDED, f"{row['bundle']}|{row['ended_as']}"): int(row["n"]) for row in found}


def _keep(tx: Tx, one: Ending) -> int:
    return tx.run("update cases set ended_as = :how where reference = :reference and closed_at = :closed_at"
                  " and ended_as is null", reference=one.reference, closed_at=one.closed_at, how=one.how)


def _forget(tx: Tx, one: Ending) -> int:
    return -tx.run("update cases set ended_as = null where reference = :reference and closed_at is null"
                   " and ended_as = :how", reference=one.reference, how=one.how)


def _how(tx: Tx, reference: str) -> str:
    decided = {row["leg"]: row["at"] for row in tx.rows(_DECIDED, reference=reference)}
    due = {row["leg"]: row["due_at"] for row in tx.rows("select leg, due_at from legs where reference = :reference",
                                                        reference=reference)}
    if not decided:
        return UNDECIDED
    return LATE if any(due.get(leg) is not None and at > due[leg] for leg, at in decided.items()) else ON_TIME
