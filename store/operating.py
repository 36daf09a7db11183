"""What operators ask of the whole store, page by page: what is in trouble, what an office should have, every case."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from store import messages
from store.encoding import stamp
from store.legs import LegRow
from store.messages import AS_SEEN, TROUBLED, Message, as_seen
from store.notices import Strange, opened_entry
from store.paging import Order
from store.port import Tx
from store.rows import shape

# Whether the leg's office was certainly handed the leg, the last time that it was filed with it: a push that was
# answered, or a feed entry that was taken. Said with counts, for PostgreSQL would hash all messages and all offers for
# `exists` beside an `or`, for each page.
_LAST = (
    "(select max(n) from messages where messages.reference = page.reference and messages.leg = page.leg"
    " and messages.type = 'leg.filed')"
)
_TOLD = (
    "0 < (select count(*) from messages where messages.reference = page.reference and messages.leg = page.leg"
    f" and messages.type = 'leg.filed' and messages.state = 'done' and messages.n = {_LAST})"
    " or 0 < (select count(*) from offers where offers.reference = page.reference and offers.leg = page.leg"
    f" and offers.type = 'leg.filed' and offers.taken_at is not null and offers.message = {_LAST})"
)
_LEGS = Order(("reference", "leg"))
_ORDER = Order(("created_at", "reference", "leg", "type", "n"), frozenset({"n"}))
_RETRYING = "state = 'due' and attempts > 0"


@dataclass(frozen=True, slots=True)
class Handed:
    """A leg of an office; `told`: the office certainly got it."""

    leg: LegRow
    told: bool


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is not closed, and the edition it stands on."""

    edition: str
    reference: str


def troubled(tx: Tx, after: str | None = None, limit: int = 200, *, retrying: bool = False,
             office: str = "") -> tuple[list[Message], str | None]:
    """Messages that did not arrive: stuck, refused, outcome unknown; or (`retrying`) those that are tried again by
    themselves. Oldest first; with `office` only to that one. And where the next page begins (None: this was the
    last)."""
    found, then = _ORDER.page(tx.rows(
        f"select * from messages where {_RETRYING if retrying else TROUBLED} and {_ORDER.behind}"
        f" and (:office = '' or office = :office) order by {_ORDER.by} limit :limit",
        office=office, limit=limit + 1, **_ORDER.place(after)), limit)
    return [messages.opened(tx, row) for row in found], then


def supersede(tx: Tx, seen: Message) -> bool:
    """End a message that did not arrive because a corrected one takes its place; False if it is not as seen."""
    return tx.run(
        f"update messages set state = 'cancelled', next_at = null, detail = 'superseded' where {AS_SEEN}",
        **as_seen(seen),
    ) == 1


def legs_of(tx: Tx, offices: Collection[str], after: str | None, limit: int = 5_000) -> tuple[list[Handed], str | None]:
    """Which of the next `limit` legs of all offices are these offices', finished ones too, by their numbers; and where
    the next page begins (None: this was the last). So all pages together read each leg once, whosever it is."""
    names = {f"office{number}": office for number, office in enumerate(offices)}
    place = {**_LEGS.place(after), "limit": limit}
    page = f"from legs where {_LEGS.behind} order by {_LEGS.by} limit"
    last = tx.rows(f"select reference, leg {page} 1 offset :limit - 1", **place)
    found = tx.rows(
        f"select page.*, case when {_TOLD} then 1 else 0 end as told from (select * {page} :limit) as page"
        f" where office in ({', '.join(f':{name}' for name in names)}) order by reference, leg", **names, **place)
    handed = [Handed(shape(LegRow, row), bool(row["told"])) for row in found]
    return handed, _LEGS.text(last[0]["reference"], last[0]["leg"]) if last else None


def open_at(tx: Tx, office: str, matter: str, after: str | None,
            limit: int = 500) -> tuple[list[tuple[str, str]], str | None]:
    """A page of an office's legs that are not decided (of one matter, if it is named), as case and number, by these;
    and where the next begins (None: this was the last). An order for an office is rare: no index is kept for it, and
    all its pages together read each leg once."""
    found, then = _LEGS.page(tx.rows(
        f"select reference, leg from legs where {_LEGS.behind} and office = :office and (:matter = '' or matter ="
        f" :matter) and closed_at is null and state <> 'granted' order by {_LEGS.by} limit :limit",
        office=office, matter=matter, limit=limit + 1, **_LEGS.place(after)), limit)
    return [(row["reference"], row["leg"]) for row in found], then


def strange_by_id(tx: Tx, after: str, since: datetime | None, limit: int = 100) -> list[Strange]:
    """Entries of the quarantine, settled ones too, by id; with `since` those that came or were settled from then on."""
    found = tx.rows(
        "select * from quarantine where id > :after and coalesce(settled_at, at) >= :at order by id limit :limit",
        after=after, at=stamp(since) if since else "", limit=limit,
    )
    return [opened_entry(tx, row) for row in found]


def editions_like(tx: Tx, bundle: str, beginning: str) -> list[str]:
    """The hashes of a bundle's stored editions that begin so, oldest first."""
    found = tx.rows(
        "select hash from editions where bundle = :bundle and substr(hash, 1, :length) = :beginning order by kept_at",
        bundle=bundle, length=len(beginning), beginning=beginning,
    )
    return [row["hash"] for row in found]


def open_cases(tx: Tx, after: OpenCase, limit: int = 100) -> list[OpenCase]:
    """Cases that are not closed by edition and reference, after `after`."""
    found = tx.rows(
        "select edition, reference from cases where closed_at is null and (edition, reference) > (:edition, :reference)"
        " order by edition, reference limit :limit", edition=after.edition, reference=after.reference, limit=limit,
    )
    return [shape(OpenCase, row) for row in found]


def open_on(tx: Tx, edition: str) -> int:
    """How many cases that are not closed stand on an edition."""
    sql = "select count(*) as n from cases where edition = :edition and closed_at is null"
    return int(tx.rows(sql, edition=edition)[0]["n"])
