"""The conformance kit (`flask conform URL`): plays the hub against a department's endpoint and says what to fix.

It sends signed test legs (numbers begin with TEST) and listens for the notices that come back. It never sends a
person's data.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.addresses import address_fault
from connectors.base import Answer, Body, Outgoing
from connectors.rest import Rest
from connectors.signing import BadSecret, secret_bytes
from sandbox.hub import Hub

_WRONG_SECRET = "whsec_" + "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmc="  # wrong on purpose
_NOT_THE_SAME = "两边密钥不一致：请核对接收程序里的密钥和 SECRET 是同一把，签名用原始正文；都对时再核对本机时钟"
_STALE = timedelta(minutes=6)
_PATIENCE, _LOOK_AGAIN = 15.0, 0.25


@dataclass(frozen=True, slots=True)
class Check:
    """One thing tried: whether it passed, what was seen, and what to change if it did not."""

    name: str
    passed: bool
    seen: str
    fix: str

    def __str__(self) -> str:
        line = f"{'通过' if self.passed else '不符'}  {self.name}：{self.seen}"
        return line if self.passed else f"{line}\n      请改：{self.fix}"


@dataclass(frozen=True, slots=True)
class Aim:
    """What is tried: the endpoint with its secret, and how long to wait for a notice (seconds; 0: do not wait).

    `listen` is the host this machine can be reached at by the department's system. The last three are what the
    deployment file will say of it: what it does not claim to do is not asked of it.
    """

    url: str
    secret: str
    notices_within: float = 20.0
    listen: str = "127.0.0.1"
    port: int = 0
    can_be_asked: bool = True
    honours_keys: bool = True
    read_lag: float = 0.0


class BadAim(ValueError):
    """The address or the secret cannot be used; the message says in Chinese what to write."""

    code = "bad_aim"


def conform(aim: Aim) -> list[Check]:
    """Try everything; the endpoint conforms if every check passed. Raises `BadAim` before anything is sent."""
    if fault := address_fault(aim.url):
        raise BadAim(fault)
    try:
        secret_bytes(aim.secret)
    except BadSecret:
        say = "密钥应为 whsec_ 加 24–64 字节的 base64；可这样生成：echo whsec_$(openssl rand -base64 32)"
        raise BadAim(say) from None
    hub = Hub([aim.secret], aim.listen, aim.port)
    try:
        return list(_Trial(aim, hub).checks())
    finally:
        hub.close()


def report(checks: list[Check]) -> str:
    """The checks as text, with a last line that sums up."""
    failed = sum(not check.passed for check in checks)
    last = "全部通过，可以接入。" if not failed else f"{failed} 项不符，改好后再试一次。"
    return "\n".join([*map(str, checks), last])


class _Trial:
    """One run against one endpoint."""

    def __init__(self, aim: Aim, hub: Hub) -> None:
        self.aim, self.hub = aim, hub
        self.body = Body("conform", "conform", "rest", address=aim.url, secrets=(aim.secret,), deadline=10.0,
                         honours_keys=aim.honours_keys)
        self.leg = f"TEST{datetime.now(UTC):%Y%m%d%H%M%S}{secrets.token_hex(3).upper()}-01"
        self.rest = Rest()
        self.began = time.monotonic()

    def checks(self) -> Iterator[Check]:
        """Every check in order; without a first receipt the rest would only repeat its failure."""
        first = self.push()
        if first.status is None and not first.sent:
            yield self.reached(first)
            return
        yield self.wrong_signature()
        yield self.old_timestamp()
        yield self.taken(first)
        if first.kind != "received":
            return
        if self.aim.honours_keys:
            yield self.repeated(first)
        yield self.rotated()
        yield self.later_type()
        if self.aim.can_be_asked:
            yield from self.asked()
        if self.aim.notices_within:
            yield from self.notices()

    def push(self, secret: str = "", leg: str = "", shift: timedelta = timedelta(0)) -> Answer:
        """Push `leg.filed` for the test leg (again), signed now, moved by `shift`."""
        body = replace(self.body, secrets=(secret or self.aim.secret,))
        message = self.message(leg or self.leg, "leg.filed")
        return self.rest.send(message, body, datetime.now(UTC) + shift)

    def message(self, leg: str, type_: str) -> Outgoing:
        """The same bytes and key for the same leg and type, as the hub's resends are."""
        return self.hub.message(leg, type_, 1, {
            "reference": leg.rpartition("-")[0], "instance": None,
            "bundle": {"id": "conform", "name": "对接测试", "edition": "test"},
            "matter": {"id": "conform", "code": "", "name": "对接测试事项", "variant": None},
            "applicant": {"holder": {"name": "示例甲"}}, "fields": {"示例字段": "示例值"}, "materials": [],
            "limits": {"promised": "3wd", "statutory": "20wd", "due": None},
            "notices": f"{self.hub.url}/api/departments/conform/notices", "read_code": "TEST"})

    def reached(self, answer: Answer) -> Check:
        """Somebody must listen at the address at all."""
        return Check(
            "推送地址要连得上", False, _seen(answer),
            f"没有程序在 {self.aim.url} 接收：请核对网址和端口，启动接收程序，放行防火墙；是 https 的再核对证书")

    def wrong_signature(self) -> Check:
        """A push signed with another secret must be refused with 401."""
        answer = self.push(_WRONG_SECRET, f"{self.leg}9")
        return Check(
            "签名不对的推送要拒收", answer.status == 401, _seen(answer),
            "用本单位密钥对 webhook-id.webhook-timestamp.原始正文 做 HMAC-SHA256，与 webhook-signature "
            "比对，不一致回 401")

    def old_timestamp(self) -> Check:
        """A well signed push from six minutes ago must be refused with 401."""
        answer = self.push(leg=f"{self.leg}8", shift=-_STALE)
        return Check(
            "过期的推送要拒收", answer.status == 401, _seen(answer),
            "webhook-timestamp 与本机时间相差超过 5 分钟的回 401；并校准本机时钟")

    def taken(self, answer: Answer) -> Check:
        """A good push must be received."""
        return Check(
            "正确的推送要收下", answer.kind == "received" and not answer.strange, _seen(answer),
            _NOT_THE_SAME if answer.status == 401
            else "收下后回 2xx，正文为空或 JSON，可带 ref(本单位编号)；不要回网页")

    def repeated(self, first: Answer) -> Check:
        """The same key again must be answered alike: one effect."""
        again = self.push()
        good = again.kind == "received" and again.ref == first.ref
        return Check(
            "同一个 Idempotency-Key 再来一次不能重复建件", good,
            f"第一次 {first.ref}，第二次 {_seen(again)} {again.ref}",
            "按 Idempotency-Key 查重，已收过的回同样的 2xx 和 ref，或回 409 加 ref；"
            "做不到的，接入清单里写 honours_keys: no，自测加 --no-keys")

    def rotated(self) -> Check:
        """While a secret is changed a push has two signatures; one that fits is enough. It is a leg of its own, so that
        what the department thinks of repeated keys is not mixed in."""
        body = replace(self.body, secrets=(_WRONG_SECRET, self.aim.secret))
        message = self.message(f"{self.leg[:-1]}3", "leg.filed")
        again = self.rest.send(message, body, datetime.now(UTC))
        return Check(
            "带两个签名的推送(换密钥期间)要收下", again.kind == "received", _seen(again),
            "webhook-signature 里可能有几个签名，用空格隔开；有一个对得上就算对")

    def later_type(self) -> Check:
        """A later message to a known leg must be received."""
        answer = self.rest.send(self.message(self.leg, "leg.urged"), self.body, datetime.now(UTC))
        return Check(
            "后续消息(催办)要收下", answer.kind == "received", _seen(answer),
            "leg.supplemented、leg.material_added、leg.withdrawn、leg.urged、leg.converted 都发到同一地址，收下回 2xx")

    def asked(self) -> Iterator[Check]:
        """A query must find what was received, once the read lag is over, and nothing else."""
        self.wait_until(self.aim.read_lag)
        known = self.hub.ask(self.leg, self.body)
        late = self.found_late() if known.kind == "absent" else None
        yield Check(
            "查询收到的件要查得到", known.kind == "received", _seen(known),
            "GET 推送地址/办件编号，回 200 和 {\"ref\",\"state\"}；"
            "不支持查询的，接入清单里写 can_be_asked: no，自测加 --not-asked" if late is None else
            f"收下之后过一会儿才查得到(这次约 {late} 秒)：接入清单里写 read_lag: {late}，自测加 --read-lag {late}")
        unknown = self.hub.ask(f"{self.leg}7", self.body)
        yield Check(
            "查询没收到的件要回 404", unknown.kind == "absent", _seen(unknown),
            "没有这一件就回 404；刚拒收的推送也不能查到")

    def wait_until(self, seconds: float) -> None:
        """Wait until so many seconds have passed since the first push."""
        time.sleep(max(0.0, self.began + seconds - time.monotonic()))

    def found_late(self) -> int | None:
        """How many seconds after the first push the leg is found, if it is within the patience; whole, rounded up."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            time.sleep(_LOOK_AGAIN)
            if self.hub.ask(self.leg, self.body).kind == "received":
                return math.ceil(time.monotonic() - self.began)
        return None

    def notices(self) -> Iterator[Check]:
        """A signed notice must come, and must come again after a 503."""
        came = self.hub.wait(bool, self.aim.notices_within)
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
        self.push(leg=f"{self.leg[:-1]}2")
        self.hub.wait(lambda _: self.came_again(), self.aim.notices_within)
        return Check(
            "回告遇到 503 要用原来的 webhook-id 再发", self.came_again(),
            "又收到了" if self.came_again() else "没有再收到",
            "没有得到 2xx 的回告要保留，过一会儿重发：webhook-id 不变，时间和签名重新生成")


def _seen(answer: Answer) -> str:
    return f"HTTP {answer.status}" if answer.status else answer.detail or answer.kind


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
