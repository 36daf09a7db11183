"""The conformance kit (`flask conform URL`): plays the hub against a department's endpoint and says what to fix.

It sends signed test legs (numbers begin with TEST) and listens for the notices that come back. It never sends a
person's data.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.addresses import address_fault
from connectors.base import Answer, Body
from connectors.rest import Rest
from connectors.signing import SECRET_PREFIX, SM3_PREFIX
from sandbox.checks import BadAim, Check, Reports, a_leg, a_message, must_be_secret, report
from sandbox.hub import Hub

__all__ = ["Aim", "BadAim", "Check", "conform", "report"]

_WRONG_KEY = "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmc="  # on purpose
_NOT_THE_SAME = ("两边密钥不一致：请核对接收程序里的密钥和 SECRET 是同一把"
                 "(用 whsec_ 或 whsm3_ 之后部分 base64 解码后的字节)，签名用原始正文；都对时再核对本机时钟")
_STALE = timedelta(minutes=6)
_PATIENCE, _LOOK_AGAIN = 15.0, 0.25


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


def conform(aim: Aim) -> list[Check]:
    """Try everything; the endpoint conforms if every check passed. Raises `BadAim` before anything is sent."""
    if fault := address_fault(aim.url):
        raise BadAim(fault)
    must_be_secret(aim.secret)
    hub = Hub([aim.secret], aim.listen, aim.port)
    try:
        return list(_Trial(aim, hub).checks())
    finally:
        hub.close()


class _Trial:
    """One run against one endpoint."""

    def __init__(self, aim: Aim, hub: Hub) -> None:
        self.aim, self.hub = aim, hub
        self.body = Body("conform", "conform", "rest", address=aim.url, secrets=(aim.secret,), deadline=10.0,
                         honours_keys=aim.honours_keys)
        self.leg = a_leg()
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
            more = Reports(self.hub, self.aim.notices_within, lambda: self.push(leg=f"{self.leg[:-1]}2"))
            yield from more.checks()
        yield from self.transferred()

    def push(self, secret: str = "", leg: str = "", shift: timedelta = timedelta(0)) -> Answer:
        """Push `leg.filed` for the test leg (again), signed now, moved by `shift`."""
        body = replace(self.body, secrets=(secret or self.aim.secret,))
        message = a_message(self.hub, leg or self.leg, "leg.filed")
        return self.rest.send(message, body, datetime.now(UTC) + shift)

    def reached(self, answer: Answer) -> Check:
        """Somebody must listen at the address at all."""
        return Check(
            "推送地址要连得上", False, _seen(answer),
            f"没有程序在 {self.aim.url} 接收：请核对网址和端口，启动接收程序，放行防火墙；是 https 的再核对证书")

    def wrong_secret(self) -> str:
        """A secret that is not the department's, for the same algorithm."""
        return (SM3_PREFIX if self.aim.secret.startswith(SM3_PREFIX) else SECRET_PREFIX) + _WRONG_KEY

    def wrong_signature(self) -> Check:
        """A push signed with another secret must be refused with 401."""
        answer = self.push(self.wrong_secret(), f"{self.leg}9")
        return Check(
            "签名不对的推送要拒收", answer.status == 401, _seen(answer),
            "用本单位密钥(whsec_ 之后部分 base64 解码后的字节)对 webhook-id.webhook-timestamp.原始正文 做 HMAC-SHA256，"
            "结果的 base64 前加 v1, 与 webhook-signature 比对，不一致回 401"
            "（whsm3_ 开头的密钥做 HMAC-SM3，前加 v1sm3,）")

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
        body = replace(self.body, secrets=(self.wrong_secret(), self.aim.secret))
        message = a_message(self.hub, f"{self.leg[:-1]}3", "leg.filed")
        again = self.rest.send(message, body, datetime.now(UTC))
        return Check(
            "带两个签名的推送(换密钥期间)要收下", again.kind == "received", _seen(again),
            "webhook-signature 里可能有几个签名，用空格隔开；有一个对得上就算对")

    def later_type(self) -> Check:
        """A later message to a known leg must be received."""
        answer = self.rest.send(a_message(self.hub, self.leg, "leg.urged"), self.body, datetime.now(UTC))
        return Check(
            "后续消息(催办)要收下", answer.kind == "received", _seen(answer),
            "leg.supplemented、leg.material_added、leg.withdrawn、leg.urged、leg.converted 都发到同一地址，收下回 2xx")

    def transferred(self) -> Iterator[Check]:
        """A leg may leave for another office, though it never came, and may come back; then it is a new one."""
        for name, leg in (("件转走的通知要收下", self.leg), ("没有收到过的件转走，通知也要收下", f"{self.leg[:-1]}6")):
            answer = self.rest.send(a_message(self.hub, leg, "leg.transferred"), self.body, datetime.now(UTC))
            yield Check(name, answer.kind == "received", _seen(answer),
                        "leg.transferred 说明这一件已转由别的单位办理：停办、不再回告，"
                        "回 2xx；没有这一件也回 2xx(或 404)")
        if self.aim.can_be_asked:
            gone = self.hub.ask(self.leg, self.body)
            yield Check("查询转走的件要回 404", gone.kind == "absent", _seen(gone),
                        "转走的件不再查得到，直到它再送回来")
        back = self.rest.send(a_message(self.hub, self.leg, "leg.filed", 2), self.body, datetime.now(UTC))
        yield Check(
            "转走的件再送回来要当新件收下", back.kind == "received", _seen(back),
            "编号 n 比 leg.transferred 里 filed 大的 leg.filed 是新的一件：照常建件、回 2xx；不大于它的才是迟到的旧件")

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


def _seen(answer: Answer) -> str:
    if answer.kind == "received":
        return f"HTTP {answer.status}"
    return answer.detail or answer.kind
