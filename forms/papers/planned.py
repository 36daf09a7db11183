"""The papers of a plan: those that are still brought, those that are gone, and what each leg receives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from catalog.dictionary import Source, Spec
from catalog.limits import Limit
from catalog.text import Text
from forms.papers.candidate import Candidate
from forms.reason import Reason

Obtained = Literal["upload", "library", "sharing", "premises", "result", "pledge", "later", "form", "replaced"]
RemovalRule = Literal["form", "logic_a", "logic_b", "covers", "mandate", "licence", "sharing", "premises", "pledge",
                      "given"]


@dataclass(frozen=True, slots=True)
class MaterialLine:
    """A paper the applicant still brings. `key` identifies (kind, role, row): `K16`, `ID01@mother`, `TX02#1`.

    `askers` are the legs that get the upload. `choices` are the kinds of an `any_of`. `tolerable` is set only when
    every asker tolerates a later paper (the strictest time). `failed`: a look-up in vain or not made, perhaps
    because the `number` in that field is mistyped."""

    key: str
    kind: str
    name: Text
    askers: tuple[str, ...]
    why: Reason
    spec: Spec
    role: str | None = None
    row: int | None = None
    required: bool = True
    choices: tuple[str, ...] = ()
    tolerable: Limit | None = None
    sensitive: bool = False
    help: Text | None = None
    blank: str | None = None
    sample: str | None = None
    failed: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class RemovedMaterial:
    """A paper asked by `askers` that the applicant does not bring, by which rule, from where.

    `source` is the look-up for licence, sharing and premises; `by` the giving legs (logic_a), the superseding material
    keys (logic_b, covers), or the pledge form. A kind may be kept for some askers and removed for others. `candidates`
    are the kinds of a list that can be looked up, as they are tried; the first one's source is `source`.
    """

    key: str
    kind: str
    name: Text
    rule: RemovalRule
    askers: tuple[str, ...]
    why: Reason
    source: Source | None = None
    by: tuple[str, ...] = ()
    role: str | None = None
    row: int | None = None
    signers: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class MaterialSlot:
    """What one leg receives for one thing it asks: `key` as asked, `taken` the key of the paper that fills it (another
    one where a later or richer paper stands for it), and how it is obtained. `result` slots name the giving legs in
    `by`; `later` follows by `leg.material_added` or is tolerated; `form` and `replaced` slots carry no file."""

    leg: str
    key: str
    name: Text
    obtained: Obtained
    taken: str | None = None
    by: tuple[str, ...] = ()
