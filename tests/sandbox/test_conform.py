"""The conformance kit, against departments that conform and departments that do not, and the guide's own receiver."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.base import Body
from sandbox.conform import Aim, BadAim, conform, report
from sandbox.hub import Hub
from sandbox.server import Sandbox, Setting

SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
OTHER = "whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXI="
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "connecting.md"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _receiving(folder: Path, *changes: tuple[str, str], secret: str = SECRET) -> Iterator[str]:
    """The guide's receiver with some changes in its text; the address it listens at."""
    code = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[0]
    for old, new in changes:
        assert old in code
        code = code.replace(old, new)
    (folder / "receiver.py").write_text(code, "utf-8")
    port = _free_port()
    with subprocess.Popen([sys.executable, str(folder / "receiver.py"), str(port)], stderr=subprocess.DEVNULL,
                          env={**os.environ, "SECRET": secret}) as process:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/push"
        process.terminate()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[str]:
    with _receiving(tmp_path) as address:
        yield address


@pytest.fixture
def old_system(tmp_path: Path) -> Iterator[str]:
    """A system that gives a number of its own to each message and finds a leg only a second after it came."""
    with _receiving(
            tmp_path, ("ref = known[0] if known else", "born.setdefault(data['leg'], time.time()); ref ="),
            ("found = row if genuine(self.headers, b\"\") else None",
             "took = born.get(self.path.split('/')[-1], 0); "
             "found = row if genuine(self.headers, b'') and time.time() > took + 1 else None"),
            ("class Receiver", "born = {}\nclass Receiver")) as address:
        yield address


def test_the_receiver_of_the_guide_conforms(receiver: str) -> None:
    checks = conform(Aim(receiver, SECRET))
    assert [str(check) for check in checks if not check.passed] == []
    assert not [line for line in map(str, checks) if "请" in line], "what passed wants nothing"
    assert len(checks) == 15
    assert report(checks).endswith("全部通过，可以接入。")


def test_with_a_secret_for_sm3_the_receiver_conforms_by_the_three_changes_of_the_guide(tmp_path: Path) -> None:
    changes = [(old, new) for old, new in re.findall(r"`([^`]+)` → `([^`]+)`", GUIDE.read_text("utf-8"))
               if "sm3" in new]
    assert len(changes) == 3
    state = SECRET.replace("whsec_", "whsm3_")
    with _receiving(tmp_path, *changes, secret=state) as address:
        checks = conform(Aim(address, state))
    assert [str(check) for check in checks if not check.passed] == []
    assert len(checks) == 15


def test_the_receiver_of_the_guide_keeps_what_a_clock_or_a_secret_that_is_changed_turned_away(receiver: str) -> None:
    hub = Hub([SECRET])
    try:
        hub.refuse = [401]
        assert hub.push(Body("gas", "gas-utility", "rest", address=receiver, secrets=(SECRET,))).kind == "received"
        assert hub.wait(bool) == ["leg.accepted"]
        assert hub.ids == hub.put_off * 2, "the same webhook-id again"
    finally:
        hub.close()


def test_an_old_system_passes_with_what_it_says_of_itself(old_system: str) -> None:
    checks = conform(Aim(old_system, SECRET, honours_keys=False, read_lag=1.5))
    assert [str(check) for check in checks if not check.passed] == []
    assert len(checks) == 14


def test_an_old_system_is_told_what_to_say_of_itself(old_system: str) -> None:
    fixes = {check.name: check.fix for check in conform(Aim(old_system, SECRET)) if not check.passed}
    assert set(fixes) == {"同一个 Idempotency-Key 再来一次不能重复建件", "查询收到的件要查得到"}
    assert "honours_keys: no，自测加 --no-keys" in fixes["同一个 Idempotency-Key 再来一次不能重复建件"]
    assert re.search(r"read_lag: (\d+)，自测加 --read-lag \1", fixes["查询收到的件要查得到"])


def _played(secret: str, script: str = "prompt", **more: object) -> dict[str, bool]:
    sandbox = Sandbox([Body("gas", "gas-utility", "rest", secrets=(secret,))], Setting(script, speed=20))
    try:
        aim = Aim(sandbox.address("gas"), SECRET, **more)  # type: ignore[arg-type]
        return {check.name: check.passed for check in conform(aim)}
    finally:
        sandbox.stop()


def test_a_demo_department_conforms() -> None:
    assert set(_played(SECRET).values()) == {True}


def test_a_department_with_another_secret_is_told_about_its_signature() -> None:
    sandbox = Sandbox([Body("gas", "gas-utility", "rest", secrets=(OTHER,))], Setting("prompt", speed=20))
    try:
        told = report(conform(Aim(sandbox.address("gas"), SECRET)))
    finally:
        sandbox.stop()
    assert "密钥不一致" in told


def test_a_department_that_never_reports_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "mute.yaml").write_text("plays: {mute: {delay: 0}}\nrules: []\n", "utf-8")
    seen = _played(SECRET, str(tmp_path / "mute.yaml"), notices_within=0.3)
    assert seen["正确的推送要收下"] and not seen["回告要发到 notices 地址并带签名"]
    assert not seen["回告的格式要对"]


def test_an_address_where_nobody_listens_gets_a_report_and_no_traceback() -> None:
    checks = conform(Aim(f"http://127.0.0.1:{_free_port()}/push", SECRET))
    assert [check.passed for check in checks] == [False]
    assert "启动接收程序" in report(checks)


@pytest.mark.parametrize(("url", "secret", "said"), [
    ("notaurl", SECRET, "http"), ("http://127.0.0.1:8080/push", "foo", "whsec_"), ("ftp://a.example/", SECRET, "http"),
    ("http://127.0.0.1:8080/push", "whsec_AAAA", "openssl"),
])
def test_an_address_or_a_secret_that_cannot_be_used_is_said_before_anything_is_sent(
        url: str, secret: str, said: str) -> None:
    with pytest.raises(BadAim, match=said):
        conform(Aim(url, secret))
