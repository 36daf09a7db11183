"""What goes into the desk and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from desk.applicants.consents import NO_SCOPE, Scope
from desk.parties.parties import Party
from forms.papers.look_ups import UNSURE
from forms.plan import Plan

LOST_FILE = "上传的文件找不到或已用于另一个办件；请重新上传"


class AtCounter(NamedTuple):
    """At which counter something is filed, in which visit, and the scans that are kept of it: of the signed
    application, of the signed consent, of the paper by which somebody came in the person's place. No department gets
    them."""

    visit: str
    counter: str
    scans: Mapping[str, tuple[str, ...]]

    def kept(self) -> dict[str, Any]:
        """As it is kept with the case."""
        return {"visit": self.visit, "counter": self.counter,
                "scans": {name: list(files) for name, files in self.scans.items()}}


@dataclass(frozen=True, slots=True)
class Filing:
    """One combined application as it was sent in. `materials` maps a plan's material key to stored file ids;
    `consent` holds what was agreed to: `{"agreed": true, "sensitive": [...], "signed": [...], "version": "..."}` and,
    from a draft, the `scope` it was given for (`desk/applicants/consents.py`). `found` is what look-ups
    with these answers already came to (a draft's), else they are made at filing. `draft` is what it was until now, and
    what others agreed to; `counter` where it is filed, if at one."""

    bundle: str
    situation: Mapping[str, Any]
    form: Mapping[str, Any]
    materials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    consent: Mapping[str, Any] = field(default_factory=dict)
    edition: str | None = None
    on_behalf_of: str | None = None
    found: Mapping[str, Any] | None = None
    draft: str | None = None
    counter: AtCounter | None = None

    @property
    def scans(self) -> set[str]:
        """The files that come with it and are no papers of it."""
        return {file for files in self.counter.scans.values() for file in files} if self.counter else set()


class Reviewed(NamedTuple):
    """What whoever files a draft has seen of it: its version, and the edition of its bundle; None: not said. And where
    it is filed, if at a counter."""

    version: str | None = None
    edition: str | None = None
    counter: AtCounter | None = None


class ReceiptLeg(NamedTuple):
    """One leg as the receipt lists it; `department` is the office that handles it, by its id in the deployment."""

    leg: str
    matter: str
    name: str
    department: str
    state: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a filing: only given once everything is durable."""

    reference: str
    code: str
    state: str
    edition: str
    legs: tuple[ReceiptLeg, ...]

    def kept(self) -> dict[str, Any]:
        """As it is answered, and kept for whoever sends the same again."""
        return {"reference": self.reference, "code": self.code, "state": self.state, "edition": self.edition,
                "legs": [{"leg": leg, "matter": matter, "name": name, "department": department, "state": state}
                         for leg, matter, name, department, state in self.legs]}


@dataclass(frozen=True, slots=True)
class Draft:
    """A saved, unfiled application with its plan and the problems it still has (an error tree by page).

    `form` and `materials` are what the plan asks and what would be filed; `aside` keeps the rest, by part. `scope` is
    what consent is asked for now, `consented` whether it is given for that; `lacking` how many answers each field that
    is missing still needs (of rows their blank cells) and, as one, each paper.
    `version` changes with every answer, file and consent; hand it back with changes to a draft that was shown.
    `on_behalf_of` is whom it is for, if not its owner; `shut` says that this one's mandate is over, so that nothing of
    what was filled in is shown. `parties` are those who must agree before it is filed.
    """

    id: str
    subject: str
    bundle: str
    situation: Mapping[str, Any]
    form: Mapping[str, Any]
    materials: Mapping[str, tuple[str, ...]]
    consent: Mapping[str, Any]
    plan: Plan
    edition: str
    updated_at: datetime
    errors: Mapping[str, Any] = field(default_factory=dict)
    lacking: Mapping[str, int] = field(default_factory=dict)
    filed_as: str | None = None
    found: Mapping[str, Any] | None = None
    aside: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = NO_SCOPE
    consented: bool = False
    version: str = ""
    on_behalf_of: str | None = None
    shut: bool = False
    parties: tuple[Party, ...] = ()

    @property
    def unheard(self) -> bool:
        """Whether a source or register did not answer: it may when it is asked again."""
        return not self.filed_as and not {"failed", UNSURE}.isdisjoint((self.found or {}).get("outcomes", {}).values())

    @property
    def missing(self) -> tuple[str, ...]:
        """The codes of fields and keys of papers that are still missing."""
        return tuple(self.lacking)


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft in the list of somebody's drafts: whom or what it is `about`, and how many answers and papers are still
    missing or wrong; `waits` are the roles of those who have not agreed. The rest as in `Draft`; of one that is `shut`
    nothing of this is said. `closed` says why its bundle takes nothing any more ("" while it does); `gone` that it is
    not even there."""

    id: str
    bundle: str
    bundle_name: str
    updated_at: datetime
    about: str = ""
    fields: int = 0
    papers: int = 0
    errors: int = 0
    on_behalf_of: str | None = None
    shut: bool = False
    waits: tuple[str, ...] = ()
    closed: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A stored file without its bytes."""

    file: str
    sha256: str
    size: int
    name: str
    type: str
