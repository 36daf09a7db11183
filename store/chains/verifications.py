"""When the chains were walked (`flask verify`), by whom, and what came out: others than who typed it have to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from store.encoding import moment
from store.port import Tx
from store.rows import insert, params, shape

OLD = timedelta(days=8)  # it is to be done once a week


@dataclass(frozen=True, slots=True)
class Verification:
    """A walk: how much it saw, which head kept outside the database it was compared with (its number), and the first
    entry that did not hold."""

    at: datetime
    actor: str
    holds: bool
    chains: int
    entries: int
    erased: int
    seals: int
    outside: int | None = None
    first_bad: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands: the walk that counts, and since when there was something to walk (None: not yet). A failure counts
    until a later walk that looked at as much found nothing."""

    last: Verification | None
    since: datetime | None

    @property
    def failed(self) -> bool:
        """Whether a chain does not hold, as far as is known."""
        return self.last is not None and not self.last.holds

    def overdue(self, now: datetime) -> bool:
        """Whether nobody has looked for longer than `OLD`."""
        looked = self.last.at if self.last else self.since
        return looked is not None and now - looked > OLD


def add(tx: Tx, one: Verification) -> None:
    """Keep what a walk came to; told twice it is kept once."""
    insert(tx, "verifications", params(one), "on conflict (at, actor) do nothing")


def latest(tx: Tx, limit: int = 5) -> list[Verification]:
    """The last walks, the latest first."""
    return [shape(Verification, row) for row in tx.rows(
        "select * from verifications order by at desc, actor limit :limit", limit=limit)]


def standing(tx: Tx) -> Standing:
    """How it stands."""
    failed = tx.rows(
        "select * from verifications as bad where holds = 0 and not exists (select 1 from verifications as good"
        " where good.holds = 1 and good.at > bad.at and (bad.outside is null or good.outside is not null))"
        " order by at desc limit 1")
    last = [shape(Verification, row) for row in failed] or latest(tx, 1)
    first = tx.rows("select at from seals where n = 1")
    return Standing(last[0] if last else None, moment(first[0]["at"]) if first else None)
