"""A burst: N utilities cases are filed as fast as the portal takes them (N is the first argument, else 100).

The departments take every leg at once; those that others wait for grant at once. Counted from the departments' ledger
and from what the kernel says of the portal's processes.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.applicant import Applicant
from bench.figures import RECEIVE, had_at, show
from bench.town import Town, town_of

CASES = 100
CLIENTS = 8
LEGS = 17
PATIENCE = 180.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Used:
    """What the portal's worker has used: CPU seconds, and resident memory in MB."""

    seconds: float
    megabytes: float


def used(town: Town) -> Used:
    """What the portal's worker has used until now."""
    worker = Path(f"/proc/{town.worker()}")
    counted = (worker / "stat").read_text().rpartition(")")[2].split()
    resident = next(line for line in (worker / "status").read_text().splitlines() if line.startswith("VmRSS"))
    return Used((int(counted[11]) + int(counted[12])) / TICKS, int(resident.split()[1]) / 1024)


def wait_for_legs(town: Town, wanted: int) -> list[float]:
    """When each leg had its effect, once `wanted` are there."""
    until = time.monotonic() + PATIENCE
    while len(had := had_at(town)) < wanted:
        if time.monotonic() > until:
            raise TimeoutError(f"{len(had)} of {wanted} legs were received")
        time.sleep(0.5)
    return sorted(had.values())


def measure(town: Town, cases: int) -> None:
    """Measure and print."""
    token = town.token()
    first = Applicant(town.url, token).prepare("utilities")
    applicants = [Applicant(town.url, token) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        filings = list(pool.map(lambda number: applicants[number % CLIENTS].anew(first), range(cases)))
        before, began = used(town), time.time()
        list(pool.map(lambda item: applicants[item[0] % CLIENTS].file(item[1], f"load-{item[0]}"), enumerate(filings)))
        accepted = time.time() - began
    had = wait_for_legs(town, cases * LEGS)
    after = used(town)
    show("load_cases", cases)
    show("load_accepted_per_second", cases / accepted)
    show("load_legs_received_per_second", len(had) / (had[-1] - began))
    show("load_seconds_until_last_leg", had[-1] - began)
    show("load_portal_cpu_seconds_per_1000_legs", (after.seconds - before.seconds) / len(had) * 1000)
    show("load_portal_resident_mb", after.megabytes)


def main() -> None:
    """Start a town, measure, end it."""
    with town_of(RECEIVE) as town:
        measure(town, int(sys.argv[1]) if sys.argv[1:] else CASES)


if __name__ == "__main__":
    main()
