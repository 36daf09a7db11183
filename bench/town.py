"""A portal and its demo departments as real processes on free ports, for benchmarks and fault tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

HOME = Path(__file__).resolve().parent.parent
START_SECONDS = 60


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Town:
    """One portal, one sandbox. `folder` holds everything they write; `script` is what the departments play."""

    folder: Path
    script: str = "mix"
    speed: float = 20.0
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    portal: subprocess.Popen[bytes] | None = None
    departments: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the portal answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ledger(self) -> Path:
        """What the departments saw and did, one JSON object a line."""
        return self.folder / "ledger.jsonl"

    def environment(self) -> dict[str, str]:
        """The environment of every process of this town."""
        return {
            **os.environ, "YJS_ENV": "test", "YJS_DATA": str(self.folder / "data"),
            "YJS_KEYS": str(self.folder / "keys"),
            "YJS_SECRETS": str(self.folder / "secrets"), "YJS_DEPARTMENTS": str(HOME / "sandbox" / "departments.yaml"),
            "PORT": str(self.port), "YJS_PUBLIC_URL": self.url, "PYTHONPATH": str(HOME),
            "YJS_SANDBOX_URL": f"http://127.0.0.1:{self.sandbox_port}", **self.more,
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
        self._wait(f"http://127.0.0.1:{self.sandbox_port}/", self.departments)

    def start_portal(self) -> None:
        """Start the portal in a process group of its own."""
        self.portal = self._spawn(["-m", "web.serve"], "portal.log")
        self._wait(f"{self.url}/readyz", self.portal)

    def _spawn(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
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

    def worker(self) -> int:
        """The process id of the portal's worker."""
        assert self.portal is not None
        children = Path(f"/proc/{self.portal.pid}/task/{self.portal.pid}/children").read_text().split()
        return int(children[0])

    def kill(self, what: str) -> None:
        """SIGKILL the portal's `master`, its `worker`, or the whole `group`; then wait until all of it is gone."""
        assert self.portal is not None
        worker = self.worker()
        if what == "group":
            os.killpg(self.portal.pid, signal.SIGKILL)
        else:
            os.kill(self.portal.pid if what == "master" else worker, signal.SIGKILL)
        if what == "worker":
            return  # the master brings a new one up by itself
        self.portal.wait(30)

    def stop(self) -> None:
        """End every process of this town."""
        for process in (self.portal, self.departments):
            if process is not None and process.poll() is None:
                process.terminate()
        for process in (self.portal, self.departments):
            if process is not None:
                process.wait(40)

    def token(self, role: str = "applicant", subject: str = "sample") -> str:
        """A bearer token from the command line, like an operator would make it."""
        command = [sys.executable, "-m", "flask", "token", role, "--subject", subject]
        made = subprocess.run(command, cwd=HOME, check=True, env=self.environment(), capture_output=True, text=True)
        return made.stdout.split()[-1]

    def seen(self) -> list[dict[str, Any]]:
        """The lines of the departments' ledger."""
        return [json.loads(line) for line in self.ledger.read_text().splitlines()] if self.ledger.exists() else []
