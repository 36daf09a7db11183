"""What the platform's claims say of a person, in our words, and which answers of a form that settles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.strict_json import whole_text
from people.errors import SignInRefused
from people.oidc.setup import Choice, Meanings, Setup

LONGEST = 200
LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the platform knows. `sid` is its name for this sign-in; `enough`: the real-name level is as high as
    this portal asks for. `citizen_id` has its kind of paper before it where it is no identity card's. `organisation` is
    set when the person signed in for one (法人)."""

    issuer: str
    subject: str
    sid: str | None
    name: str
    citizen_id: str = ""
    organisation: str = ""
    credit_code: str = ""
    capacity: str = ""
    enough: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A message of the platform that somebody signed out there: of which sign-in (`sid`), or who (`subject`); `mark`
    names the message, `until` is when it is worth nothing any more."""

    subject: str | None
    sid: str | None
    mark: str
    until: datetime


@dataclass(frozen=True, slots=True)
class RoleFields:
    """A role of the definitions: the fields of its number and its name; `body`: the number is an organisation's."""

    code: str
    id: str
    shown: str
    body: bool


def subject_of(claims: Mapping[str, Any]) -> str:
    """How the platform calls the person: any characters that can be seen, to the letter; `SignInRefused`."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not fit_subject(subject):
        raise SignInRefused("sub is missing, too long or cannot be stored")
    return subject


def fit_subject(subject: str) -> bool:
    """Whether the platform can call a person so."""
    return 0 < len(subject) <= LONGEST_SUBJECT and whole_text(subject)


def person_of(claims: Mapping[str, Any], setup: Setup) -> Person:
    """The person of these claims."""
    meanings = setup.meanings
    said = {name: text(claims, claim) for name, claim in meanings.simple.items()}
    for_body = meanings.kind is None or _chosen(claims, meanings.kind) == "organisation"
    sid = claims.get("sid")
    return Person(
        issuer=setup.issuer, subject=subject_of(claims), sid=sid if isinstance(sid, str) and sid else None,
        name=said["name"] or "统一身份认证用户",
        citizen_id=_number(claims, said.get("citizen_id", "").upper(), meanings),
        organisation=said.get("organisation", "") if for_body else "",
        credit_code=said.get("credit_code", "").upper() if for_body else "",
        capacity=_chosen(claims, meanings.capacity), enough=_enough(claims, setup),
        fields={code: value for code, claim in meanings.fields.items() if (value := text(claims, claim))})


def _number(claims: Mapping[str, Any], number: str, meanings: Meanings) -> str:
    """The person's number with its kind of paper; empty where the platform names a kind that nobody said what it is."""
    if meanings.paper is None or not number:
        return number
    before = meanings.paper.said.get(text(claims, meanings.paper.claim))
    return "" if before is None else f"{before}{number}"


def untold(claims: Mapping[str, Any], meanings: Meanings) -> bool:
    """Whether something that these claims could say is not among them, so that the platform is asked once more."""
    choices = (meanings.kind, meanings.capacity, meanings.paper, meanings.level)
    claimed = [*meanings.simple.values(), *meanings.fields.values(), *(one.claim for one in choices if one is not None)]
    return not all(text(claims, claim) for claim in claimed)


def known_of(person: Person, roles: Sequence[RoleFields]) -> dict[str, str]:
    """What is known of a person by field: the numbers and names of the roles that this person, or the organisation it
    signed in for, can have in a case. Nothing empty, so that nothing settled is asked as if it were."""
    found = dict(person.fields)
    for role in roles:
        number, name = _of_role(person, role)
        found |= {role.id: number, role.shown: name} if number else {}
    return {code: value for code, value in found.items() if value}


def _of_role(person: Person, role: RoleFields) -> tuple[str, str]:
    """Number and name in a role, empty where this person is somebody else."""
    if role.code == "holder" and role.body:
        return person.credit_code, person.organisation
    mine = role.code in {"holder", "agent"} or (role.code == "legal_rep" and person.capacity == "legal_rep")
    return (person.citizen_id, person.name) if mine and not role.body else ("", "")


def text(claims: Mapping[str, Any], name: str) -> str:
    """The text of a claim, by its whole name or else part by part; empty for what no form could take."""
    value: Any = claims.get(name)
    if value is None and "." in name:
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    shown = str(value).strip()
    return shown if len(shown) <= LONGEST and whole_text(shown) else ""


def _chosen(claims: Mapping[str, Any], choice: Choice | None) -> str:
    return choice.said.get(text(claims, choice.claim), "") if choice else ""


def _enough(claims: Mapping[str, Any], setup: Setup) -> bool:
    """Whether the real-name level reaches the least that is asked for; one we do not know does not."""
    level = setup.meanings.level
    if not setup.least_level or level is None:
        return True
    said = text(claims, level.claim)
    return said in level.order and level.order.index(said) >= level.order.index(setup.least_level)
