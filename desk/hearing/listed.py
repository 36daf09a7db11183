"""What is published of a matter, beside what its department asks: its papers in all its forms, and its fees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from cases.beyond import ASKED, BEYOND, FEE
from cases.edges import planned
from cases.feeds import kind_of
from catalog.matter import Matter
from catalog.model import Catalog
from desk.known import Known
from forms.plan import PlannedLeg


def beside_the_list(known: Known, leg: str, catalog: Catalog, type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a notice, in our words, with what the list says of it under `BEYOND`; nobody else writes there."""
    kept = {name: value for name, value in data.items() if name != BEYOND}
    if type_ == ASKED:
        return kept | _of_papers(known, leg, catalog, data)
    return kept | (_of_fees(known, planned(known.case, leg)) if type_ == FEE else {})


def _of_papers(known: Known, leg: str, catalog: Catalog, data: Mapping[str, Any]) -> dict[str, Any]:
    """The papers on no list, by name, and what is on the list; nothing where all are on it."""
    listed = _published(known, leg, catalog)
    names = {name for each in listed.values() for name in each}
    beside = [entry["name"] for entry in data["materials"]
              if kind_of(entry["material"]) not in listed and not {entry["material"], entry["name"]} & names]
    if not beside:
        return {}
    return {BEYOND: {"papers": beside, "listed": sorted(names)}}


def _published(known: Known, leg: str, catalog: Catalog) -> dict[str, set[str]]:
    """The papers of a leg's matter in any situation, and those that its plan has for it, each kind with its names."""
    found: dict[str, set[str]] = {}
    matter = catalog.matters.get(planned(known.case, leg).matter)
    for kind in _kinds(matter) if matter is not None else ():
        if kind in catalog.materials:
            found.setdefault(kind, set()).add(str(catalog.materials[kind].name))
    for slot in known.case.plan.parts[leg].slots:
        found.setdefault(kind_of(slot.key), set()).add(str(slot.name))
    return found


def _kinds(matter: Matter) -> Collection[str]:
    every = (matter.asks, *(variant.asks for variant in matter.variants if variant.asks is not None))
    asks = [ask for one in every for ask in one.materials]
    return {*(kind for ask in asks for kind in (ask.kind, *ask.any_of)),
            *(ask.pledge.form for ask in asks if ask.pledge is not None)}


def _of_fees(known: Known, line: PlannedLeg) -> dict[str, Any]:
    """What the matter may cost here at most, and the fees in words."""
    form = known.row.body.get("form", {})
    declared = sum((fee.amount * _times(fee.per, line, form) for fee in line.fees), Decimal())
    return {BEYOND: {"declared": f"{declared:f}", "listed": [fee.words for fee in line.fees]}}


def _times(per: str, line: PlannedLeg, form: Mapping[str, Any]) -> int:
    """For how many rows a fee is due: one for the whole, or for a leg that is of one row itself."""
    rows = form.get(per)
    return len(rows) if isinstance(rows, list) and per != line.each else 1
