"""`rest`: pushes signed JSON over HTTP(S) and asks by GET (contract 3.1 to 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import quote

from connectors.answers import asked, meaning
from connectors.base import Answer, Body, Delivery, Outgoing
from connectors.by_requests import ByRequests
from connectors.certificates import SERVER, Expiry, Shown, in_files
from connectors.keep_alive import Begun, KeepAlive
from connectors.signing import headers_for
from connectors.transport import Call, Transport


def _filing(message: Outgoing, body: Body, now: datetime) -> Call:
    headers = headers_for(message.message_id, now, message.body, body.secrets)
    headers["Idempotency-Key"] = message.key
    headers["Content-Type"] = "application/json"
    return Call("POST", body.address, headers, message.body)


class _Pushed:
    """A message that left; its answer is read by the table of contract 3.2 too."""

    def __init__(self, begun: Begun, type_: str, body: Body) -> None:
        self._begun, self._type, self._body = begun, type_, body
        self.fileno, self.listen = begun.fileno, begun.listen

    @property
    def ends(self) -> float:
        """When the answer must have come, or before that the connection."""
        return self._begun.ends

    @property
    def opens(self) -> bool:
        """Whether its connection is being opened."""
        return self._begun.opens

    @property
    def odd(self) -> bool:
        """Whether not all of it left at once."""
        return self._begun.odd

    def finish(self, clock: Callable[[], datetime]) -> Answer:
        """What came back."""
        reply = self._begun.finish()
        return meaning(reply, self._type, self._body.honours_keys, clock())

    def close(self) -> None:
        """Hear nothing more."""
        self._begun.close()


class Rest:
    """The connector `rest`. Shared by threads; `settings: {transport: requests}` of a body takes the slower way."""

    name = "rest"
    settings = frozenset({"ca", "client_certificate", "transport"})

    def __init__(self, shown: Shown | None = None) -> None:
        self._shown = shown or Shown()
        self._usual = KeepAlive(shown=self._shown)
        self._by_requests: Transport = ByRequests(self._shown)

    def send(self, message: Outgoing, body: Body, now: datetime) -> Answer:
        """POST the frozen body with a fresh signature; what came back by the table of contract 3.2."""
        reply = self._transport(body).call(_filing(message, body, now), body)
        return meaning(reply, message.type, body.honours_keys, now)

    def begin(self, message: Outgoing, body: Body, now: datetime) -> Delivery | None:
        """The same without waiting for what comes back; None where something has to be waited for before it leaves."""
        if self._transport(body) is not self._usual:
            return None
        begun = self._usual.begin(_filing(message, body, now), body)
        return None if begun is None else _Pushed(begun, message.type, body)

    def ask(self, leg: str, body: Body, now: datetime) -> Answer:
        """GET `{address}/{leg}`, signed over the empty body; contract 3.3."""
        headers = headers_for(f"ask_{leg.replace('.', '_')}", now, b"", body.secrets)
        address = f"{body.address.rstrip('/')}/{quote(leg, safe='')}"
        return asked(self._transport(body).call(Call("GET", address, headers), body), now)

    def expiries(self, body: Body) -> Iterator[Expiry]:
        """When the certificates end with which an office is reached; that of its own system is known once a connection
        was opened to it."""
        if (at := self._shown.at(body.address)) is not None:
            yield Expiry(SERVER, at)
        yield from in_files(body.settings)

    def close(self) -> None:
        """Close the kept connections."""
        self._usual.close()
        self._by_requests.close()

    def _transport(self, body: Body) -> Transport:
        return self._by_requests if body.settings.get("transport") == "requests" else self._usual
