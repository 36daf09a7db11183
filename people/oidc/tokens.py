"""What the platform signed, checked: a token says who signed in, or that somebody signed out, to us, now, and once."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import CompactSignature, deserialize_compact, extract_compact
from joserfc.jwt import JWTClaimsRegistry

from connectors.strict_json import FOREIGN, BadJson, load
from people.errors import SignInRefused
from people.oidc.person import SignedOut, subject_of
from people.oidc.setup import Setup

# Signed with the platform's own key only: `none` is nobody's, and who has our secret could sign with HS256.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
LEEWAY = timedelta(minutes=2)  # that clocks may differ
OLDEST = timedelta(minutes=10)  # a token is used when it is made
LONGEST = 64_000
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
Keys = Callable[[str | None, bool], KeySet]  # by name; whether those that were kept have not signed it


def signed_in(token: Any, nonce: str, setup: Setup, keys: Keys, now: datetime) -> Mapping[str, Any]:
    """The claims of an id token that was made for this very sign-in; `SignInRefused` with the reason for the log."""
    found = _opened(token, keys)
    claims = _timely(found, setup, now)
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise SignInRefused("the id token has another nonce, or none")
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", setup.client_id if len(audience) == 1 else None) != setup.client_id:
        raise SignInRefused("the id token was made for another client (azp)")
    subject_of(claims)
    return claims


def belongs(access_token: str, claims: Mapping[str, Any], token: str) -> bool:
    """Whether an access token came with this id token, as far as that says (at_hash)."""
    said = claims.get("at_hash")
    if said is None:
        return True
    algorithm = str(extract_compact(token.encode()).headers().get("alg"))
    digest = hashlib.new("sha512" if "Ed" in algorithm else f"sha{algorithm[2:]}", access_token.encode()).digest()
    half = urlsafe_b64encode(digest[:len(digest) // 2]).rstrip(b"=").decode()
    return isinstance(said, str) and hmac.compare_digest(said.encode(), half.encode())


def signed_out(token: Any, setup: Setup, keys: Keys, now: datetime) -> SignedOut:
    """What a logout token says (OpenID Connect Back-Channel Logout 1.0, 2.6); `SignInRefused`."""
    found = _opened(token, keys)
    claims = _timely(found, setup, now)
    events, mark, sid = claims.get("events"), claims.get("jti"), claims.get("sid")
    if found.headers().get("typ", "logout+jwt") not in {"logout+jwt", "JWT"} or "nonce" in claims:
        raise SignInRefused("this is no logout token")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT), dict):
        raise SignInRefused("the token does not say that somebody signed out (events)")
    if not isinstance(mark, str) or not mark or (sid is not None and not isinstance(sid, str)):
        raise SignInRefused("jti is missing, or sid is no text")
    if not sid and "sub" not in claims:
        raise SignInRefused("the token names neither sub nor sid")
    subject = subject_of(claims) if "sub" in claims else None
    return SignedOut(subject, sid or None, mark, now + OLDEST + 2 * LEEWAY)


def _opened(token: Any, keys: Keys) -> CompactSignature:
    """A token whose signature is the platform's."""
    if not isinstance(token, str) or not token.isascii() or len(token) > LONGEST:
        raise SignInRefused("there is no token, or it is too long")
    try:
        headers = extract_compact(token.encode()).headers()
        algorithm, kid = headers.get("alg"), headers.get("kid")
        if algorithm not in ALGORITHMS or (kid is not None and not isinstance(kid, str)):
            raise SignInRefused(f"signed with {str(algorithm)[:20]!r}, which we do not take")
        for key in _tried(keys, kid):
            if (found := _by(key, token, kid, algorithm)) is not None:
                return found
    except (JoseError, ValueError, TypeError) as error:
        raise SignInRefused(f"the token cannot be read: {type(error).__name__}") from error
    raise SignInRefused("no key of the platform has signed this token")


def _tried(keys: Keys, kid: str | None) -> Iterator[Any]:
    """The keys that are known, and if none of them will do, those that the platform has now."""
    known = keys(kid, False)
    yield from known.keys
    if (now := keys(kid, True)) is not known:
        yield from now.keys


def _by(key: Any, token: str, kid: str | None, algorithm: str) -> CompactSignature | None:
    """The token, if it was signed with this key."""
    if kid is not None and key.kid != kid:
        return None
    try:
        return deserialize_compact(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        return None


def _timely(found: CompactSignature, setup: Setup, now: datetime) -> dict[str, Any]:
    """The claims of a token, if it comes from our platform, is meant for us and was made just now."""
    try:
        claims = load(found.payload, FOREIGN)
    except BadJson as error:
        raise SignInRefused(f"the token's content cannot be read: {error}") from error
    if not isinstance(claims, dict):
        raise SignInRefused("the token's content is no object")
    wanted = JWTClaimsRegistry(
        int(now.timestamp()), int(LEEWAY.total_seconds()), iss={"essential": True, "value": setup.issuer},
        aud={"essential": True, "value": setup.client_id}, iat={"essential": True}, exp={"essential": True})
    try:
        wanted.validate(claims)
    except (JoseError, ValueError, OverflowError) as error:
        raise SignInRefused(f"the token does not hold: {error}") from error
    if claims["iat"] < (now - OLDEST - LEEWAY).timestamp():
        raise SignInRefused("the token was made too long ago; check both clocks")
    return claims
