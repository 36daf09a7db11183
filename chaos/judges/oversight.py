"""Rules about urges and ratings: each reaches whom it is for, once, and nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from chaos.evidence import FILED, ZONE, Evidence, Line

URGED = "leg.urged"


def _urges(found: Evidence) -> Iterator[tuple[str, Line]]:
    return ((leg, event) for leg, events in found.events_of.items() for event in events if event["type"] == URGED)


def urges_miscounted(found: Evidence) -> Iterator[str]:
    """I30: each acknowledged urge of an applicant or a supervisor is in the history of its leg, once; and the
    supervisor's in the audit log."""
    made = Counter((event["data"]["by"], leg) for leg, event in _urges(found))
    asked = {("applicant", line["about"], line["key"]) for line in found.noted("urge") if line["status"] == 200}
    asked |= {("supervisor", line["about"], str(line["day"])) for line in found.noted("supervised") if line["done"]}
    acknowledged = Counter((who, leg) for who, leg, _ in asked)
    answered = {line["key"] for line in found.noted("urge")}
    doubtful = {("applicant", line["about"]) for line in found.noted("urge_tried") if line["key"] not in answered}
    for who, leg in sorted({*acknowledged, *made} - doubtful):
        if who != "platform" and made[who, leg] != acknowledged[who, leg]:
            yield f"{leg}: {made[who, leg]} urges by {who} for {acknowledged[who, leg]}"
    listed = Counter(line["target"] for line in found.audit if line["action"] == "urge")
    yield from (f"{leg}: {listed[leg]} of {made['supervisor', leg]} urges in the audit log"
                for leg in sorted({leg for who, leg in made if who == "supervisor"} | listed.keys())
                if listed[leg] != made["supervisor", leg])


def urges_astray(found: Evidence) -> Iterator[str]:
    """I31: each urge comes to the system of its department, once, and not before its leg."""
    first: dict[tuple[str, str], int] = {}
    for place, line in enumerate(found.effects):
        first.setdefault((line["leg"], line["type"]), place)
    yield from (f"{leg}: urged before it came" for (leg, type_), place in first.items()
                if type_ == URGED and place < first.get((leg, FILED), place + 1))
    came = Counter(line["leg"] for line in found.effects if line["type"] == URGED)
    at_desks = set(found.run.get("form", {}).get("desks", ()))
    by_hand = {leg["id"] for leg in found.legs.values() if leg["office"] in at_desks}
    made = Counter(leg for leg, _ in _urges(found) if leg not in by_hand)
    yield from (f"{leg}: {came[leg]} came of {made[leg]}" for leg in sorted({*came, *made})
                if came[leg] > made[leg] or (came[leg] < made[leg] and leg not in found.transfers))


def urged_twice(found: Evidence) -> Iterator[str]:
    """I32: nobody urges a leg twice on a day; an agent and the principal are one."""
    times = Counter((leg, _whose(event), datetime.fromisoformat(event["at"]).astimezone(ZONE).date())
                    for leg, event in _urges(found))
    yield from (f"{leg}: {often} times by {by} on {day}" for (leg, by, day), often in times.items() if often > 1)


def _whose(event: Line) -> str:
    return "applicant" if event["data"]["by"] == "applicant" else str(event["by"])


def ratings_miscounted(found: Evidence) -> Iterator[str]:
    """I33: an acknowledged rating is there once, as it was given; there is no other; the portal's daily recount finds
    every counter right."""
    given = {(line["about"], line["key"], line["level"]) for line in found.noted("rating") if line["status"] == 200}
    there = Counter((line["leg"] or line["case"], line["level"]) for line in found.exported("rating"))
    tried = {(line["about"], line["level"]) for line in found.noted("rating_tried")}
    acknowledged = Counter((about, level) for about, _, level in given)
    yield from (f"{about}: {there[about, level]} of level {level} for {acknowledged[about, level]}"
                for about, level in sorted(acknowledged) if there[about, level] != acknowledged[about, level])
    yield from (f"{about}: level {level} was never given" for about, level in sorted(there.keys() - tried))
    often = Counter(about for about, _ in there.elements())
    yield from (f"{about}: rated {number} times" for about, number in often.items() if number > 1)
    drifts = {sample.get("drift", 0) for sample in found.run.get("samples", ())} - {0}
    yield from (f"{drift} counters were wrong at a recount" for drift in drifts)


def ratings_told(found: Evidence) -> Iterator[str]:
    """I34: nothing of a rating comes to a department, neither to its system nor on the pages of its officers."""
    yield from (f"{line['leg']}: {line['key']}" for line in found.said("leak"))
    yield from (f"{line['body']}: {line['path']}" for line in found.officers if line["what"] == "leak")
