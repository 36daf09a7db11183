"""A deployment in a folder of its own: small definitions, two offices, the real commands on a real SQLite store."""

import base64
import json
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app import create_app
from connectors.base import Answer
from desk.hearing.notices import Incoming
from desk.sending.recording import Came
from desk.values import Filing
from dispatch.retry import Then
from web.wiring import NAME

HOME = Path(__file__).resolve().parents[2]
OFFICES = """hosts: {offices: "http://127.0.0.1:9"}
defaults: {connector: rest, host: offices, read_lag: 2}
bodies:
  water-office: {department: water, name: 供水公司, path: /water, secrets: ["env:OFFICE_SECRET"]}
  power-office: {department: power, name: 供电公司, path: /power, secrets: ["env:OFFICE_SECRET"], honours_keys: no}
"""
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
FORM = {"project_name": "示例项目", "credit_code": "91370200163562681G", "phone": "13800138000", "area": 12}
ROOM = {"water-office": 9, "power-office": 9}
DONE, STUCK = Then("done"), Then("stuck")


class Deployment:
    """One folder with its commands."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.data = folder, folder / "data"
        (folder / "offices.yaml").write_text(OFFICES)
        for name, value in {
            "YJS_ENV": "test", "YJS_DATA": str(self.data), "YJS_KEYS": str(folder / "keys"),
            "YJS_BUNDLES": str(HOME / "tests" / "web" / "definitions"), "YJS_DEPARTMENTS": str(folder / "offices.yaml"),
            "OFFICE_SECRET": "whsec_" + "QUFB" * 10,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("DATABASE_URL", raising=False)

    @contextmanager
    def house(self):
        """The portal's inside, as if it ran; nobody else may hold the folder meanwhile."""
        home = create_app().extensions[NAME]
        try:
            yield home
        finally:
            home.close()

    def flask(self, *args):
        """Run a command to its end."""
        return create_app({"FLASK_RUN_FROM_CLI": "true"}).test_cli_runner().invoke(args=[str(one) for one in args])

    def ok(self, *args):
        """What a command that must succeed says."""
        done = self.flask(*args)
        assert done.exit_code == 0, done.output
        return done.output

    def json(self, *args):
        """What a command says as JSON."""
        return json.loads(self.ok(*args, "--json"))


@pytest.fixture
def deployment(tmp_path, monkeypatch):
    return Deployment(tmp_path, monkeypatch)


def file(home, count=1, subject="somebody", first=0):
    """File cases of both matters, under keys from a number on; their receipts."""
    now, made = home.clock.now(), []
    for n in range(first, first + count):
        paper = home.desk.keep_file(subject, ("图.png", "image/png"), [PNG], now)
        filing = Filing(bundle="connect", situation={"services": ["water", "power"]}, form=FORM,
                        materials={"drawing": (paper.file,)}, consent={"agreed": True, "sensitive": ["phone"]})
        made.append(home.desk.intake.file(subject, filing, f"key-{n}", now))
    return made


def answered(home, answer, then=DONE, offices=("water-office", "power-office"), later=0):
    """Let the offices answer what is due for them."""
    now = home.clock.now() + timedelta(seconds=later)
    for claim in home.desk.claim({office: ROOM[office] for office in offices}, now):
        home.desk.record([Came(claim, answer, then)], now)


def received(home):
    """Everything arrives."""
    for claim in home.desk.claim(ROOM, home.clock.now()):
        home.desk.record([Came(claim, Answer("received", ref=f"R-{claim.leg[-5:]}"), DONE)], home.clock.now())


def say(home, leg, type_, office="water-office", later=1, at=None, **data):
    """A notice of an office, said `later` from now or just `at` then."""
    at = at or home.clock.now() + timedelta(seconds=later)
    said = {"type": type_, "timestamp": at.isoformat(), "data": {"leg": leg, **data}}
    return home.desk.notices.take(Incoming(office, f"m-{leg}-{type_}-{later}", json.dumps(said).encode(), said), at)


def state(home, leg):
    """A leg's state as its applicant sees it."""
    reference, _, number = leg.rpartition("-")
    case = home.desk.case_view("somebody", reference, home.clock.now())
    return next(one["state"] for one in case["legs"] if one["leg"] == number)
