"""Which messages a dispatcher takes next (what was tried before, then what has been due longest), and when more is due.

All offices are asked in one statement, so that a look that finds nothing or little, as there are many, costs little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any

from store.encoding import moment, stamp
from store.messages import key_of
from store.port import Row, Tx

OFFICES_AT_ONCE = 100  # each is a part of the statement, and stores allow some hundreds
_WHEN = (
    "select office, next_at from messages where office = :office# and next_at is not null and next_at <= :until"
    " order by next_at limit :places#"
)
_DUE = (
    "select * from messages where office = :office# and next_at is not null and next_at <= :until"
    " and state in ('due', 'unknown') order by next_at limit :places# {skip}"
)
_TRIED = (
    "select * from messages where office = :office# and next_at is not null and attempts > 0 and next_at <= :until"
    " and (state = 'due' or state = 'unknown') order by next_at limit :places# {skip}"
)
_NEXT = "select min(next_at) as next_at from messages where office = :office# and next_at is not null"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a dispatcher can take: free places per office, at most `limit` messages together.

    A lease lasts `lease_seconds`, longer than the longest attempt.
    """

    room: Mapping[str, int]
    now: datetime
    lease_seconds: float = 60.0
    limit: int = 64


def chosen(tx: Tx, wanted: Wanted) -> list[Row]:
    """The messages to take next: of each office no more than it has places for, of all offices what has been due
    longest. So the messages of a case, which became due together, are taken together, and offices that are behind catch
    up.

    Messages that were tried before go first, since they are older than their due time says. But they get at most half
    of an office's places, and none before others where there is only one, so that what fails again and again keeps
    nothing else waiting."""
    now, limit = stamp(wanted.now), wanted.limit
    free = {office: min(places, limit) for office, places in wanted.room.items() if places > 0}
    # A part of each office's due times tells up to which moment that is, or a little later, by the index alone: so few
    # rows are read that others push aside.
    part = limit // 4 + 1
    times = _of_each(tx, _WHEN, {office: min(places, part) for office, places in free.items()}, now)
    waiting = {row["office"]: free[row["office"]] for row in times}
    until = sorted(row["next_at"] for row in times)[limit - 1] if len(times) >= limit else now
    again = _of_each(tx, _TRIED, {office: places // 2 for office, places in waiting.items() if places > 1}, now)
    rest = _of_each(tx, _DUE, waiting, until)
    taken, left = dict[tuple[str, ...], Row](), Counter(free)
    for row in (*islice(sorted(again, key=_since_when), limit // 2), *sorted(rest, key=_since_when)):
        if left[row["office"]] > 0 and taken.setdefault(key_of(row), row) is row:
            left[row["office"]] -= 1
    return list(taken.values())[:limit]


def next_due(tx: Tx, offices: Iterable[str]) -> datetime | None:
    """When the next message to one of these offices is due, or None."""
    firsts = [row["next_at"] for row in _of_each(tx, _NEXT, dict.fromkeys(offices, 1))]
    return min((moment(at) for at in firsts if at is not None), default=None)


def _of_each(tx: Tx, question: str, places: Mapping[str, int], until: str = "") -> list[Row]:
    """What is found of each office, as much as there are places."""
    return [row for named in _named(places) for row in tx.rows(_asked(question, len(named) // 2), until=until, **named)]


def _named(places: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The parameters of the statements that ask all these offices."""
    all_ = iter(places.items())
    while part := list(islice(all_, OFFICES_AT_ONCE)):
        yield {name: value for number, (office, many) in enumerate(part)
               for name, value in ((f"office{number}", office), (f"places{number}", many))}


@cache
def _asked(question: str, offices: int) -> str:
    return " union all ".join(f"select * from ({question.replace('#', str(number))}) as of{number}"
                              for number in range(offices))


_since_when = itemgetter("next_at", "reference")
