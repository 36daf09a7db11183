"""A matter (事项): one thing one department decides; what it asks, gives, allows and forbids.

Source of the primitives: the bundle language, section 1.2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from catalog.conditions import Condition
from catalog.dictionary import Spec
from catalog.limits import Limit
from catalog.papers import ID_CARD
from catalog.text import Text


@dataclass(frozen=True, slots=True)
class LimitRow:
    """Limits that hold when `when` is true (None: always; the last row of a matter has none).

    `promised` and `statutory` are at most, `wait` is at least (publicity, bid time), `before` is the old promise.
    """

    when: Condition | None = None
    statutory: Limit | None = None
    promised: Limit | None = None
    before: Limit | None = None
    wait: Limit | None = None


@dataclass(frozen=True, slots=True)
class FieldAsk:
    """A field a matter uses: the department's own name, unit, code values and date form, and stricter bounds.

    `values` maps our option codes to the department's; `date_form` is a strftime form from a short list. `min` and
    `max` are in the dictionary's unit, whatever unit the author wrote them in. `type` may repeat the dictionary's.
    Of a person's number that may be of several kinds of paper `options` and `values` are those kinds, and `paper_as` is
    the department's name for the kind.
    """

    code: str
    as_name: str | None = None
    unit: str | None = None
    required: bool = True
    values: Mapping[str, str] = field(default_factory=dict)
    date_form: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    decimals: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    not_before: str | None = None
    not_after: str | None = None
    options: tuple[str, ...] = ()
    when: Condition | None = None
    note: Text | None = None
    type: str | None = None
    paper_as: str | None = None

    def paper_name(self, kinds: Collection[str]) -> str | None:
        """How the department calls the kind of paper beside a person's number of these `kinds`; None where it takes
        that of the identity card alone, which has no kind beside it."""
        if not kinds or self.options == (ID_CARD,):
            return None
        return self.paper_as or f"{self.as_name or self.code.rpartition('.')[2]}_paper"


@dataclass(frozen=True, slots=True)
class Pledge:
    """A paper replaced by a signed statement `form` of the roles `signers` (告知承诺)."""

    form: str
    signers: tuple[str, ...] = ("holder",)
    when: Condition | None = None
    later_check: str | None = None
    text: Text | None = None


@dataclass(frozen=True, slots=True)
class MaterialAsk:
    """A material a matter uses; `kind` is a code, or the ask's own name where `any_of` lists the kinds.

    `role` is written `ID01@mother`; `itself` forbids replacement by a later or richer paper; `tolerable` is the
    time within which it may follow (容缺), which never exceeds the promised limit. `spec` holds only what is set.
    """

    kind: str
    role: str | None = None
    per: str | None = None
    when: Condition | None = None
    any_of: tuple[str, ...] = ()
    tolerable: Limit | None = None
    pledge: Pledge | None = None
    itself: bool = False
    spec: Spec | None = None
    note: Text | None = None

    @property
    def key(self) -> str:
        """Identity for merging without the row: `K16`, `ID01@mother`."""
        return f"{self.kind}@{self.role}" if self.role else self.kind


@dataclass(frozen=True, slots=True)
class Asks:
    """Everything a matter asks, ask sets already expanded."""

    fields: tuple[FieldAsk, ...] = ()
    materials: tuple[MaterialAsk, ...] = ()


@dataclass(frozen=True, slots=True)
class Gives:
    """What a grant yields: materials and fields; licences it `ends`; licences it `replaces` (reissues)."""

    materials: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """An eligibility rule: when `when` holds, `need` must be true; else `say` is shown with the rule's id.

    `effect`: `block` (cannot be filed), `warn` (shown), `manual` (a person reviews).
    """

    id: str
    need: Condition
    say: Text
    when: Condition | None = None
    effect: Literal["block", "warn", "manual"] = "block"
    source: Text | None = None


@dataclass(frozen=True, slots=True)
class Special:
    """A procedure that stops the clock (行政许可法 第45条), expected when `when` holds."""

    name: Text
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Hand-over to an upper level (上报件) when `when` holds."""

    to: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee: an amount in yuan per case or per row of `per`, with its legal basis."""

    id: str
    amount: Decimal
    basis: Text
    per: str = "case"
    due: Literal["before_decide", "before_deliver"] = "before_deliver"
    exempt: Text | None = None

    @property
    def words(self) -> str:
        """What an applicant should know before filing."""
        when = "决定前" if self.due == "before_decide" else "领取结果前"
        less = f"；减免：{self.exempt}" if self.exempt else ""
        return f"收费 {self.amount} 元，{when}缴纳，依据：{self.basis}{less}"


@dataclass(frozen=True, slots=True)
class Variant:
    """The same matter in another form under the same number: what it sets replaces the matter's own, key by key."""

    id: str
    when: Condition
    name: Text | None = None
    limits: tuple[LimitRow, ...] | None = None
    asks: Asks | None = None
    gives: Gives | None = None
    fees: tuple[Fee, ...] | None = None
    matter_class: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing one department decides (事项).

    `code` is the 12-digit basic code or empty; `visits` and `steps` are (before, now) counts or None when unknown;
    `milestones` follow the decision outside the clock; `kind` check is a data check that may answer "unclear".
    """

    id: str
    name: Text
    department: str
    limits: tuple[LimitRow, ...]
    code: str = ""
    level: str = "city"
    kind: Literal["decision", "check"] = "decision"
    matter_class: str = ""
    handling: str = ""
    asks: Asks = field(default_factory=Asks)
    gives: Gives = field(default_factory=Gives)
    variants: tuple[Variant, ...] = ()
    rules: tuple[Rule, ...] = ()
    special: tuple[Special, ...] = ()
    forwards: tuple[Forward, ...] = ()
    fees: tuple[Fee, ...] = ()
    milestones: tuple[Text, ...] = ()
    visits: tuple[int, int] | None = None
    steps: tuple[int, int] | None = None
    secret: bool = False
    basis: Text | None = None
