"""Which departments the sandbox plays, and where it listens."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from connectors.gateway import Gateway, gateway_body
from sandbox.conform_gateway import try_gateway
from sandbox.run import NothingToPlay, PortTaken, start
from sandbox.server import Setting

HOME = Path(__file__).resolve().parents[2]
OFFICES = """
hosts: {{sandbox: "env:YJS_SANDBOX_URL else http://127.0.0.1:{port}"}}
defaults: {{host: sandbox}}
bodies:
  real: {{department: real, address: "http://127.0.0.1:9/push", secrets: file:real.secret}}
  gas: {{department: gas, path: /d/gas, secrets: file:gas.secret}}
  water: {{department: water, path: /d/water, secrets: file:water.secret}}
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _file(folder: Path, port: int) -> Path:
    path = folder / "departments.yaml"
    path.write_text(OFFICES.format(port=port), "utf-8")
    return path


@pytest.mark.parametrize("by_setting", [True, False])
def test_only_bodies_at_the_sandboxs_address_are_played_there(tmp_path: Path, by_setting: bool) -> None:
    port, other = _free_port(), _free_port()
    environ = {"YJS_SANDBOX_URL": f"http://127.0.0.1:{other}/"} if by_setting else {}
    playing = start(_file(tmp_path, port), environ, Setting("prompt"))
    try:
        assert set(playing.offices) == {"gas", "water"}
        assert playing.url == f"http://127.0.0.1:{other if by_setting else port}"
    finally:
        playing.stop()


def test_a_port_in_use_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = int(held.getsockname()[1])
        with pytest.raises(PortTaken, match=f"端口 {port} 不能使用"):
            start(_file(tmp_path, port), {}, Setting("prompt"))


def test_a_file_without_a_body_there_plays_nothing(tmp_path: Path) -> None:
    path = tmp_path / "departments.yaml"
    path.write_text("bodies:\n  a: {department: a, address: 'http://127.0.0.1:9/x', secrets: file:a.secret}\n", "utf-8")
    with pytest.raises(NothingToPlay, match="YJS_SANDBOX_URL"):
        start(path, {"YJS_SANDBOX_URL": "http://127.0.0.1:5100"}, Setting("prompt"))


def test_secrets_are_made_for_who_is_played_and_for_nobody_else(tmp_path: Path) -> None:
    file, said = _file(tmp_path, _free_port()), list[str]()
    start(file, {}, Setting("prompt"), said.append).stop()
    assert sorted(path.name for path in tmp_path.iterdir() if path != file) == ["gas.secret", "water.secret"]
    assert said == [f"made a secret for gas, water in {tmp_path}: played here, nobody else has it"]
    start(file, {}, Setting("prompt"), said.append).stop()
    assert len(said) == 1


def test_a_faulty_entry_that_would_be_played_here_is_said(tmp_path: Path) -> None:
    file = _file(tmp_path, _free_port())
    file.write_text(file.read_text("utf-8") + "  heat: {department: heat, path: /d/heat, deadline: 99}\n", "utf-8")
    with pytest.raises(NothingToPlay, match="heat：deadline 应为"):
        start(file, {}, Setting("prompt"))


def test_the_command_ends_well_however_often_it_is_told_to(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{_free_port()}"
    environ = {**os.environ, "YJS_DEPARTMENTS": str(_file(tmp_path, _free_port())), "YJS_SANDBOX_URL": url}
    command = [sys.executable, "-m", "flask", "sandbox"]
    with subprocess.Popen(command, cwd=HOME, env=environ, stdout=subprocess.PIPE, text=True) as playing:
        assert playing.stdout is not None
        assert "made a secret for gas, water" in playing.stdout.readline()
        assert url in playing.stdout.readline()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            playing.send_signal(sign)
        assert playing.wait(60) == 0


def test_the_message_gateway_shows_each_message_once_and_takes_only_what_is_signed(tmp_path: Path) -> None:
    port, file = _free_port(), tmp_path / "gateway.secret"
    url = f"http://127.0.0.1:{port}/gateway"
    ledger = tmp_path / "ledger.jsonl"
    playing = start(_file(tmp_path, port), {"YJS_GATEWAY": url, "YJS_GATEWAY_SECRET": str(file)},
                    Setting("prompt", ledger))
    try:
        body = json.dumps({"type": "news.told", "data": {"recipient": {"subject": "p1"}, "text": "<示例>"}}).encode()
        own = Gateway(gateway_body(url, (file.read_text().strip(),)))
        stranger = Gateway(gateway_body(url, (f"whsec_{base64.b64encode(bytes(32)).decode()}",)))
        assert [gateway.send("news_1", body, datetime.now(UTC)).kind for gateway in (own, own, stranger)] == [
            "received", "received", "setup"]
        assert [check.passed for check in try_gateway(own.body, "p1")] == [True, True, True]
        assert [check.passed for check in try_gateway(stranger.body, "p1")] == [False]
        page = requests.get(url, timeout=60).text
        assert (page.count("&lt;示例&gt;"), "<示例>" in page) == (1, False)
    finally:
        playing.stop()
    assert [json.loads(line)["again"] for line in ledger.read_text().splitlines()] == [False, True, False, True]
