"""Papers that need not be brought: looked up at filing with the recorded consent, and pinned in the case.

All look-ups happen at filing (language 2.8): a licence that a leg ends would be gone for the legs after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from desk.premises import Premises
from forms.plan import Plan, RemovedMaterial
from sources.port import Found, Query, Sources
from store.turns import away

LOOKED_UP = frozenset({"licence", "sharing", "premises"})
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Findings:
    """What the look-ups of a plan came to: outcome and document by material key."""

    outcomes: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        """As a draft keeps it."""
        return {"outcomes": dict(self.outcomes), "documents": dict(self.documents)}


def look_up(premises: Premises, plan: Plan, answers: Mapping[str, Any], consent: Mapping[str, Any],
            now: datetime) -> Findings:
    """Ask the sources for every paper that the plan expects from one; those that wait at once, each kept apart."""
    asked = list(_queries(plan, answers, consent, now))
    found = _answers(premises.sources, [query for _, query in asked])
    outcomes = {line.key: _outcome(answer) for (line, _), answer in zip(asked, found, strict=True)}
    documents = {line.key: dict(answer.document)
                 for (line, _), answer in zip(asked, found, strict=True) if answer.status == "hit"}
    return Findings(outcomes, documents)


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


def _queries(plan: Plan, answers: Mapping[str, Any], consent: Mapping[str, Any],
             now: datetime) -> Iterator[tuple[RemovedMaterial, Query]]:
    agreed = dict(consent)
    for line in plan.removed_materials:
        if line.rule in LOOKED_UP and line.source is not None:
            yield line, Query(kind=line.source.kind, name=line.source.name or line.kind, consent=agreed,
                              numbers=numbers(plan, line, answers), at=now)


def numbers(plan: Plan, line: RemovedMaterial, answers: Mapping[str, Any]) -> dict[str, str]:
    """What the source is asked with: the holder's number, or the answers to the fields that it looks up by."""
    assert line.source is not None
    if line.source.kind != "licence":
        found = {code: _answer(answers, code, line.row) for code in line.source.by}
        return {code: str(value) for code, value in found.items() if value not in (None, "")}
    role = next((role for role in plan.people if role.code == (line.role or line.source.holder)), None)
    number = answers.get(role.id) if role else None
    return {"holder": str(number)} if number else {}


def _answer(answers: Mapping[str, Any], code: str, row: int | None) -> Any:
    """The answer to a field; a row's own for `group.column`."""
    group, _, column = code.rpartition(".")
    if not group or row is None:
        return answers.get(code)
    rows = answers.get(group) or []
    return rows[row].get(column) if row < len(rows) else None
