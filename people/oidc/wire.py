"""The calls to the identity platform: few at once, each with a deadline and a size, nothing followed, all of it strict.

Its description and its keys are kept in memory; every process reads its own, and a platform that is down for a while
costs nobody who has signed in anything.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import quote, urlencode

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from connectors.addresses import address_fault
from connectors.answers import NoReply
from connectors.by_requests import ByRequests
from connectors.certificates import Shown
from connectors.strict_json import FOREIGN, BadJson, load
from connectors.transport import Call
from people.errors import PlatformDown, SignInRefused
from people.oidc.setup import Setup
from store.engine.turns import away

LOG = logging.getLogger("yijianshi.identity")
AT_ONCE = 4  # threads that may wait for the platform beside each other
PATIENCE = 1.0  # seconds to wait for a place among them
DESCRIPTION_LIFE = timedelta(minutes=1)  # so that nobody is sent to a platform that went away long ago
KEYS_LIFE = timedelta(hours=12)
UNKNOWN_KEY_EVERY = timedelta(seconds=30)  # so that made-up tokens do not make us fetch
DOWN_FOR = timedelta(seconds=5)  # after a failure nobody waits for the next one
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint")
MOST_KEYS = 32
KINDS = ("RSA", "EC", "OKP")
BUSY = frozenset({408, 425, 429})
NEEDED = frozenset(ENDPOINTS[:3])


@dataclass(frozen=True, slots=True)
class Description:
    """What the platform says of itself: its addresses by name, how it wants the client's secret, and whether its
    answers name it (RFC 9207)."""

    endpoints: Mapping[str, str]
    by_body: bool
    names_itself: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class _Keys:
    keys: KeySet
    at: datetime


class Wire:
    """The one way to the platform; shared by the threads of a process."""

    def __init__(self, setup: Setup, shown: Shown | None = None) -> None:
        self._setup = setup
        self._transport = ByRequests(shown)
        self._place = setup.reached
        self._room = BoundedSemaphore(AT_ONCE)
        self._description: Description | None = None
        self._keys: _Keys | None = None
        self._down_until: datetime | None = None

    def description(self, now: datetime, *, alive: bool = False) -> Description:
        """What the platform says of itself, a minute old at most; older while it cannot be asked, unless it must be
        `alive`; `PlatformDown`."""
        kept = self._description
        if kept is not None and now < kept.until:
            return kept
        try:
            self._description = found = self._described(now)
        except PlatformDown:
            if kept is None or alive:
                raise
            return kept
        return found

    def keys(self, now: datetime, kid: str | None, *, anew: bool = False) -> KeySet:
        """The platform's public keys, fetched again when `kid` is none of them, or when none of them has signed what
        should be theirs (`anew`): some platforms change a key under its name, or name none; `PlatformDown`."""
        kept = self._keys
        age = KEYS_LIFE if kept is not None and _has(kept.keys, kid) and not anew else UNKNOWN_KEY_EVERY
        if kept is not None and now - kept.at < age:
            return kept.keys
        try:
            fetched = self.ask(Call("GET", self.description(now).endpoints["jwks_uri"], {}), now)
            self._keys = _Keys(_public(fetched), now)
        except PlatformDown:
            if kept is None or not _has(kept.keys, kid):
                raise
            return kept.keys
        return self._keys.keys

    def tokens(self, code: str, verifier: str, now: datetime) -> Mapping[str, Any]:
        """What a code is worth; `SignInRefused` if nothing."""
        setup, described = self._setup, self.description(now)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": setup.callback,
                "code_verifier": verifier}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if described.by_body:
            form |= {"client_id": setup.client_id, "client_secret": setup.secret}
        else:  # RFC 6749, 2.3.1: both are form-encoded first
            pair = f"{quote(setup.client_id, safe='')}:{quote(setup.secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return self.ask(Call("POST", described.endpoints["token_endpoint"], headers, urlencode(form).encode()), now)

    def userinfo(self, access_token: str, now: datetime) -> Mapping[str, Any]:
        """What the platform tells of the person whose token this is; nothing where it has no such address."""
        address = self.description(now).endpoints.get("userinfo_endpoint")
        if address is None:
            return {}
        return self.ask(Call("GET", address, {"Authorization": f"Bearer {access_token}"}), now)

    def ask(self, call: Call, now: datetime) -> Mapping[str, Any]:
        """The JSON object that the platform answers; `PlatformDown` when it cannot, `SignInRefused` when it will
        not."""
        with self._turn(now):
            reply = self._transport.call(call, self._place)
            # Only what nobody but the platform brings about: a 500 can be had for a code that somebody made up.
            self._down_until = now + DOWN_FOR if isinstance(reply, NoReply) else None
        if isinstance(reply, NoReply):
            raise _down(call, reply.detail)
        if reply.cut or reply.status >= 500 or reply.status in BUSY:
            raise _down(call, f"HTTP {reply.status}{', cut off or too large' if reply.cut else ''}")
        if reply.status // 100 != 2 and call.headers:
            # A code or a token was brought. What is answered may hold what we sent, so only the status is told.
            raise SignInRefused(f"{call.address} answered HTTP {reply.status}")
        if reply.status // 100 != 2:
            raise _down(call, f"HTTP {reply.status}")
        try:
            found = load(reply.body, FOREIGN)
        except BadJson as error:
            raise _down(call, f"no JSON: {error}") from error
        if not isinstance(found, dict):
            raise _down(call, "no JSON object")
        return found

    @contextmanager
    def _turn(self, now: datetime) -> Iterator[None]:
        """A place among the few who may wait for the platform; none while it was just found to be down."""
        if self._down_until is not None and now < self._down_until:
            raise PlatformDown
        with away():
            if not self._room.acquire(timeout=PATIENCE):
                raise PlatformDown
            try:
                yield
            finally:
                self._room.release()

    def _described(self, now: datetime) -> Description:
        issuer = self._setup.issuer
        call = Call("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration", {})
        found = self.ask(call, now)
        if found.get("issuer") != issuer:
            raise _down(call, "the issuer in it is not YJS_OIDC_ISSUER; they must be equal to the letter")
        endpoints = {name: str(found[name]) for name in ENDPOINTS if found.get(name)}
        wrong = list(NEEDED - endpoints.keys())
        wrong += [name for name, address in endpoints.items() if _unfit(address, issuer)]
        if wrong:
            raise _down(call, f"missing or unfit: {', '.join(sorted(wrong))}")
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return Description(
            endpoints, "client_secret_basic" not in methods and "client_secret_post" in methods,
            found.get("authorization_response_iss_parameter_supported") is True, now + DESCRIPTION_LIFE)


def _unfit(address: str, issuer: str) -> bool:
    """Whether we should not send anybody there: no whole address, or without TLS though the platform has it."""
    bare = address.partition("?")[0]
    return bool(address_fault(bare)) or (issuer.startswith("https://") and not address.startswith("https://"))


def _down(call: Call, why: str) -> PlatformDown:
    LOG.warning("identity platform: %s: %s", call.address, why)
    return PlatformDown()


def _has(keys: KeySet, kid: str | None) -> bool:
    return kid is None or any(key.kid == kid for key in keys.keys)


def _public(fetched: Mapping[str, Any]) -> KeySet:
    """The keys that signatures can be checked with. A shared secret is no public key, whatever the list says."""
    listed = fetched.get("keys")
    usable = [one for one in listed if isinstance(one, dict) and one.get("use", "sig") == "sig"] if isinstance(
        listed, list) else []
    return KeySet([key for one in usable[:MOST_KEYS] if (key := _key(one)) is not None])


def _key(one: Mapping[str, Any]) -> Key | None:
    if one.get("kty") not in KINDS:
        return None
    try:
        return import_key(dict(one))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
