"""The misbehaving departments of one deployment in one process (`python -m chaos.department`): one path for each, and
beside them the message gateway and the identity platform.

`GET /` says that it is there, `GET /_stats` what is left to do, `POST /_script` puts other behaviours in force.
`/_hold` lets what is being told come to its end and begins nothing more, until `/_go` says that the clock has leapt;
after `/_hurry` nothing tarries any more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chaos.forms import GATEWAY_PATH, GATEWAY_SECRET
from chaos.gateway import NAME, MessageGateway
from chaos.identity import IdentityPlatform
from chaos.office import Office, World
from chaos.reports import Reporter
from chaos.script import Behaviour, read_behaviours, read_script
from chaos.wire import MOST_HEAD, Request, answer, read_request
from connectors.base import Body
from connectors.deployment import read_deployment
from connectors.shipped import registry
from sandbox.demo_secrets import ensure_secrets
from sandbox.idp import PREFIX
from sandbox.ledger import Ledger
from settings.clock import Clock

AFTER_A_LEAP = 10.0  # seconds in which messages that were signed before it still come


class Departments:
    """All of them behind one port."""

    def __init__(self, bodies: Mapping[str, Body], script: Mapping[str, Behaviour], ledger: Ledger, seed: int) -> None:
        clock = Clock(Path(os.environ["YJS_CLOCK"]) if os.environ.get("YJS_CLOCK") else None)
        self._now, self._leapt = clock.now, -AFTER_A_LEAP
        self._tasks: set[asyncio.Task[None]] = set()
        self._reporter = Reporter(bodies, ledger, clock.now)
        self._hurry = asyncio.Event()
        world = World(ledger, self._reporter, clock.now, seed, self._begin, self._hurry, self._moment)
        self.offices = {name: Office(body, script.get(name, Behaviour()), world) for name, body in bodies.items()}
        self.platform = IdentityPlatform(ledger, clock.now)
        self.gateway = MessageGateway(_secret(GATEWAY_SECRET), script.get(NAME, Behaviour()), world)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _moment(self, headers: Mapping[str, str]) -> datetime:
        """When a message is judged: now, but just after the clock leapt the moment at which it was signed."""
        signed = headers.get("webhook-timestamp", "")
        beside = time.monotonic() - self._leapt < AFTER_A_LEAP and signed.isdecimal()
        return datetime.fromtimestamp(int(signed), UTC) if beside else self._now()

    async def serve(self, port: int) -> None:
        """Listen until the process ends."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", port, limit=MOST_HEAD, backlog=512)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, OSError):
            while (request := await read_request(reader)) is not None and not writer.is_closing():
                await self._handle(request, reader, writer)
                if writer.is_closing():
                    break
                await writer.drain()
        writer.close()

    async def _handle(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = request.path.strip("/").split("/")
        office = self.offices.get(way[1]) if way[0] == "d" and way[1:] else None
        if request.path.startswith(f"{PREFIX}/"):
            await self.platform.serve(request, (reader, writer))
            return
        receiver = self.gateway if request.path == GATEWAY_PATH else office
        if receiver is not None and request.method == "POST":
            await receiver.push(request, (reader, writer))
        elif office is not None and way[2:]:
            writer.write(office.query(request, way[2]))
        elif request.path == "/_hold":
            await self._reporter.hold()
            writer.write(answer(200, {"ok": True}))
        else:
            writer.write(self._control(request))

    def _control(self, request: Request) -> bytes:
        if request.path == "/_script" and request.method == "POST":
            for name, behaviour in read_behaviours(json.loads(request.body)).items():
                if name == NAME:
                    self.gateway.behaviour = behaviour
                else:
                    self.offices[name].play(behaviour)
        if request.path == "/_hurry":
            self._hurry.set()
        if request.path == "/_go":
            self._leapt = time.monotonic()
            self._reporter.go_on()
        if request.path == "/_stats":
            return answer(200, {"legs": sum(len(office.legs) for office in self.offices.values()),
                                "open": sum(office.open for office in self.offices.values()),
                                "untold": self._reporter.untold, "busy": len(self._tasks)})
        known = request.path in {"/", "/_script", "/_hurry", "/_go"}
        return answer(200 if known else 404, {"ok": known})


def _secret(name: str) -> str:
    return (Path(os.environ["YJS_SECRETS"]) / name).read_text("ascii").strip()


def main() -> None:
    """Play until killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    deployment = Path(os.environ["YJS_DEPARTMENTS"])
    ensure_secrets(deployment, Path(os.environ["YJS_SECRETS"]))
    found = read_deployment(deployment, os.environ, registry())
    if found.errors:
        raise SystemExit("\n".join(map(str, found.errors)))
    departments = Departments(found.bodies, read_script(options.script), Ledger(options.ledger), options.seed)
    asyncio.run(departments.serve(urlsplit(os.environ["YJS_SANDBOX_URL"]).port or 80))


if __name__ == "__main__":
    main()
