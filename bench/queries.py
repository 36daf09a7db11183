"""What a growing store costs: the same questions to 10,000 and 100,000 applications (or as many as the first argument
says, with as many legs each as the second), 98 of 100 finished. The ratios say what grew.

`dev.py bench queries 1000000 5` takes about half an hour and 30 GB of disk below TMPDIR.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.applicant import CATALOG
from bench.figures import percentiles, show
from bench.filler import ALL_SERVICES, LAST_DAY, Copier, count_all, models
from bench.inside import SUBJECT, Inside, inside
from desk.troubles import health, troubles
from store import conservation, leases, reading, tallies
from store.conservation import PAGE
from store.keys import load_keys
from store.leases import Wanted
from store.port import Tx
from store.sqlite import FILE

SMALL, LARGE, LEGS = 10_000, 100_000, 2
ASKED = 400
ROUNDS = 30
LIMITS = {"tracking": 2.0, "tracking_rows": 2.0, "inbox_page": 1.2, "cockpit_counts": 1.2, "claim": 1.2,
          "next_due": 1.2, "sweep_with_nothing_due": 1.2}


def timed(work: Callable[[], object], times: int = ROUNDS) -> list[float]:
    """How long each of several calls took; one before them is not counted."""
    work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return took


def reading_of(there: Inside, question: Callable[[Tx], object]) -> Callable[[], object]:
    """A question in a snapshot of its own, as a page asks it."""
    def ask() -> object:
        with there.house.database.read() as tx:
            return question(tx)

    return ask


def cockpit(tx: Tx) -> object:
    """What a cockpit counts: legs by department and state, cases by bundle, what does not hold."""
    return tallies.by_department(tx), tallies.by_bundle(tx), conservation.counts(tx)


def busy_office(there: Inside) -> str:
    """The office with the most legs in work."""
    with there.house.database.read() as tx:
        found = {office: amount for (_, office, state), amount in tallies.by_department(tx).items()
                 if state == "in_review"}
    return max(found, key=lambda office: found[office])


def memory() -> float:
    """The most resident memory of this process so far, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def claiming(there: Inside, offices: dict[str, int], now: datetime) -> list[float]:
    """The time inside the unit, so that the disk's sync does not hide it; what was claimed is due again afterwards."""
    took: list[float] = []

    def claim(tx: Tx) -> list[leases.Claimed]:
        began = time.perf_counter()
        found = leases.claim(tx, Wanted(offices, now, limit=64))
        took.append((time.perf_counter() - began) / max(1, len(found)))
        return found

    for _ in range(ROUNDS):
        for one in there.house.database.write(claim):
            there.house.database.write(lambda tx, one=one: leases.give_back(tx, one, now))
    return took


def measure(there: Inside, references: list[str]) -> dict[str, list[float]]:
    """Every question, several times."""
    now, offices = LAST_DAY + timedelta(minutes=5), dict.fromkeys(there.house.deployment.bodies, 4)
    busy = busy_office(there)
    asked = iter(random.Random(1).sample(references, 2 * ASKED + 2))
    while there.desk.sweep(now) < now + timedelta(minutes=1):
        pass
    return {
        "tracking": timed(lambda: there.desk.case_view(SUBJECT, next(asked), now), ASKED),
        "tracking_rows": timed(reading_of(there, lambda tx: reading.whole_case(tx, next(asked))), ASKED),
        "inbox_page": timed(reading_of(there, lambda tx: reading.inbox(tx, busy)), ASKED),
        "cockpit_counts": timed(reading_of(there, cockpit), ASKED),
        "claim": claiming(there, offices, now),
        "next_due": timed(there.desk.next_due, ASKED),
        "sweep_with_nothing_due": timed(lambda: there.desk.sweep(now), ROUNDS),
        # What grows with what is open or waits, and not with what is finished:
        "metrics": timed(reading_of(there, lambda tx: reading.figures(tx, now)), ROUNDS),
        "first_page_of_troubles": timed(lambda: next(troubles(there.house.database)), ROUNDS),
        "flask_legs_health": timed(lambda: health(there.house.database), ROUNDS),
        "watched_page_of_500": timed(reading_of(there, lambda tx: conservation.look(tx, PAGE, "", 500)), 5),
    }


def start_alone(folder: Path) -> dict[str, float]:
    """In a process of its own: seconds from its begin to the first accepted filing, and its memory after a sweep."""
    with inside(folder) as there:
        there.house.desk.recover(LAST_DAY)
        situation = {**CATALOG.bundles["utilities"].figures, "outside_line": False, "services": ALL_SERVICES[:2]}
        there.file(situation, f"start-{time.time_ns()}", LAST_DAY)
        seconds = time.time() - float(sys.argv[3])
        there.desk.sweep(LAST_DAY)
        there.desk.next_due()
    return {"start_to_first_filing_seconds": seconds, "resident_mb": memory()}


def started(folder: Path) -> dict[str, Any]:
    """What a process that starts on this store says."""
    command = [sys.executable, "-m", "bench.queries", "start", str(folder), str(time.time())]
    return dict(json.loads(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout))


def run(folder: Path, sizes: tuple[int, int], legs: int) -> None:
    """Fill to each size and ask; then the ratios."""
    with inside(folder) as there:
        kinds = models(there, legs)
    cipher, references = load_keys(folder / "keys" / "keys", folder / "data"), []
    found = {}
    for size in sizes:
        began, copier = time.monotonic(), Copier(folder / "data" / FILE, cipher)
        references += copier.grow(kinds, size - len(references))
        copier.close()
        show(f"at_{size}_fill_seconds", time.monotonic() - began)
        show(f"at_{size}_store_mb", (folder / "data" / FILE).stat().st_size / 1e6)
        with inside(folder) as there:
            began = time.monotonic()
            count_all(there)
            show(f"at_{size}_recount_seconds", time.monotonic() - began)
            asked = measure(there, references)
        alone = started(folder)
        middles = {name: percentiles(f"at_{size}_{name}", took) for name, took in asked.items()}
        for name, value in alone.items():
            show(f"at_{size}_{name}", value)
        found[size] = {**middles, **alone}
    small, large = found.values()
    show("applications", sizes[1])
    show("legs_each", legs)
    for name, value in large.items():
        show(f"ratio_{name}", value / small[name])
    over = [name for name, limit in LIMITS.items() if large[name] / small[name] > limit]
    show("over_their_limit", ", ".join(over) or "none")


def main() -> None:
    """Read the arguments and run."""
    if sys.argv[1:2] == ["start"]:
        print(json.dumps(start_alone(Path(sys.argv[2]))))
        return
    large = int(sys.argv[1]) if sys.argv[1:] else LARGE
    legs = int(sys.argv[2]) if sys.argv[2:] else LEGS
    kept = Path(sys.argv[3]) if sys.argv[3:] else None
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory() as folder:
        run(Path(folder), (min(SMALL, large // 10), large), legs)


if __name__ == "__main__":
    main()
