"""Rules about cases: nothing acknowledged is lost, halved or doubled, and each keeps the edition it was filed under."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from chaos.evidence import FILED, Evidence, Line, grouped

OVER = frozenset({"granted", "delivered", "refused", "not_accepted", "withdrawn", "terminated", "voided", "not_needed"})


def lost(found: Evidence) -> Iterator[str]:
    """I1: every receipt has its case."""
    yield from sorted({ack["reference"] for ack in found.acks} - found.cases.keys())


def half_written(found: Evidence) -> Iterator[str]:
    """I2: a case has exactly the legs that were promised, every paper with its bytes, and its first entry."""
    filed = (event for event in found.exported("event") if event["type"] == "case.filed")
    first: dict[str, Line] = {event["case"]: event for event in filed}
    for reference in found.cases:
        opening = first.get(reference)
        if opening is None or not opening["id"].endswith("/000001"):
            yield f"{reference}: no first entry"
        elif opening["data"].get("legs") != len(found.legs_of.get(reference, ())):
            yield f"{reference}: {len(found.legs_of.get(reference, ()))} legs"
    uploaded = {line["file"]: line["sha256"] for line in found.noted("file")}
    for ack in found.acks:
        case, legs = found.cases.get(ack["reference"]), {leg["id"] for leg in found.legs_of.get(ack["reference"], ())}
        kept = {file["file"]: file["sha256"] for file in case["files"]} if case else {}
        if case and legs != set(ack["legs"]):
            yield f"{ack['reference']}: other legs than in the receipt"
        for file in ack["files"] if case else ():
            if kept.get(file) is None or kept[file] != uploaded.get(file, kept[file]):
                yield f"{ack['reference']}: paper {file}"


def key_without_its_receipt(found: Evidence) -> Iterator[str]:
    """I3: one key has one receipt, word for word, and there are no more cases than keys."""
    by_key: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for ack in found.acks:
        by_key[ack["key"]].add((ack["reference"], ack["digest"]))
    yield from (f"{key}: {len(answers)} different receipts" for key, answers in by_key.items() if len(answers) > 1)
    tried = {line["key"] for line in found.noted("tried")}
    if len(found.cases) > len(tried):
        yield f"{len(found.cases)} cases from {len(tried)} keys"


def not_final(found: Evidence) -> Iterator[str]:
    """I4: after the drain every leg is over."""
    yield from (f"{leg['id']}: {leg['state']}" for leg in found.legs.values() if leg["state"] not in OVER)


def not_conserved(found: Evidence) -> Iterator[str]:
    """I13: at each sample legs by state sum to legs created, and the portal's own watch finds nothing."""
    sizes: defaultdict[str, set[int]] = defaultdict(set)
    for reference, legs in found.legs_of.items():
        sizes[found.cases[reference]["bundle"] if reference in found.cases else ""].add(len(legs))
    for sample in found.run.get("samples", ()):
        alike = all(len(sizes[bundle]) == 1 for bundle in sample["cases"])
        created = sum(number * min(sizes[bundle]) for bundle, number in sample["cases"].items()) if alike else 0
        if alike and sum(sample["legs"].values()) != created:
            yield f"{sum(sample['legs'].values())} legs of {sample['cases']} cases"
        yield from (f"{rule}: {number}" for rule, number in sample["breaches"].items())


def other_edition(found: Evidence) -> Iterator[str]:
    """I14: case, receipt and payload show one edition, and legs of one matter and edition carry the same fields."""
    for ack in found.acks:
        case = found.cases.get(ack["reference"])
        if case and case["edition"] != ack["edition"]:
            yield f"{ack['reference']}: filed under {ack['edition'][:12]}, kept under {case['edition'][:12]}"
    calls = [line for line in found.said("call") if line["type"] == FILED]
    for line in calls:
        case = found.cases.get(line["leg"].rpartition("-")[0])
        if case and line["edition"] != case["edition"]:
            yield f"{line['leg']}: sent under {str(line['edition'])[:12]}"
    for (matter, edition), lines in groupby(sorted(calls, key=_kind), key=_kind):
        shapes = {tuple(line["fields"]) for line in lines}
        if len(shapes) > 1:
            yield f"{matter} {edition[:12]}: {len(shapes)} different sets of fields"


def _kind(line: Any) -> tuple[str, str]:
    return str(line["matter"]), str(line["edition"])


def unreconciled(found: Evidence) -> Iterator[str]:
    """I22: the portal's report of differences with each department's list is empty, and so is ours."""
    for office, made in found.run.get("reconcile", {}).items():
        if made["code"]:
            yield f"{office}: {made['said'][:300]}"
    handed = grouped(found.held.values(), "body")
    for office, lines in handed.items():
        theirs = {line["leg"] for line in lines}
        ours = {leg["id"] for leg in found.legs.values() if leg["office"] == office and leg["ref"]}
        yield from (f"{office}: {leg} is known to one side only" for leg in sorted(theirs ^ ours))
