"""The city's message gateway as it misbehaves: it rings once for each key, and its ledger has every word that it hears.

Its lines: `heard` for every call with all that stood in it, `rang` when a key came for the first time, before the
answer leaves; what is not signed is `bad`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from typing import Any

from chaos.office import World
from chaos.script import Behaviour, Call
from chaos.troubles import Line, ends, fail, pause, reply
from chaos.wire import Request, answer
from connectors.signing import BadSignature, verify

NAME, TOLD = "message-gateway", "news.told"


class MessageGateway:
    """One address behind the port of the departments, in their world."""

    def __init__(self, secret: str, behaviour: Behaviour, world: World) -> None:
        self._secret, self.behaviour, self._world = secret, behaviour, world
        self._attempts: Counter[str] = Counter()
        self._rang: set[str] = set()

    async def push(self, request: Request, line: Line) -> None:
        """One bulletin."""
        try:
            verify(request.headers, request.body, (self._secret,), self._world.moment(request.headers))
            message = json.loads(request.body)
            key, said, reader = request.headers["idempotency-key"], message["data"], message["data"]["recipient"]
        except (BadSignature, ValueError, KeyError, TypeError) as error:
            self._log("bad", code=getattr(error, "code", type(error).__name__))
            line[1].write(answer(401 if isinstance(error, BadSignature) else 400, {"detail": str(error)}))
            return
        self._attempts[key] += 1
        call = Call(key, reader["subject"], message["type"], self._attempts.total(), self._attempts[key])
        self._log("heard", key=key, attempt=call.attempt, said=said,
                  body_sha256=hashlib.sha256(request.body).hexdigest())
        rule = self.behaviour.rule_for(self._world.seed, call)
        if ends(rule):
            await fail(rule, line)
            return
        await pause(rule)
        if rule.effect != "none" and key not in self._rang:
            self._rang.add(key)
            self._log("rang", key=key, said=said)
        await reply(rule, {}, line)

    def _log(self, what: str, **more: Any) -> None:
        self._world.ledger.write(self._world.now(), NAME, what, at=time.time(), **more)
