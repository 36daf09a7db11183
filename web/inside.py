"""Commands that change something reach the running portal here: a Unix socket in the data folder, mode 0600.

Who may open the socket is decided by the folder's owner; these routes answer nowhere else (contract 1).
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from desk.errors import DeskError
from people.accounts import NewAccount
from people.errors import PeopleError
from people.identity import role_of
from people.tokens import Grant
from store.errors import StoreError
from web.inside_operations import OPERATIONS
from web.names import SOCKET
from web.wiring import House, house

PATIENCE = 60.0
LONGEST_LIFE_DAYS = 366

inside = Blueprint("inside", __name__, url_prefix="/inside")


class CommandRefused(Exception):
    """The portal refused a command; the message says why."""

    code = "command_refused"


def token(home: House, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Issue a bearer token: `role`, `subject`, `department` (officers), `days` of life."""
    department, days = _office(home, asked), int(asked.get("days", 90))
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise CommandRefused(f"--days 应是 1–{LONGEST_LIFE_DAYS} 的整数")
    grant = Grant(role=role_of(asked["role"]), subject=str(asked["subject"]), department=department, by="command line",
                  life=timedelta(days=days))
    return {"token": home.tokens.issue(grant, home.clock.now())}


def account(home: House, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Make a local account: `login`, `role`, `name`, `department` (officers), `password`."""
    department = _office(home, asked)
    new = NewAccount(login=str(asked["login"]), role=role_of(asked["role"]), name=str(asked["name"]),
                     department=department, password=str(asked["password"]))
    try:
        return {"account": home.accounts.add(new, home.clock.now()).account}
    except PeopleError as refused:
        raise CommandRefused(refused.detail) from refused


def _office(home: House, asked: Mapping[str, Any]) -> str | None:
    """The office an officer belongs to, which must be one of the deployment's."""
    department: str | None = asked.get("department")
    if asked["role"] == "officer" and department not in home.deployment.bodies:
        known = "、".join(sorted(home.deployment.bodies))
        raise CommandRefused(f"officer 需要 --department，且应是接入清单里的单位：{known}")
    return department


VERBS: Mapping[str, Callable[[House, Mapping[str, Any]], dict[str, Any]]] = {
    "token": token, "account": account, **OPERATIONS}


@inside.post("/<verb>")
def run(verb: str) -> tuple[Response, int]:
    """Run one command for the shell of this machine."""
    work = VERBS.get(verb)
    if work is None:
        return jsonify(detail=f"没有命令 {verb}"), 404
    try:
        return jsonify(work(house(), request.get_json())), 200
    except (CommandRefused, DeskError, StoreError) as refused:
        return jsonify(detail=str(refused)), 422


class _Line(http.client.HTTPConnection):
    """HTTP over the portal's socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        """Open the socket file instead of a network address."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


def call(data: Path, verb: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Have the portal of this data folder run a command; None if no portal runs. Raises `CommandRefused`."""
    with closing(_Line(data / SOCKET)) as line:
        try:
            line.request("POST", f"/inside/{verb}", json.dumps(asked), {"Content-Type": "application/json"})
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        with line.getresponse() as response:
            answer: dict[str, Any] = json.loads(response.read())
            if response.status != http.client.OK:
                raise CommandRefused(str(answer.get("detail", response.status)))
    return answer


def through_socket() -> bool:
    """Whether this request came by the socket file and not over the network."""
    listener = request.environ.get("gunicorn.socket")
    return isinstance(listener, socket.socket) and listener.family == socket.AF_UNIX
