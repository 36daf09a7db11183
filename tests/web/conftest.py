"""The real application on a real store in a temporary folder, with small definitions and two offices that fetch."""

import base64
import itertools
import json
from pathlib import Path

import pytest

from app import create_app
from connectors.signing import headers_for
from people.tokens import Grant
from web.wiring import NAME

SECRETS = {name: f"{kind}_{base64.b64encode(name.encode() * 8).decode()}"
           for name, kind in {"water": "whsec", "power": "whsm3"}.items()}
OFFICES = """bodies:
  water-office:
    department: water
    name: 供水公司
    connector: pull
    secrets: ["env:WATER_SECRET"]
    tokens: ["env:WATER_TOKEN"]
  power-office:
    department: power
    name: 供电公司
    connector: pull
    secrets: ["env:POWER_SECRET"]
    tokens: ["env:POWER_TOKEN"]
"""
WATER_TOKEN, POWER_TOKEN = "water-office-token-0123456789abcdef", "power-office-token-0123456789abcdef"
GOOD_CODE = "91370200163562681G"


class Caller:
    """A program with a bearer token (or none)."""

    def __init__(self, app, token=None):
        self.app, self.token = app, token

    def call(self, method, path, value=None, **more):
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **more.pop("headers", {})}
        if value is not None:
            more |= {"data": json.dumps(value), "content_type": "application/json"}
        return self.app.test_client().open(path, method=method, headers=headers, buffered=True, **more)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, value=None, **more):
        return self.call("POST", path, value, **more)

    def delete(self, path, **more):
        return self.call("DELETE", path, **more)

    def patch(self, path, value=None, **more):
        return self.call("PATCH", path, value, **more)

    def file(self, value, key):
        return self.post("/api/cases", value, headers={"Idempotency-Key": key})


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    """One application for all tests of this folder; tests use their own persons and cases."""
    folder = tmp_path_factory.mktemp("portal")
    (folder / "offices.yaml").write_text(OFFICES)
    made = create_app({
        "YJS_ENV": "test", "YJS_DATA": str(folder / "data"), "YJS_BUNDLES": str(Path(__file__).parent / "definitions"),
        "YJS_DEPARTMENTS": str(folder / "offices.yaml"), "WATER_SECRET": SECRETS["water"], "WATER_TOKEN": WATER_TOKEN,
        "POWER_SECRET": SECRETS["power"], "POWER_TOKEN": POWER_TOKEN, "YJS_UPLOAD_LIMIT": "2000000",
    })
    yield made
    made.extensions[NAME].close()


@pytest.fixture(scope="session")
def house(app):
    """What the application works with."""
    return app.extensions[NAME]


@pytest.fixture(scope="session")
def numbers():
    """Never the same number twice."""
    return itertools.count(1)


@pytest.fixture
def caller(app, house, numbers):
    """Make a program: caller() is a visitor, caller("applicant") somebody new, caller("officer", "water-office")."""
    def make(role=None, department=None):
        if role is None:
            return Caller(app)
        grant = Grant(role, f"subject-{next(numbers)}", department)
        return Caller(app, house.tokens.issue(grant, house.clock.now()))
    return make


@pytest.fixture
def applicant(caller):
    """An applicant's program, somebody new in each test."""
    return caller("applicant")


@pytest.fixture
def office(app):
    """The program of the water company with its deployment token."""
    return Caller(app, WATER_TOKEN)


@pytest.fixture
def other_office(app):
    """The program of the power company."""
    return Caller(app, POWER_TOKEN)


@pytest.fixture(scope="session")
def drawing():
    """A small true PNG."""
    return base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture
def filing(applicant, drawing):
    """A filing of both matters that is right in every part, with its drawing uploaded by `applicant`."""
    kept = applicant.post("/api/files", data=drawing, content_type="image/png",
                          headers={"Content-Disposition": "attachment; filename*=UTF-8''%E5%9B%BE.png"})
    assert kept.status_code == 201, kept.json
    return {"bundle": "connect", "situation": {"services": ["water", "power"]},
            "form": {"project_name": "示例项目", "credit_code": GOOD_CODE, "phone": "13800138000", "area": 12.5},
            "materials": {"drawing": [kept.json["file"]]}, "consent": {"agreed": True, "sensitive": ["phone"]}}


@pytest.fixture
def signed(house, numbers):
    """Headers of a message signed by an office: signed("water", raw) or with another time, secret or id."""
    def make(name, raw, **more):
        message_id = more.get("message_id", f"msg-{next(numbers)}")
        at = more.get("at", house.clock.now())
        return headers_for(message_id, at, raw,
                           more.get("secrets", [SECRETS[name]])) | {"Content-Type": "application/json"}
    return make
