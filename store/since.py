"""Which cases something happened to since a moment: found by what was sealed, tried, said in ratings and taken back
since then; where that is very much, all are walked and looked at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from store.chains.seals import entries_of
from store.encoding import stamp
from store.paging import Order
from store.port import Database, Tx
from store.rows import named

MOST_MOVED = 100_000  # cases that are found so; whoever asks for more walks all
SEALS_AT_ONCE = 500
SKEW = timedelta(hours=1)  # what happened is sealed later, by the clock of another host
_SEALS = Order(("at", "n"), frozenset({"n"}))
_CASE = "substr(chain, 1, 1) <> '@'"
# Joined to nothing, for SQLite would else walk all attempts case by case to see each case once.
_EACH = "select distinct reference || '' as reference"
_SOURCES = (
    f"select chain as reference from heads where n > sealed_n and {_CASE}",
    f"{_EACH} from attempts where ended_at >= :at",
    "select reference from messages where state = 'leased' and started_at >= :at",
    "select reference from ratings where at >= :at",
    "select reference from ratings where fixed_at is not null and fixed_at >= :at",
    "select reference from ratings where called_at is not null and called_at >= :at",
    "select reference from consents where withdrawn_at is not null and withdrawn_at >= :at",
)
_FRESH = (
    "select reference, case when filed_at >= :at"
    " or 0 < (select count(*) from events where events.reference = page.reference and events.at >= :at)"
    " or 0 < (select count(*) from attempts where attempts.reference = page.reference and ended_at >= :at)"
    " or 0 < (select count(*) from messages where messages.reference = page.reference and started_at >= :at)"
    " or 0 < (select count(*) from ratings where ratings.reference = page.reference"
    " and (at >= :at or fixed_at >= :at or called_at >= :at))"
    " or 0 < (select count(*) from consents where consents.reference = page.reference and withdrawn_at >= :at)"
    " then 1 else 0 end as fresh from (select reference, filed_at from cases where {which}) as page order by reference"
)


def references(tx: Tx, after: str, since: datetime | None, limit: int = 100) -> tuple[list[str], str | None]:
    """A page of cases by reference, after `after`, and where the next one begins (None: this was the last); with
    `since` only those of the page to which something happened from then on."""
    # The page comes first: what is asked about each case is then asked a page of times and never of all cases.
    found = tx.rows(_FRESH.format(which="reference > :after order by reference limit :limit"),
                    after=after, at=stamp(since) if since else "", limit=limit)
    return [row["reference"] for row in found if row["fresh"]], found[-1]["reference"] if len(found) == limit else None


def fresh_of(tx: Tx, cases: Iterable[str], since: datetime) -> list[str]:
    """Those of these cases to which something happened from then on, by reference."""
    return sorted(row["reference"] for names, each in named(cases) for row in tx.rows(
        _FRESH.format(which=f"reference in ({names})"), at=stamp(since), **each) if row["fresh"])


def moved(database: Database, since: datetime) -> list[str] | None:
    """All cases to which something may have happened from then on, by reference; None if they are very many. Read in
    short pages."""
    found: set[str] = set()
    after: str | None = ""
    while after is not None and len(found) <= MOST_MOVED:
        with database.read() as tx:
            some, after = _sealed(tx, since - SKEW, after)
        found |= some
    for source in _SOURCES:
        if len(found) <= MOST_MOVED:
            with database.read() as tx:
                found |= _of_source(tx, source, since)
    return sorted(found) if len(found) <= MOST_MOVED else None


def _sealed(tx: Tx, since: datetime, after: str) -> tuple[set[str], str | None]:
    """The cases of the next seals that were made from then on, and where those begin that come after them."""
    rows, then = _SEALS.page(tx.rows(
        f"select at, n, body from seals where at >= :at and {_SEALS.behind} order by {_SEALS.by} limit :limit",
        at=stamp(since), limit=SEALS_AT_ONCE + 1, **_SEALS.place(after)), SEALS_AT_ONCE)
    return {chain for row in rows for chain, *_ in entries_of(row) if not chain.startswith("@")}, then


def _of_source(tx: Tx, source: str, since: datetime) -> set[str]:
    at = {"at": stamp(since)} if ":at" in source else {}
    return {row["reference"] for row in tx.rows(f"{source} limit :most", most=MOST_MOVED + 1, **at)}
