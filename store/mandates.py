"""Mandates (委托): who may act for whom, in what, until when; the codes by which an agent is named; and the cases that
were filed under one. What a mandate says of people is sealed; who gave it to whom are opaque ids."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.encoding import stamp
from store.errors import UnknownMandate
from store.paging import Order
from store.port import Row, Tx
from store.rows import insert, named, one, params, shape
from store.sealing import seal, unseal

MOST_LISTED = 200  # on one page
_GIVEN = Order(("given_at", "mandate"), backwards=True, first="~")
_FILED = Order(("filed_at", "reference"), backwards=True, first="~")


@dataclass(frozen=True, slots=True)
class MandateRow:
    """A mandate; `body` holds its scope, its reason, the names of both as they were when it was given, and the key it
    was given under."""

    mandate: str
    principal: str
    agent: str
    valid_from: datetime
    valid_until: datetime
    given_at: datetime
    body: Mapping[str, Any]
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """That an agent filed a case under a mandate; `code` is the agent's own query code, which is worth as much as the
    mandate."""

    reference: str
    bundle: str
    mandate: str
    agent: str
    filed_at: datetime
    code: str


def add(tx: Tx, row: MandateRow) -> None:
    """Store a new mandate."""
    insert(tx, "mandates", {**params(row, "body"), "body": seal(tx, row.body, _place("body", row.mandate))})


def get(tx: Tx, mandate: str, lock: bool = False) -> MandateRow:
    """The mandate; UnknownMandate."""
    sql = "select * from mandates where mandate = :mandate" + (" {lock}" if lock else "")
    return _opened(tx, one(tx, UnknownMandate, sql, mandate=mandate))


def between(tx: Tx, principal: str, agent: str, lock: bool = False) -> list[MandateRow]:
    """What a principal gave to an agent and has not taken back, the last to end first; held until this transaction ends
    where it is to `lock`, so that none is taken back meanwhile."""
    sql = ("select * from mandates where principal = :principal and agent = :agent and revoked_at is null"
           " order by valid_until desc, mandate") + (" {lock}" if lock else "")
    return [_opened(tx, row) for row in tx.rows(sql, principal=principal, agent=agent)]


def given_by(tx: Tx, principal: str, after: str | None = None,
             limit: int = MOST_LISTED) -> tuple[list[MandateRow], str | None]:
    """What a principal gave, the newest first, and where the next page begins (None: this was the last)."""
    return _listed(tx, "principal", principal, after, limit)


def given_to(tx: Tx, agent: str, after: str | None = None,
             limit: int = MOST_LISTED) -> tuple[list[MandateRow], str | None]:
    """What an agent was given, the newest first, and where the next page begins (None: this was the last)."""
    return _listed(tx, "agent", agent, after, limit)


def _listed(tx: Tx, side: str, who: str, after: str | None, limit: int) -> tuple[list[MandateRow], str | None]:
    found, then = _GIVEN.page(tx.rows(
        f"select * from mandates where {side} = :who and {_GIVEN.behind} order by {_GIVEN.by} limit :limit",
        who=who, limit=limit + 1, **_GIVEN.place(after)), limit)
    return [_opened(tx, row) for row in found], then


def standing_of(tx: Tx, agent: str, now: datetime) -> list[MandateRow]:
    """What an agent was given and nobody has taken back, those that last longest in front; none that is over."""
    return [_opened(tx, row) for row in tx.rows(
        "select * from mandates where agent = :who and revoked_at is null and valid_until > :now"
        " order by valid_until desc, mandate desc limit :limit", who=agent, now=stamp(now), limit=MOST_LISTED)]


def standing_with(tx: Tx, who: str, now: datetime) -> list[MandateRow]:
    """What a person gave, or was given, and nobody has taken back, as long as it is not over."""
    sql = "select * from mandates where {} = :who and revoked_at is null and valid_until > :now"
    return [_opened(tx, row) for side in ("principal", "agent")
            for row in tx.rows(sql.format(side), who=who, now=stamp(now))]


def ever_between(tx: Tx, principal: str, agent: str) -> bool:
    """Whether a principal ever entrusted an agent with anything that is still kept."""
    return bool(tx.rows("select 1 as yes from mandates where agent = :agent and principal = :principal limit 1",
                        agent=agent, principal=principal))


def count_standing(tx: Tx, principal: str, now: datetime) -> int:
    """How many mandates of a principal are in force, or will be."""
    found = tx.rows("select count(*) as n from mandates where principal = :who and revoked_at is null"
                    " and valid_until > :now", who=principal, now=stamp(now))
    return int(found[0]["n"])


def revoke(tx: Tx, mandate: str, at: datetime) -> bool:
    """Take a mandate back; False if it was before."""
    return tx.run("update mandates set revoked_at = :at where mandate = :mandate and revoked_at is null",
                  at=stamp(at), mandate=mandate) == 1


def show_code(tx: Tx, agent: str, code: str, until: datetime) -> None:
    """Keep the one code of an agent; the one before is worth nothing from now on."""
    tx.run("insert into mandate_codes (agent, code, expires_at) values (:agent, :code, :until)"
           " on conflict (agent) do update set code = excluded.code, expires_at = excluded.expires_at",
           agent=agent, code=_index(tx, code), until=stamp(until))


def agent_of(tx: Tx, code: str, now: datetime) -> str | None:
    """Whose code this is, while it is worth something."""
    found = tx.rows("select agent from mandate_codes where code = :code and expires_at > :now",
                    code=_index(tx, code), now=stamp(now))
    return found[0]["agent"] if found else None


def use_code(tx: Tx, code: str, now: datetime) -> str | None:
    """Take a code, which then is worth nothing; whose it was, or None if it was worth nothing before."""
    found = tx.rows("delete from mandate_codes where code = :code and expires_at > :now returning agent",
                    code=_index(tx, code), now=stamp(now))
    return found[0]["agent"] if found else None


def file_under(tx: Tx, agency: AgencyRow) -> None:
    """Note under which mandate, and by whom, a case was filed."""
    insert(tx, "agencies", {**params(agency, "code"), "code": seal(tx, agency.code, _place("code", agency.reference))})


def agency(tx: Tx, reference: str) -> AgencyRow | None:
    """Who filed a case for its owner; None where the owner did."""
    found = tx.rows("select * from agencies where reference = :reference", reference=reference)
    return _agency(tx, found[0]) if found else None


def agencies_of(tx: Tx, agent: str, after: str | None = None,
                limit: int = MOST_LISTED) -> tuple[list[AgencyRow], str | None]:
    """What an agent filed for others, the newest first, and where the next page begins (None: this was the last)."""
    found, then = _FILED.page(tx.rows(
        f"select * from agencies where agent = :agent and {_FILED.behind} order by {_FILED.by} limit :limit",
        agent=agent, limit=limit + 1, **_FILED.place(after)), limit)
    return [_agency(tx, row) for row in found], then


def filed_by(tx: Tx, agent: str, references: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of these cases those that an agent filed: whose each is, and its bundle."""
    return {row["reference"]: (row["principal"], row["bundle"]) for names, each in named(references) for row in tx.rows(
        "select reference, bundle, principal from agencies join mandates on mandates.mandate = agencies.mandate"
        f" where agencies.reference in ({names}) and agencies.agent = :agent", agent=agent, **each)}


def has_code(agency: AgencyRow, code: str) -> bool:
    """Whether `code` is the agent's query code."""
    return hmac.compare_digest(agency.code.encode(), code.encode()) and bool(agency.code)


def page(tx: Tx, after: str, limit: int, since: datetime | None = None) -> list[MandateRow]:
    """Mandates behind an id, in order; with `since` those that were given or taken back from then on."""
    found = tx.rows("select * from mandates where mandate > :after and (given_at >= :since or revoked_at >= :since)"
                    " order by mandate limit :limit", after=after, limit=limit, since=stamp(since) if since else "")
    return [_opened(tx, row) for row in found]


def drop_ended(tx: Tx, before: datetime, limit: int) -> int:
    """Delete mandates that ended before a time and under which no case stands any more, with the keys they were given
    under; how many. One that was taken back is kept as long as one that was not."""
    tx.run("delete from mandate_codes where expires_at < :before", before=stamp(before))
    found = tx.rows("select * from mandates where valid_until < :before and not exists"
                    " (select 1 from agencies where agencies.mandate = mandates.mandate)"
                    " order by valid_until limit :limit", before=stamp(before), limit=limit)
    for row in found:
        _drop(tx, _opened(tx, row))
    return len(found)


def leave(tx: Tx, reference: str, now: datetime) -> None:
    """Nobody has filed a case for its owner any more. The mandates under which somebody acted on it go with it once
    they are over and no other case stands under them: their numbers stay in its chain, and would tell whose it was."""
    tx.run("delete from agencies where reference = :r", r=reference)
    actors = tx.rows("select distinct actor from events where reference = :r", r=reference)
    for number in (row["actor"].partition(":")[2] for row in actors):
        for row in tx.rows("select * from mandates where mandate = :mandate and (revoked_at is not null"
                           " or valid_until <= :now) and not exists"
                           " (select 1 from agencies where agencies.mandate = mandates.mandate)",
                           mandate=number, now=stamp(now)):
            _drop(tx, _opened(tx, row))


def _drop(tx: Tx, row: MandateRow) -> None:
    tx.run("delete from submissions where subject = :who and key = :key", who=row.principal, key=row.body["key"])
    tx.run("delete from mandates where mandate = :mandate", mandate=row.mandate)


def _index(tx: Tx, code: str) -> str:
    """Under which a code is kept: whoever reads the store cannot find out the code."""
    return tx.cipher.index(code, "mandate_codes:code")


def _place(column: str, which: str) -> str:
    return f"mandates:{column}:{which}"


def _opened(tx: Tx, row: Row) -> MandateRow:
    return shape(MandateRow, row, body=unseal(tx, row["body"], _place("body", row["mandate"])))


def _agency(tx: Tx, row: Row) -> AgencyRow:
    return shape(AgencyRow, row, code=unseal(tx, row["code"], _place("code", row["reference"])))
