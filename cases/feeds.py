"""Which results of one leg are papers or fields of another: what flows inside the case (language 2.6, 2.8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cases.edges import ending, planned
from cases.model import Ask, Case, Result
from forms.papers.planned import MaterialSlot


@dataclass(frozen=True, slots=True)
class Flow:
    """One thing that leg `giver` gave: a paper for slot `slot`, or a value for field `field`.

    `key` names the flow for ever (`K24<09`, once put right `K24<09#1`), so that it is sent once.
    """

    key: str
    giver: str
    slot: str | None = None
    results: tuple[Result, ...] = ()
    field: str | None = None
    value: Any = None


def flows_to(case: Case, taker: str, giver: str = "") -> tuple[Flow, ...]:
    """Everything granted legs of the case (or `giver` alone) have given so far for leg `taker`, papers first."""
    found = (*_papers(case, taker), *_fields(case, taker))
    return tuple(flow for flow in found if flow.giver == giver) if giver else found


def arrived(case: Case, taker: str, ask: Ask) -> bool:
    """Whether all that was asked of the applicant for leg `taker` has been given by legs of the case."""
    flows = flows_to(case, taker)
    slots = {flow.slot for flow in flows}
    kinds = {kind_of(key) for slot in case.plan.parts[taker].slots if slot.key in slots
             for key in (slot.key, slot.taken or slot.key)}
    given = {flow.field for flow in flows}
    return (all(kind_of(entry["material"]) in kinds for entry in ask.materials)
            and all(entry["field"] in given for entry in ask.fields))


def event_data(flows: tuple[Flow, ...], had: Iterable[str]) -> dict[str, Any]:
    """Flows of one giver to one taker as the data of a `leg.material_added` event; `had` are the keys of those that the
    taker has: where one of these takes the place of such a one, the event says `corrected`."""
    again = {_flowing(key) for key in had} & {_flowing(f.key) for f in flows}
    return {
        "from": flows[0].giver, "keys": [f.key for f in flows], **({"corrected": True} if again else {}),
        "slots": [f.slot for f in flows if f.slot is not None],
        "materials": [{"material": f.slot, "name": r.name, "number": r.number, "stands_for": _stands_for(f, r)}
                      for f in flows if f.slot is not None for r in f.results],
        "fields": {f.field: f.value for f in flows if f.field is not None},
    }


def _papers(case: Case, taker: str) -> Iterator[Flow]:
    for slot in case.plan.parts[taker].slots:
        if slot.obtained not in ("result", "later"):
            continue
        for giver in slot.by:
            if results := given_for(case, giver, slot):
                yield Flow(_key(slot.key, giver, results), giver, slot.key, results)


def given_for(case: Case, giver: str, slot: MaterialSlot) -> tuple[Result, ...]:
    """The results of a granted leg that fill a slot; one without a code counts when the matter gives only one material.

    No other result of that leg goes along: a department gets only what its matter asks.
    """
    if ending(case, giver) != "granted":
        return ()
    kinds = {kind_of(slot.key), kind_of(slot.taken or slot.key)}
    gives = planned(case, giver).gives.materials
    only = gives[0] if len(gives) == 1 else None
    return tuple(r for r in case.legs[giver].results if not r.void and (r.material or only) in kinds)


def kind_of(key: str) -> str:
    """`K16` of `K16@agent#2`."""
    return key.partition("#")[0].partition("@")[0]


def _stands_for(flow: Flow, result: Result) -> str | None:
    kind = kind_of(flow.slot or "")
    return kind if result.material not in (None, kind) else None


def _fields(case: Case, taker: str) -> Iterator[Flow]:
    part = case.plan.parts[taker]
    above = {t for _, edge in part.edges for t in edge.targets}
    for removed in part.given:
        for giver in removed.by:
            values = given_fields(case, giver) if giver in above and ending(case, giver) == "granted" else {}
            named = next((n for n in (removed.code, removed.code.rpartition(".")[2]) if n in values), None)
            if named is not None:
                holding = [r for r in case.legs[giver].results if not r.void and named in r.fields]
                yield Flow(_key(removed.code, giver, holding), giver, field=removed.code, value=values[named])


def _flowing(key: str) -> str:
    """What flows from where, however often it was put right."""
    what, _, giver = key.rpartition("<")
    return f"{what}<{giver.partition('#')[0]}"


def _key(what: str, giver: str, results: Sequence[Result]) -> str:
    put_right = max(result.put_right for result in results)
    return f"{what}<{giver}#{put_right}" if put_right else f"{what}<{giver}"


def given_fields(case: Case, giver: str) -> Mapping[str, Any]:
    """The fields that the results of a leg hold, by whatever code its department gave them under; none of void ones."""
    found: dict[str, Any] = {}
    for result in case.legs[giver].results:
        found.update({} if result.void else result.fields)
    return found
