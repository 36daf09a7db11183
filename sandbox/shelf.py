"""What the conformance kit lays out for a department that fetches (contract 3.6), and what was done with it."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.base import Outgoing
from connectors.strict_json import FOREIGN, BadJson, load

Answered = tuple[int, dict[str, Any]]
_MOST_LINES = 200


@dataclass(slots=True)
class Line:
    """One message that waits: its place in the feed, the code that proves its reading, what was done with it."""

    cursor: int
    message: Outgoing
    read_code: str
    at: str
    read: bool = False
    taken: bool = False


class Shelf:
    """The feed of one department. `afters` are the cursors its system came with, `turned_away` counts calls without its
    token, `wrong_codes` confirmations that no message's `read_code` fits."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.lines: list[Line] = []
        self.afters: list[int] = []
        self.turned_away = 0
        self.wrong_codes = 0
        self._changed = threading.Condition()

    def lay(self, message: Outgoing) -> Line:
        """Lay out one more message."""
        with self._changed:
            line = Line(len(self.lines) + 1, message, secrets.token_hex(8), datetime.now(UTC).isoformat())
            self.lines.append(line)
            return line

    def wait(self, enough: Callable[[], bool], seconds: float) -> bool:
        """Whether it is `enough` before the time is over."""
        with self._changed:
            return self._changed.wait_for(enough, timeout=seconds)

    def answer(self, target: str, authorization: str, raw: bytes | None) -> Answered:
        """The answer to a call with (POST) or without a body (GET); the same addresses and answers as the portal's."""
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        parts = path.partition("/legs")[2].strip("/").split("/")
        with self._changed:
            if not compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
                self.turned_away += 1
                return _problem(401, "bad_token", "访问令牌不对：请带上 Authorization: Bearer 令牌")
            if raw is not None:
                answered = self._received(parts, raw)
            elif parts == [""]:
                answered = self._page(_whole(query, "after", 0), _whole(query, "limit", 100))
            else:
                answered = self._message(parts[0], _whole(query, "n", 0))
            self._changed.notify_all()
        return answered

    def _page(self, after: int, limit: int) -> Answered:
        self.afters.append(after)
        found = [{"cursor": line.cursor, "leg": line.message.leg, "type": line.message.type, "at": line.at,
                  "taken": line.taken} for line in self.lines[after:][:min(limit, _MOST_LINES)]]
        return 200, {"legs": found, "cursor": found[-1]["cursor"] if found else after}

    def _message(self, leg: str, n: int) -> Answered:
        line = next((line for line in self.lines if line.message.leg == leg and n in (0, line.cursor)), None)
        if line is None:
            return _problem(404, "unknown_leg", "没有这一件，或 n 不是清单里这一行的 cursor")
        line.read = True
        body = json.loads(line.message.body)
        if not n:
            return 200, {**body["data"], "read_code": line.read_code}
        return 200, {**body, "cursor": line.cursor, "key": line.message.key, "read_code": line.read_code}

    def _received(self, parts: list[str], raw: bytes) -> Answered:
        try:
            value = load(raw, FOREIGN)
        except BadJson as error:
            return _problem(400, "bad_json", str(error))
        code = str(value.get("read_code", "")) if isinstance(value, dict) else ""
        mine = [line for line in self.lines if [line.message.leg, "received"] == parts and line.read_code == code]
        if not mine:
            self.wrong_codes += 1
            return _problem(422, "invalid_answers", "read_code 不正确；请用刚读到的那条消息里的 read_code")
        mine[0].taken = True
        return 204, {}


def _whole(query: dict[str, list[str]], name: str, otherwise: int) -> int:
    text = query.get(name, [""])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _problem(status: int, code: str, detail: str) -> Answered:
    return status, {"code": code, "detail": detail}
