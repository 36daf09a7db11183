"""The demo's message gateway: takes what is signed, rings once for each key, and shows what it "sent" on a page."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape
from typing import Any

from connectors.signing import BadSignature, verify
from sandbox.ledger import Ledger

PATH = "/gateway"
NAME = "message-gateway"
SHOWN = 50
_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>演示消息网关</title>
<style>body{{font:16px/1.6 sans-serif;max-width:40em;margin:2em auto;padding:0 1em;color:#1b2733}}
li{{background:#eef3fa;border-radius:8px;margin:0 0 12px;padding:10px 14px;list-style:none}}ul{{padding:0}}
small{{color:#4d5b6a}}</style><h1>演示消息网关</h1><p>门户交给本市消息网关、要发给申请人的提醒会出现在这里，最新的在前。</p>
<ul>{lines}</ul></html>"""
_LINE = '<li><small>{at} · 发给 {to}</small><br>{text}<br><a href="{link}">{link}</a></li>'


class MessageGateway:
    """Answers 204 to what is new and to what it has already, 401 to what is not signed with one of `secrets`."""

    def __init__(self, secrets: tuple[str, ...], ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._secrets, self._ledger, self._now = secrets, ledger, now
        self._keys: set[str] = set()
        self._sent: deque[Mapping[str, Any]] = deque(maxlen=SHOWN)
        self._lock = threading.Lock()

    def take(self, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, str] | None]:
        """Status and content of the answer to one message."""
        try:
            key = verify(headers, raw, self._secrets, self._now())
            told = dict(json.loads(raw)["data"])
        except BadSignature as wrong:
            return 401, {"code": wrong.code, "detail": str(wrong)}
        except (ValueError, KeyError, TypeError):
            return 400, {"code": "malformed", "detail": "正文应为 JSON，内有 data"}
        with self._lock:
            again = key in self._keys
            self._keys.add(key)
            if not again:
                self._sent.appendleft({**told, "at": self._now()})
        self._ledger.write(self._now(), NAME, "bulletin", key=key, again=again, data=told)
        return 204, None

    def page(self) -> bytes:
        """What was sent, the latest first."""
        with self._lock:
            sent = list(self._sent)
        lines = [_LINE.format(at=f"{one['at']:%m-%d %H:%M:%S}", **{name: escape(str(value)) for name, value in (
            ("to", _named(one)), ("text", one.get("text", "")), ("link", one.get("link", "")))}) for one in sent]
        return _PAGE.format(lines="".join(lines)).encode()


def _named(told: Mapping[str, Any]) -> str:
    recipient = told.get("recipient")
    return str(recipient.get("mobile") or recipient.get("subject", "")) if isinstance(recipient, dict) else ""
