"""Notices in: signed as departments do, each verified, judged, applied and durable before its 204, in turn with the
server's lightest route. How many cases there are is the first argument, else 160; nine legs of each are told about four
times (accepted, in review, granted, delivered), one leg of all cases in each round. What was told last then comes again
(`copies_…`), as from a department that never saw its 204.

The departments have taken every leg before; the legs that others wait for were granted by them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bench.accept import Filer
from bench.applicant import Applicant
from bench.beside import Beside
from bench.figures import RECEIVE, had_at, show
from bench.town import REAL_TIME, Town, town_of
from bench.wire import Wire, written
from connectors.signing import headers_for

CASES, FILING = 160, 4
LEGS = tuple(f"{number:02}" for number in range(9, 18))  # of the seventeen: what no other leg waits for
PATIENCE = 180.0
STEPS: Mapping[str, Mapping[str, Any]] = {
    "leg.accepted": {}, "leg.in_review": {"step": "现场查验"},
    "leg.granted": {"results": [{"name": "办理结果", "number": "示-2026-0001", "valid_to": "长期"}]},
    "leg.delivered": {"mode": "窗口领取"},
}


def taken(town: Town, cases: int) -> tuple[list[str], dict[str, str]]:
    """As many cases whose legs have all been taken: their references, and the department of each leg."""
    filer = Filer(town)
    requests = filer.requests(filer.filings(cases, len(filer.template["materials"])))
    wire = Wire(town.port, FILING)
    receipts = [json.loads(body) for body in wire.run(requests).must_be(201).bodies]
    wire.close()
    until = time.monotonic() + PATIENCE
    while len(had_at(town)) < (cases + 1) * len(filer.receipt["legs"]):
        if time.monotonic() > until:
            raise TimeoutError("some legs were not taken")
        time.sleep(0.5)
    return [receipt["reference"] for receipt in receipts], \
        {leg["leg"].rpartition("-")[2]: leg["department"] for leg in filer.receipt["legs"]}


def settled(town: Town, references: Sequence[str]) -> None:
    """Wait until every leg that is told about stands as received."""
    applicant = Applicant(town.url, town.token())
    until = time.monotonic() + PATIENCE

    def waits(reference: str) -> bool:
        return any(leg["state"] != "received" for leg in applicant.see(reference)["legs"] if leg["id"][-2:] in LEGS)

    while any(map(waits, references)):
        if time.monotonic() > until:
            raise TimeoutError("some legs are not received")
        time.sleep(0.5)


class Teller:
    """Writes notices out as requests, signed now."""

    def __init__(self, town: Town, offices: Mapping[str, str]) -> None:
        self._town, self._offices = town, offices
        self._secrets = {office: town.secret(office) for office in set(offices.values())}

    def requests(self, leg: str, references: Sequence[str]) -> list[bytes]:
        """All that is told about one leg of each case, step after step."""
        return [self._notice(f"{reference}-{leg}", seq, type_)
                for seq, type_ in enumerate(STEPS, start=1) for reference in references]

    def _notice(self, leg: str, seq: int, type_: str) -> bytes:
        office, now = self._offices[leg[-2:]], datetime.now(UTC)
        data = {"leg": leg, "seq": seq, "ref": f"R-{leg[-6:]}", **STEPS[type_]}
        body = json.dumps({"type": type_, "timestamp": now.isoformat(), "data": data}, ensure_ascii=False).encode()
        signed = headers_for(f"ntc_{leg}_{seq}", now, body, [self._secrets[office]])
        return written("POST", f"/api/departments/{office}/notices", self._town.port,
                       {"Content-Type": "application/json", **signed}, body)


def measure(town: Town, cases: int) -> None:
    """Measure and print."""
    references, offices = taken(town, cases)
    settled(town, references)
    teller, beside = Teller(town, offices), Beside(town)
    for leg in LEGS:
        told = teller.requests(leg, references)
        beside.round(told, 204)
    show("notices_cases", cases)
    beside.tell("notices")
    again = Beside(town)
    for part in range(len(STEPS)):
        again.round(told[part * cases:(part + 1) * cases], 204)
    again.tell("copies")
    beside.close()
    again.close()


def main() -> None:
    """Start a town, measure, end it."""
    with town_of(RECEIVE, **REAL_TIME) as town:
        measure(town, int(sys.argv[1]) if sys.argv[1:] else CASES)


if __name__ == "__main__":
    main()
