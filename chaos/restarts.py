"""PostgreSQL is crashed and restarted again and again under filings and notices; nothing may be lost or done twice.

`python -m chaos.restarts [RESTARTS]`. Every second stop is immediate, which is a crash; the others end every session.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from bench.crowd import Crowd, Size
from bench.figures import show
from bench.postgres import Cluster, How, cluster
from bench.town import Town
from chaos.disk import ROUGH, until_taken
from chaos.judging import faults_of, judged, until_ended

RESTARTS = 20
SEED = 7
CLIENTS = 4


def restart(server: Cluster, how: How, away: float) -> None:
    """Stop it, leave it away for a while, start it again."""
    server.stop(how)
    time.sleep(away)
    server.start()


def storm(town: Town, server: Cluster, restarts: int) -> tuple[Crowd, list[float]]:
    """Restart under load; the crowd, and how long after each start a filing was taken again."""
    dice = random.Random(SEED)
    crowd = Crowd(town, Size(CLIENTS, pause=0.5)).start()
    recovered: list[float] = []
    for number in range(restarts):
        time.sleep(dice.uniform(0.5, 2.5))
        restart(server, "immediate" if number % 2 == 0 else "fast", dice.uniform(0.0, 2.0))
        recovered.append(until_taken(crowd))
    crowd.stop()
    return crowd, recovered


def run(folder: Path, restarts: int) -> bool:
    """The whole storm in `folder`; prints the figures and says whether it ended well."""
    with cluster() as server:
        town = Town(folder, script=ROUGH, more={"DATABASE_URL": server.url})
        try:
            town.start()
            worker = town.worker()
            crowd, recovered = storm(town, server, restarts)
            began = time.monotonic()
            until_ended(crowd)
            ended = time.monotonic() - began
            damage = judged(town, crowd)
            same = town.worker() == worker
        finally:
            town.stop()
    faults = faults_of(town)
    for line in [*crowd.answers.examples, *faults[:5]]:
        print(f"# {line}", flush=True)
    show("restarts", restarts)
    show("restarts_cases", len(crowd.acks))
    show("restarts_answers_503", crowd.answers.count("503"))
    show("restarts_answers_unfair", crowd.answers.unfair + crowd.answers.broken + len(faults))
    show("restarts_recovery_worst_seconds", max(recovered))
    show("restarts_seconds_until_all_ended", ended)
    show("restarts_of_the_portal", 0 if same else 1)
    damage.show("restarts")
    return damage.none and same and not (crowd.answers.unfair or crowd.answers.broken or faults)


def main() -> int:
    """Run it; exit 1 if anything is not as it must be."""
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(Path(folder), int(sys.argv[1]) if sys.argv[1:] else RESTARTS) else 1


if __name__ == "__main__":
    sys.exit(main())
