"""A small hub for trying departments: pushes by the real connector, keeps what comes back signed rightly.

`flask conform` and the tests play the portal with it; it stores nothing and decides nothing.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from connectors.base import Answer, Body, Outgoing
from connectors.rest import Rest
from connectors.signing import BadSignature, verify
from connectors.strict_json import FOREIGN, BadJson, load
from sandbox.shelf import Shelf
from sources.papers import paper

_MOST_BYTES = 20_000_000
_PATIENCE = 8.0


class Hub:
    """Listens on loopback (or `host`) for notices and result files, and serves one sample paper to whoever asks; what
    lies on its `shelf` is for a department that fetches.

    `refuse` holds statuses to give to the next notices instead of 204, `put_off` the ids of those notices, and
    `turned_away` the codes of bad signatures.
    """

    def __init__(self, secrets: Sequence[str], host: str = "127.0.0.1", port: int = 0) -> None:
        self.secrets = tuple(secrets)
        self.paper = paper("示例材料", ["供对接测试使用"])
        self.notices: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.files: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.refuse: list[int] = []
        self.put_off: list[str] = []
        self.turned_away: list[str] = []
        self.shelf: Shelf | None = None
        self._changed = threading.Condition()
        self._rest = Rest()
        self._server = _Server((host, port), _Handler)
        self._server.hub = self
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="hub", daemon=True)
        self._thread.start()

    def push(self, body: Body, type_: str = "leg.filed", n: int = 1, **data: Any) -> Answer:
        """Push a message to `body`; without `leg` and `notices` in `data` they are filled in."""
        leg = str(data.pop("leg", "R1-04"))
        data.setdefault("notices", f"{self.url}/api/departments/{body.id}/notices")
        return self._rest.send(self.message(leg, type_, n, data), body, datetime.now(UTC))

    def message(self, leg: str, type_: str, n: int, data: Mapping[str, Any]) -> Outgoing:
        """A message whose key, id and bytes are the same each time, as those of the portal are."""
        envelope = {"type": type_, "timestamp": "2026-03-02T09:00:00+08:00", "data": {"leg": leg, **data}}
        raw = json.dumps(envelope, ensure_ascii=False).encode()
        key = f"{leg}:{type_}:{n}"
        return Outgoing(key, f"msg_{hashlib.sha256(key.encode()).hexdigest()[:16]}", type_, leg, raw)

    def ask(self, leg: str, body: Body) -> Answer:
        """Ask `body` whether it has the leg."""
        return self._rest.ask(leg, body, datetime.now(UTC))

    def wait(self, enough: Callable[[list[str]], bool], seconds: float = _PATIENCE) -> list[str]:
        """The types of all notices, once `enough` of them are there or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: enough([one["type"] for one in self.notices]), timeout=seconds)
            return [one["type"] for one in self.notices]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._rest.close()

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, bytes]:
        """A notice or a result file came: the status and body of the answer."""
        try:
            message_id = verify(headers, raw, self.secrets, datetime.now(UTC))
            if path.endswith("/files"):
                return 201, self._keep_file(raw)
            notice = load(raw, FOREIGN)
        except BadSignature as error:
            self.turned_away.append(error.code)
            return 401, json.dumps({"code": error.code, "detail": str(error)}, ensure_ascii=False).encode()
        except BadJson as error:
            return 400, json.dumps({"code": "malformed", "detail": str(error)}, ensure_ascii=False).encode()
        with self._changed:
            self.ids.append(message_id)
            if self.refuse:
                self.put_off.append(message_id)
                return self.refuse.pop(0), b""
            self.notices.append(notice)
            self._changed.notify_all()
        return 204, b""

    def _keep_file(self, raw: bytes) -> bytes:
        with self._changed:
            name = f"file-{len(self.files)}"
            self.files[name] = raw
        return json.dumps({"file": name, "sha256": ""}).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    hub: Hub


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 30

    def do_POST(self) -> None:
        """A notice or a result file."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            self._answer(413, b"")
            return
        raw = self.rfile.read(int(length))
        if self.path.endswith("/received") and self.server.hub.shelf is not None:
            self._from(self.server.hub.shelf, raw)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(*self.server.hub.take(self.path, headers, raw))

    def do_GET(self) -> None:
        """What lies on the shelf; else the sample paper, whatever is asked for."""
        if "/legs" in self.path and self.server.hub.shelf is not None:
            self._from(self.server.hub.shelf, None)
            return
        self.server.hub.fetched.append(self.headers.get("Authorization") or "")
        self._answer(200, self.server.hub.paper)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name the base class gives
        """Nothing is logged."""

    def _from(self, shelf: Shelf, raw: bytes | None) -> None:
        status, content = shelf.answer(self.path, self.headers.get("Authorization") or "", raw)
        self._answer(status, json.dumps(content, ensure_ascii=False).encode())

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if status != 204 else b"")
