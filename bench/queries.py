"""What a growing store costs: the same questions to 10,000 and to 100,000 applications (or as many as the first
argument says, with as many legs each as the second), 98 of 100 finished. Both stores are asked in turn; the ratios are
of the CPU time of the middle call, which other work on the machine moves less than the clock.

`dev.py bench queries 1000000 5` takes about a quarter of an hour and 22 GB of disk below TMPDIR.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from pathlib import Path

from bench.applicant import CATALOG
from bench.figures import show
from bench.filler import ALL_SERVICES, LAST_DAY, Copier, Model, count_all, models
from bench.inside import SUBJECT, Inside, inside
from desk.troubles import health, troubles
from store import conservation, leases, reading, tallies
from store.choosing import Wanted
from store.conservation import PAGE
from store.keys import load_keys
from store.port import Tx
from store.sqlite import FILE

SMALL, LARGE, LEGS = 10_000, 100_000, 2
ROUNDS = 300
SLOW = 15
NOW = LAST_DAY + timedelta(minutes=5)
LIMITS = {"tracking": 2.0, "tracking_rows": 2.0, "inbox_page": 1.2, "cockpit_counts": 1.2, "claim": 1.2,
          "next_due": 1.2, "sweep_with_nothing_due": 1.2}


@dataclass
class Filled:
    """A filled store in a house of its own, with what the questions need of it."""

    there: Inside
    references: list[str]
    busy: str = ""
    asked: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        """Choose the office with the most legs in review, and the applications that are looked at."""
        with self.there.house.database.read() as tx:
            found = {office: amount for (_, office, state), amount in tallies.by_department(tx).items()
                     if state == "in_review"}
        self.busy = max(found, key=lambda office: found[office])
        self.asked = cycle(random.Random(1).sample(self.references, min(len(self.references), 3 * ROUNDS)))

    def read(self, question: Callable[[Tx], object]) -> object:
        """Ask in a snapshot of its own, as a page does."""
        with self.there.house.database.read() as tx:
            return question(tx)


def cockpit(tx: Tx) -> object:
    """What a cockpit counts: legs by department and state, cases by bundle, what does not hold."""
    return tallies.by_department(tx), tallies.by_bundle(tx), conservation.counts(tx)


class _Undone(Exception):
    """Ends a unit that is not to be kept."""


def claim(filled: Filled) -> None:
    """Claim what is due for every office, up to a batch; it is not kept, so that the next one finds the same."""
    offices = dict.fromkeys(filled.there.house.deployment.bodies, 4)

    def unit(tx: Tx) -> None:
        leases.claim(tx, Wanted(offices, NOW, limit=32))
        raise _Undone

    with suppress(_Undone):
        filled.there.house.database.write(unit)


# What a page or a loop asks, and how often it is asked here.
QUESTIONS: Mapping[str, tuple[Callable[[Filled], object], int]] = {
    "tracking": (lambda here: here.there.desk.case_view(SUBJECT, next(here.asked), NOW), ROUNDS),
    "tracking_rows": (lambda here: here.read(lambda tx: reading.whole_case(tx, next(here.asked))), ROUNDS),
    "inbox_page": (lambda here: here.read(lambda tx: reading.inbox(tx, here.busy)), ROUNDS),
    "cockpit_counts": (lambda here: here.read(cockpit), ROUNDS),
    "claim": (claim, ROUNDS),
    "next_due": (lambda here: here.there.desk.next_due(), ROUNDS),
    "sweep_with_nothing_due": (lambda here: here.there.desk.sweep(NOW), SLOW),
    # These grow with what is open or in trouble, and not with what is finished.
    "metrics": (lambda here: here.read(lambda tx: reading.figures(tx, NOW)), SLOW),
    "first_page_of_troubles": (lambda here: next(troubles(here.there.house.database)), SLOW),
    "flask_legs_health": (lambda here: health(here.there.house.database, NOW), SLOW),
    "watched_page_of_500": (lambda here: here.read(lambda tx: conservation.look(tx, PAGE, "", 500)), SLOW),
}


def ask(small: Filled, large: Filled) -> dict[str, float]:
    """Ask both in turn and show what it took; how many times as long the larger one's middle answer takes."""
    ratios = {}
    for name, (question, times) in QUESTIONS.items():
        clock: dict[str, list[float]] = {"small": [], "large": []}
        spent: dict[str, list[float]] = {"small": [], "large": []}
        for turn in range(2 * times + 2):
            size, filled = (("small", small), ("large", large))[turn % 2]
            began, used = time.perf_counter(), time.process_time()
            question(filled)
            if turn > 1:  # the first of each only warms up
                spent[size].append(time.process_time() - used)
                clock[size].append(time.perf_counter() - began)
        for size, took in clock.items():
            show(f"{size}_{name}_p50_ms", statistics.median(took) * 1000)
            show(f"{size}_{name}_p99_ms", sorted(took)[len(took) * 99 // 100] * 1000)
        ratios[name] = statistics.median(spent["large"]) / statistics.median(spent["small"])
    return ratios


def memory() -> float:
    """The most resident memory of this process so far, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def start_alone(folder: Path) -> dict[str, float]:
    """In a process of its own: the CPU seconds from its begin to the first accepted filing, and of these the ones
    after everything was imported and read; and its memory after a sweep."""
    with inside(folder) as there:
        there.house.parts  # noqa: B018  read now
        ready = time.process_time()
        there.desk.recover(LAST_DAY)
        situation = {**CATALOG.bundles["utilities"].figures, "outside_line": False, "services": ALL_SERVICES[:2]}
        there.file(situation, f"start-{time.time_ns()}", LAST_DAY)
        filed = time.process_time()
        there.desk.sweep(LAST_DAY)
        there.desk.next_due()
    return {"start_cpu_seconds": filed, "start_after_reading_cpu_seconds": filed - ready, "resident_mb": memory()}


def started(folder: Path, size: str) -> dict[str, float]:
    """What a process that starts on this store says."""
    command = [sys.executable, "-m", "bench.queries", "start", str(folder)]
    told = dict(json.loads(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout))
    for name, value in told.items():
        show(f"{size}_{name}", value)
    return told


def fill(folder: Path, applications: int, legs: int) -> list[str]:
    """Fill a store; the references."""
    with inside(folder) as there:
        kinds: tuple[list[Model], list[Model]] = models(there, legs)
    began, file = time.monotonic(), folder / "data" / FILE
    copier = Copier(file, load_keys(folder / "keys" / "keys", folder / "data"))
    references = copier.grow(kinds, applications)
    copier.close()
    show(f"at_{applications}_fill_seconds", time.monotonic() - began)
    show(f"at_{applications}_store_mb", file.stat().st_size / 1e6)
    began = time.monotonic()
    with inside(folder) as there:
        count_all(there)
        show(f"at_{applications}_recount_seconds", time.monotonic() - began)
        while there.desk.sweep(NOW) < NOW + timedelta(minutes=1):
            pass
    return references


def run(folder: Path, applications: int, legs: int) -> None:
    """Fill both, ask both, and show what grew."""
    small, large = folder / "small", folder / "large"
    known = fill(small, min(SMALL, applications // 10), legs), fill(large, applications, legs)
    with inside(small) as one, inside(large) as other:
        ratios = ask(Filled(one, known[0]), Filled(other, known[1]))
    alone = started(small, "small"), started(large, "large")
    ratios |= {name: alone[1][name] / alone[0][name] for name in alone[0]}
    show("applications", applications)
    show("legs_each", legs)
    for name, ratio in ratios.items():
        show(f"ratio_{name}", ratio)
    show("over_their_limit", ", ".join(name for name, limit in LIMITS.items() if ratios[name] > limit) or "none")


def main() -> None:
    """Read the arguments and run."""
    if sys.argv[1:2] == ["start"]:
        print(json.dumps(start_alone(Path(sys.argv[2]))))
        return
    applications = int(sys.argv[1]) if sys.argv[1:] else LARGE
    legs = int(sys.argv[2]) if sys.argv[2:] else LEGS
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), applications, legs)


if __name__ == "__main__":
    main()
