"""A portal and its demo departments as real processes on free ports, for benchmarks and fault tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from bench.keeper import MARK, Keeper
from settings.clock import Clock

HOME = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 40
# No movable clock: looking for its file at every question for the time is a cost that no service has.
REAL_TIME: Mapping[str, str] = {"YJS_CLOCK": ""}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Town:
    """One portal, one sandbox, which end with the process that started them. `folder` holds everything they write;
    `script` is what the departments play; `host` is the address that both listen on."""

    folder: Path
    script: str = "mix"
    speed: float = 20.0
    more: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    portal: subprocess.Popen[bytes] | None = None
    departments: subprocess.Popen[bytes] | None = None
    keeper: Keeper | None = None

    @property
    def url(self) -> str:
        """Where the portal answers."""
        return f"http://{self.host}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """Where the departments answer."""
        return f"http://{self.host}:{self.sandbox_port}"

    @property
    def ledger(self) -> Path:
        """What the departments saw and did, one JSON object a line."""
        return self.folder / "ledger.jsonl"

    @property
    def clock(self) -> Path:
        """The clock that the portal and the departments share; while the file is missing it is the real one."""
        return self.folder / "clock"

    def jump(self, days: int) -> None:
        """Move the shared clock on by `days`, at once for everybody, so that signatures stay within their window.

        A notice that is under way at this moment is refused as stale: jump when only waiting is left to be done.
        """
        now = Clock(self.clock).now() + timedelta(days=days)
        new = self.clock.with_suffix(".new")
        new.write_text(f"{now.isoformat()} x1", "ascii")
        new.replace(self.clock)

    def environment(self) -> dict[str, str]:
        """The environment of every process of this town."""
        return {
            **os.environ, "YJS_ENV": "test", "YJS_DATA": str(self.folder / "data"),
            "YJS_KEYS": str(self.folder / "keys"),
            "YJS_SECRETS": str(self.folder / "secrets"), "YJS_DEPARTMENTS": str(HOME / "sandbox" / "departments.yaml"),
            "PORT": str(self.port), "YJS_BIND": self.host, "YJS_PUBLIC_URL": self.url, "PYTHONPATH": str(HOME),
            "YJS_SANDBOX_URL": self.sandbox_url, "YJS_CLOCK": str(self.clock), MARK: str(self.folder), **self.more,
        }

    def start(self) -> Town:
        """Start the departments and the portal, and wait until both answer."""
        (self.folder / "secrets").mkdir(parents=True, exist_ok=True)
        self.start_departments()
        self.start_portal()
        return self

    def start_departments(self) -> None:
        """Start the demo departments."""
        command = ["-m", "flask", "sandbox", "--script", self.script, "--ledger", str(self.ledger),
                   "--speed", str(self.speed)]
        self.departments = self._spawn(command, "sandbox.log")
        self._wait(f"{self.sandbox_url}/", self.departments)

    def start_portal(self) -> None:
        """Start the portal in a process group of its own and wait until it is ready."""
        self.launch_portal()
        assert self.portal is not None
        self._wait(f"{self.url}/readyz", self.portal)

    def launch_portal(self) -> None:
        """Start the portal, whatever becomes of it."""
        self.portal = self._spawn(["-m", "web.serve"], "portal.log")

    def _spawn(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
        self.keeper = self.keeper or Keeper(str(self.folder))
        with (self.folder / log).open("ab") as words:
            return subprocess.Popen([sys.executable, *command], cwd=HOME, env=self.environment(), stdout=words,
                                    stderr=words, start_new_session=True)

    def _wait(self, url: str, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            try:
                if requests.get(url, timeout=2).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.05)
        words = "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))
        raise RuntimeError(f"{url} did not answer\n{words}")

    def worker(self) -> int | None:
        """The process id of the portal's worker; None while there is none."""
        assert self.portal is not None
        children = Path(f"/proc/{self.portal.pid}/task/{self.portal.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def kill(self, what: str) -> None:
        """SIGKILL the portal's `master`, its `worker`, or the whole `group`, and wait until it is gone.

        After `worker` the master brings a new one up by itself; after the others the portal has to be started again.
        """
        assert self.portal is not None
        worker = self.worker()
        if what == "group":
            os.killpg(self.portal.pid, signal.SIGKILL)
        elif what == "master":
            os.kill(self.portal.pid, signal.SIGKILL)
        elif worker is not None:
            os.kill(worker, signal.SIGKILL)
        if what != "worker":
            self.portal.wait(30)
        self.wait_gone(worker)

    def wait_gone(self, worker: int | None) -> None:
        """Wait until the process `worker` has ended (a master that died takes its worker along)."""
        until = time.monotonic() + START_SECONDS
        while worker is not None and _runs(worker):
            if time.monotonic() > until:
                raise RuntimeError(f"process {worker} does not end")
            time.sleep(0.02)

    def stop(self) -> None:
        """End every process of this town; what does not end in time is killed."""
        running = [process for process in (self.portal, self.departments) if process is not None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_SECONDS)
        if self.keeper is not None:
            self.keeper.let_go()
            self.keeper = None

    def flask(self, *arguments: str) -> str:
        """What an operator's command prints; it must end well."""
        made = subprocess.run([sys.executable, "-m", "flask", *arguments], cwd=HOME, check=True, text=True,
                              env=self.environment(), stdout=subprocess.PIPE)
        return made.stdout

    def token(self, role: str = "applicant", subject: str = "sample") -> str:
        """A bearer token from the command line, like an operator would make it."""
        return self.flask("token", role, "--subject", subject).split()[-1]

    def secret(self, department: str) -> str:
        """The secret that the portal and a department share."""
        return (self.folder / "secrets" / f"{department}.secret").read_text().strip()

    def seen(self) -> list[dict[str, Any]]:
        """The lines of the departments' ledger; a last line that is still being written is left out."""
        whole = self.ledger.read_text().rpartition("\n")[0] if self.ledger.exists() else ""
        return [json.loads(line) for line in whole.splitlines()]


@contextmanager
def town_of(script: str = "mix", **more: str) -> Iterator[Town]:
    """A town in a folder of its own, started, and stopped at the end; `more` are settings of the portal."""
    with tempfile.TemporaryDirectory() as folder:
        made = Town(Path(folder), script=script, more=more)
        try:
            yield made.start()
        finally:
            made.stop()


def _runs(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
