"""Carries a demo department's own calls to the hub: signed notices, result files, fetching the papers of a leg."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from connectors.base import Body
from connectors.signing import headers_for

_SECONDS = 20


class NotDelivered(Exception):
    """The hub gave no definite answer; the same message must be sent again later."""

    code = "not_delivered"


class Messenger:
    """Calls of one body to the hub. `now` is the clock both sides share."""

    def __init__(self, body: Body, now: Callable[[], datetime]) -> None:
        self._body, self._now = body, now
        self._session = requests.Session()
        self._session.trust_env = False

    def notice(self, url: str, message_id: str, envelope: Mapping[str, Any]) -> int:
        """Send a notice once; the hub's status. Raises `NotDelivered` where it must be sent again."""
        raw = json.dumps(envelope, ensure_ascii=False).encode()
        return self._post(url, message_id, raw, {"Content-Type": "application/json"}).status_code

    def result_file(self, notices: str, message_id: str, name: str, content: bytes) -> str:
        """Send a result file (contract 3.5); the hub's id of it, or nothing if the hub refuses it."""
        url = notices.rsplit("/", 1)[0] + "/files"
        headers = {
            "Content-Type": "application/pdf", "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        answer = self._post(url, message_id, content, headers)
        return str(answer.json()["file"]) if answer.status_code == 201 else ""

    def paper(self, notices: str, file: Mapping[str, Any]) -> str:
        """Fetch one paper of a leg with the bearer token: `ok`, `wrong bytes`, or the status that came instead.

        The token is shown to the hub alone, so a url of another host is not followed.
        """
        if urlsplit(file["url"])[:2] != urlsplit(notices)[:2]:
            return "another host"
        headers = {"Authorization": f"Bearer {self._body.tokens[0]}"} if self._body.tokens else {}
        try:
            answer = self._session.get(file["url"], headers=headers, timeout=_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise NotDelivered(type(error).__name__) from None
        if answer.status_code != 200:
            return str(answer.status_code)
        return "ok" if hashlib.sha256(answer.content).hexdigest() == file["sha256"] else "wrong bytes"

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _post(self, url: str, message_id: str, raw: bytes, headers: Mapping[str, str]) -> requests.Response:
        signed = {**headers, **headers_for(message_id, self._now(), raw, self._body.secrets[:1])}
        try:
            answer = self._session.post(url, data=raw, headers=signed, timeout=_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise NotDelivered(type(error).__name__) from None
        if answer.status_code in {408, 425, 429} or answer.status_code >= 500:
            raise NotDelivered(f"HTTP {answer.status_code}")
        return answer
