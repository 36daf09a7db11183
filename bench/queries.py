"""What a growing store costs: the same questions to 10,000 and to 100,000 applications (or as many as the first
argument says, with as many legs each as the second), 97 of 100 finished. Both stores are asked in turn; the ratios are
of the CPU time of the middle call, which other work on the machine moves less than the clock.

`dev.py bench queries 1000000 5` takes about a quarter of an hour and 22 GB of disk below TMPDIR.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

from bench.figures import show
from bench.filler import Copier, count_all, models, people_and_acts
from bench.inside import Inside, inside
from bench.lives import ALL_SERVICES, CATALOG, LAST_DAY, offices
from bench.questions import NOW, QUESTIONS, Filled
from store.engine.sqlite import FILE
from store.keys import load_keys

SMALL, LARGE, LEGS = 10_000, 100_000, 2


def portal(folder: Path) -> AbstractContextManager[Inside]:
    """A house whose store lies in `folder`, with one office that has no system."""
    return inside(folder, YJS_DEPARTMENTS=str(offices(folder)))


def ask(small: Filled, large: Filled) -> dict[str, float]:
    """Ask both in turn and show what it took; how many times as long the larger one's middle answer takes."""
    ratios = {}
    for name, (question, times, _) in QUESTIONS.items():
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
    with portal(folder) as there:
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
    with portal(folder) as there:
        kinds = models(there, legs)
    began, file = time.monotonic(), folder / "data" / FILE
    copier = Copier(file, load_keys(folder / "keys" / "keys", folder / "data"))
    references = copier.grow(kinds, applications)
    copier.close()
    show(f"at_{applications}_fill_seconds", time.monotonic() - began)
    show(f"at_{applications}_store_mb", file.stat().st_size / 1e6)
    began = time.monotonic()
    with portal(folder) as there:
        people_and_acts(there, applications)
        count_all(there)
        show(f"at_{applications}_recount_seconds", time.monotonic() - began)
        while there.desk.sweep(NOW) < NOW + timedelta(minutes=1):
            pass
        began = time.process_time()
        while there.house.daily.go_on(NOW):
            pass
        show(f"at_{applications}_days_counted_cpu_seconds", time.process_time() - began)
    return references


def run(folder: Path, applications: int, legs: int) -> None:
    """Fill both, ask both, and show what grew."""
    small, large = folder / "small", folder / "large"
    known = fill(small, min(SMALL, applications // 10), legs), fill(large, applications, legs)
    with portal(small) as one, portal(large) as other:
        ratios = ask(Filled(one, known[0]), Filled(other, known[1]))
    alone = started(small, "small"), started(large, "large")
    ratios |= {name: alone[1][name] / alone[0][name] for name in alone[0]}
    show("applications", applications)
    show("legs_each", legs)
    for name, ratio in ratios.items():
        show(f"ratio_{name}", ratio)
    show("over_their_limit", ", ".join(
        name for name, asked in QUESTIONS.items() if asked.most is not None and ratios[name] > asked.most) or "none")


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
