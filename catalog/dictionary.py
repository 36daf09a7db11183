"""The dictionary: what a field, a material, a licence, a department, a region or a table is.

Source of the primitives: the bundle language, section 1.1. All values are frozen; codes are text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from catalog.conditions import Condition
from catalog.text import Text

FieldType = Literal[
    "text", "number", "integer", "date", "datetime", "yes_no", "choice", "many", "region", "regions", "address",
    "rows", "citizen_id", "uscc", "phone", "email", "vin", "plate", "project_code",
    "bank_account",
]
SourceKind = Literal["self", "mandate", "licence", "sharing", "premises", "zone"]


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice: its code in our dictionary and its label."""

    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class Source:
    """Where a material or a prefill comes from without the applicant.

    `licence` looks up licence `name` of role `holder`; `sharing` asks registry `name` with the answers to the
    fields `by`; `premises` and `zone` look up what was filed before under the field `by`; `mandate` is one given
    online, which stands for the paper; `self` is the applicant.
    """

    kind: SourceKind
    name: str | None = None
    holder: str | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One datum of the dictionary (字段/数据元). Label, help and prefill live only here, never at an asker.

    Bounds are inclusive; `min`/`max` are in `unit` for numbers and count the choices for many/regions/rows;
    lengths count characters. `section` is the page of the form that shows it. `inner` are the fields of a
    repeated group (`type` rows), whose codes are written `group.field`; a `unique` one differs in every row.
    """

    code: str
    name: Text
    type: FieldType
    section: str = ""
    unit: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    decimals: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    not_before: str | None = None
    not_after: str | None = None
    options: tuple[Option, ...] = ()
    level: str | None = None
    inner: tuple[Field, ...] = ()
    key: str | None = None
    shown: str | None = None
    sensitive: bool = False
    purpose: Text | None = None
    prefill: tuple[Source, ...] = ()
    default: str | None = None
    required: bool = False
    help: Text | None = None
    when: str | None = None
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the combined form: a group of fields with a heading, in the order of the file."""

    code: str
    name: Text
    help: Text | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """How a material must look. Merged strictest first (language 2.11): smaller `max_mb`, more `copies`,
    intersection of `file_types` (lower-case endings), original over copy, all `seals` and `signers`."""

    file_types: tuple[str, ...] = ("pdf", "jpg", "png")
    max_mb: int = 20
    copies: int = 1
    original: bool = False
    seals: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    max_age: str | None = None
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """A paper by code (材料). `becomes` = "form" (the merged form replaces it) or the fields it turns into.

    `covers` names kinds for which this one serves as well; `proves` names kinds that must have been granted
    before this one could exist. `per` names the repeated group with one paper per row.
    """

    code: str
    name: Text
    per_role: bool = False
    per: str | None = None
    becomes: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    proves: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    sensitive: bool = False
    spec: Spec = field(default_factory=Spec)
    help: Text | None = None
    blank: str | None = None
    sample: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a person of the case must have agreed to before it is filed, unless this person files it (另一方确认).

    `to` are the sentences to which the person says yes, `sees` the fields of the form that are shown beside them (name
    and number always are), `when` on which condition that is needed (None: always).
    """

    to: tuple[Text, ...]
    sees: tuple[str, ...] = ()
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """That whoever files may consent for somebody: by which law, when at all, and the registers that tell so (how the
    two are related, that somebody has died), which are asked first. Only where all of them find it are papers of that
    person looked up."""

    law: Text
    registers: tuple[Source, ...]
    when: Condition | None = None

    @property
    def by(self) -> frozenset[str]:
        """The fields that the registers are asked with."""
        return frozenset(code for one in self.registers for code in one.by)


@dataclass(frozen=True, slots=True)
class Role:
    """A person or body in the case: the field with its number and the field with its name, and what that person must
    agree to, or how whoever files is `related` to them. `consents` is what stood in place of `agrees` in older
    editions, and asks nobody."""

    code: str
    name: Text
    id: str
    shown: str
    consents: bool = False
    agrees: Agreement | None = None
    related: Relation | None = None


@dataclass(frozen=True, slots=True)
class Licence:
    """An electronic licence type. Where persons and enterprises alike may hold it (`both`), the kind of the number by
    which it is looked up tells which. `gives_fields` maps its own keys to our fields, one or several."""

    code: str
    name: Text
    held_by: Literal["person", "enterprise", "both"]
    gives_fields: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def fills(self) -> Iterator[tuple[str, str]]:
        """Each of its keys with each field that it fills."""
        for key, named in self.gives_fields.items():
            yield from ((key, code) for code in ((named,) if isinstance(named, str) else named))


@dataclass(frozen=True, slots=True)
class Department:
    """A kind of body (部门), not one office; the deployment lists the bodies with connector, region and secret."""

    code: str
    name: Text
    level: str = "city"
    acts_for: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A region of GB/T 2260: six digits, name, level (nation, province, city, district) and parent code."""

    code: str
    name: Text
    level: str
    parent: str | None = None
    recognises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A code list or a rule table: `columns`, and rows of text by column; rule rows carry `rule` and `says`."""

    code: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    name: Text | None = None


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year of the working-day calendar: weekdays off, weekend days that are worked, and where that is said.

    `provisional` marks a year the State Council has not announced: statutory days only, no make-up days.
    Dates are ISO text (YYYY-MM-DD). Rule: 行政许可法 第82条, the yearly notice of the State Council.
    """

    year: int
    source: Text
    days_off: tuple[str, ...]
    make_up_days: tuple[str, ...]
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A named period that changes yearly: ISO dates from/to and daily hours `HH:MM-HH:MM`."""

    code: str
    start: str
    end: str
    hours: str | None = None
