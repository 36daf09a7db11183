"""The real portal on a port with a real store, the demo departments on another; the dispatcher is the test's."""

import socket
import threading
import time
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from app import create_app
from dispatch.loop import Dispatcher, Works
from people.tokens import Grant
from sandbox.run import DEPLOYMENT, start
from sandbox.server import Setting
from sources.samples import PERSONAS
from web.wiring import NAME

SITUATION = {"services": ["water", "power"], "outside_line": False, "filer": "legal_rep"}
OVER = {"granted", "delivered", "refused", "not_accepted", "withdrawn"}
PATIENCE = 60.0


def free_port():
    """A port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Town:
    """Portal, departments and an applicant."""

    def __init__(self, folder, script, speed=20.0):
        self.ledger = folder / "ledger.jsonl"
        port, played = free_port(), free_port()
        self.environ = {
            "YJS_ENV": "test", "YJS_DATA": str(folder / "data"), "YJS_SECRETS": str(folder / "secrets"),
            "YJS_DEPARTMENTS": str(DEPLOYMENT), "YJS_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "YJS_SANDBOX_URL": f"http://127.0.0.1:{played}", "YJS_KEYS": str(folder / "keys" / "keys")}
        self.sandbox = start(DEPLOYMENT, self.environ, Setting(script, self.ledger, speed))
        self.app = create_app(self.environ)
        self.house = self.app.extensions[NAME]
        self.server = make_server("127.0.0.1", port, self.app, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.token = self.house.tokens.issue(Grant("applicant", "sample-enterprise"), self.house.clock.now())
        self.dispatcher = self.dispatch()

    def dispatch(self):
        """A dispatcher, as a newly started process has it."""
        house = self.house
        return Dispatcher(Works(house.desk, house.parts.registry, house.deployment, house.clock.now)).start()

    def call(self, method, path, value=None, **headers):
        """One call of the applicant's program."""
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        return self.app.test_client().open(path, method=method, json=value, headers=headers)

    def file(self):
        """File water and power for the sample enterprise; the reference."""
        plan = self.house.desk.plan("utilities", SITUATION, self.house.clock.now())
        known = {**PERSONAS[0].details, "handover_on": "2099-01-01", "energy_use": "commercial"}
        form = {line.code: known[line.code] for line in plan.fields if line.value is None and line.code in known}
        answer = self.call("POST", "/api/cases", {
            "bundle": "utilities", "situation": SITUATION, "form": form, "materials": {},
            "consent": {"agreed": True, "sensitive": [line.code for line in plan.fields if line.sensitive]}},
            **{"Idempotency-Key": f"key-{time.monotonic_ns()}"})
        assert answer.status_code == 201, answer.json
        return answer.json["reference"]

    def legs(self, reference):
        """The legs as the applicant sees them."""
        return self.call("GET", f"/api/cases/{reference}").json["legs"]

    def ended(self, reference):
        """The states of the legs once all are over."""
        until = time.monotonic() + PATIENCE
        while {leg["state"] for leg in self.legs(reference)} - OVER and time.monotonic() < until:
            time.sleep(0.05)
        return {leg["leg"]: leg["state"] for leg in self.legs(reference)}

    def close(self):
        """Stop everything."""
        self.dispatcher.stop(5)
        self.sandbox.stop()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
        self.house.close()


@pytest.fixture
def town(tmp_path: Path):
    """town("prompt") builds one; all are taken down afterwards."""
    built = []

    def build(script, **more):
        built.append(Town(tmp_path, script, **more))
        return built[-1]
    yield build
    for one in built:
        one.close()
