"""One case on an idle system: from the request that files it until the last of its legs is at its department.

In turn: all seventeen legs in their real order (one of them, the survey, has to be granted before the others may
leave, which its department does at once); the same seventeen with nothing to wait for (`bench/at_once.py`); and, for
comparison, a bare loop that posts seventeen signed messages over one session to the same departments.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from bench.applicant import Applicant
from bench.at_once import definitions
from bench.figures import RECEIVE, had_at, show, spread
from bench.town import Town, town_of
from connectors.signing import headers_for

REPETITIONS = 20
PATIENCE = 30.0
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


def main() -> None:
    """Start a town for each order, measure, end it."""
    with tempfile.TemporaryDirectory() as folder:
        orders = {"in_order": {}, "at_once": {"YJS_BUNDLES": str(definitions(Path(folder)))}}
        for name, more in orders.items():
            with town_of(RECEIVE, **more) as town:
                show(f"case_{name}_p50_over_bare_loop", measure(town, name))


if __name__ == "__main__":
    main()
