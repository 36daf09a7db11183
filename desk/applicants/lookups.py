"""Papers that need not be brought: looked up at filing with the recorded consent, and pinned in the case.

All look-ups happen at filing (language 2.8): a licence that a leg ends would be gone for the legs after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.dictionary import Source
from desk.premises import Premises
from forms.candidate import Candidate
from forms.plan import Plan, RemovedMaterial
from sources.port import Found, Query, Sources
from store.engine.turns import away

LOOKED_UP = frozenset({"licence", "sharing", "premises"})
AT_ONCE = 8
# The consent on which a paper is looked up; None: whoever it is about has not given one.
ConsentOf = Callable[[RemovedMaterial], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Findings:
    """What the look-ups of a plan came to: outcome and document by material key."""

    outcomes: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        """As a draft keeps it."""
        return {"outcomes": dict(self.outcomes), "documents": dict(self.documents)}


def look_up(premises: Premises, plan: Plan, answers: Mapping[str, Any], consents: ConsentOf,
            now: datetime) -> Findings:
    """Ask the sources for every paper that the plan expects from one and somebody agreed to; those that wait at once,
    each kept apart. Where one of several papers is enough, the next is asked for once the one before was not found."""
    outcomes: dict[str, str] = {}
    documents: dict[str, Mapping[str, Any]] = {}
    agreed = {line.key: consents(line) for line in plan.removed_materials if line.rule in LOOKED_UP}
    turns = [(line, iter(tried(line))) for line in plan.removed_materials if agreed.get(line.key) is not None]
    while turns:
        asked = [(line, rest, one) for line, rest in turns if (one := next(rest, None)) is not None]
        found = _answers(premises.sources, [
            Query(kind=one.source.kind, name=one.source.name or one.kind, consent=dict(agreed[line.key] or {}),
                  numbers=numbers(plan, line.row, one.source, answers), at=now) for line, _, one in asked])
        for (_, _, one), answer in zip(asked, found, strict=True):
            outcomes[one.key] = _outcome(answer)
            if answer.status == "hit":
                documents[one.key] = dict(answer.document)
        turns = [(line, rest) for line, rest, one in asked if outcomes[one.key] != "hit"]
    return Findings(outcomes, documents)


def tried(line: RemovedMaterial) -> Sequence[Candidate]:
    """What is looked up for a paper that a source brings, one after the other until something is found."""
    if line.source is None:
        return ()
    return line.candidates or (Candidate(line.key, line.kind, line.name, line.source),)


def _answers(sources: Sources, queries: Sequence[Query]) -> list[Found]:
    """The answers in the order of the queries; threads only where waiting for one would hold up another."""
    waits = sum(sources.waits(query.kind) for query in queries)
    if not waits:
        return [sources.find(query) for query in queries]
    with away():
        if waits == 1:
            return [sources.find(query) for query in queries]
        with ThreadPoolExecutor(min(AT_ONCE, len(queries)), "look-up") as pool:
            return list(pool.map(sources.find, queries))


def _outcome(found: Found) -> str:
    """`hit`, `failed`, or `miss`; a document that the source knows not to exist has to be brought like a missed one."""
    return "miss" if found.status == "absent" else found.status


def numbers(plan: Plan, row: int | None, source: Source, answers: Mapping[str, Any]) -> dict[str, str]:
    """What the source is asked with: the holder's number, or the answers to the fields that it looks up by."""
    if source.kind != "licence":
        found = {code: _answer(answers, code, row) for code in source.by}
        return {code: str(value) for code, value in found.items() if value not in (None, "")}
    role = next((role for role in plan.people if role.code == source.holder), None)
    number = answers.get(role.id) if role else None
    return {"holder": str(number)} if number else {}


def _answer(answers: Mapping[str, Any], code: str, row: int | None) -> Any:
    """The answer to a field; a row's own for `group.column`."""
    group, _, column = code.rpartition(".")
    if not group or row is None:
        return answers.get(code)
    rows = answers.get(group) or []
    return rows[row].get(column) if row < len(rows) else None
