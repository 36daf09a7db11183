"""A bundle (一件事): which matters, when, in which order, and what the applicant is asked to find that out.

Source of the primitives: the bundle language, section 1.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from catalog.conditions import Condition
from catalog.dictionary import Option, Role
from catalog.limits import Limit
from catalog.matter import Matter, Rule
from catalog.text import Text

EdgeKind = Literal["before_start", "before_decide", "before_deliver", "cancels"]
Join = Literal["all", "ended", "any", "first"]
Effect = Literal["stop", "continue", "ask", "void"]
Upstream = Literal["refused", "withdrawn", "lapsed", "voided", "unclear"]
QuestionKind = Literal["yes_no", "one", "many", "number", "date", "field"]


@dataclass(frozen=True, slots=True)
class Question:
    """One situation question (情形). `kind` field takes type, options and bounds from the dictionary field of
    the same code and pre-answers it. A question is required while it is applicable."""

    id: str
    ask: Text
    kind: QuestionKind
    options: tuple[Option, ...] = ()
    min: Decimal | None = None
    max: Decimal | None = None
    when: Condition | None = None
    why: Text | None = None
    default: Any = None
    section: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """`after: {target: edge}` of a follower: `kind` says when, `feeds` says what arrives.

    `join` is None where one target makes it plain; `on` holds only what the author wrote (defaults: language 2.7).
    `need` must hold of the fields that arrive, else the follower is not needed, and `say` tells the applicant why.
    """

    target: str
    kind: EdgeKind = "before_start"
    feeds: tuple[str, ...] = ()
    join: Join | None = None
    absent: Literal["skip", "pull", "block"] = "skip"
    within: Limit | None = None
    on: Mapping[Upstream, Effect] = field(default_factory=dict)
    need: Condition | None = None
    say: Text | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A matter in a bundle; `number` is its fixed two digits here, never reused."""

    matter: str
    number: str
    when: Condition | None = None
    optional: bool = False
    must_have: bool = False
    each: str | None = None
    region: str | None = None
    after: tuple[Edge, ...] = ()
    droppable: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A named set usable wherever a matter is: `any`, `one_of` (exactly one), `some_of` (at least one)."""

    id: str
    kind: Literal["any", "one_of", "some_of"]
    members: tuple[str, ...]
    none: Condition | None = None
    deliver: Literal["apart", "together"] = "apart"
    name: Text | None = None


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What a shared field, page of the form or paper is called in one bundle; None: as in the dictionary."""

    name: Text | None = None
    help: Text | None = None
    purpose: Text | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The author's answer to a clash of specifications, with its reason."""

    code: str
    attribute: str
    value: str
    because: Text


@dataclass(frozen=True, slots=True)
class Composite:
    """One certificate over several results; a `report` only says what each of them found, and repeats on top what of
    the form it `shows`."""

    id: str
    name: Text
    issued_by: str
    parts: tuple[str, ...]
    needs: tuple[str, ...] = ()
    valid: str = "parts"
    kind: Literal["certificate", "report"] = "certificate"
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closing:
    """Nothing new is taken any more: since when (ISO; None: at once), why, and which bundle takes its place. What was
    filed goes on."""

    why: Text
    since: str | None = None
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A situation and what must come out of it; run by `flask check` and the tests. Unset parts are not compared.

    `blocked_by` are the rules that must refuse the situation; one that is refused without saying so gets a warning.
    `on` is the day of filing, without it the day on which the example is run.
    """

    given: Mapping[str, Any]
    matters: tuple[str, ...] | None = None
    materials: int | None = None
    days: Limit | None = None
    blocked_by: tuple[str, ...] = ()
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A life-event bundle (一件事). `promised` is the promise for the whole; `figures` the situation in which the
    public figures are counted; `before_after` the old order, follower → targets, used only for figures.
    `own_matters` are matters that a local bundle changed (language 2.9): read matters by `Catalog.matter_of`.
    `guide` has lines of `Text` by part; `form` says by section which fields its page begins with. `field_words`,
    `section_words` and `material_words` are its own texts of fields, sections and papers, by code, `filer_words` what
    it calls those who may file: read them by
    `catalog/worded.py`."""

    id: str
    name: Text
    questions: tuple[Question, ...]
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...] = ()
    rules: tuple[Rule, ...] = ()
    origin: str = "local"
    lead: str | None = None
    stage: str = ""
    summary: Text | None = None
    people: tuple[Role, ...] = ()
    promised: Limit | None = None
    window: str | None = None
    closed: Closing | None = None
    tone: Literal["plain", "condolence"] = "plain"
    before_after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    composite: Composite | None = None
    decisions: tuple[Decision, ...] = ()
    guide: Mapping[str, Any] = field(default_factory=dict)
    extends: str | None = None
    examples: tuple[Example, ...] = ()
    language: int = 1
    own_matters: Mapping[str, Matter] = field(default_factory=dict)
    field_words: Mapping[str, OwnWords] = field(default_factory=dict)
    section_words: Mapping[str, OwnWords] = field(default_factory=dict)
    material_words: Mapping[str, OwnWords] = field(default_factory=dict)
    filer_words: Mapping[str, Text] = field(default_factory=dict)
