"""Who an account is: its name, and the numbers that it has beside that name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.dictionary import FieldType
from catalog.model import Catalog
from catalog.papers import HK_MACAO_PERMIT, ID_CARD, kind_of, of_kind
from forms.formats import FORMATS, BadFormat
from forms.persons import person_number
from store import people
from store.errors import UnknownAccount
from store.port import Tx

NAMELESS = "（没有登记姓名）"
OWN_ROLES = frozenset({"holder", "agent", "legal_rep"})  # those that whoever signs in may have in any case


@dataclass(frozen=True, slots=True)
class Person:
    """A person as an account knows them; `numbers` are those of citizens."""

    subject: str
    name: str
    numbers: tuple[str, ...] = ()

    def is_called(self, number: str, name: str) -> bool:
        """Whether this is the person whom a form names so."""
        return folded(name) == folded(self.name) and number_key(number) in map(number_key, self.numbers)


def name_of(tx: Tx, subject: str) -> str:
    """What an account is called; there may be none."""
    try:
        return people.account(tx, subject).name or NAMELESS
    except UnknownAccount:
        return NAMELESS


def person(tx: Tx, subject: str, catalog: Catalog) -> Person:
    """The person behind an account; nameless and without a number where there is none."""
    try:
        known = people.account(tx, subject)
    except UnknownAccount:
        return Person(subject, NAMELESS)
    return Person(subject, known.name or NAMELESS, tuple(numbers(catalog, known.name, known.body, "citizen_id")))


def numbers(catalog: Catalog, name: str, details: Mapping[str, Any], kind: FieldType) -> list[str]:
    """The numbers of one kind that an account has beside its own name, in whatever role: it may know others as well,
    such as whoever it files for."""
    roles = (*catalog.roles.values(), *(role for one in catalog.bundles.values() for role in one.people))
    return list(dict.fromkeys(str(details[role.id]) for role in roles if details.get(role.shown) == name
                              and role.id in details and catalog.fields[role.id].type == kind))


def folded(text: str) -> str:
    """One spelling of what different people type: full width, spaces, a small x, the dot within a name."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    return plain.translate(_DOTS)


def number_key(number: str, kind: FieldType = "citizen_id") -> str:
    """What equal numbers of people or bodies have in common, however they were typed."""
    plain = unicodedata.normalize("NFKC", number)
    said = kind_of(plain).strip().lower()
    try:
        clean = person_number(plain, {ID_CARD: "", said: said}) if kind == "citizen_id" else FORMATS[kind](plain)
    except (BadFormat, KeyError):
        clean = number
    return clean_key(clean)


def masked(name: str) -> str:
    """A name as others may see it who need not know it: 张**."""
    return f"{name[:1]}**"


def number_on(kind: str, typed: str) -> str:
    """A person's number as it was typed from a paper of this kind, in its clean form; `BadFormat`."""
    return person_number(of_kind(kind, folded(typed)), {ID_CARD: "身份证", kind: kind})


def clean_key(number: str) -> str:
    """The same of a number as the form leaves it. Of a permit of Hong Kong or Macao the last two of eleven signs count
    how often it was renewed."""
    key = folded(number)
    return key[:-2] if key.startswith(_PERMIT) and len(key) == len(_PERMIT) + 11 else key


_PERMIT = of_kind(HK_MACAO_PERMIT, "").upper()
_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・.", "·"))
