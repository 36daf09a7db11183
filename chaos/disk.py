"""The disk runs full under load, again and again, and is emptied: nothing half-written, no receipt without its case.

The portal's data folder lies on a small tmpfs of its own, which needs the right to mount (root, or a user namespace).
`python -m chaos.disk [ROUNDS]`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path

from bench.crowd import Crowd, Size
from bench.figures import show
from bench.town import Town
from chaos.judging import faults_of, judged, until_ended

ROUNDS = 8
MEGABYTES = 96
FULL_SECONDS = 6.0
FREE_SECONDS = 4.0
RECOVERY_SECONDS = 30.0
ROUGH = str(Path(__file__).resolve().parent.parent / "tests" / "faults" / "rough.yaml")
NEEDS = "the disk storm mounts a tmpfs: run it as root, or in `unshare --user --map-root-user --mount`"


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A tmpfs of its own on `folder`, unmounted afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)],
                          capture_output=True, text=True, check=False)
    if made.returncode:
        raise SystemExit(f"{NEEDS}\n{made.stderr}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left; the file that holds them."""
    weight = disk / "weight"
    with weight.open("ab", buffering=0) as held:
        for size in (1 << 20, 1 << 12):
            _write_all(held, size)
    return weight


def _write_all(held: RawIOBase, size: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            held.write(b"\0" * size)


@dataclass
class Seen:
    """How long after each emptying a filing was taken again, and how cases were read while the disk was full."""

    recovered: list[float] = field(default_factory=list)
    reads: int = 0
    refused: int = 0


def storm(town: Town, disk: Path, rounds: int) -> tuple[Crowd, Seen]:
    """Fill and empty the disk while a crowd files, and read meanwhile; the crowd, and what was seen."""
    crowd, seen = Crowd(town, Size(4, pause=0.3)).start(), Seen()
    reader = crowd.applicant()
    reader.patience = 0
    for _ in range(rounds):
        time.sleep(FREE_SECONDS)
        weight = fill(disk)
        until = time.monotonic() + FULL_SECONDS
        while time.monotonic() < until:
            fill(disk)  # what a checkpoint or a purge gave back is taken again
            for ack in list(crowd.acks.values())[:1]:
                seen.reads += 1
                seen.refused += not reader.call("GET", f"/api/cases/{ack.receipt['reference']}").ok
            time.sleep(0.1)
        weight.unlink()
        seen.recovered.append(until_taken(crowd))
    crowd.stop()
    return crowd, seen


def until_taken(crowd: Crowd) -> float:
    """Seconds until one more filing is acknowledged; without a restart it must come."""
    began, before = time.monotonic(), len(crowd.acks)
    while len(crowd.acks) == before:
        if time.monotonic() - began > RECOVERY_SECONDS:
            raise TimeoutError(f"nothing was taken for {RECOVERY_SECONDS} s after the disk was emptied")
        time.sleep(0.02)
    return time.monotonic() - began


def run(folder: Path, rounds: int) -> bool:
    """The whole storm in `folder`; prints the figures and says whether it ended well."""
    with small_disk(folder / "disk", MEGABYTES) as disk:
        town = Town(folder, script=ROUGH, more={"YJS_DATA": str(disk / "data")})
        try:
            town.start()
            worker = town.worker()
            crowd, seen = storm(town, disk, rounds)
            until_ended(crowd)
            damage = judged(town, crowd)
            town.flask("backup", str(folder / "backup"))  # reads every file of every case
            same = town.worker() == worker
        finally:
            town.stop()
    faults = faults_of(town)
    for line in [*crowd.answers.examples, *faults[:5]]:
        print(f"# {line}", flush=True)
    show("disk_rounds", rounds)
    show("disk_cases", len(crowd.acks))
    show("disk_answers_507", crowd.answers.count("507"))
    show("disk_answers_503", crowd.answers.count("503"))
    show("disk_answers_unfair", crowd.answers.unfair + crowd.answers.broken + len(faults))
    show("disk_reads_while_full", seen.reads)
    show("disk_reads_refused", seen.refused)
    show("disk_recovery_worst_seconds", max(seen.recovered))
    show("disk_restarts", 0 if same else 1)
    damage.show("disk")
    return damage.none and not (seen.refused or crowd.answers.unfair or crowd.answers.broken or faults) and same


def main() -> int:
    """Run it; exit 1 if anything is not as it must be."""
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(Path(folder), int(sys.argv[1]) if sys.argv[1:] else ROUNDS) else 1


if __name__ == "__main__":
    sys.exit(main())
