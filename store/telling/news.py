"""News: what applicants were told of their cases, read or not, and what of it is still to leave or to be said again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.news import Piece
from store.encoding import stamp
from store.paging import Order
from store.port import Tx
from store.rows import named, shape, written

Place = tuple[str, str]  # of news: its case, and its key there

AT_ONCE, MOST_COUNTED = 20, 100
AGENTS = "-a"  # the end of the key of what an agent is told, beside the owner of the case
_ORDER = Order(("at", "reference", "key"), backwards=True, first="~")


@dataclass(frozen=True, slots=True)
class News:
    """One piece of news of a person. `bundle`: what that is called; `about`: the ask it is about; `until`: the day by
    which that must be answered; `tell_at`: when it may leave through the gateway, None once it left or need not;
    `remind_at`: when to say it again; `bulletin`: with what it left."""

    reference: str
    key: str
    subject: str
    bundle: str
    kind: str
    leg: str
    about: str
    text: str
    at: datetime
    until: str | None = None
    read_at: datetime | None = None
    tell_at: datetime | None = None
    remind_at: datetime | None = None
    bulletin: str | None = None

    @property
    def agents(self) -> bool:
        """Whether it was told to the agent who filed the case, and not to its owner."""
        return is_agents(self.key)

    @property
    def place(self) -> Place:
        """Of which case it is, and its key there."""
        return self.reference, self.key

    @property
    def piece(self) -> Piece:
        """What it says, as it is judged."""
        return Piece(self.key, self.kind, self.leg, self.text, self.about, self.until)


def is_agents(key: str) -> bool:
    """Whether the news of this key was told to the agent who filed the case, and not to its owner."""
    return key.endswith(AGENTS)


_ROW = written(News)
_ADD = (f"insert into news ({', '.join(_ROW.columns)}) values ({', '.join(f':{name}' for name in _ROW.columns)})"
        " on conflict (reference, key) do nothing")


def add(tx: Tx, news: Sequence[News]) -> None:
    """Store news; what a case has told already is left as it is."""
    if news:
        tx.many(_ADD, [dict(zip(_ROW.columns, _ROW.row(one), strict=True)) for one in news])


def of_subject(tx: Tx, subject: str, after: str | None = None, limit: int = AT_ONCE) -> tuple[list[News], str | None]:
    """A person's news, the latest first, and where the next page begins (None: this was the last)."""
    found, then = _ORDER.page(tx.rows(
        f"select * from news where subject = :subject and {_ORDER.behind} order by {_ORDER.by} limit :limit",
        subject=subject, limit=limit + 1, **_ORDER.place(after)), limit)
    return [shape(News, row) for row in found], then


def unread(tx: Tx, subject: str, references: Iterable[str] | None = None) -> list[Place]:
    """What a person has not read, of some cases alone where they are named; no more than `MOST_COUNTED`, of each."""
    if references is not None:
        return [place for reference in references for place in _unread_of(tx, subject, reference)]
    return [(row["reference"], row["key"]) for row in tx.rows(
        "select reference, key from news where subject = :subject and read_at is null limit :most",
        subject=subject, most=MOST_COUNTED)]


def _unread_of(tx: Tx, subject: str, reference: str) -> list[Place]:
    return [(row["reference"], row["key"]) for row in tx.rows(
        "select reference, key from news where reference = :reference and subject = :subject and read_at is null"
        " limit :most", reference=reference, subject=subject, most=MOST_COUNTED)]


def get(tx: Tx, subject: str, reference: str, key: str) -> News | None:
    """One piece of a person's own news; None for anybody else's as for none."""
    found = tx.rows("select * from news where reference = :reference and key = :key and subject = :subject",
                    reference=reference, key=key, subject=subject)
    return shape(News, found[0]) if found else None


def read(tx: Tx, news: News, now: datetime) -> None:
    """Note that somebody read it; the first time counts."""
    tx.run("update news set read_at = :now where reference = :reference and key = :key and read_at is null",
           now=stamp(now), reference=news.reference, key=news.key)


def read_all(tx: Tx, subject: str, until: datetime, now: datetime, reference: str = "") -> int:
    """Note that a person read whatever came by `until`, of one case where that is named; how much that was."""
    of_case = {"reference": reference} if reference else {}
    return tx.run("update news set read_at = :now where subject = :subject and read_at is null and at <= :until"
                  f"{' and reference = :reference' if of_case else ''}",
                  now=stamp(now), subject=subject, until=stamp(until), **of_case)


def unread_asks(tx: Tx, references: Iterable[str]) -> list[News]:
    """Of what these cases ask and their persons have not read."""
    return [shape(News, row) for names, each in named(references) for row in tx.rows(
        f"select * from news where reference in ({names}) and about <> '' and read_at is null", **each)]


def over(tx: Tx, news: Iterable[News], now: datetime) -> None:
    """Note that nobody need read these any more, and that they neither leave nor are said again."""
    if rows := [{"now": stamp(now), "reference": one.reference, "key": one.key} for one in news]:
        tx.many("update news set read_at = :now, tell_at = null, remind_at = null"
                " where reference = :reference and key = :key", rows)


def forget(tx: Tx, news: Iterable[Place]) -> None:
    """Take away what its reader may not see any more."""
    tx.many("delete from news where reference = :reference and key = :key",
            [{"reference": reference, "key": key} for reference, key in news])


def to_remind(tx: Tx, now: datetime, limit: int) -> list[News]:
    """What is to be said again, the one that waits longest first."""
    return [shape(News, row) for row in tx.rows(
        "select * from news where remind_at is not null and remind_at <= :now"
        " order by remind_at, reference, key limit :limit", now=stamp(now), limit=limit)]


def reminded(tx: Tx, news: News, then: datetime | None) -> bool:
    """Note when to say it again next (None: never); False, and nothing, if another host did."""
    assert news.remind_at is not None
    return tx.run("update news set remind_at = :then where reference = :reference and key = :key and remind_at = :was",
                  then=then and stamp(then), reference=news.reference, key=news.key, was=stamp(news.remind_at)) == 1


def to_tell(tx: Tx, now: datetime, limit: int) -> list[str]:
    """Whom something is to be told, those first who wait longest."""
    found = tx.rows("select subject from news where tell_at is not null and tell_at <= :now"
                    " order by tell_at limit :limit", now=stamp(now), limit=limit)
    return list(dict.fromkeys(row["subject"] for row in found))


def untold(tx: Tx, subject: str, limit: int) -> list[News]:
    """What is to leave for a person, now or soon, the oldest first: it leaves together."""
    return [shape(News, row) for row in tx.rows(
        "select * from news where subject = :subject and tell_at is not null order by at, reference, key limit :limit",
        subject=subject, limit=limit)]


def leave(tx: Tx, news: Iterable[News], bulletin: str | None) -> int:
    """Note with which bulletin these left (None: they do not any more); how many had not before."""
    sql = ("update news set tell_at = null, bulletin = :bulletin"
           " where reference = :reference and key = :key and tell_at is not null")
    return sum(tx.run(sql, bulletin=bulletin, reference=one.reference, key=one.key) for one in news)


def wait(tx: Tx, news: Iterable[News], until: datetime) -> None:
    """What is to leave does so later."""
    for one in news:
        tx.run("update news set tell_at = :until where reference = :reference and key = :key and tell_at is not null",
               until=stamp(until), reference=one.reference, key=one.key)


def of_bulletins(tx: Tx, bulletins: Iterable[str]) -> dict[str, list[News]]:
    """What left with each of these bulletins."""
    found: dict[str, list[News]] = {}
    for names, each in named(bulletins):
        for row in tx.rows(f"select * from news where bulletin in ({names})", **each):
            found.setdefault(row["bulletin"], []).append(shape(News, row))
    return found
