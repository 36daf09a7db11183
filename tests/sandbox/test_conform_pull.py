"""The conformance kit for systems that fetch: one that does it well, and each way of doing it wrong."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from commands.joining import conform
from connectors.signing import headers_for
from sandbox.checks import BadAim, report
from sandbox.conform_pull import Watch, conform_pull

SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
TOKEN = "token-of-a-system-that-fetches"


class Puller:
    """A department's program, as the guide describes it; the keyword arguments are its faults."""

    def __init__(self, api: str, token: str = TOKEN, forgets: bool = False, unread: str = "", code: str = "") -> None:
        self.api, self.token, self.forgets, self.unread, self.code = api, token, forgets, unread, code
        self.cursor = 0
        self.owed: list[tuple[str, str, bytes]] = []
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.ended.set()
        self._thread.join(10)

    def _work(self) -> None:
        while not self.ended.wait(0.05):
            status, page = self._call(f"{self.api}/legs?after={0 if self.forgets else self.cursor}&limit=100")
            for line in page["legs"] if status == 200 else ():
                if line["cursor"] > self.cursor and line["type"] != self.unread:
                    self._take(line)
            self.cursor = max(self.cursor, page.get("cursor", 0))
            self.owed = [one for one in self.owed if self._tell(*one) != 204]

    def _take(self, line: Mapping[str, Any]) -> None:
        path = f"{self.api}/legs/{line['leg']}"
        _, message = self._call(f"{path}?n={line['cursor']}")
        self._call(f"{path}/received", json.dumps({"read_code": self.code or message["read_code"]}).encode())
        if line["type"] == "leg.filed":
            notice = {"type": "leg.accepted", "timestamp": datetime.now(UTC).isoformat(), "data": {"leg": line["leg"]}}
            self.owed.append((message["data"]["notices"], f"ours-{line['cursor']}", json.dumps(notice).encode()))

    def _tell(self, url: str, id_: str, body: bytes) -> int:
        return self._call(url, body, headers_for(id_, datetime.now(UTC), body, [SECRET]))[0]

    def _call(self, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        asked = urllib.request.Request(url, body, {"Authorization": f"Bearer {self.token}", **(headers or {})})
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        except OSError:
            return 0, {}


def _watched(within: float = 10.0, **faults: Any) -> tuple[dict[str, str], str]:
    """What did not pass with what to change, and the whole report, for a puller with these faults."""
    running: list[Puller] = []

    def said(line: str) -> None:
        running.append(Puller(next(word for word in line.split() if word.startswith("http")).rstrip("，。"), **faults))

    try:
        checks = conform_pull(Watch(SECRET, TOKEN, within), said)
    finally:
        for one in running:
            one.stop()
    return {check.name: check.fix for check in checks if not check.passed}, report(checks)


def test_a_program_that_does_what_the_guide_says_conforms() -> None:
    failed, told = _watched()
    assert failed == {}
    assert told.endswith("全部通过，可以接入。")
    assert len(told.splitlines()) == 10


@pytest.mark.parametrize(("faults", "name", "fix"), [
    ({"token": "another"}, "要带令牌来取清单", "TOKEN"),
    ({"forgets": True}, "下一次取件要从上次的 cursor 开始", "after"),
    ({"unread": "leg.urged"}, "后续消息(催办)要按自己的 n 读取", "n 是清单里这一行的 cursor"),
    ({"code": "0" * 16}, "读过的消息要确认", "read_code"),
])
def test_each_fault_of_a_program_is_named_with_what_to_change(faults: Any, name: str, fix: str) -> None:
    failed, _ = _watched(0.6, **faults)
    assert fix in failed[name]


def test_a_program_that_never_comes_is_told_once() -> None:
    checks = conform_pull(Watch(SECRET, TOKEN, 0.1), lambda _: None)
    assert [(check.name, check.seen) for check in checks] == [("要带令牌来取清单", "没有来取")]


def test_a_bad_secret_is_said_before_anything_is_laid_out() -> None:
    with pytest.raises(BadAim, match="openssl"):
        conform_pull(Watch("whsec_AAAA", TOKEN), lambda _: None)


@pytest.mark.parametrize(("words", "said"), [
    ([], "请写推送地址"), (["--pull"], "请给出取件用的令牌"),
    (["--pull", "--token", TOKEN, "--listen", "192.0.2.1"], "不能在 192.0.2.1"),
])
def test_the_command_says_what_is_missing(words: list[str], said: str) -> None:
    done = CliRunner().invoke(conform, ["--secret", SECRET, *words])
    assert done.exit_code == 1
    assert said in done.stderr


def test_the_command_reports_on_a_program_that_never_comes() -> None:
    done = CliRunner().invoke(
        conform, ["--pull", "--notices-within", "0.1"], env={"SECRET": SECRET, "TOKEN": TOKEN})
    assert done.exit_code == 1
    assert done.stdout.startswith("请让取件程序到 http://127.0.0.1:")
    assert done.stdout.endswith("1 项不符，改好后再试一次。\n")
