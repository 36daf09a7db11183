"""Rules about effects: each leg has exactly one at its department, and what the portal says of it is true."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from chaos.evidence import FILED, Evidence

BY_DEPARTMENT = frozenset({"granted", "delivered", "refused", "not_accepted"})
QUICK_SHARE = 0.99


def doubled(found: Evidence) -> Iterator[str]:
    """I5: one effect for each leg, and each time that it comes to an office; one for each key of a later message."""
    filed = Counter((line["body"], line["leg"]) for line in found.effects if line["type"] == FILED)
    for (office, leg), times in filed.items():
        stays = found.stays(leg)
        if times > (stays.count(office) if stays else 1):
            yield f"{leg}: {times} effects at {office}"
    later = Counter(line["key"] for line in found.effects if line["type"] != FILED)
    yield from (f"{key}: {times} effects" for key, times in later.items() if times > 1)


def without_effect(found: Evidence) -> Iterator[str]:
    """I6: no leg is decided that its department never got."""
    handed = {leg for _, leg in found.held} | {*found.opened}
    yield from (f"{leg['id']}: {leg['state']}" for leg in found.legs.values()
                if leg["state"] in BY_DEPARTMENT and leg["id"] not in handed)


def ghosts(found: Evidence) -> Iterator[str]:
    """I7: no department has a leg that the portal does not know."""
    yield from sorted({line["leg"] for line in found.effects} - found.legs.keys())


def overtaken(found: Evidence) -> Iterator[str]:
    """I26: no later message comes to a department before the leg that it is about; one may come on another line just
    after the leg has left."""
    yield from (line["key"] for line in found.said("answer") if line["status"] == 404 and not line.get("left"))


def wrongly_decided(found: Evidence) -> Iterator[str]:
    """I8: the portal shows of each leg what its department decided."""
    for leg, state in found.decided.items():
        shown = found.legs[leg]["state"] if leg in found.legs else "nothing"
        if shown != state:
            yield f"{leg}: {state} by the department, {shown} here"
    yield from (f"{leg['id']}: {leg['state']} here, not decided there" for leg in found.legs.values()
                if leg["state"] in BY_DEPARTMENT and leg["id"] not in found.decided)


def delays(found: Evidence) -> list[tuple[float, str]]:
    """How long legs took from their release, and from when the last of their papers was cleared, to the effect at a
    department that does nothing wrong, outages taken off, longest last."""
    script = found.run.get("form", {}).get("script", {})
    troubled = {name for name, plays in script.items() if plays.get("rules") or plays.get("effect") == "call"}
    troubled.add(found.run.get("form", {}).get("away"))
    released = {leg: found.real(event["at"]) for leg, events in found.events_of.items() for event in events
                if event["type"] == "leg.released" or event["data"].get("state") == "queued"}
    named = {line["leg"]: (*line.get("files", ()), "") for line in found.said("call") if line["type"] == FILED}
    taken = []
    for line in found.effects:
        counts = line["type"] == FILED and line["body"] not in troubled and line["leg"] not in found.transfers
        since = released.pop(line["leg"], None) if counts else None
        if since is not None:
            since = max(since, *(found.cleared_by(digest, line["at"]) for digest in named[line["leg"]]))
            taken.append((line["at"] - since - found.away(since, line["at"]), line["leg"]))
    return sorted(taken)


def delayed(found: Evidence) -> Iterator[str]:
    """I12: departments that do nothing wrong do not wait for those that do."""
    form = found.run.get("form", {})
    taken, limit = delays(found), form.get("quick_seconds", float("inf"))
    if form.get("speed", 1) != 1:  # the times of the portal and those of its departments cannot be compared
        return
    late = [(seconds, leg) for seconds, leg in taken if seconds > limit]
    if len(late) > len(taken) * (1 - QUICK_SHARE):
        yield from (f"{leg}: {seconds:.1f} s" for seconds, leg in reversed(late))


def overwritten(found: Evidence) -> Iterator[str]:
    """I23: nothing is done any more about a message whose receipt is recorded, as a late worker would."""
    ended: dict[str, str] = {}
    for attempt in sorted(found.exported("attempt"), key=lambda line: str(line["id"])):
        if attempt["key"] in ended:
            yield f"{attempt['id']}: after {ended[attempt['key']]}"
        if attempt["outcome"] == "received":
            ended[attempt["key"]] = attempt["id"]


def changed_bytes(found: Evidence) -> Iterator[str]:
    """I24: the bytes of a key never change, nor the office that it is for, and neither does the key of a leg's filing,
    unless it goes to another office."""
    bodies: defaultdict[str, set[str]] = defaultdict(set)
    keys: defaultdict[str, set[str]] = defaultdict(set)
    offices: defaultdict[str, set[str]] = defaultdict(set)
    for line in found.said("call"):
        bodies[line["key"]].add(line["body_sha256"])
        offices[line["key"]].add(line["body"])
        if line["type"] == FILED:
            keys[line["leg"]].add(line["key"])
    yield from (f"{key}: {len(shapes)} bodies" for key, shapes in bodies.items() if len(shapes) > 1)
    yield from (f"{key}: for {', '.join(sorted(names))}" for key, names in offices.items() if len(names) > 1)
    yield from (f"{leg}: {len(names)} keys" for leg, names in keys.items()
                if len(names) > 1 + len(found.transfers.get(leg, ())))
