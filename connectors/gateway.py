"""The city's message gateway (短信、微信、政务 App): one address to which news of applicants is posted, signed as a
push to a department is, and whose answers mean what a department's mean.

It honours keys, or one text would ring twice; it is never asked. Whatever is wrong with its address, its login or its
certificate concerns every message, so nothing is given up for it.
"""

from __future__ import annotations

from datetime import datetime

from connectors.answers import meaning
from connectors.base import Answer, Body
from connectors.certificates import Shown
from connectors.keep_alive import KeepAlive
from connectors.signing import headers_for
from connectors.transport import Call

NAME = "message-gateway"
_DEADLINE, _ANSWER_CAP, _AT_ONCE = 10.0, 64_000, 4
_ITS_ADDRESS = "leg.filed"  # the type for which 403, 404 and 410 say that the address is wrong


def gateway_body(address: str, secrets: tuple[str, ...]) -> Body:
    """The gateway at `address`, as transports and retries know a receiver."""
    return Body(id=NAME, department="", connector="rest", name="消息网关", address=address, secrets=secrets,
                honours_keys=True, can_be_asked=False, deadline=_DEADLINE, answer_cap=_ANSWER_CAP, at_once=_AT_ONCE)


class Gateway:
    """Posts frozen bulletins; shared by threads."""

    def __init__(self, body: Body, shown: Shown | None = None) -> None:
        self.body = body
        self._transport = KeepAlive(shown=shown)

    def send(self, key: str, content: bytes, now: datetime) -> Answer:
        """One attempt; nothing is raised for what a network can do."""
        headers = headers_for(key, now, content, self.body.secrets)
        headers |= {"Idempotency-Key": key, "Content-Type": "application/json"}
        reply = self._transport.call(Call("POST", self.body.address, headers, content), self.body)
        return meaning(reply, _ITS_ADDRESS, self.body.honours_keys, now)

    def close(self) -> None:
        """Close the kept connections."""
        self._transport.close()
