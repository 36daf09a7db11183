"""A town whose departments misbehave: its deployment, its script, and editions that can be published."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date, datetime, timedelta
from datetime import time as day_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
import yaml

from bench.town import HOME, Town, free_port
from chaos.forms import CLOSED, FURTHER, GATEWAY_PATH, GATEWAY_SECRET, IDENTITY_SECRET, OFFICES, Form
from sandbox.demo_secrets import make_secrets
from sandbox.idp import PREFIX
from sandbox.run import DEPLOYMENT
from settings.clock import Clock

PLACE = "env:YJS_SANDBOX_URL"
SAMPLE_CLAIMS = HOME / "sandbox" / "claims.yaml"
LADDER = (0.3, 0.6, 1.2, 2.5, 4.0)
ZONE, OFFICE_HOURS, SATURDAY = ZoneInfo("Asia/Shanghai"), day_time(10), 5
FIGURE = re.compile(r"^yijianshi_([a-z_]+) ([0-9.e+]+)$", re.MULTILINE)
STILL_SECONDS = 6.0  # three times what the courier naps
A_SWEEP_AGO = 120.0
EDITED = "summary: 供水"


class Stage(Town):
    """One portal, departments that play the script of `form`, and a virus scanner."""

    def __init__(self, folder: Path, form: Form, seed: int) -> None:
        super().__init__(folder)
        self.form, self.seed = form, seed
        self._bundles = folder / "bundles"
        self.scanner: subprocess.Popen[bytes] | None = None
        self._scanner_port = free_port()
        day = datetime.now(ZONE).date() + timedelta(days=2)  # the first leap of days goes further
        self.closed_from = day.isoformat() if form.closes else None
        self.unarmed = {"YJS_BUNDLES": str(self._bundles), "YJS_DEPARTMENTS": str(folder / "departments.json"),
                        "FAILPOINTS": form.armed, **self._to_city()}
        self.more = self.unarmed

    def _to_city(self) -> dict[str, str]:
        """The message gateway, which may ring at any hour, the identity platform, and a virus scanner."""
        platform = {"YJS_OIDC_ISSUER": f"{self.sandbox_url}{PREFIX}", "YJS_OIDC_CLIENT_ID": "rig",
                    "YJS_OIDC_SECRET": f"file:{IDENTITY_SECRET}", "YJS_OIDC_CLAIMS": str(SAMPLE_CLAIMS)}
        scanner = {"YJS_SCANNER": f"clamd://127.0.0.1:{self._scanner_port}"} if self.form.scan_pauses else {}
        factor = {"YJS_STAFF_FACTOR": "on"} if self.form.factors else {}
        rate = {"YJS_RATE": str(self.form.rate)} if self.form.rate else {}
        return {**platform, **scanner, **factor, **rate, "YJS_GATEWAY": f"{self.sandbox_url}{GATEWAY_PATH}",
                "YJS_GATEWAY_MOBILE": "on", "YJS_QUIET_HOURS": "off",
                "YJS_GATEWAY_SECRET": str(self.folder / "secrets" / GATEWAY_SECRET)}

    def prepare(self) -> None:
        """Write what the processes read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(HOME / "bundles", self._bundles)
        if self.closed_from:
            with (self._bundles / f"{CLOSED}.yaml").open("a", encoding="utf-8") as file:
                file.write(f"closed: {{from: {self.closed_from}, why: 示例停办}}\n")
        (self.folder / "departments.json").write_text(json.dumps(self._deployment(), ensure_ascii=False), "utf-8")
        (self.folder / "script.json").write_text(json.dumps(self.form.script), "utf-8")
        if self.form.speed != 1:
            self.clock.write_text(f"{Clock().now().isoformat()} x{self.form.speed:g}", "ascii")
        named = [f"file:{name}" for name in (GATEWAY_SECRET, IDENTITY_SECRET)]
        make_secrets(named, self.folder / "secrets")  # the portal reads them at its first start

    def _deployment(self) -> dict[str, Any]:
        defaults = {"connector": "rest", "host": "rig", "deadline": self.form.deadline, "at_once": self.form.at_once,
                    "read_lag": self.form.read_lag, **({} if self.form.away else {"ladder": list(LADDER)})}
        bodies = {name: self._body(name) for name in (*OFFICES, *_uncalled())}
        further = {f"{kind}{name}": {**self._body(f"{kind}{name}"), "department": kind, "region": district}
                   for kind in self.form.moves for name, district in FURTHER.items()}
        return {"hosts": {"rig": PLACE}, "defaults": defaults, "bodies": {**bodies, **further}}

    def _body(self, name: str) -> dict[str, Any]:
        if name in self.form.desks:
            return {"department": name, "name": f"{name}(示例)", "connector": "desk"}
        plays = self.form.script.get(name, {})
        return {"department": name, "name": f"{name}(示例)", "path": f"/d/{name}", "secrets": [f"file:{name}.secret"],
                "tokens": [f"file:{name}.token"], "honours_keys": bool(plays.get("honours_keys", True)),
                "can_be_asked": bool(plays.get("can_be_asked", True))}

    def start_departments(self) -> None:
        """Start the departments that misbehave."""
        command = ["-m", "chaos.department", "--script", str(self.folder / "script.json"), "--ledger", str(self.ledger),
                   "--seed", str(self.seed)]
        self.departments = self._spawn(command, "departments.log")
        self._wait(f"{self.departments_url}/", self.departments)

    def start_scanner(self, errors: float | None = None) -> None:
        """Start the virus scanner, if the form has one, with the form's share of errors or another; nobody waits for
        it."""
        if self.form.scan_pauses:
            words = {"port": self._scanner_port, "ledger": self.folder / "scans.jsonl", "seed": self.seed,
                     "errors": self.form.scan_errors if errors is None else errors}
            options = (part for name, value in words.items() for part in (f"--{name}", str(value)))
            self.scanner = self._spawn(["-m", "chaos.scanner", *options], "scanner.log")

    def stop(self) -> None:
        """End every process of this town."""
        if self.scanner is not None:
            self.scanner.kill()
            self.scanner.wait()
        super().stop()

    @property
    def departments_url(self) -> str:
        """Where the departments listen."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    def begin_portal(self) -> None:
        """Start the portal without waiting for it."""
        self.portal = self._spawn(["-m", "web.serve"], "portal.log")

    def await_portal(self) -> None:
        """Wait until the portal answers."""
        assert self.portal is not None
        self._wait(f"{self.url}/readyz", self.portal)

    def calm_down(self) -> None:
        """The departments do nothing wrong any more; how they have effects and report stays."""
        calm = {name: {**plays, "rules": []} for name, plays in self.form.script.items()}
        requests.post(f"{self.departments_url}/_script", json=calm, timeout=10).raise_for_status()

    def put_away(self, office: str, trouble: str) -> None:
        """A department is away: this befalls whatever is asked of it. Without any it is back."""
        plays = self.form.script.get(office, {})
        requests.post(f"{self.departments_url}/_script", json={office: {**plays, "away": trouble}},
                      timeout=10).raise_for_status()

    def left_to_do(self) -> dict[str, int]:
        """What the departments have not decided and not told yet."""
        return dict(requests.get(f"{self.departments_url}/_stats", timeout=10).json())

    def publish(self) -> None:
        """Put another edition of the bundle into the folder; it is in force from the next start."""
        path = self._bundles / "utilities.yaml"
        words = path.read_text("utf-8")
        if EDITED not in words:
            raise RuntimeError(f"{path} has no line to edit")
        path.write_text(words.replace(EDITED, f"{EDITED}、供水", 1), "utf-8")

    def hurry(self) -> None:
        """Whatever tarries at the departments goes on."""
        requests.post(f"{self.departments_url}/_hurry", timeout=10).raise_for_status()

    def leap_days(self, days: int) -> dict[str, float]:
        """Move the clock on at once into the office hours of the working day that is `days` of them ahead, or of the
        last one within a week: whatever was tried in vain for longer is left to a person."""
        here = Clock(self.clock).now().astimezone(ZONE)
        week = [here.date() + timedelta(days=ahead) for ahead in range(1, 7)]
        day = [*filter(self._works, week), week[-1]][:days][-1]
        return self.leap_far((datetime.combine(day, OFFICE_HOURS, ZONE) - here).total_seconds())

    def leap_far(self, seconds: float) -> dict[str, float]:
        """The same as `leap`, and what the departments are telling comes to its end before, for its signature holds
        five minutes."""
        requests.post(f"{self.departments_url}/_hold", timeout=60).raise_for_status()
        try:
            return self.leap(seconds)
        finally:
            requests.post(f"{self.departments_url}/_go", timeout=10).raise_for_status()

    def await_sweep(self, seconds: float) -> None:
        """Wait until the portal has done what is due by its clock, which it looks at once a minute; not for ever."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.figures().get("sweep_seconds", A_SWEEP_AGO) < A_SWEEP_AGO:
                return
            time.sleep(0.1)

    def figures(self) -> dict[str, float]:
        """The portal's figures that have no labels, by name; none while it is away."""
        with suppress(requests.RequestException):
            said = requests.get(f"{self.url}/metrics", timeout=5).text
            return {name: float(number) for name, number in FIGURE.findall(said)}
        return {}

    def await_bulletins(self, seconds: float) -> bool:
        """Whether everything that is to be told has left within these seconds, and for a while no more of it came."""
        until, still, heard = time.monotonic() + seconds, time.monotonic() + STILL_SECONDS, -1
        while time.monotonic() < min(until, still):
            found, now = self.figures(), self._heard()
            if found.get("cases_unlooked", 1) or found.get("bulletins_waiting", 1) or now != heard:
                still, heard = time.monotonic() + STILL_SECONDS, now
            time.sleep(0.2)
        return still <= until

    def _heard(self) -> int:
        return self.ledger.read_bytes().count(b'"heard"')

    def _works(self, day: date) -> bool:
        """Whether it is a working day, by the calendar that was published."""
        year = yaml.safe_load((self._bundles / "calendar" / f"{day.year}.yaml").read_text("utf-8"))
        return day in year["make_up_days"] or (day.weekday() < SATURDAY and day not in year["days_off"])

    def account(self, login: str, password: str, office: str) -> str:
        """An officer's account; its id."""
        return self.flask("account", login, "--role", "officer", "--name", "示例工作人员", "--department", office,
                          "--password", password).split()[-1]

    def leap(self, seconds: float) -> dict[str, float]:
        """Move the shared clock on at once; when (on the clock before) and by how much."""
        before = Clock(self.clock).now()
        new = self.clock.with_suffix(".new")
        new.write_text(f"{(before + timedelta(seconds=seconds)).isoformat()} x1", "ascii")
        new.replace(self.clock)
        return {"before": before.timestamp(), "at": time.time(), "seconds": seconds}

    def freeze(self, seconds: float) -> None:
        """Stop the worker for a while, as a machine under pressure does."""
        worker = self.worker()
        if worker is None:
            return
        os.kill(worker, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(worker, signal.SIGCONT)

    def begin_flask(self, log: str, *arguments: str) -> subprocess.Popen[bytes]:
        """An operator's command that is not waited for, in a process group of its own."""
        return self._spawn(["-m", "flask", *arguments], log)

    def try_flask(self, *arguments: str, **more: str) -> tuple[int, str]:
        """An operator's command: its exit code and what it printed."""
        made = subprocess.run([sys.executable, "-m", "flask", *arguments], cwd=HOME, text=True, check=False,
                              env={**self.environment(), **more}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return made.returncode, made.stdout


def _uncalled() -> list[str]:
    """The other kinds of department that the definitions speak of, as the demo has them: nothing is filed with them,
    and a portal wants them reachable."""
    listed = yaml.safe_load(DEPLOYMENT.read_text("utf-8"))["bodies"].values()
    return sorted({body["department"] for body in listed} - {*OFFICES})
