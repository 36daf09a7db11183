"""Papers that need not be brought: looked up at filing with the recorded consent, and pinned in the case.

All look-ups happen at filing (language 2.8): a licence that a leg ends would be gone for the legs after it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from catalog.dictionary import Role, Source
from desk.premises import Premises
from forms.papers.candidate import Candidate
from forms.papers.look_ups import NOT_TOLD, UNSURE, asked_about
from forms.papers.planned import RemovedMaterial
from forms.plan import Plan
from forms.values import json_ready
from sources.port import Found, Query, Sources
from store.engine.turns import away

LOOKED_UP = frozenset({"licence", "sharing", "premises"})
AT_ONCE = 8
RELATED = "related@"  # before a role: the key of what the register of relations answered about whoever files and them
Consent = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Grounds:
    """On what papers are looked up: the consent of whoever files; which consent each paper takes (None: whoever it is
    about has not given one); those of whom registers must tell first that the filer may consent for them; and why a
    source may not be asked at all about a row of the form, as one of `NOT_ASKED` (None: it may)."""

    filer: Consent
    consent_of: Callable[[RemovedMaterial], Consent | None]
    kin: Sequence[Role] = ()
    apart: Callable[[Source, int | None], str | None] = lambda _, __: None


@dataclass(frozen=True, slots=True)
class Findings:
    """What the look-ups of a plan came to: outcome and document by material key, and by `RELATED` with a role."""

    outcomes: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def without(self, others: Container[str]) -> Findings:
        """The same without the documents of others: they were found before an account changed."""
        return replace(self, documents={key: one for key, one in self.documents.items() if key not in others})

    def pinned(self) -> dict[str, Any]:
        """As a case keeps it: the documents, and by role what registers of relations answered, if any was asked."""
        relations = {key.removeprefix(RELATED): said for key, said in self.outcomes.items() if key.startswith(RELATED)}
        return {"lookups": self.documents, **({"relations": relations} if relations else {})}

    def kept(self) -> dict[str, Any]:
        """As a draft keeps it."""
        return {"outcomes": dict(self.outcomes), "documents": dict(self.documents)}


@dataclass(frozen=True, slots=True)
class _Ask:
    """One question to a source, and the key of what it is for."""

    key: str
    name: str
    source: Source
    row: int | None
    consent: Consent


def look_up(premises: Premises, plan: Plan, answers: Mapping[str, Any], grounds: Grounds, now: datetime) -> Findings:
    """Ask the sources for every paper that the plan expects from one and somebody agreed to; `SourcesBusy` where too
    many wait for answers already."""
    if not _waited_for(premises.sources, plan, grounds):
        return _looked_up(premises, plan, answers, grounds, now)
    with premises.places.one():
        return _looked_up(premises, plan, answers, grounds, now)


def _waited_for(sources: Sources, plan: Plan, grounds: Grounds) -> bool:
    """Whether a source would be asked that has to be waited for."""
    return any(sources.waits(one.source.kind) for line in plan.removed_materials if line.rule in LOOKED_UP
               and grounds.consent_of(line) is not None for one in tried(line))


def _looked_up(premises: Premises, plan: Plan, answers: Mapping[str, Any], grounds: Grounds,
               now: datetime) -> Findings:
    """Those that wait are asked at once, each kept apart. Where one of several papers is enough, the next is asked for
    once the one before was not found.

    The registers come first that must tell for whom the filer may consent; what they do not allow is not asked."""
    outcomes: dict[str, str] = {}
    documents: dict[str, Mapping[str, Any]] = {}
    here = now.astimezone(premises.zone)

    def ask(asks: Sequence[_Ask]) -> None:
        found = _answers(premises.sources, [
            Query(kind=one.source.kind, name=one.source.name or one.name, consent=dict(one.consent),
                  numbers=numbers(plan, one.row, one.source, answers), at=here, bundle=plan.bundle,
                  purpose=str(plan.bundle_name)) for one in asks])
        for one, answer in zip(asks, found, strict=True):
            outcomes[one.key] = _outcome(answer)
            if answer.status == "hit":
                documents[one.key] = dict(answer.document)

    registers = {role.code: [_Ask(f"{RELATED}{role.code}:{one.name}", role.code, one, None, grounds.filer)
                             for one in role.related.registers] for role in grounds.kin if role.related is not None}
    ask([one for asks in registers.values() for one in asks])
    told = {code: _together([outcomes.pop(one.key) for one in asks]) for code, asks in registers.items()}
    outcomes |= {RELATED + code: said for code, said in told.items()}

    def apart(source: Source, row: int | None) -> str | None:
        """Why a source is not asked; None where it may be."""
        said = next((told[role.code] for role in asked_about(source, None, grounds.kin)
                     if told[role.code] != "hit"), None)
        return grounds.apart(source, row) or said

    agreed = {line.key: grounds.consent_of(line) for line in plan.removed_materials if line.rule in LOOKED_UP}
    turns = [(line, iter(tried(line))) for line in plan.removed_materials if agreed.get(line.key) is not None]
    while turns:
        tries = [(line, rest, one) for line, rest in turns if (one := next(rest, None)) is not None]
        barred = {one.key: why for line, _, one in tries if (why := apart(one.source, line.row)) is not None}
        outcomes |= barred
        ask([_Ask(one.key, one.kind, one.source, line.row, agreed[line.key] or {})
             for line, _, one in tries if one.key not in barred])
        turns = [(line, rest) for line, rest, one in tries if outcomes[one.key] != "hit"]
    return Findings(outcomes, documents)


def _together(outcomes: Sequence[str]) -> str:
    """What several registers say together: `hit` if all tell so, else whether one did not answer or none tells so."""
    return "hit" if set(outcomes) == {"hit"} else UNSURE if "failed" in outcomes else NOT_TOLD


def spoken_for(plan: Plan) -> list[Role]:
    """Those for whom a law lets whoever files consent, as far as a paper of theirs would be looked up and the form says
    what the registers are asked with."""
    kin = [role for role in plan.people if role.related is not None]
    if not kin:
        return []
    sources = [one.source for line in plan.removed_materials if line.rule in LOOKED_UP for one in tried(line)]
    on_form = {line.code for line in plan.fields}
    return [role for role in kin if role.related is not None and on_form.issuperset(role.related.by)
            and any(asked_about(source, None, [role]) for source in sources)]


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


def numbers(plan: Plan, row: int | None, source: Source, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What the source is asked with: the holder's number, or the answers to the fields that it looks up by; of an
    address its parts."""
    if source.kind != "licence":
        found = {code: answer_at(answers, code, row) for code in source.by}
        return {code: json_ready(value) if isinstance(value, Mapping) else str(value)
                for code, value in found.items() if value not in (None, "")}
    role = next((role for role in plan.people if role.code == source.holder), None)
    number = answers.get(role.id) if role else None
    return {"holder": str(number)} if number else {}


def answer_at(answers: Mapping[str, Any], code: str, row: int | None) -> Any:
    """The answer to a field; a row's own for `group.column`."""
    group, _, column = code.rpartition(".")
    if not group or row is None:
        return answers.get(code)
    rows = answers.get(group) or []
    return rows[row].get(column) if row < len(rows) else None
