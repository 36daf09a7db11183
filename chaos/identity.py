"""The city's identity platform beside the departments: it takes a code again as if nothing had been, so that one ticket
for one session is left to the portal; and it tells a sign-out until there is an answer.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from chaos.forms import IDENTITY_SECRET
from chaos.troubles import Line
from chaos.wire import Request, answer
from sandbox.idp import Client, Idp, Told
from sandbox.ledger import Ledger

NAME = "identity-platform"
OK = 200
TELL_SECONDS, AGAIN_SECONDS = 60.0, 0.3


class IdentityPlatform(Idp):
    """Signs with the town's clock; its ledger has a line `left` for each sign-out that it told, with the answer."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        secret = (Path(os.environ["YJS_SECRETS"]) / IDENTITY_SECRET).read_text("ascii").strip()
        client = Client(os.environ["YJS_OIDC_CLIENT_ID"], secret, os.environ["YJS_PUBLIC_URL"])
        super().__init__(os.environ["YJS_OIDC_ISSUER"], client, lambda: now().timestamp())
        self._ledger, self._moment = ledger, now
        self._given: dict[bytes, Told] = {}
        self._turn = threading.Lock()

    def post(self, path: str, headers: Mapping[str, str], raw: bytes) -> Told:
        """A code is brought, or brought once more."""
        with self._turn:
            told = self._given.get(raw) or super().post(path, headers, raw)
            if told.status == OK:
                self._given[raw] = told
            return told

    def tell(self, person: str, sid: str) -> int:
        """Tell it again, each time in a token of its own, as long as nobody answers."""
        until, status = time.monotonic() + TELL_SECONDS, 0
        while (not status or status >= 500) and time.monotonic() < until:
            status = super().tell(person, sid)
            time.sleep(0 if status else AGAIN_SECONDS)
        self._ledger.write(self._moment(), NAME, "left", at=time.time(), person=person, status=status)
        return status

    async def serve(self, request: Request, line: Line) -> None:
        """One request, in a thread: a sign-out waits for the portal, which may ask here meanwhile."""
        if request.method == "POST":
            told = await asyncio.to_thread(self.post, request.path, request.headers, request.body)
        else:
            told = await asyncio.to_thread(self.get, request.path, request.headers)
        line[1].write(answer(told.status, told.content, {"Content-Type": told.kind, **told.headers}))
