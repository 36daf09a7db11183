"""Which cases moved and were not looked at for news yet: written by the sealer, taken by whoever looks.

A filing or a notice writes nothing for it. The sealer finds every chain that is longer than it was, whatever the order
in which commits became visible, and notes from which event on; so nothing is passed over, and nothing old is found by a
store that was upgraded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cases.news import TELLING, Fresh
from store.chains.heads import held
from store.port import Tx
from store.rows import named

_NOTE = """insert into moved (reference, since, n) values (:reference, :since, :n)
    on conflict (reference) do update set n = excluded.n"""
_TYPES = ", ".join(f"'{type_}'" for type_ in TELLING)
_FRESH = f"""select moved.reference, events.n, events.leg, events.type from moved join events
    on events.reference = moved.reference and events.n > moved.since and events.n <= moved.n
    where moved.reference > :after and moved.reference <= :last and events.type in ({_TYPES})
    order by moved.reference, events.n"""
_WISHED = """select moved.reference from moved join cases on cases.reference = moved.reference
    left join preferences on preferences.subject = cases.subject
    where moved.reference > :after and moved.reference <= :last and moved.since = 0
    and (cases.on_behalf_of is not null or preferences.filed = 1)"""


@dataclass(frozen=True, slots=True)
class Moved:
    """A case with events after number `since` up to number `n` that nobody has looked at for news."""

    reference: str
    since: int
    n: int

    @property
    def still(self) -> bool:
        """Whether nothing happened to it: it was there, waiting for its applicant, when this store was upgraded."""
        return self.since == self.n


@dataclass(frozen=True, slots=True)
class Looked:
    """A page of cases that moved, by reference; of those with something to tell the events that say so, and those that
    were filed by an agent, or by somebody who wants to be told that."""

    cases: tuple[Moved, ...]
    fresh: dict[str, list[Fresh]]
    filed: frozenset[str]


def note(tx: Tx, cases: Sequence[Moved]) -> None:
    """Note that cases moved; of one that nobody looked at since it moved before, from where it did then."""
    if cases:
        tx.many(_NOTE, [{"reference": case.reference, "since": case.since, "n": case.n} for case in cases])


def look(tx: Tx, after: str, limit: int) -> Looked:
    """The next page behind the reference `after`."""
    page = tuple(Moved(row["reference"], row["since"], row["n"]) for row in tx.rows(
        "select * from moved where reference > :after order by reference limit :limit", after=after, limit=limit))
    if not page:
        return Looked((), {}, frozenset())
    here = {"after": after, "last": page[-1].reference}
    fresh: dict[str, list[Fresh]] = {}
    for row in tx.rows(_FRESH, **here):
        fresh.setdefault(row["reference"], []).append(Fresh(row["n"], row["leg"] or "", row["type"]))
    return Looked(page, fresh, frozenset(row["reference"] for row in tx.rows(_WISHED, **here)))


def take(tx: Tx, page: Sequence[Moved]) -> set[str]:
    """Those of these cases that are the caller's to tell of: neither taken by another host nor moved on meanwhile.

    The head of the sealed list is held meanwhile, so that sealers and takers wait for each other and never cross.
    """
    held(tx, "@seals")
    by_name = {case.reference: case for case in page}
    mine = {case.reference for names, each in named(by_name) for row in tx.rows(
        f"select * from moved where reference in ({names})", **each)
        if (case := Moved(row["reference"], row["since"], row["n"])) == by_name[case.reference]}
    return {row["reference"] for names, each in named(mine)  # but not of what was erased just now
            for row in tx.rows(f"delete from moved where reference in ({names}) returning reference", **each)}


def count(tx: Tx) -> int:
    """How many cases wait to be looked at."""
    return int(tx.rows("select count(*) as n from moved")[0]["n"])
