"""What both ways of the conformance kit share: a check and its sentence, the test message, and the notices."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.advice import explained
from connectors.base import Outgoing
from connectors.signing import BadSecret, secret_bytes
from sandbox.hub import Hub


@dataclass(frozen=True, slots=True)
class Check:
    """One thing tried: whether it passed, what was seen, and what to change if it did not."""

    name: str
    passed: bool
    seen: str
    fix: str

    def __str__(self) -> str:
        if self.passed:  # what an answer means is advice to whoever gave a wrong one
            return f"通过  {self.name}：{self.seen}"
        return f"不符  {self.name}：{explained(self.seen)}\n      请改：{self.fix}"


class BadAim(ValueError):
    """The address or the secret cannot be used; the message says in Chinese what to write."""

    code = "bad_aim"


def must_be_secret(secret: str) -> None:
    """Raise `BadAim` for what cannot be a secret, before anything is tried with it."""
    try:
        secret_bytes(secret)
    except BadSecret:
        say = "密钥应为 whsec_（国密 whsm3_）加 24–64 字节的 base64；可这样生成：echo whsec_$(openssl rand -base64 32)"
        raise BadAim(say) from None


def report(checks: list[Check]) -> str:
    """The checks as text, with a last line that sums up."""
    failed = sum(not check.passed for check in checks)
    last = "全部通过，可以接入。" if not failed else f"{failed} 项不符，改好后再试一次。"
    return "\n".join([*map(str, checks), last])


def a_leg() -> str:
    """A number for a leg that no case has."""
    return f"TEST{datetime.now(UTC):%Y%m%d%H%M%S}{secrets.token_hex(3).upper()}-01"


def a_message(hub: Hub, leg: str, type_: str, number: int = 1) -> Outgoing:
    """The same bytes and key for the same leg, type and number, as the hub's resends are; without anybody's data."""
    return hub.message(leg, type_, number, {
        "reference": leg.rpartition("-")[0], "instance": None,
        "bundle": {"id": "conform", "name": "对接测试", "edition": "test"},
        "matter": {"id": "conform", "code": "", "name": "对接测试事项", "variant": None},
        "applicant": {"holder": {"name": "示例甲"}}, "fields": {"示例字段": "示例值"}, "materials": [],
        "limits": {"promised": "3wd", "statutory": "20wd", "due": None},
        "notices": f"{hub.url}/api/departments/conform/notices", "read_code": "TEST",
        "filed": f"{leg}:leg.filed:1", "to": "conform-2", "to_name": "对接测试二", "basis": "successor"})


class Reports:
    """The notices that must come back to `hub` within some seconds; `another` has the department get one more leg."""

    def __init__(self, hub: Hub, within: float, another: Callable[[], object]) -> None:
        self.hub, self.within, self.another = hub, within, another

    def checks(self) -> Iterator[Check]:
        """A signed notice must come, and must come again after a 503."""
        came = self.hub.wait(bool, self.within)
        turned = f"，签名不对被拒 {len(self.hub.turned_away)} 次" if self.hub.turned_away else ""
        yield Check(
            "回告要发到 notices 地址并带签名", bool(came), f"收到 {len(came)} 条{turned}",
            "受理、补正、办结等每一步 POST 到推送里的 notices 地址，同样的三个签名头，用同一把密钥")
        wrong = [one.get("type") for one in self.hub.notices if not _well_formed(one)]
        seen = f"不对的：{wrong}" if wrong else "都对" if came else "没有回告可看"
        yield Check(
            "回告的格式要对", bool(came) and not wrong, seen,
            "timestamp 要带时区(例如 2026-01-05T09:30:00+08:00)，"
            "正文是 {\"type\": \"leg.…\", \"timestamp\": …, \"data\": {\"leg\": 办件编号, …}}")
        yield self.resent()

    def came_again(self) -> bool:
        """Whether a notice that met 503 was heard a second time."""
        return any(self.hub.ids.count(one) > 1 for one in self.hub.put_off)

    def resent(self) -> Check:
        """A notice that meets 503 must be sent again with the same webhook-id."""
        self.hub.refuse = [503]
        self.another()
        self.hub.wait(lambda _: self.came_again(), self.within)
        return Check(
            "回告遇到 503 要用原来的 webhook-id 再发", self.came_again(),
            "又收到了" if self.came_again() else "没有再收到",
            "没有得到 2xx 的回告要保留，过一会儿重发：webhook-id 不变，时间和签名重新生成")


def _well_formed(notice: object) -> bool:
    if not isinstance(notice, dict) or not isinstance(notice.get("data"), dict):
        return False
    named = str(notice.get("type", "")).startswith("leg.") and "leg" in notice["data"]
    return named and _zoned(notice.get("timestamp"))


def _zoned(text: object) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
