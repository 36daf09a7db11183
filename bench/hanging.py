"""One office hangs, the others are well: how fast do the others get their legs, beside a run in which nobody hangs?

N filed cases (the first argument, else 300) with 17 legs each, all due at once, twice: the gas utility's receiver
answers at once, then only after four seconds. Counted are the sixteen legs of the others.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.burst import LEGS, burst_town, file_paused, pushed
from bench.figures import show
from bench.receiver import receiver

CASES = 300
OFFICE = "gas-utility"


def rate(cases: int, hangs: str) -> float:
    """Legs a second recorded for all offices but the one."""
    with tempfile.TemporaryDirectory() as folder, receiver(hangs=hangs) as address:
        town = burst_town(Path(folder), address, mixed=True)
        file_paused(town, cases)
        try:
            return pushed(town, cases * (LEGS - 1), without=OFFICE).rate
        finally:
            town.stop()


def main() -> None:
    """Measure and print."""
    cases = int(sys.argv[1]) if sys.argv[1:] else CASES
    calm = rate(cases, "")
    beside = rate(cases, f"/{OFFICE}")
    show("hanging_cases", cases)
    show("hanging_calm_legs_per_second", calm)
    show("hanging_beside_legs_per_second", beside)
    show("hanging_beside_over_calm", beside / calm)


if __name__ == "__main__":
    main()
