"""What of a person's data goes to whom for one case: which office has been told what, and which registers were asked.

Names only: the answers are the person's own. Who is written about may know this (个人信息保护法 第44条) and take the
consent back as easily as it was given (第15条); what was done until then stays right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from cases.model import Leg
from cases.states import FINAL, TRANSFERRED
from cases.words import handler
from desk.applicants.consents import sensitive_lines
from desk.applicants.lookups import LOOKED_UP
from desk.known import Known, has_it, may_have_it
from desk.parties.statements import Part, part_of
from forms.papers.planned import MaterialSlot
from forms.plan import FieldAsker, Plan, PlannedLeg
from store.consents import Consent

Told = Literal["told", "leaving", "to_come", "never"]
_NO_PAPER = frozenset({"form", "replaced"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """The office of one leg: whether it has been `told`, since when, and the names of the answers and papers in it."""

    leg: str
    name: str
    department_name: str
    told: Told
    since: datetime | None
    answers: tuple[str, ...]
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A paper that registers were asked for; `found` is False where the applicant brought it instead."""

    name: str
    found: bool


@dataclass(frozen=True, slots=True)
class Agreed:
    """Somebody who agreed to a case before it was filed, in which role, and when."""

    role_name: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Who gets what for a case, and the consent it rests on; `taken_back_at` None while that stands. `agent` is who
    filed it and gave the consent for its owner, None where the owner did."""

    given_at: datetime
    taken_back_at: datetime | None
    recipients: tuple[Recipient, ...]
    asked: tuple[Asked, ...]
    sensitive: tuple[str, ...]
    agent: str | None = None
    agreements: tuple[Agreed, ...] = ()


def disclosure(known: Known, consent: Consent | None, agent: str | None = None) -> Disclosure:
    """Who gets what for a case as it stands."""
    plan, legs = known.case.plan, known.case.legs
    names = {asked.role: str(asked.name) for asked in plan.agreements}
    return Disclosure(
        given_at=known.case.filed_at if consent is None else consent.given_at,
        taken_back_at=None if consent is None else consent.withdrawn_at,
        recipients=tuple(one for planned in plan.legs for one in _recipients(plan, planned, legs[planned.leg])),
        asked=(*_asked(plan), *_relations(known)), agent=agent,
        sensitive=tuple(str(line.name) for line in sensitive_lines(plan)),
        agreements=tuple(Agreed(names[one["role"]], one["name"], datetime.fromisoformat(one["agreed_at"]))
                         for one in known.row.body.get("agreements", ())))


def about_person(known: Known, role: str) -> tuple[Recipient, ...]:
    """Who gets what about somebody who agreed to the case in a role; offices that get nothing about them are left
    out."""
    plan, legs = known.case.plan, known.case.legs
    part = next(part_of(plan, asked) for asked in plan.agreements if asked.role == role)
    found = (one for planned in plan.legs for one in _recipients(plan, planned, legs[planned.leg], part))
    return tuple(one for one in found if one.answers or one.papers)


def _recipients(plan: Plan, planned: PlannedLeg, leg: Leg, part: Part | None = None) -> Iterator[Recipient]:
    """The offices that had a leg before it went to another, and the one that has it; what they get, or of it what is
    about one person."""
    slots = plan.parts[planned.leg].slots
    now = Recipient(
        planned.leg, planned.title, handler(leg, planned), _told(leg), leg.received_at,
        tuple(dict.fromkeys(_answers(plan, planned.leg, part))),
        tuple(dict.fromkeys(_papers(slot for slot in slots if part is None or slot.taken in part.papers))))
    received: datetime | None = None
    for event in leg.history if leg.left else ():
        received = event.at if event.type == "leg.received" and received is None else received
        if event.type == TRANSFERRED and event.data.get("told"):
            yield replace(now, department_name=str(event.data["from_name"]), told="told", since=received)
        received = None if event.type == TRANSFERRED else received
    yield now


def _told(leg: Leg) -> Told:
    if has_it(leg):
        return "told"
    if leg.state in FINAL:
        return "never"
    return "leaving" if may_have_it(leg) else "to_come"


def _answers(plan: Plan, leg: str, part: Part | None) -> Iterator[str]:
    """The names of the fields that a leg receives, of a list those of its columns; what other legs give comes last."""
    for line in plan.fields:
        if part is not None and line.code not in part.fields:
            continue
        columns = [str(inner.name) for inner in line.inner if _is_among(leg, inner.askers)]
        if columns:
            yield f"{line.name}（{'、'.join(columns)}）"
        elif _is_among(leg, line.askers):
            yield str(line.name)
    for removed in plan.removed_fields if part is None else ():
        if _is_among(leg, removed.askers):
            yield str(removed.name)


def _is_among(leg: str, askers: Iterable[FieldAsker]) -> bool:
    return any(asker.leg == leg for asker in askers)


def _papers(slots: Iterable[MaterialSlot]) -> Iterator[str]:
    return (str(slot.name) for slot in slots if slot.obtained not in _NO_PAPER)


def _asked(plan: Plan) -> Iterator[Asked]:
    for removed in plan.removed_materials:
        if removed.rule in LOOKED_UP:
            yield Asked(str(removed.name), found=True)
    for line in plan.materials:
        if line.why.rule == "failed":
            yield Asked(str(line.name), found=False)


def _relations(known: Known) -> Iterator[Asked]:
    """The relations that registers were asked about."""
    names = {role.code: role.name for role in known.case.plan.people}
    for role, outcome in known.row.body.get("relations", {}).items():
        yield Asked(f"申请人能否代{names.get(role, role)}同意", found=outcome == "hit")
