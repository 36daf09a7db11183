"""Commands beside a running portal: by its socket, paused and resumed, backed up and restored to another folder."""

import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import redirect_stderr
from datetime import timedelta

import pytest

from commands.shell import handed_in
from connectors.base import Answer
from connectors.signing import headers_for
from settings.clock import Clock
from tests.ops.conftest import HOME, answered, file, received, state
from web import inside
from web.inside_people import CommandRefused
from web.names import SOCKET

SECRET = "whsec_" + "QUFB" * 10


class Portal:
    """A real portal of the deployment in the test's environment."""

    def __init__(self, folder):
        with socket.socket() as line:
            line.bind(("127.0.0.1", 0))
            self.port = line.getsockname()[1]
        self.log = (folder / f"log{self.port}").open("ab+")

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, "-m", "web.serve"], cwd=HOME, stdout=self.log,
                                        stderr=self.log, env={**os.environ, "PORT": str(self.port)})
        for _ in range(600):
            assert self.process.poll() is None
            if self.ready():
                return self
            time.sleep(0.1)
        raise AssertionError("the portal does not get ready")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()

    def ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def get(self, path):
        return self.call(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}"))

    def call(self, request):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers, refused.read()

    def say(self, leg, type_):
        now = Clock().now()
        raw = json.dumps({"type": type_, "timestamp": now.isoformat(), "data": {"leg": leg}}).encode()
        headers = headers_for(f"m-{leg}-{type_}", now, raw, [SECRET]) | {"Content-Type": "application/json"}
        return self.call(urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/departments/water-office/notices", raw, headers))


def test_a_command_that_takes_long_is_said_to_go_on_and_one_without_an_answer_where_to_look(deployment, monkeypatch):
    monkeypatch.setattr(inside, "PATIENCE", 0.01)
    said = threading.Event()

    class Ear(io.StringIO):
        def write(self, text):
            said.set()
            return super().write(text)

    def portal(line):
        for answer in (b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"done": 1}', b""):
            with line.accept()[0] as caller:
                caller.recv(65_536)
                said.wait()
                caller.sendall(answer)

    deployment.data.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as line, redirect_stderr(Ear()) as heard:
        line.bind(str(deployment.data / SOCKET))
        line.listen()
        serving = threading.Thread(target=portal, args=(line,), daemon=True)
        serving.start()
        assert handed_in("pause", {}) == {"done": 1}
        assert "门户还在办理这条命令" in heard.getvalue()
        with pytest.raises(CommandRefused, match="flask audit"):
            handed_in("pause", {})
        serving.join()


@pytest.fixture
def portal(deployment):
    return lambda: Portal(deployment.folder)


def test_changing_commands_go_through_the_running_portal(deployment, portal):
    with deployment.house() as home:
        receipt, = file(home)
        answered(home, Answer("refused", reason="缺字段"))
    leg = receipt.legs[0].leg
    with portal():
        deployment.ok("retry", leg, "--reason", "部门已修复", "--dry-run")
        assert "已安排原样重发" in deployment.ok("retry", leg, "--reason", "部门已修复")
        wrong = deployment.flask("retry", "nothing-01", "--reason", "试试")
        assert (wrong.exit_code, "没有未送达的消息" in wrong.stderr) == (1, True)
        token = deployment.ok("token", "applicant", "--subject", "示例").strip()
        made, = deployment.json("tokens", "list")
        office = ("token", "officer", "--subject", "water-system", "--department", "water-office", "--dry-run")
        assert deployment.flask(*office).stderr == "", "a department's program stands for no account"
        assert token not in json.dumps(made)
        deployment.ok("tokens", "revoke", made["id"], "--reason", "示例")
        assert deployment.json("tokens", "list")[0]["revoked_at"]
        for tried in ((), ("--dry-run",)):
            assert deployment.flask("tokens", "revoke", made["id"], "--reason", "再来", *tried).exit_code == 1


def test_while_paused_nothing_leaves_and_notices_get_503_until_resumed(deployment, portal):
    with deployment.house() as home:
        receipt, = file(home)
        received(home)
    leg = receipt.legs[0].leg
    with portal() as running:
        deployment.ok("pause", "--reason", "数据库维护")
        status, headers, body = running.say(leg, "leg.accepted")
        assert (status, headers["Retry-After"], json.loads(body)["code"]) == (503, "60", "paused")
        assert b"yijianshi_paused 1.0" in running.get("/metrics")[2]
        assert deployment.json("legs")["counted"]["paused"] == "数据库维护"
        assert running.get("/readyz")[0] == 200
        assert "数据库维护" in deployment.ok("resume")
        assert running.say(leg, "leg.accepted")[0] == 204
        assert running.say(leg, "leg.accepted")[0] == 204
        assert "没有暂停" in deployment.ok("resume")


def test_a_restored_copy_starts_paused_sends_nothing_and_then_the_same_keys(deployment, portal, monkeypatch):
    copy, back = deployment.folder / "copy", deployment.folder / "back"
    with portal(), pytest.raises(AssertionError):
        deployment.ok("restore", copy)  # there is no copy yet
    with deployment.house() as home:
        first, = file(home)
    with portal():
        deployment.ok("pause", "--reason", "备份前")
        said = deployment.ok("backup", copy)
        assert "办件 1，分办件 2" in said and "请先停止服务" in said, "a pause goes on taking what is filed"
        assert "没有密钥" in said
        again = deployment.flask("backup", copy)
        assert (again.exit_code, "不是空目录" in again.stderr) == (1, True)
        busy = deployment.flask("restore", copy)
        assert busy.exit_code == 1
        deployment.ok("keys", "add")
        older = deployment.flask("keys", "reseal")
        assert (older.exit_code, "重新启动" in older.output) == (1, True)
    with deployment.house() as home:
        keys = messages_of(home, first.reference)
    monkeypatch.setenv("YJS_DATA", str(back))
    assert "备份完好" in deployment.ok("restore", copy, "--dry-run")
    assert "暂停" in deployment.ok("restore", copy)
    assert deployment.flask("restore", copy).exit_code == 1
    with deployment.house() as home:
        assert home.desk.claim({"water-office": 9, "power-office": 9}, home.clock.now()) == []
    deployment.ok("resume", "--reason", "已核对")
    with deployment.house() as home:
        assert [state(home, leg.leg) for leg in first.legs] == ["queued", "queued"]
        later = home.clock.now() + timedelta(hours=1)  # the first portal may have tried to connect once
        claims = home.desk.claim({"water-office": 9, "power-office": 9}, later)
        assert {(claim.outgoing.key, claim.outgoing.message_id) for claim in claims} == keys
    assert deployment.flask("verify").exit_code == 0


def messages_of(home, reference):
    with home.database.read() as tx:
        found = tx.rows("select leg, type, n, message_id from messages where reference = :r", r=reference)
    return {(f"{reference}-{row['leg']}:{row['type']}:{row['n']}", row["message_id"]) for row in found}


def test_keys_are_made_once_and_rotated_and_old_values_still_open(deployment, monkeypatch):
    keys = deployment.folder / "other-keys"
    monkeypatch.setenv("YJS_KEYS", str(keys))
    deployment.ok("keys", "create")
    assert keys.stat().st_mode & 0o077 == 0
    assert deployment.flask("keys", "create").exit_code == 1
    with deployment.house() as home:
        receipt, = file(home)
    deployment.ok("keys", "add")
    assert len(json.loads(keys.read_text())["keys"]) == 2
    with deployment.house() as home:
        assert home.desk.case_view("somebody", receipt.reference, home.clock.now())["reference"] == receipt.reference
    assert deployment.flask("verify").exit_code == 0
