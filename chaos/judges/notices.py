"""Rules about notices: each counts once, in any order and any number of copies; what is forged never does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from chaos.evidence import Evidence, Line
from chaos.manners import FORGED_CODE

FINAL = frozenset({"leg.granted", "leg.refused", "leg.not_accepted", "leg.withdraw_confirmed"})
APPENDED = frozenset({"leg.remark", "leg.fee", "leg.supplement_required"})
OF_ANSWERS = frozenset({"leg.received", "leg.message_refused", "leg.withdraw_received"})


def final_twice(found: Evidence) -> Iterator[str]:
    """I9: a leg ends once, unless it was corrected."""
    for leg, events in found.events_of.items():
        ends = [event["type"] for event in events if event["type"] in FINAL]
        if len(ends) > 1 and not any(event["type"] == "leg.corrected" for event in events):
            yield f"{leg}: {', '.join(ends)}"


def bad_accepted(found: Evidence) -> Iterator[str]:
    """I10: what is forged, stale or another department's is refused and changes nothing."""
    yield from (f"{line['leg']}: {line['kind']} answered {line['status']}" for line in found.said("told_bad")
                if line["status"] < 400)
    yield from (f"{event['id']}: forged" for event in found.exported("event")
                if event["data"].get("reason_code") == FORGED_CODE)


def _appended(found: Evidence) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """How many notices of an appending type were acknowledged, and how many events there are, by leg and type."""
    told = {(line["leg"], line["type"], line["id"]) for line in found.said("told")
            if line["status"] == 204 and line["type"] in APPENDED}
    told |= {(act.leg, act.act, act.form) for act in found.acts if act.done and act.act in APPENDED}
    made = Counter((leg, event["type"]) for leg, events in found.events_of.items() for event in events
                   if event["type"] in APPENDED)
    return Counter((leg, type_) for leg, type_, _ in told), made


def appended_twice(found: Evidence) -> Iterator[str]:
    """I11: a remark, a fee or an ask counts once, however often it is told."""
    told, made = _appended(found)
    yield from (f"{leg} {type_}: {made[leg, type_]} for {told[leg, type_]}" for leg, type_ in made
                if made[leg, type_] > told[leg, type_])


def notices_lost(found: Evidence) -> Iterator[str]:
    """I25: what was answered 204 has left its trace; a leg that its applicant took back may be over before."""
    told, made = _appended(found)
    yield from (f"{leg} {type_}: {made[leg, type_]} for {told[leg, type_]}" for leg, type_ in told
                if made[leg, type_] < told[leg, type_] and leg.rpartition("-")[0] not in found.withdrawn)
    refused = defaultdict(set)
    for line in found.said("told"):
        if 400 <= line["status"] < 500:
            refused[line["leg"], line["type"]].add(line["status"])
    yield from (f"{leg} {type_}: answered {sorted(codes)}" for (leg, type_), codes in refused.items())


def not_as_told(found: Evidence) -> Iterator[str]:
    """I15: the portal says nothing that its department did not say, and sets no honest notice aside."""
    noticed = {(line["leg"], line["type"]) for line in found.said("notice")}
    noticed |= {(act.leg, act.act) for act in found.acts}
    noticed |= {(line["leg"], line["says"]) for line in found.said("answer") if "says" in line}  # in an answer
    for leg, events in found.events_of.items():
        for event in events:
            said = event["by"].startswith("department:") and not event["filled"] and event["type"] not in OF_ANSWERS
            if said and (leg, event["type"]) not in noticed:
                yield f"{event['id']}: {event['type']} was never said"
    yield from (f"{line['leg']}: {line['type']} set aside as {line['code']}" for line in found.exported("quarantine")
                if str(line["leg"]).rpartition("-")[0] not in found.withdrawn and not _of_a_former_office(found, line))


def _of_a_former_office(found: Evidence, line: Line) -> bool:
    """Whether a notice was set aside because the leg had left the office that says it, or had come back there since."""
    leg = str(line["leg"])
    was_there = any(move["data"]["from"] == line["department"] for move in found.transfers.get(leg, ()))
    return was_there and (line["code"] == "transferred" or (
        line["code"] == "before_return" and found.of_before(leg, found.numbers.get(line["message_id"])) is not False))
