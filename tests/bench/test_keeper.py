"""Whoever plays a town may be killed: nothing of it lives on."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.keeper import Keeper, marked
from bench.town import HOME

DRIVER = """
import sys, time
from pathlib import Path
from bench.town import HOME, Town
from sandbox.demo_secrets import ensure_secrets
(Path(sys.argv[1]) / "secrets").mkdir()
ensure_secrets(HOME / "sandbox" / "departments.yaml", Path(sys.argv[1]) / "secrets")
town = Town(Path(sys.argv[1]), more={"FAILPOINTS": "migrate.step:kill"})
town.launch_portal()
time.sleep(600)
"""


def until(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not done():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def alive(process: int) -> bool:
    """Whether it runs: what has ended and nobody asked about yet is a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_town_ends_with_a_driver_that_is_killed_also_one_whose_worker_dies_and_comes_again(tmp_path: Path) -> None:
    seen = set[int]()

    def look() -> bool:
        seen.update(marked(str(tmp_path)))
        return len(seen) > 2  # the master, and one worker after the other

    with subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)], cwd=HOME) as driver:
        try:
            until(look)
        finally:
            driver.send_signal(signal.SIGKILL)
        assert driver.wait() == -signal.SIGKILL, "it was playing until it was killed"
        until(lambda: not list(marked(str(tmp_path))))
        until(lambda: not any(map(alive, seen)))  # what ends has no environment for a moment, and runs still


def test_what_bears_another_mark_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], env={"TOWN_OF": f"{tmp_path}-other"}) as other:
        Keeper(str(tmp_path)).let_go()
        assert other.poll() is None
        other.kill()
