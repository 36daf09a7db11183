"""What a department's engineer copies works: the vectors are right, and every sample that this machine can run signs as
they say and passes the kit that plays the portal."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.signing import headers_for
from sandbox.checks import a_leg
from sandbox.conform import Aim, conform
from sandbox.conform_pull import Watch, conform_pull
from sandbox.hub import Hub
from sandbox.shelf import Shelf

SAMPLES = Path(__file__).resolve().parents[2] / "docs" / "samples"
VECTORS = json.loads((SAMPLES / "signatures.json").read_text("utf-8"))
SECRET, TOKEN = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "a-token"
RUN_BY = {"exchange.py": sys.executable, "Receiver.java": "java", "fetch.mjs": "node"}
# A test machine may lack Java or Node; what it has is tried.
HERE = [name for name, program in RUN_BY.items() if shutil.which(program)]
TRIALS = {
    "Receiver.java": lambda port: conform(Aim(f"http://127.0.0.1:{port}/push", SECRET, notices_within=30)),
    "fetch.mjs": lambda port: conform_pull(Watch(SECRET, TOKEN, within=30, port=port), lambda _: None),
}


def call(name, *arguments):
    return [RUN_BY[name], str(SAMPLES / name), *arguments]


def surroundings(folder, secret=SECRET, port=0):
    return {**os.environ, "SECRETS": secret, "SECRET": secret, "TOKEN": TOKEN, "STORE": str(folder / "store"),
            "API": f"http://127.0.0.1:{port}/api/departments/conform"}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_the_vectors_are_what_the_portal_computes(vector):
    at = datetime.fromtimestamp(vector["seconds"], UTC)
    made = headers_for(vector["id"], at, vector["body"].encode(), [vector["secret"]])
    assert made["webhook-signature"] == vector["signature"]


@pytest.mark.parametrize("name", [name for name in HERE if name != "Receiver.java"])  # which is slow to start
@pytest.mark.parametrize("kind", ["whsec_", "whsm3_"])
def test_a_sample_signs_as_the_vectors_say(name, kind, tmp_path):
    vector = max((one for one in VECTORS if one["secret"].startswith(kind)),
                 key=lambda one: len(one["body"]))  # of the first kind one with Chinese, blanks and an end of line
    secret = [vector["secret"]] if name == "exchange.py" else []
    said = subprocess.run(call(name, "sign", *secret, vector["id"], str(vector["seconds"])), check=True,
                          input=vector["body"].encode(), env=surroundings(tmp_path, vector["secret"]),
                          stdout=subprocess.PIPE)
    assert said.stdout.decode().strip() == vector["signature"]


@contextmanager
def running(name, folder):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with subprocess.Popen(call(name, str(port)) if name == "Receiver.java" else call(name), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env=surroundings(folder, port=port)) as process:
        until = time.monotonic() + 60
        while name == "Receiver.java" and time.monotonic() < until and not listens(port):
            time.sleep(0.1)
        yield port
        process.terminate()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tried(name, folder):
    with running(name, folder) as port:
        return [f"{name}: {check}" for check in TRIALS[name](port) if not check.passed]


def test_every_sample_that_can_run_here_passes_the_conformance_kit(tmp_path):
    failed = {name: tried(name, tmp_path / name) for name in TRIALS if name in HERE}
    assert failed == {name: [] for name in TRIALS if name in HERE}


@pytest.fixture
def hub():
    hub = Hub([SECRET])
    hub.shelf = Shelf(TOKEN)
    yield hub
    hub.close()


@pytest.fixture
def exchange(hub, tmp_path):
    """One round of exchange.py for an old system, with the settings of the guide."""
    said = json.loads((SAMPLES / "exchange.json").read_text("utf-8"))
    said["api"] = f"{hub.url}/api/departments/conform"
    (tmp_path / "exchange.json").write_text(json.dumps(said), "utf-8")
    for name, value in (("secret", SECRET), ("token", TOKEN)):
        (tmp_path / said[name]).write_text(value)
    (tmp_path / said["in"]).mkdir(parents=True)

    def once():
        subprocess.run(call("exchange.py", str(tmp_path / "exchange.json")), check=True, stderr=subprocess.PIPE)
        return tmp_path
    return once


def test_an_old_system_gets_a_file_of_its_own_columns_and_answers_with_one(hub, exchange):
    leg, digest = a_leg(), hashlib.sha256(hub.paper).hexdigest()
    paper = {"name": "图.pdf", "sha256": digest, "url": f"{hub.url}/paper"}
    line = hub.shelf.lay(hub.message(leg, "leg.filed", 1, {
        "fields": {"project_name": "示例厂房,一期", "grmj": 12000},
        "materials": [{"material": "K13", "files": [paper]}]}))
    folder = exchange()
    name = f"{leg}_leg.filed_1"
    laid = (folder / "drop" / "out" / f"{name}.csv").read_text("gb18030").splitlines()
    assert laid[0].startswith("LSH,LX,") and laid[1].startswith(f'{leg},leg.filed,,"示例厂房,一期",,12000')
    assert (folder / "drop" / "out" / name / "K13-0.pdf").read_bytes() == hub.paper
    assert line.taken
    (folder / "drop" / "in" / "a.pdf").write_bytes(hub.paper)
    (folder / "drop" / "in" / "back.csv").write_text(
        f"LSH,ZT,BH,YJ,WJ\r\n{leg},1,R-7,,\r\n{leg},3,R-7,,a.pdf\r\n{leg},没有,,,\r\n", "gb18030", newline="")
    exchange()
    assert [(one["type"], one["data"]["leg"]) for one in hub.notices] == [("leg.accepted", leg), ("leg.granted", leg)]
    assert hub.notices[1]["data"]["results"] == [{"material": "plan_reply", "number": "R-7", "files": ["file-0"]}]
    assert [len(list((folder / "kept" / room).iterdir())) for room in ("refused", "done")] == [1, 1]
