"""The conformance kit for the city's message gateway (`flask gateway`): what it must do with what is posted to it."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.base import Answer, Body
from connectors.gateway import Gateway, gateway_body
from sandbox.checks import Check

_TEXT = "这是一条接入测试消息，不用理会。"


def try_gateway(body: Body, subject: str) -> list[Check]:
    """Send a test message to `subject` twice under one key, and one that is signed by nobody."""
    gateway = Gateway(body)
    stranger = Gateway(gateway_body(body.address, (_any_secret(),)))
    try:
        return list(_checks(gateway, stranger, _message(subject)))
    finally:
        gateway.close()
        stranger.close()


def _checks(gateway: Gateway, stranger: Gateway, content: bytes) -> Iterator[Check]:
    key = f"test_{secrets.token_hex(12)}"
    taken = gateway.send(key, content, datetime.now(UTC))
    yield Check("签名正确的消息要收下", taken.kind == "received", _seen(taken),
                "核对地址和密钥；先存下、马上回 2xx，正文为空或 JSON")
    if taken.kind != "received":
        return  # whatever else is tried would only say so again
    again = gateway.send(key, content, datetime.now(UTC))
    yield Check("同一编号再来一次要回 2xx（只发一次，请在手机上核对）", again.kind == "received", _seen(again),
                "按 Idempotency-Key 记下收过的消息；重复的不再发，照样回 2xx")
    strange = stranger.send(f"test_{secrets.token_hex(12)}", content, datetime.now(UTC))
    yield Check("签名不对的消息要拒收", strange.status in {400, 401, 403}, _seen(strange),
                "收下前核对 webhook-signature，不对的回 401")


def _message(subject: str) -> bytes:
    said = {"type": "news.told", "timestamp": datetime.now(UTC).isoformat(), "data": {
        "kind": "ask", "urgent": True, "recipient": {"subject": subject}, "reference": "TEST", "references": ["TEST"],
        "text": _TEXT, "link": ""}}
    return json.dumps(said, ensure_ascii=False).encode()


def _seen(answer: Answer) -> str:
    return answer.detail or f"HTTP {answer.status}"


def _any_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
