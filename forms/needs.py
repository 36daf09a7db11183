"""Legs that may turn out not to be needed (decision 36): their plan says on which result that hangs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from forms.answers import Known
from forms.legs import Leg
from forms.order import Order
from forms.plan import PlannedEdge
from forms.words import Labels, phrase


def with_needs(legs: list[Leg], order: Order, known: Known) -> list[Leg]:
    """The legs, of which those that need something of a result say so in their reason."""
    needs = [edge for edge in order.edges if edge.need is not None]
    if not needs:
        return legs
    titles = {leg.number: leg.planned.title for leg in legs}
    return [_saying(leg, [edge for edge in needs if edge.leg == leg.number], titles, known) for leg in legs]


def _saying(leg: Leg, needs: list[PlannedEdge], titles: Mapping[str, str], known: Known) -> Leg:
    why = leg.planned.why
    text = "".join(f"；要等“{titles[edge.targets[0]]}”办好，{_met(edge, known)}才办" for edge in needs)
    return replace(leg, planned=replace(leg.planned, why=replace(why, text=f"{why.text}{text}"))) if needs else leg


def _met(edge: PlannedEdge, known: Known) -> str:
    """What must come, by the names of the fields: the question of the same code is not asked here."""
    assert edge.need is not None
    fields = {code: known.catalog.fields[code] for code in edge.feeds if code in known.catalog.fields}
    names = {**known.labels.names, **{code: str(field.name) for code, field in fields.items()}}
    labels: Labels = replace(known.labels, names=names, decided=frozenset(fields))
    return phrase(edge.need.tree, True, labels)
