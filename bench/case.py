"""One case on an idle system: from the request that files it until the last of its legs is at its department.

First at a receiver that costs next to nothing (`bench/receiver.py`), with nothing to wait for (`bench/at_once.py`),
until the last answer is there: one answers at once, one takes 50 ms for each. Then at the demo departments: all
seventeen legs in their real order (one of them, the survey, has to be granted before the others may leave, which its
department does at once), and the same seventeen with nothing to wait for. For comparison a bare loop posts seventeen
signed messages over one session to the same departments.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from bench.applicant import Applicant
from bench.at_once import definitions
from bench.burst import bare_loop as posts_a_second
from bench.burst import burst_town
from bench.figures import RECEIVE, had_at, show, spread
from bench.receiver import receiver
from bench.town import Town, town_of
from connectors.signing import headers_for
from sandbox.demo_secrets import ensure_secrets
from sandbox.run import DEPLOYMENT
from store.encoding import moment
from store.engine.sqlite import FILE

REPETITIONS = 20
PATIENCE, SIZE = 30.0, 3300
Filing = dict[str, Any]


def timed_case(town: Town, applicant: Applicant, filing: Filing, key: str) -> float:
    """Seconds from the request to the effect of the last leg."""
    began = time.time()
    receipt = applicant.file(filing, key)
    legs = {leg["leg"] for leg in receipt["legs"]}
    until = time.monotonic() + PATIENCE
    while not legs <= (had := had_at(town)).keys():
        if time.monotonic() > until:
            raise TimeoutError(f"not received: {sorted(legs - had.keys())}")
        time.sleep(0.05)
    return max(had[leg] for leg in legs) - began


def cases(town: Town, applicant: Applicant, name: str) -> tuple[list[float], Filing, str]:
    """The times of all repetitions, what was filed, and one of the references."""
    first = applicant.prepare("utilities")
    reference = applicant.file(first, f"{name}-warm")["reference"]
    took = []
    for number in range(REPETITIONS):
        filing = applicant.anew(first)
        took.append(timed_case(town, applicant, filing, f"{name}-{number}"))
    return took, first, reference


def bare_loop(town: Town, offices: Sequence[str], form: Mapping[str, Any], run: int) -> float:
    """Seconds to post one signed message with the whole form to each office, one after the other over one session."""
    with requests.Session() as session:
        session.trust_env = False
        began = time.monotonic()
        for number, office in enumerate(offices, start=1):
            leg = f"TEST{run:04}-{number:02}"
            data = {"leg": leg, "bundle": {"id": "bare"}, "matter": {"id": "bare", "name": "示例"}, "fields": form,
                    "materials": [], "notices": f"{town.url}/api/departments/{office}/notices"}
            now = datetime.now(UTC)
            body = json.dumps({"type": "leg.filed", "timestamp": now.isoformat(), "data": data}).encode()
            signed = headers_for(f"bare_{run}_{number}", now, body, [town.secret(office)])
            headers = {**signed, "Content-Type": "application/json", "Idempotency-Key": f"{leg}:leg.filed:1"}
            session.post(f"http://127.0.0.1:{town.sandbox_port}/d/{office}", data=body, headers=headers,
                         timeout=PATIENCE).raise_for_status()
        return time.monotonic() - began


def measure(town: Town, name: str) -> float:
    """Measure and print one town; the middle of its cases' times over that of the bare loop."""
    applicant = Applicant(town.url, town.token())
    took, filing, reference = cases(town, applicant, name)
    offices = [leg["department"] for leg in applicant.see(reference)["legs"]]
    bare = [bare_loop(town, offices, filing["form"], run) for run in range(REPETITIONS)]
    show(f"case_{name}_repetitions", REPETITIONS)
    show(f"case_{name}_legs", len(offices))
    spread(f"case_{name}_submit_to_last_leg", took)
    spread(f"case_{name}_bare_loop_of_as_many_posts", bare)
    return statistics.median(took) / statistics.median(bare)


def answered_at(town: Town, reference: str, legs: int) -> float:
    """When the last leg of a case was answered, in seconds since 1970, once all of them were and it is durable."""
    sql = "select ended_at from attempts where reference = ? and type = 'leg.filed' and outcome = 'received'"
    until = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(f"file:{town.folder / 'data' / FILE}?mode=ro", uri=True)) as store:
        while len(ended := store.execute(sql, [reference]).fetchall()) < legs:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(ended)} of {legs} answered")
            time.sleep(0.05)
    return max(moment(at).timestamp() for at, in ended)


def at_receiver(folder: Path, address: str) -> list[float]:
    """Seconds from the request that files a case to the answer to its last leg."""
    town = burst_town(folder, address, mixed=True)
    ensure_secrets(DEPLOYMENT, town.folder / "secrets")
    try:
        town.start_portal()
        applicant, took = Applicant(town.url, town.token()), []
        first = applicant.prepare("utilities")
        applicant.file(first, "warm")
        for number in range(REPETITIONS):
            filing = applicant.anew(first)
            began = time.time()
            receipt = applicant.file(filing, f"case-{number}")
            took.append(answered_at(town, receipt["reference"], len(receipt["legs"])) - began)
        return took
    finally:
        town.stop()


def measure_at_receiver(name: str, takes: float, legs: int = 17) -> None:
    """Measure and print the case at a receiver that takes so many seconds for each message."""
    with tempfile.TemporaryDirectory() as folder, receiver(takes=takes) as address:
        took = at_receiver(Path(folder), address)
        spread(f"case_{name}_submit_to_last_answer", took)
        if takes:
            show(f"case_{name}_p50_over_one_departments_time", statistics.median(took) / takes)
            return
        bare = [legs / posts_a_second(address, SIZE, legs, f"bare-{run}") for run in range(REPETITIONS)]
        spread(f"case_{name}_bare_loop_of_as_many_posts", bare)
        show(f"case_{name}_p50_over_bare_loop", statistics.median(took) / statistics.median(bare))


def main() -> None:
    """Start a town for each order, measure, end it."""
    measure_at_receiver("quick", 0.0)
    measure_at_receiver("slow", 0.05)
    with tempfile.TemporaryDirectory() as folder:
        orders = {"in_order": {}, "at_once": {"YJS_BUNDLES": str(definitions(Path(folder)))}}
        for name, more in orders.items():
            with town_of(RECEIVE, **more) as town:
                show(f"case_{name}_p50_over_bare_loop", measure(town, name))


if __name__ == "__main__":
    main()
