"""The composed plan: what one situation makes of one bundle, every line with its reason.

A plan is a value without references to the catalog: filing stores it by hash and later code (payloads, tracking,
release of waiting legs) reads it and never recomputes it. Canonical JSON and back: `catalog/canonical.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from catalog.bundle import EdgeKind, Effect, Join, Upstream
from catalog.conditions import Condition
from catalog.dictionary import FieldType, Option, Role, Source
from catalog.limits import Limit
from catalog.matter import Fee, Gives
from catalog.text import Text
from forms.agreement import PlannedAgreement
from forms.composite import PlannedComposite
from forms.counts import Figures
from forms.papers.planned import MaterialLine, MaterialSlot, RemovedMaterial
from forms.reason import Reason

NO_TEXT = Text("")


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Something that stops (`block`) or warns (`warn`, `manual`, `undecided`) before filing; `at` is the question,
    field, group or matter to look at, `rule` the author's rule id or our stable code."""

    level: Literal["block", "warn", "manual", "undecided"]
    rule: str
    text: str
    at: str | None = None


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A situation question in this situation. `state`: answered, open (applicable and unanswered), idle (cannot
    change anything any more, need not be asked) or not_applicable."""

    id: str
    ask: Text
    type: FieldType
    state: Literal["answered", "open", "idle", "not_applicable"]
    value: Any = None
    options: tuple[Option, ...] = ()
    unit: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    why: Text | None = None
    when_text: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedLeg:
    """One leg (分办件): matter `matter` in this case. `leg` is its number, `NN` or `NN.i` (i from 1) for repeats.

    `row` is the index of the row (or value) it belongs to, `instance` its key, `instance_name` what its applicant calls
    that. `start` and `finish` are working days from filing as planned (None while mixed units forbid it).
    """

    leg: str
    matter: str
    name: Text
    department: str
    department_name: Text
    why: Reason
    code: str = ""
    variant: str | None = None
    kind: str = "decision"
    each: str | None = None
    row: int | None = None
    instance: str | None = None
    region: str | None = None
    must_have: bool = False
    promised: Limit | None = None
    statutory: Limit | None = None
    wait: Limit | None = None
    before: Limit | None = None
    gives: Gives = field(default_factory=Gives)
    milestones: tuple[Text, ...] = ()
    special: tuple[Text, ...] = ()
    forwards_to: str | None = None
    fees: tuple[Fee, ...] = ()
    start: int | None = None
    finish: int | None = None
    critical: bool = False
    matter_class: str = ""
    instance_name: str | None = None

    @property
    def title(self) -> str:
        """What the leg is called to anybody: the matter, for repeats with what tells it from others, and no name."""
        told = self.instance_name if self.instance == self.region else self.instance
        return f"{self.name}({told or self.instance})" if self.instance else str(self.name)


@dataclass(frozen=True, slots=True)
class AbsentMatter:
    """A matter of the bundle that this situation does not need (`out`) or may need (`maybe`, with the question)."""

    matter: str
    name: Text
    state: Literal["out", "maybe"]
    why: Reason
    department_name: Text = NO_TEXT
    number: str = ""


@dataclass(frozen=True, slots=True)
class PlannedEdge:
    """An edge between legs that are in the plan: `leg` waits for `targets` as `kind` says.

    `join` all: every target granted; ended: all over and at least one granted; any: one granted (`first` is
    already resolved to one target). `on` has the effect for every way a target can end without a result. Unless what
    arrives fulfils `need`, `leg` is not needed, as `say` tells the applicant."""

    leg: str
    targets: tuple[str, ...]
    kind: EdgeKind
    join: Join
    feeds: tuple[str, ...] = ()
    within: Limit | None = None
    on: Mapping[Upstream, Effect] = field(default_factory=dict)
    need: Condition | None = None
    say: Text | None = None


@dataclass(frozen=True, slots=True)
class FieldAsker:
    """Who asks for a field and how it wants it: the department's own name, unit, codes, date form, kind of paper."""

    leg: str
    matter: str
    as_name: str
    unit: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    date_form: str | None = None
    required: bool = True
    note: Text | None = None
    paper_as: str | None = None


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One question of the combined form, the strictest of all askers; `won` names whose rule won, by attribute.

    For `rows` the columns are `inner` (askers under `group.field`), each asked in the rows `only` (from 0; None: all),
    `unique` in each another. `value` is what the situation says (shown, not asked), `prefill` where it may come from,
    `same_as` the field that must say the same."""

    code: str
    name: Text
    type: FieldType
    section: str
    required: bool
    askers: tuple[FieldAsker, ...]
    why: Reason
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
    inner: tuple[FieldLine, ...] = ()
    key: str | None = None
    sensitive: bool = False
    purpose: Text | None = None
    prefill: tuple[Source, ...] = ()
    default: str | None = None
    help: Text | None = None
    value: Any = None
    won: Mapping[str, str] = field(default_factory=dict)
    only: tuple[int, ...] | None = None
    unique: bool = False
    same_as: str | None = None


@dataclass(frozen=True, slots=True)
class RemovedField:
    """A field some leg asks and the applicant is not asked: an earlier leg gives it (`given`)."""

    code: str
    name: Text
    askers: tuple[FieldAsker, ...]
    why: Reason
    by: tuple[str, ...] = ()
    type: FieldType = "text"
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class SectionLine:
    """One page of the combined form with the codes of its fields in order."""

    code: str
    name: Text
    fields: tuple[str, ...]
    help: Text | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A field as one leg's matter declares it: its code with us, and how this leg wants it. `given` by a leg above,
    else asked on the form. Of rows `columns` are those it declares, by their bare names; `asker` may then be None."""

    code: str
    type: FieldType
    unit: str | None
    asker: FieldAsker | None
    columns: tuple[Declared, ...] = ()
    given: bool = False


@dataclass(frozen=True, slots=True)
class LegPart:
    """What the plan says of one leg: its line, the edges at which it follows (with their numbers), all legs below it,
    its paper slots, the fields given from above, the numbers of all edges it is an end of, the fields it declares, and
    which legs are `near`: itself, those at the other end of its edges, those that it gives something.

    `made` keeps what others work out from this part alone, once, by a name of theirs."""

    line: PlannedLeg
    edges: tuple[tuple[int, PlannedEdge], ...]
    below: frozenset[str]
    slots: tuple[MaterialSlot, ...]
    given: tuple[RemovedField, ...]
    ends: frozenset[int]
    declared: tuple[Declared, ...]
    near: frozenset[str]
    made: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Plan:
    """Everything one situation makes of one edition of a bundle."""

    bundle: str
    bundle_name: Text
    edition: str
    situation: Mapping[str, Any]
    questions: tuple[AskedQuestion, ...]
    legs: tuple[PlannedLeg, ...]
    absent: tuple[AbsentMatter, ...]
    edges: tuple[PlannedEdge, ...]
    sections: tuple[SectionLine, ...]
    fields: tuple[FieldLine, ...]
    removed_fields: tuple[RemovedField, ...]
    materials: tuple[MaterialLine, ...]
    removed_materials: tuple[RemovedMaterial, ...]
    slots: tuple[MaterialSlot, ...]
    problems: tuple[PlanProblem, ...]
    figures: Figures
    people: tuple[Role, ...] = ()
    promised: Limit | None = None
    critical: tuple[str, ...] = ()
    today: str | None = None
    composite: PlannedComposite | None = None
    agreements: tuple[PlannedAgreement, ...] = ()

    @cached_property
    def made(self) -> dict[str, Any]:
        """What others work out from this plan, kept with it under a name of theirs and forgotten with it."""
        return {}

    @cached_property
    def parts(self) -> Mapping[str, LegPart]:
        """The plan leg by leg; worked out once, since a case is looked at leg by leg at each of its events."""
        return {line.leg: self._part(line) for line in self.legs}

    def _part(self, line: PlannedLeg) -> LegPart:
        edges = tuple((index, edge) for index, edge in enumerate(self.edges) if edge.leg == line.leg)
        below, fresh = set[str](), {line.leg}
        while fresh:
            fresh = {edge.leg for edge in self.edges if fresh & set(edge.targets)} - below
            below |= fresh
        given = tuple(field for field in self.removed_fields if any(asker.leg == line.leg for asker in field.askers))
        ends = frozenset(index for index, edge in enumerate(self.edges) if line.leg in (edge.leg, *edge.targets))
        slots = tuple(slot for slot in self.slots if slot.leg == line.leg)
        near = {line.leg, *(self.edges[index].leg for index in ends), *self._taking(line.leg)}
        return LegPart(line, edges, frozenset(below), slots, given, ends,
                       tuple(_declared(self.fields, given, line.leg)), frozenset(near))

    def _taking(self, giver: str) -> Iterator[str]:
        """The legs to which results of one leg go as papers or fields."""
        yield from (slot.leg for slot in self.slots if giver in slot.by)
        yield from (asker.leg for field in self.removed_fields if giver in field.by for asker in field.askers)


def _declared(fields: Iterable[FieldLine], given: Iterable[RemovedField], leg: str) -> Iterator[Declared]:
    """The fields on the form first, then those given alone, then the groups of which the form has nothing left."""
    columns, alone = dict[str, list[Declared]](), list[Declared]()
    for removed in given:
        group, _, name = removed.code.rpartition(".")
        one = Declared(name, removed.type, removed.unit, _asker(removed.askers, leg), given=True)
        columns.setdefault(group, []).append(one) if group else alone.append(one)
    for line in fields:
        asker = _asker(line.askers, leg)
        inner = tuple(Declared(column.code.rpartition(".")[2], column.type, column.unit, wanted)
                      for column in line.inner if (wanted := _asker(column.askers, leg)) is not None)
        asked = {column.code for column in inner}  # one that is given for some rows is asked of the others
        given_here = columns.pop(line.code, ()) if line.type == "rows" else ()
        inner += tuple(column for column in given_here if column.code not in asked)
        if asker is not None or inner:
            yield Declared(line.code, line.type, line.unit, asker, inner)
    yield from alone
    for group, found in columns.items():
        yield Declared(group, "rows", None, None, tuple(found), given=True)


def _asker(askers: Iterable[FieldAsker], leg: str) -> FieldAsker | None:
    return next((asker for asker in askers if asker.leg == leg), None)
