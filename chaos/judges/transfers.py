"""Rules about legs that go to another office: each is where it was taken to last, and nowhere else; the office that it
left hears that it left, and is not heard any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from chaos.evidence import EACH_STAY, TRANSFERRED, Evidence, Line
from chaos.judges.effects import BY_DEPARTMENT

LEAVES = frozenset({"leg.created", "leg.released"})


def not_where_it_went(found: Evidence) -> Iterator[str]:
    """I45: a leg ends at the office that the last transfer named, which alone holds it; whatever is decided it does
    hold."""
    holders: dict[str, list[str]] = {}
    for office, leg in found.held:
        holders.setdefault(leg, []).append(office)
    for leg in found.transfers:
        last, there = found.stays(leg)[-1], sorted(holders.get(leg, ()))
        ended = found.legs.get(leg, {"office": "nowhere", "state": ""})
        if ended["office"] != last:
            yield f"{leg}: at {ended['office']} instead of {last}"
        if set(there) - {last} or (ended["state"] in BY_DEPARTMENT and not there):
            yield f"{leg}: held by {', '.join(there) or 'nobody'} instead of {last}"
    yield from (f"{leg}: held by {', '.join(sorted(there))}" for leg, there in holders.items()
                if len(there) > 1 and leg not in found.transfers)


def farewells_wrong(found: Evidence) -> Iterator[str]:
    """I46: every office that had the leg hears that it left, once for each time, and no other does; not before the
    filing that is over, unless the operator would not wait for that."""
    heard = Counter((line["leg"], line["body"]) for line in found.effects if line["type"] == TRANSFERRED)
    due = Counter((leg, move["data"]["from"]) for leg, moves in found.transfers.items() for move in moves
                  if move["data"]["told"])
    yield from (f"{leg}: {heard[leg, office]} of {due[leg, office]} farewells at {office}"
                for leg, office in sorted({*heard, *due}) if heard[leg, office] != due[leg, office])
    hasty = {(leg, move["data"]["from"]) for leg, moves in found.transfers.items() for move in moves
             if move["data"]["unanswered"]}
    yield from (f"{line['key']}: before the filing at {line['body']}" for line in found.effects
                if line["type"] == TRANSFERRED and not line["known"] and (line["leg"], line["body"]) not in hasty)


def heard_after_it_left(found: Evidence) -> Iterator[str]:
    """I47: nothing that an office said of a leg counts while another has it, nor, once the leg came back, what it said
    of the time before."""
    for leg in found.transfers:
        stays = found.stays(leg)
        for place, filing, event in _said(found.events_of.get(leg, ())):
            elsewhere = event["by"].split(":")[1] not in stays[place:place + 1]
            if elsewhere or event["data"].get("seq", filing * EACH_STAY) // EACH_STAY < filing:
                yield f"{event['id']}: {event['type']} by {event['by']}, {'elsewhere' if elsewhere else 'of before'}"


def _said(events: Iterable[Line]) -> Iterator[tuple[int, int, Line]]:
    """What departments said of a leg: how often it was taken to another office before, and by the how-manieth filing
    its office has it. What had not left yet when it was taken away gets no filing by that."""
    place = filing = 0
    for event in events:
        place += event["type"] == TRANSFERRED
        if event["type"] in LEAVES and event["data"].get("state") != "waiting":
            filing = filing or 1
        filing += event["type"] == TRANSFERRED and filing > 0
        if event["by"].startswith("department:") and not event["filled"]:
            yield place, filing, event


def transfers_miscounted(found: Evidence) -> Iterator[str]:
    """I48: each acknowledged transfer stands once in the history of its leg and in the audit log, as it was asked for,
    and no other does."""
    asked: dict[tuple[str, str], Line] = {(leg, line["reason"]): line for line in found.noted("moves")
                                          for leg in line["legs"]}
    listed = Counter((leg, move["data"]["reason"]) for leg, moves in found.transfers.items() for move in moves)
    done = {(leg, line["reason"]) for line in found.noted("moved") for leg in line["legs"]}
    yield from (f"{leg}: {listed[leg, reason]} times in the audit log: {reason}" for leg, reason in sorted(done)
                if listed[leg, reason] != 1)
    for leg, moves in found.transfers.items():
        for move in (move["data"] for move in moves):
            wanted = asked.get((leg, move["reason"]), {})
            if any(wanted.get(name) != move[name] for name in ("to", "basis", "unanswered")):
                yield f"{leg}: taken to {move['to']} unasked: {move['reason']}"
        there = sum(event["type"] == TRANSFERRED for event in found.events_of.get(leg, ()))
        if there != len(moves):
            yield f"{leg}: {there} times in its history, {len(moves)} in the audit log"
    yield from (f"{leg}: in its history, not in the audit log" for leg, events in found.events_of.items()
                if leg not in found.transfers and any(event["type"] == TRANSFERRED for event in events))
