"""A licence library, a data-sharing platform or a store of premises files of the city, asked over HTTP at filing.

One POST for each look-up, signed as pushes to departments are, or under a bearer token. It has one deadline,
and whatever happens is an answer of the port. Neither a number nor a name nor a secret gets into a log.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Body
from connectors.certificates import Shown
from connectors.keep_alive import KeepAlive
from connectors.signing import headers_for
from connectors.transport import Call
from sources.answer import Heard, Shape, heard
from sources.port import NO_CONSENT, UNHEARD, Found, Query
from sources.resting import Resting

LOG = logging.getLogger("yijianshi.sources")
ALL = None


@dataclass(frozen=True, slots=True)
class Place:
    """One system as the file of sources describes it: which kind of look-up it answers, `names` of ours with what it
    calls them (None: every name, as we call it), how it is reached (a token of its `body` is one that we show to it),
    and the shape of its answers."""

    kind: str
    body: Body
    names: Mapping[str, str] | None = ALL
    shape: Shape = field(default_factory=Shape)

    def called(self, name: str) -> str | None:
        """What it calls one of our names; None for one that it does not answer."""
        return name if self.names is ALL else self.names.get(name)


class Connected:
    """Asks one such system; shared by threads."""

    def __init__(self, place: Place, zone: ZoneInfo, shown: Shown | None = None, rest: Resting | None = None) -> None:
        self.place, self._zone = place, zone
        self._transport = KeepAlive(shown=shown)
        self._rest = rest or Resting()

    def find(self, query: Query) -> Found:
        """Look up, unless nobody agreed, nothing is known to ask with, or it rests."""
        name = self.place.called(query.name)
        if not query.consent.get("agreed"):
            return NO_CONSENT
        if name is None or not query.numbers or not self._rest.may_ask():
            return UNHEARD
        request = f"lu_{token_hex(16)}"
        answer = self._asked(query, name, request)
        self._note(answer)
        if answer.found.status != "hit":
            return answer.found
        about = {"source": query.name, "by": self.place.body.id, "request": request}
        return replace(answer.found, document={**about, **answer.found.document})

    def waits(self, _kind: str) -> bool:
        """A network is waited for."""
        return True

    def connected(self, kind: str, name: str) -> bool:
        """Whether it answers for this."""
        return kind == self.place.kind and self.place.called(name) is not None

    def resting(self) -> tuple[str, ...]:
        """Its own name, while it is left alone."""
        body = self.place.body
        return (body.name or body.id,) if self._rest.rests else ()

    def _asked(self, query: Query, name: str, request: str) -> Heard:
        body = self.place.body
        content = written(query, name, request)
        headers = headers_for(request, query.at, content, body.secrets) if body.secrets else {}
        headers["Content-Type"] = "application/json"
        if body.tokens:
            headers["Authorization"] = f"Bearer {body.tokens[0]}"
        reply = self._transport.call(Call("POST", body.address, headers, content), body)
        return heard(reply, self.place.shape, query.at, query.at.astimezone(self._zone).date())

    def _note(self, answer: Heard) -> None:
        """Let it rest if it does not answer, and say when that begins and when it is over."""
        name = self.place.body.id
        if answer.well and answer.wait is None:
            if self._rest.heard():
                LOG.warning("source %s answers again", name)
            if answer.detail:
                LOG.warning("source %s: one record cannot be used: %s", name, answer.detail)
            return
        pause = self._rest.failed(answer.wait)
        if pause is not None:
            LOG.warning("source %s is left alone for %d seconds: %s", name, pause, answer.detail)


def written(query: Query, name: str, request: str) -> bytes:
    """The request as it is sent and signed."""
    data = {"request": request, "kind": query.kind, "name": name, "about": dict(query.numbers),
            "purpose": {"bundle": query.bundle, "name": query.purpose}, "consent": {"digest": digest(query.consent)}}
    value = {"type": "lookup.asked", "timestamp": query.at.isoformat(), "data": data}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def digest(consent: Mapping[str, Any]) -> str:
    """The SHA-256 of a consent as the case keeps it (of an agreement its id and its own digest), in hex: by it both
    sides can prove later which one it was."""
    plain = json.dumps(consent, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode()).hexdigest()
