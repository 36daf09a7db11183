"""Signing in by the platform: off with a ticket that only this browser holds, back with a code, and who that is.

Authorization code flow with PKCE, state and nonce. Nothing of it is kept in memory: the browser keeps the ticket, which
is signed, and any process may finish what another began.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from connectors.certificates import Shown
from people.errors import PlatformDown, SignInDeclined, SignInRefused, SignInStale
from people.oidc.person import Person, SignedOut, person_of, subject_of, untold
from people.oidc.setup import Setup
from people.oidc.ticket import Ticket
from people.oidc.tokens import Keys, belongs, signed_in, signed_out
from people.oidc.wire import Wire

LONGEST_CODE = 4_000


class Flow:
    """Sign-ins by one platform."""

    def __init__(self, setup: Setup, shown: Shown | None = None) -> None:
        self.setup = setup
        self._wire = Wire(setup, shown)

    def begin(self, ticket: Ticket, now: datetime) -> str:
        """Where a browser goes to sign in; `PlatformDown`."""
        address = self._wire.description(now, alive=True).endpoints["authorization_endpoint"]
        challenge = urlsafe_b64encode(hashlib.sha256(ticket.verifier.encode()).digest()).rstrip(b"=").decode()
        return _with(address, {
            "response_type": "code", "client_id": self.setup.client_id, "redirect_uri": self.setup.callback,
            "scope": self.setup.scopes, "state": ticket.state, "nonce": ticket.nonce, "code_challenge": challenge,
            "code_challenge_method": "S256"})

    def finish(self, ticket: Ticket | None, sent: Mapping[str, str], now: datetime,
               before: Callable[[], None] = lambda: None) -> Person:
        """Who came back with what the platform `sent` along; raises what `people.errors` calls a sign-in that was
        declined, stale or refused, or `PlatformDown`. `before` is called before the platform is asked about a code."""
        if ticket is None or not now < ticket.until or not hmac.compare_digest(
                sent.get("state", "").encode(), ticket.state.encode()):
            raise SignInStale
        if "iss" in sent and sent["iss"] != self.setup.issuer:
            raise SignInRefused("the answer names another issuer")
        if "error" in sent:
            raise SignInDeclined if sent["error"] == "access_denied" else SignInRefused(
                f"the platform says {sent['error'][:60]!r}")
        if "iss" not in sent and self._wire.description(now).names_itself:
            raise SignInRefused("the answer does not name its issuer, though this platform's answers do")
        code = sent.get("code", "")
        if not 0 < len(code) <= LONGEST_CODE:
            raise SignInRefused("the answer holds no code")
        before()
        return self._person(ticket, code, now)

    def _person(self, ticket: Ticket, code: str, now: datetime) -> Person:
        """The person whose code this is."""
        given = self._wire.tokens(code, ticket.verifier, now)
        claims = signed_in(given.get("id_token"), ticket.nonce, self.setup, self._keys(now), now)
        access = given.get("access_token")
        told: Mapping[str, Any] = {}
        if isinstance(access, str) and access.isascii() and access.isprintable():
            if not belongs(access, claims, str(given["id_token"])):
                raise SignInRefused("the access token is another sign-in's (at_hash)")
            told = self._wire.userinfo(access, now) if untold(claims, self.setup.meanings) else {}
        if told and subject_of(told) != subject_of(claims):
            raise SignInRefused("the platform told of another person than had signed in")
        return person_of({**told, **claims}, self.setup)

    def signed_out(self, token: Any, now: datetime) -> SignedOut:
        """What a logout token says; `SignInRefused`, `PlatformDown`."""
        return signed_out(token, self.setup, self._keys(now), now)

    def _keys(self, now: datetime) -> Keys:
        return lambda kid, anew: self._wire.keys(now, kid, anew=anew)

    def way_out(self, now: datetime) -> str | None:
        """Where a browser goes on to sign out at the platform, too; None where there is no such place, or it cannot be
        asked for. No token goes along, which would stand in addresses and logs with what it says of the person."""
        try:
            address = self._wire.description(now).endpoints.get("end_session_endpoint")
        except PlatformDown:
            return None
        return address and _with(address, {
            "client_id": self.setup.client_id, "post_logout_redirect_uri": f"{self.setup.public_url}/"})


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
