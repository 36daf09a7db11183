"""Rules about packages for an archive: whatever lies under its name is whole, for good, and known to the audit log."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from chaos.evidence import Evidence

_SOUND = re.compile(r"完好：(\w+)，.*事件 (\d+) 个")


def packages_broken(found: Evidence) -> Iterator[str]:
    """I43: after kills in the midst of it every case asked for has its package, which checks as sound, has every event
    of the case, never changed since it first lay there, and is in the audit log by its digest."""
    made = found.run.get("archive")
    if made is None:
        return
    if made["made"][0]:
        yield f"not made: {made['made'][1]}"
    if made["checked"][0]:
        yield f"not sound: {made['checked'][1]}"
    left = made["left"]
    yield from (f"{reference}: no package" for reference in made["wanted"] if reference not in left)
    events = Counter(event["case"] for event in found.exported("event"))
    sound = {reference: int(number) for reference, number in _SOUND.findall(made["checked"][1])}
    yield from (f"{reference}: {sound.get(reference)} events in the package of {events[reference]}"
                for reference in left if sound.get(reference) != events[reference])
    yield from (f"{reference}: another package than before" for there in made["there"]
                for reference, digest in there.items() if left.get(reference) != digest)
    listed = defaultdict(set)
    for line in found.audit:
        if line["action"] == "archive":
            listed[line["target"]].add(line["data"]["sha256"])
    yield from (f"{reference}: not in the audit log" for reference, digest in left.items()
                if digest not in listed[reference])
