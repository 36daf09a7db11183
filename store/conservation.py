"""Nothing falls out: what must hold of every case, checked for the cases that moved, page by page, or for all.

A breach is kept until its case is looked at again and nothing is wrong any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import asdict, dataclass
from datetime import datetime

from cases.states import TRANSFERRED
from store.encoding import stamp
from store.port import Tx
from store.rows import named

MOST = 50

# Each rule names (reference, leg) among the cases of {among}. A leg without a message needs another reason to wait.
# Beside an `or` nothing is asked by `exists`: PostgreSQL would hash the whole table of messages for a page of legs.
_RULES = {
    "case without legs": """select reference, '' as leg from cases where reference in ({among}) and not exists
        (select 1 from legs where legs.reference = cases.reference)""",
    "case without a first event": """select reference, '' as leg from cases where reference in ({among}) and not exists
        (select 1 from events where events.reference = cases.reference and n = 1)""",
    "leg folded beyond its events": """select legs.reference, leg from legs join heads on heads.chain = legs.reference
        where legs.reference in ({among}) and legs.n > heads.n""",
    "open leg without a next action or a waiting reason": """select reference, leg from legs
        where reference in ({among}) and closed_at is null and ((state = 'waiting' and waits = '')
        or (state in ('held', 'supplement_required') and next_actor <> 'applicant')
        or (state = 'supplemented' and 0 = (select count(*) from messages where messages.reference = legs.reference
            and messages.leg = legs.leg and messages.type = 'leg.supplemented'))
        or (waits = '' and state in ('queued', 'sending', 'outcome_unknown', 'stuck')
            and 0 = (select count(*) from messages where messages.reference = legs.reference
                and messages.leg = legs.leg and messages.office = legs.office
                and (next_at is not null or messages.state in ('leased', 'stuck', 'unknown', 'refused')))
            and 0 = (select count(*) from offers where offers.reference = legs.reference
                and offers.leg = legs.leg and offers.department = legs.office)))""",
    "message on its way to an office that its leg has left": f"""select messages.reference, messages.leg from messages
        join legs on legs.reference = messages.reference and legs.leg = messages.leg
        where messages.reference in ({{among}}) and messages.office <> legs.office and messages.type <> '{TRANSFERRED}'
        and messages.state in ('due', 'leased', 'unknown', 'stuck', 'refused')""",
    "due message that nothing will send": """select reference, leg from messages
        where reference in ({among}) and state = 'due' and next_at is null and not exists (select 1 from offers
            where offers.reference = messages.reference and offers.leg = messages.leg
            and offers.type = messages.type and offers.message = messages.n)""",
    "message of a closed case still due": """select messages.reference, leg from messages
        join cases on cases.reference = messages.reference
        where messages.reference in ({among}) and messages.next_at is not null and messages.type = 'leg.filed'
        and cases.closed_at is not null""",
    "case closed before its legs are over": """select legs.reference, leg from legs
        join cases on cases.reference = legs.reference where legs.reference in ({among})
        and cases.closed_at is not null and legs.closed_at is null and legs.state <> 'granted'""",
    "case still open after all its legs": """select reference, '' as leg from cases where reference in ({among})
        and closed_at is null and not exists (select 1 from legs where legs.reference = cases.reference
            and legs.closed_at is null and legs.state <> 'granted')
        and exists (select 1 from legs where legs.reference = cases.reference)""",
}
NOT_AS_PLANNED = "legs are not those of the plan"
DO_NOT_SUM = "legs by state do not sum to legs created"
_KEY = "rule = :rule and reference = :reference and leg = :leg"
RULES = (*_RULES, NOT_AS_PLANNED, DO_NOT_SUM)

# Which cases: those that moved since they were sealed, those of a page by reference, those with a breach.
MOVED = """select chain from heads where n > sealed_n and chain > :after and chain not like '@%'
    order by chain limit :page"""
PAGE = "select reference from cases where reference > :after order by reference limit :page"
KNOWN = "select reference from breaches where reference > :after order by reference limit :page"


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    """What does not hold, of which case and leg (empty: the case, or the store as a whole)."""

    rule: str
    reference: str
    leg: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A page of cases that were looked at: plan and leg numbers of each, what does not hold, and the last of them."""

    planned: Mapping[str, tuple[str, frozenset[str]]]
    breaches: tuple[Breach, ...] = ()
    last: str = ""


def look(tx: Tx, among: str, after: str, page: int) -> Looked:
    """Check the cases of one page, those after the reference `after`; at most `MOST` breaches of each rule are told.
    Looked at without any case means that the last page was reached."""
    which = {"after": after, "page": page}
    found = tx.rows(f"select reference, plan from cases where reference in ({among})", **which)
    if not found:
        return Looked({})
    numbers: dict[str, set[str]] = {row["reference"]: set() for row in found}
    for row in tx.rows(f"select reference, leg from legs where reference in ({among})", **which):
        numbers[row["reference"]].add(row["leg"])
    breaches = tuple(
        Breach(rule, row["reference"], row["leg"]) for rule, sql in _RULES.items()
        for row in tx.rows(f"{sql.replace('{among}', among)} order by 1, 2 limit {MOST}", **which)
    )
    planned = {row["reference"]: (row["plan"], frozenset(numbers[row["reference"]])) for row in found}
    return Looked(planned, breaches, max(planned))


def keep(tx: Tx, looked: Set[str], found: Iterable[Breach], now: datetime) -> list[Breach]:
    """Write what was found of the cases that were looked at, and forget what no longer holds against them or against
    the store as a whole; the breaches that are new."""
    wrong = set(found)
    before = {Breach(**row) for names, each in named([*looked, ""]) for row in tx.rows(
        f"select rule, reference, leg from breaches where reference in ({names})", **each)}
    tx.many(f"delete from breaches where {_KEY}", [asdict(one) for one in before - wrong])
    fresh = sorted(wrong - before)
    tx.many("insert into breaches (rule, reference, leg, found_at) values (:rule, :reference, :leg, :now)"
            " on conflict (rule, reference, leg) do nothing", [{**asdict(one), "now": stamp(now)} for one in fresh])
    return fresh


def known(tx: Tx, limit: int = 1000) -> list[Breach]:
    """The breaches that were found and are not known to be mended."""
    found = tx.rows("select rule, reference, leg from breaches order by rule, reference, leg limit :limit", limit=limit)
    return [Breach(row["rule"], row["reference"], row["leg"]) for row in found]


def counts(tx: Tx) -> dict[str, int]:
    """How many breaches of each rule are known; every rule is there."""
    found = {row["rule"]: row["n"] for row in tx.rows("select rule, count(*) as n from breaches group by rule")}
    return {rule: found.get(rule, 0) for rule in RULES}
