"""Signs and verifies raw bytes as the Standard Webhooks specification says (`id.timestamp.body`, HMAC).

A secret says by how it begins what it signs with: `whsec_` HMAC-SHA256 (signatures `v1,`), `whsm3_` HMAC-SM3 of GB/T
32905 (signatures `v1sm3,`, a version of ours beside those of the specification), where 密评 is asked for. So a secret
of one kind is replaced by one of the other as any two are: both are live for a while.

Used in both directions: for our pushes and for the departments' notices and result files. The package
`standardwebhooks` is not used at run time: it decodes bodies as text (a PDF cannot be signed), reads the clock
itself and answers malformed headers with unrelated exceptions. The tests prove that both understand each other.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

WINDOW_SECONDS = 300
SECRET_PREFIX = "whsec_"  # noqa: S105  # the published prefix of every such secret, not a secret
SM3_PREFIX = "whsm3_"
_VERSIONS = {SECRET_PREFIX: "v1", SM3_PREFIX: "v1sm3"}
SHORTEST_SECRET = 24
LONGEST_SECRET = 64
_MOST_SIGNATURES = 10
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_MISSING = "请求头里缺少 {}：每次都要带上 webhook-id、webhook-timestamp 和 webhook-signature(v1,…)"
_NO_SECONDS = "webhook-timestamp 应为 1970 年以来的秒数，只写数字，例如 1700000000"
_MILLISECONDS = f"{_NO_SECONDS}；现在的值像是毫秒，请除以 1000 取整，签名用同一个值"
_SECOND_DIGITS, _MILLISECOND_DIGITS = 12, 13
_STALE = "webhook-timestamp 与当前时间相差超过 5 分钟；请校准时钟，重发时换新的时间和签名"
_HOW = ("密钥是 whsec_ 之后部分 base64 解码后的字节，对 webhook-id.webhook-timestamp.原始正文 做 HMAC-SHA256；"
        "结果用 base64，前加 v1,（whsm3_ 开头的密钥做 HMAC-SM3，前加 v1sm3,）")
_WRONG = f"签名不对：{_HOW}；算过之后正文不得再改"
_NO_SIGNATURE = f"webhook-signature 里没有能核对的签名，应为 v1, 加 44 个字符的 base64(不是十六进制)：{_HOW}"
_DIGEST_BYTES = 32


class BadSignature(ValueError):
    """This message is not signed by whom it says; `code` tells missing, outside the window or wrong apart."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadSecret(ValueError):
    """This is not a webhook secret: `whsec_` or `whsm3_`, and the base64 of 24 to 64 bytes."""


class Mark(NamedTuple):
    """One signature: by which algorithm, and its bytes."""

    version: str
    digest: bytes

    def __str__(self) -> str:
        return f"{self.version},{base64.b64encode(self.digest).decode()}"


@lru_cache(maxsize=1024)
def secret_bytes(secret: str) -> bytes:
    """The key of a written secret; raises `BadSecret`, which never repeats the secret."""
    return _read(secret)[1]


@lru_cache(maxsize=1024)
def _read(secret: str) -> tuple[str, bytes]:
    """The version of what a secret signs, and its key. One without a prefix is taken as the specification's."""
    written = secret.strip()
    prefix = next((one for one in _VERSIONS if written.startswith(one)), SECRET_PREFIX)
    try:
        key = base64.b64decode(written.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret(f"the secret is not base64 after {SECRET_PREFIX} or {SM3_PREFIX}") from None
    if not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
        raise BadSecret(f"the secret has {len(key)} bytes; it must have {SHORTEST_SECRET} to {LONGEST_SECRET}")
    return _VERSIONS[prefix], key


def _mark(secret: str, message_id: str, timestamp: str, body: bytes) -> Mark:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    version, key = _read(secret)
    return Mark(version, hmac.digest(key, signed, "sha256") if version == "v1" else _sm3(key, signed))


def _sm3(key: bytes, signed: bytes) -> bytes:
    made = HMAC(key, SM3())  # not hashlib's, which not every Python has
    made.update(signed)
    return made.finalize()


def headers_for(message_id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three signature headers for one attempt at `at`."""
    timestamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(str(_mark(secret, message_id, timestamp, body)) for secret in secrets),
    }


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: datetime) -> str:
    """The `webhook-id` of a message signed with one of `secrets` within five minutes of `now`.

    `headers` is looked up in lower case, so hand in a case-blind mapping or lower-case keys. Raises `BadSignature`
    with code `signature_missing`, `signature_window` or `signature_wrong`. Compares in constant time.
    """
    given = could_be_signed(headers, now)
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    expected = [_mark(secret, message_id, timestamp, body) for secret in secrets]
    # Every pair is compared, so that the time taken does not tell which secret or signature came close.
    matches = [hmac.compare_digest(one.digest, other.digest) and one.version == other.version
               for one in expected for other in given]
    if not any(matches):
        raise BadSignature("signature_wrong", _WRONG)
    return message_id


def could_be_signed(headers: Mapping[str, str], now: datetime) -> list[Mark]:
    """The signatures that `headers` bring; raises `BadSignature` for what no body could make good, so that it need not
    be read."""
    timestamp, signature = headers.get("webhook-timestamp") or "", headers.get("webhook-signature") or ""
    if missing := [name for name in _HEADERS if not headers.get(name)]:
        raise BadSignature("signature_missing", _MISSING.format("、".join(missing)))
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _SECOND_DIGITS):
        in_milliseconds = timestamp.isdigit() and len(timestamp) == _MILLISECOND_DIGITS
        raise BadSignature("signature_window", _MILLISECONDS if in_milliseconds else _NO_SECONDS)
    if abs(int(timestamp) - now.timestamp()) > WINDOW_SECONDS:
        raise BadSignature("signature_window", _STALE)
    given = _signatures(signature)
    if not given:
        raise BadSignature("signature_wrong", _NO_SIGNATURE)
    return given


def _signatures(header: str) -> list[Mark]:
    found = []
    for part in header.split(" ")[:_MOST_SIGNATURES]:
        version, _, signature = part.partition(",")
        try:
            digest = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            continue
        if version in _VERSIONS.values() and len(digest) == _DIGEST_BYTES:
            found.append(Mark(version, digest))
    return found
