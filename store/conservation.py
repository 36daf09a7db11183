"""Nothing falls out: legs by state sum to the legs created, and every open leg has a next action or a reason."""

from __future__ import annotations

from dataclasses import dataclass

from store.port import Tx

_MOST = 50

_RULES = {
    "case without legs": """select reference, '' as leg from cases where not exists
        (select 1 from legs where legs.reference = cases.reference) order by reference limit :limit""",
    "case without a first event": """select reference, '' as leg from cases where not exists
        (select 1 from events where events.reference = cases.reference and n = 1) order by reference limit :limit""",
    "leg folded beyond its events": """select legs.reference, leg from legs join heads on heads.chain = legs.reference
        where legs.n > heads.n order by legs.reference, leg limit :limit""",
    "open leg without a next action or a waiting reason": """select reference, leg from legs
        where closed_at is null and waits = '' and state in ('queued', 'sending', 'outcome_unknown', 'supplemented')
        and not exists (select 1 from messages where messages.reference = legs.reference and messages.leg = legs.leg
            and (next_at is not null or state in ('leased', 'stuck', 'unknown', 'refused')))
        and not exists (select 1 from offers where offers.reference = legs.reference and offers.leg = legs.leg)
        order by reference, leg limit :limit""",
    "due message that nothing will send": """select reference, leg from messages
        where state = 'due' and next_at is null and not exists (select 1 from offers
            where offers.reference = messages.reference and offers.leg = messages.leg)
        order by reference, leg limit :limit""",
    "message of a closed case still due": """select messages.reference, leg from messages
        join cases on cases.reference = messages.reference
        where messages.next_at is not null and messages.type = 'leg.filed' and cases.closed_at is not null
        order by messages.reference, leg limit :limit""",
}


@dataclass(frozen=True, slots=True)
class Conservation:
    """All legs, how many in each state, and up to fifty breaches of each rule as (rule, reference, leg)."""

    legs: int
    by_state: dict[str, int]
    breaches: tuple[tuple[str, str, str], ...]

    @property
    def holds(self) -> bool:
        """Whether nothing has fallen out."""
        return not self.breaches and sum(self.by_state.values()) == self.legs


def conservation(tx: Tx) -> Conservation:
    """Count and check everything in one snapshot; it reads all legs, so it is for a sweep, not for a page."""
    total = int(tx.rows("select count(*) as n from legs")[0]["n"])
    by_state = tx.rows("select state, count(*) as n from legs group by state order by state")
    breaches = tuple(
        (rule, row["reference"], row["leg"])
        for rule, sql in _RULES.items() for row in tx.rows(sql, limit=_MOST)
    )
    return Conservation(total, {row["state"]: row["n"] for row in by_state}, breaches)
