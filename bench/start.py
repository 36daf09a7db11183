"""From a start to the first accepted filing: `python -m web.serve` on a folder that has keys, store and cases, after
SIGKILL of master and worker, and of the worker alone; and on a folder where nothing is yet. The first argument is how
many of each, else 9.

In turn with each start a bare Flask application without any route starts on the same gunicorn and answers once. The
client asks again every ten milliseconds until it is answered; a filing is utilities with 17 legs and all its papers,
uploaded before the kill. What a start costs is also told in CPU seconds, which other work on the machine disturbs less.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bench.applicant import Applicant
from bench.figures import RECEIVE, show
from bench.town import Town, free_port, town_of

TURNS = 9
AGAIN = 0.01
PATIENCE = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Start:
    """One start: the seconds until the first good answer, and the CPU seconds of master and worker."""

    seconds: float
    cpu: float


def cpu_seconds(master: int, *, alone: bool = False) -> float:
    """What a process and its children have used until now."""
    children = [] if alone else Path(f"/proc/{master}/task/{master}/children").read_text().split()
    counted = [Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in (master, *children)]
    return sum(int(one[11]) + int(one[12]) for one in counted) / TICKS


def until_good(ask: Callable[[], requests.Response]) -> requests.Response:
    """The first answer that is good, however often it has to be asked for."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            answer = ask()
            if answer.status_code in {200, 201, 404}:
                return answer
        except requests.RequestException:
            pass
        if time.monotonic() > until:
            raise TimeoutError("nobody answered")
        time.sleep(AGAIN)


class Starts:
    """A town that is killed and started again, and the applicant who wants to file meanwhile."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._applicant = Applicant(town.url, town.token())
        self._first = self._applicant.prepare("utilities")
        self._applicant.file(self._first, "first")

    def again(self, what: str, number: int) -> Start:
        """Kill the `group` and start it again, or kill the `worker`, which its master starts again by itself; file."""
        filing, key = self._applicant.anew(self._first), f"{what}-{number}"
        used, began = self._ended(what), time.monotonic()
        if what == "group":
            self.town.launch_portal()
        self._file(filing, key)
        assert self.town.portal is not None
        return Start(time.monotonic() - began, cpu_seconds(self.town.portal.pid) - used)

    def _ended(self, what: str) -> float:
        """Kill it; the CPU seconds until now of the master that is left, none if it was killed too."""
        assert self.town.portal is not None
        used = cpu_seconds(self.town.portal.pid, alone=True) if what == "worker" else 0.0
        self.town.kill(what)
        return used

    def _file(self, filing: dict[str, Any], key: str) -> None:
        answer = until_good(lambda: self._applicant.once("POST", "/api/cases", json=filing,
                                                         headers={"Idempotency-Key": key}))
        assert answer.status_code == 201, answer.text


def from_nothing(town: Town) -> Start:
    """The same on a folder that has neither keys nor store: until it is ready, and then a first filing. The token and
    the uploads between the two are not counted."""
    town.kill("group")
    shutil.rmtree(town.folder / "data")
    (town.folder / "keys").unlink()
    began = time.monotonic()
    town.start_portal()
    ready = time.monotonic() - began
    applicant = Applicant(town.url, town.token())
    filing = applicant.prepare("utilities")
    began = time.monotonic()
    applicant.file(filing, "first")
    assert town.portal is not None
    return Start(ready + time.monotonic() - began, cpu_seconds(town.portal.pid))


def bare() -> Start:
    """A Flask application without routes, on the same gunicorn with as many threads, until its first answer."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "16",
               "--log-level", "critical", "--no-control-socket", "flask:Flask('bare')"]
    began = time.monotonic()
    with subprocess.Popen(command) as process:
        try:
            until_good(lambda: requests.get(f"http://127.0.0.1:{port}/", timeout=5))
            return Start(time.monotonic() - began, cpu_seconds(process.pid))
        finally:
            process.terminate()


def tell(name: str, starts: Sequence[Start], beside: Sequence[Start]) -> None:
    """The middle and the worst of several starts, and how many times what the bare ones beside them took."""
    show(f"{name}_p50_s", statistics.median(start.seconds for start in starts))
    show(f"{name}_worst_s", max(start.seconds for start in starts))
    show(f"{name}_cpu_s", statistics.median(start.cpu for start in starts))
    pairs = list(zip(starts, beside, strict=True))
    show(f"ratio_{name}", statistics.median(one.seconds / other.seconds for one, other in pairs))
    show(f"ratio_{name}_cpu", statistics.median(one.cpu / other.cpu for one, other in pairs))


def main() -> None:
    """Measure and print."""
    turns = int(sys.argv[1]) if sys.argv[1:] else TURNS
    found: dict[str, list[Start]] = {"start": [], "worker_again": [], "new_folder": [], "bare": []}
    with town_of(RECEIVE) as town:
        starts = Starts(town)
        for number in range(turns):
            found["bare"].append(bare())
            found["start"].append(starts.again("group", number))
            found["worker_again"].append(starts.again("worker", number))
        for _ in range(turns):
            found["new_folder"].append(from_nothing(town))
    show("bare_p50_s", statistics.median(start.seconds for start in found["bare"]))
    show("bare_cpu_s", statistics.median(start.cpu for start in found["bare"]))
    for name in ("start", "worker_again", "new_folder"):
        tell(name, found[name], found["bare"])


if __name__ == "__main__":
    main()
