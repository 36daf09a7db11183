"""Thirty-two applicants file at once while backup after backup is made: no 5xx, and every backup is whole.

`python -m chaos.writers [SECONDS]`. A backup is begun every three seconds, whether the one before has ended or not, but
never more than four at once. Each is restored into an empty folder: nothing acknowledged before the backup began may be
missing, every chain must hold.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.crowd import Crowd, Size
from bench.figures import RECEIVE, show
from bench.town import HOME, Town
from chaos.judging import half_written, missing

SECONDS = 60.0
EVERY = 3.0
AT_ONCE = 4
PAUSE = 0.5
WRITERS = 32


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup: its folder, and when its command was begun and had ended (seconds since 1970)."""

    folder: Path
    began: float
    ended: float


def storm(town: Town, seconds: float) -> tuple[Crowd, list[Taken]]:
    """File from all sides and back up meanwhile."""
    crowd = Crowd(town, Size(WRITERS, PAUSE)).start()
    with ThreadPoolExecutor(AT_ONCE) as copiers:
        copies = []
        for number in range(max(1, int(seconds / EVERY))):
            copies.append(copiers.submit(back_up, town, town.folder / f"backup-{number}"))
            time.sleep(EVERY)
        crowd.stop()
        return crowd, [copy.result() for copy in copies]


def back_up(town: Town, folder: Path) -> Taken:
    """Make one backup."""
    began = time.time()
    town.flask("backup", str(folder))
    return Taken(folder, began, time.time())


def restored(town: Town, taken: Taken, crowd: Crowd) -> tuple[set[str], set[str]]:
    """Restore a backup beside the portal: what is missing in it, and what is only half there. Raises
    `CalledProcessError` if it cannot be restored or does not verify."""
    data = taken.folder.with_suffix(".restored")
    environment = {**town.environment(), "YJS_DATA": str(data)}

    def flask(*arguments: str) -> str:
        return subprocess.run([sys.executable, "-m", "flask", *arguments], cwd=HOME, env=environment, check=True,
                              text=True, stdout=subprocess.PIPE).stdout

    flask("restore", str(taken.folder))
    flask("verify")
    exported = [json.loads(line) for line in flask("export", "--jsonl").splitlines()]
    before = [ack for ack in crowd.acks.values() if ack.at < taken.began]
    return set(missing(before, exported)), set(half_written(crowd.acks.values(), exported))


def run(folder: Path, seconds: float) -> bool:
    """The whole storm in `folder`; prints the figures and says whether it ended well."""
    town = Town(folder, script=RECEIVE)
    try:
        town.start()
        crowd, taken = storm(town, seconds)
        town.flask("verify")
        exported = [json.loads(line) for line in town.flask("export", "--jsonl").splitlines()]
    finally:
        town.stop()
    lost, torn = missing(crowd.acks.values(), exported), set(half_written(crowd.acks.values(), exported))
    absent: set[str] = set()
    for one in taken:
        gone, half = restored(town, one, crowd)
        absent |= gone
        torn |= half
    for line in crowd.answers.examples:
        print(f"# {line}", flush=True)
    show("writers", WRITERS)
    show("writers_cases", len(crowd.acks))
    show("writers_cases_per_second", len(crowd.acks) / seconds)
    show("writers_answers_5xx", crowd.answers.server_errors())
    show("writers_answers_broken", crowd.answers.broken)
    show("writers_lost", len(lost))
    show("writers_backups", len(taken))
    show("writers_backup_longest_seconds", max(one.ended - one.began for one in taken))
    show("writers_backups_restored", len(taken))
    show("writers_missing_in_backups", len(absent))
    show("writers_half_written", len(torn))
    return not (lost or absent or torn or crowd.answers.server_errors() or crowd.answers.broken)


def main() -> int:
    """Run it; exit 1 if anything is not as it must be."""
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(Path(folder), float(sys.argv[1]) if sys.argv[1:] else SECONDS) else 1


if __name__ == "__main__":
    sys.exit(main())
