"""The demo departments over HTTP: one port, one path `/d/<body>` for each body of the deployment file."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from connectors.base import Body
from sandbox import gateway
from sandbox.agenda import Agenda
from sandbox.gateway import MessageGateway
from sandbox.ledger import Ledger
from sandbox.office import Office, Reaction, World
from sandbox.script import read_script

if TYPE_CHECKING:
    from sandbox.idp import Idp

_LARGEST_PUSH = 10_000_000
_IDLE_SECONDS = 60
_LONGEST_HANG = 30.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Setting:
    """How to run the sandbox: script by name or file, ledger file, speed of its clock, address and port (0: any), and
    the secrets with which a portal signs to its message gateway (none: there is no such gateway)."""

    script: str = "prompt"
    ledger: Path | None = None
    speed: float = 1.0
    port: int = 0
    host: str = "127.0.0.1"
    now: Callable[[], datetime] = _utc_now
    gateway: tuple[str, ...] = field(default=(), repr=False)


class Sandbox:
    """A running sandbox; `url` is where it listens, `address(body)` the push address of one body."""

    def __init__(self, bodies: list[Body], setting: Setting, idp: Idp | None = None) -> None:
        script = read_script(setting.script)
        # A port that is taken is found before anything else is opened.
        self._server = _Server((setting.host, setting.port), _Handler)
        self.ledger = Ledger(setting.ledger)
        self.agenda = Agenda(setting.speed)
        world = World(script, self.ledger, self.agenda, setting.now)
        self.offices = {body.id: Office(body, world) for body in bodies}
        lines = [line for line in self.ledger.lines() if line.get("body") in self.offices]
        for name, office in self.offices.items():
            office.restore([line for line in lines if line["body"] == name])
        self._server.offices, self._server.agenda, self._server.idp = self.offices, self.agenda, idp
        self._server.gateway = MessageGateway(setting.gateway, self.ledger, setting.now) if setting.gateway else None
        self.url = f"http://{setting.host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="sandbox", daemon=True)
        self._thread.start()

    def address(self, body: str) -> str:
        """The push address of a body."""
        return f"{self.url}/d/{body}"

    def stop(self) -> None:
        """Stop listening, drop what is due later, close the ledger."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        self.agenda.stop()
        for office in self.offices.values():
            office.close()
        self.ledger.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    offices: dict[str, Office]
    agenda: Agenda
    idp: Idp | None
    gateway: MessageGateway | None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A hub that hangs up is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = _IDLE_SECONDS
    server: _Server

    def do_POST(self) -> None:
        """A push to a body."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST_PUSH:
            self.close_connection = True
            self._answer(Reaction(413, {"code": "too_large"}))
            return
        raw = self.rfile.read(int(length))
        if (idp := self._idp()) is not None:
            self._send(*idp.post(self.path, _lowered(self.headers), raw))
            return
        if self.path == gateway.PATH and self.server.gateway is not None:
            self._answer(Reaction(*self.server.gateway.take(_lowered(self.headers), raw)))
            return
        office, leg = self._target()
        if office is None or leg:
            self._answer(Reaction(404, {"code": "no_body"}))
        else:
            self._answer(office.push(_lowered(self.headers), raw))

    def do_GET(self) -> None:
        """A query for a leg, a page of the stand-in platform, or the list of bodies at the root."""
        if (idp := self._idp()) is not None:
            self._send(*idp.get(self.path, _lowered(self.headers)))
            return
        office, leg = self._target()
        if office is not None and leg:
            self._answer(office.query(_lowered(self.headers), leg))
        elif self.path == gateway.PATH and self.server.gateway is not None:
            self._send(200, self.server.gateway.page(), "text/html; charset=utf-8", {})
        elif self.path == "/":
            self._answer(Reaction(200, {name: len(one.legs) for name, one in self.server.offices.items()}))
        else:
            self._answer(Reaction(404, {"code": "no_body"}))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name the base class gives
        """The ledger is the log."""

    def _target(self) -> tuple[Office | None, str]:
        parts = unquote(self.path.partition("?")[0]).strip("/").split("/")
        if len(parts) not in {2, 3} or parts[0] != "d":
            return None, ""
        return self.server.offices.get(parts[1]), parts[2] if len(parts) == 3 else ""

    def _idp(self) -> Idp | None:
        idp = self.server.idp
        return idp if idp is not None and self.path.startswith(f"{idp.prefix}/") else None

    def _answer(self, reaction: Reaction) -> None:
        if reaction.fault:
            self._fault(reaction)
            return
        content = b"" if reaction.content is None else json.dumps(reaction.content, ensure_ascii=False).encode()
        self._send(reaction.status, content, "application/json", reaction.headers)

    def _send(self, status: int, content: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _fault(self, reaction: Reaction) -> None:
        """Misbehave on the wire, then drop the connection."""
        self.close_connection = True
        pages = {
            "html": b"<!doctype html><title>login</title>", "broken": b'{"ref": "A-', "cut": b'{"ref": "A-1"}'}
        if reaction.fault == "hang":
            self.server.agenda.pause(reaction.seconds or _LONGEST_HANG)
        if reaction.fault in {"hang", "reset"}:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        content = pages[reaction.fault]
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if reaction.fault == "html" else "application/json")
        self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(content) + (100 if reaction.fault == "cut" else 0)))
        self.end_headers()
        self.wfile.write(content)


def _lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
