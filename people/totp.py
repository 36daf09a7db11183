"""Codes of authenticator apps: TOTP (RFC 6238) as they know it, 6 digits of HMAC-SHA-1 over steps of 30 seconds."""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
EITHER_WAY = 1  # steps by which a telephone's clock may be wrong
SECRET_BYTES = 20  # as long as the digest, as RFC 4226 recommends


def new_secret() -> str:
    """A secret in the letters in which apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(now: datetime) -> int:
    """The number of the step of a moment."""
    return int(now.timestamp()) // STEP_SECONDS


def code_of(secret: str, step: int) -> str:
    """The code of a step (RFC 4226, 5.3)."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start:start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10 ** DIGITS:0{DIGITS}d}"


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step around this moment that `code` is of, the latest if several; None if of none."""
    here = step_at(now)
    return next((step for step in range(here + EITHER_WAY, here - EITHER_WAY - 1, -1)
                 if hmac.compare_digest(code_of(secret, step).encode(), code.encode("utf-8", "surrogatepass"))), None)


def address(secret: str, login: str, issuer: str) -> str:
    """What the picture for the app says."""
    said = urlencode({"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS,
                      "period": STEP_SECONDS}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(login)}?{said}"
