"""Which officers want to hear that there is work for their office, and when each is looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from store.encoding import stamp
from store.overseeing import RUNNING
from store.port import Tx
from store.reading import arrived
from store.rows import named, shape
from store.sealing import seal, unseal

_COLUMNS = "account, office, look_at, told_at"


@dataclass(frozen=True, slots=True)
class Bell:
    """An officer who wants to hear of the work of an office: when to look at it again, and when they were told last."""

    account: str
    office: str
    look_at: datetime
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What waits in an office: of how many legs it has something to open, of how many since it was looked at last, how
    many of its open legs end today and how many are late."""

    unopened: int
    fresh: int
    today: int
    late: int

    @property
    def any(self) -> bool:
        """Whether there is anything for which somebody has to come."""
        return bool(self.unopened or self.today or self.late)


def of(tx: Tx, accounts: Iterable[str]) -> dict[str, Bell]:
    """What those of these officers chose who want to be reminded."""
    return {row["account"]: shape(Bell, row) for names, each in named(accounts)
            for row in tx.rows(f"select {_COLUMNS} from bells where account in ({names})", **each)}


def mobiles(tx: Tx, accounts: Iterable[str]) -> dict[str, str]:
    """By which number those of these officers agreed to be reached who are reminded (empty: by none of theirs)."""
    return {row["account"]: unseal(tx, row["body"], _place(row["account"]))["mobile"]
            for names, each in named(accounts)
            for row in tx.rows(f"select account, body from bells where account in ({names})", **each)}


def put(tx: Tx, account: str, office: str, mobile: str, now: datetime) -> None:
    """Keep what an officer chose, and that their office is looked at anew."""
    tx.run("insert into bells (account, office, look_at, body) values (:account, :office, :now, :body) on conflict"
           " (account) do update set office = excluded.office, look_at = excluded.look_at, body = excluded.body",
           account=account, office=office, now=stamp(now), body=seal(tx, {"mobile": mobile}, _place(account)))


def forget(tx: Tx, account: str) -> None:
    """This officer wants to hear nothing any more."""
    tx.run("delete from bells where account = :account", account=account)


def readers(tx: Tx, office: str) -> int:
    """How many officers of an office are reminded whose account is open."""
    return int(tx.rows("select count(*) as n from bells where office = :office and exists (select 1 from accounts"
                       " where accounts.account = bells.account and disabled = 0)", office=office)[0]["n"])


def to_look(tx: Tx, now: datetime, limit: int) -> list[Bell]:
    """The next whose office has to be looked at, the longest due first."""
    return [shape(Bell, row) for row in tx.rows(
        f"select {_COLUMNS} from bells where look_at <= :now order by look_at, account limit :limit",
        now=stamp(now), limit=limit)]


def looked(tx: Tx, one: Bell, look_at: datetime, told_at: datetime | None) -> bool:
    """Note when to look again, and when they were told; False, and nothing, if another host was quicker."""
    return tx.run("update bells set look_at = :then, told_at = :told where account = :account"
                  " and look_at = :before", then=stamp(look_at), told=stamp(told_at) if told_at else None,
                  account=one.account, before=stamp(one.look_at)) == 1


def work(tx: Tx, office: str, since: datetime | None, now: datetime, midnight: datetime) -> Work:
    """What waits in an office now; `since`: what came after that is fresh; `midnight` ends the day."""
    unopened = arrived(tx, office)
    late, today = (_ending(tx, office, after, until) for after, until in ((None, now), (now, midnight)))
    return Work(unopened, arrived(tx, office, since=since) if since else unopened, today, late)


def _ending(tx: Tx, office: str, after: datetime | None, until: datetime) -> int:
    """Of how many of an office's legs the clock ends behind `after`, up to `until`."""
    return int(tx.rows(
        "select count(*) as n from legs where office = :office and closed_at is null and started_at is not null"
        f" and state <> 'granted' and {RUNNING} and due_rank > :after and due_rank <= :until",
        office=office, after=stamp(after) if after else "", until=stamp(until))[0]["n"])


def _place(account: str) -> str:
    return f"bells:body:{account}"
