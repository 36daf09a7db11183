"""`rest`: pushes signed JSON over HTTP(S) and asks by GET (contract 3.1 to 3.3)."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from connectors.answers import asked, meaning
from connectors.base import Answer, Body, Outgoing
from connectors.by_requests import ByRequests
from connectors.keep_alive import KeepAlive
from connectors.signing import headers_for
from connectors.transport import Call, Transport


class Rest:
    """The connector `rest`. Shared by threads; `settings: {transport: requests}` of a body takes the slower way."""

    name = "rest"

    def __init__(self) -> None:
        self._usual: Transport = KeepAlive()
        self._by_requests: Transport = ByRequests()

    def send(self, message: Outgoing, body: Body, now: datetime) -> Answer:
        """POST the frozen body with a fresh signature; what came back by the table of contract 3.2."""
        headers = headers_for(message.message_id, now, message.body, body.secrets)
        headers["Idempotency-Key"] = message.key
        headers["Content-Type"] = "application/json"
        reply = self._transport(body).call(Call("POST", body.address, headers, message.body), body)
        return meaning(reply, message.type, body.honours_keys, now)

    def ask(self, leg: str, body: Body, now: datetime) -> Answer:
        """GET `{address}/{leg}`, signed over the empty body; contract 3.3."""
        headers = headers_for(f"ask_{leg.replace('.', '_')}", now, b"", body.secrets)
        address = f"{body.address.rstrip('/')}/{quote(leg, safe='')}"
        return asked(self._transport(body).call(Call("GET", address, headers), body), now)

    def close(self) -> None:
        """Close the kept connections."""
        self._usual.close()
        self._by_requests.close()

    def _transport(self, body: Body) -> Transport:
        return self._by_requests if body.settings.get("transport") == "requests" else self._usual
