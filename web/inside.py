"""Commands that change something reach the running portal here: a Unix socket in the data folder, mode 0600.

Who may open the socket is decided by the folder's owner; these routes answer nowhere else (contract 1).
"""

from __future__ import annotations

import http.client
import json
import select
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from desk.errors import DeskError
from store.errors import StoreError
from web.inside_operations import OPERATIONS
from web.inside_people import PEOPLE, CommandRefused
from web.names import SOCKET
from web.wiring import House, house

PATIENCE, LONGEST = 60.0, 1_800.0  # seconds until the caller is told that it goes on, and until nobody waits any more
UNHEARD = ("门户没有答复就断开了，或者太久没有答复；命令做没做成还不知道。做成的都有操作记录，请用 flask audit 查看；"
           "没有记录的没有做，可以再运行一次。")

inside = Blueprint("inside", __name__, url_prefix="/inside")


VERBS: Mapping[str, Callable[[House, Mapping[str, Any]], dict[str, Any]]] = {**PEOPLE, **OPERATIONS}


@inside.post("/<verb>")
def run(verb: str) -> tuple[Response, int]:
    """Run one command for the shell of this machine."""
    work = VERBS.get(verb)
    if work is None:
        return jsonify(detail=f"没有命令 {verb}"), 404
    try:
        return jsonify(work(house(), request.get_json())), 200
    except (CommandRefused, DeskError, StoreError) as refused:
        return jsonify(detail=refused.says if isinstance(refused, StoreError) else str(refused)), 422


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


def call(data: Path, verb: str, asked: Mapping[str, Any],
         goes_on: Callable[[], None] = lambda: None) -> dict[str, Any] | None:
    """Have the portal of this data folder run a command; None if no portal runs. One that takes long is waited for, and
    `goes_on` is called now and then meanwhile. Raises `CommandRefused`, also if no answer comes."""
    with closing(_Line(data / SOCKET)) as line:
        try:
            line.request("POST", f"/inside/{verb}", json.dumps(asked), {"Content-Type": "application/json"})
            _await(line, goes_on)
            with line.getresponse() as response:
                status, answer = response.status, json.loads(response.read())
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except PermissionError:
            raise CommandRefused(f"没有权限打开 {data / SOCKET}；请以运行服务的用户执行（sudo -u … flask …）") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise CommandRefused(UNHEARD) from None
    if status != http.client.OK:
        raise CommandRefused(str(answer.get("detail", status)))
    return dict(answer)


def _await(line: _Line, goes_on: Callable[[], None]) -> None:
    """Until an answer begins, or the line ends; TimeoutError once it took too long."""
    waited = 0.0
    while not select.select([line.sock], (), (), PATIENCE)[0]:
        waited += PATIENCE
        if waited >= LONGEST:
            raise TimeoutError
        goes_on()


def answers(data: Path) -> bool:
    """Whether a portal of this data folder runs."""
    with closing(_Line(data / SOCKET)) as line:
        try:
            line.connect()
        except OSError:
            return False
    return True


def through_socket() -> bool:
    """Whether this request came by the socket file and not over the network."""
    listener = request.environ.get("gunicorn.socket")
    return isinstance(listener, socket.socket) and listener.family == socket.AF_UNIX
