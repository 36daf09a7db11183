"""One certificate over several results (综合证): which of them this case brings, and which it needs to stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from catalog.bundle import Bundle
from catalog.matter import Gives
from catalog.model import Catalog
from catalog.text import Text


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A result that is part of the certificate, and the leg that gives it."""

    material: str
    name: Text
    leg: str
    needed: bool


@dataclass(frozen=True, slots=True)
class PlannedComposite:
    """The certificate of a case: each part keeps its own number and validity; it stands while the needed ones do.
    `shows` are the fields of the form that a report repeats."""

    id: str
    name: Text
    issued_by: Text
    parts: tuple[PlannedPart, ...]
    kind: Literal["certificate", "report"] = "certificate"
    shows: tuple[str, ...] = ()


def composite_of(catalog: Catalog, bundle: Bundle, given: Iterable[tuple[str, Gives]]) -> PlannedComposite | None:
    """The certificate that legs make of what they give; None where the bundle has none or no leg gives a part of it."""
    one = bundle.composite
    if one is None:
        return None
    parts = tuple(
        PlannedPart(code, catalog.materials[code].name, leg, code in one.needs)
        for leg, gives in given for code in gives.materials if code in one.parts
    )
    issuer = catalog.departments[one.issued_by].name
    return PlannedComposite(one.id, one.name, issuer, parts, one.kind, one.shows) if parts else None
