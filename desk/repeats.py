"""Idempotency of everything an applicant sends: the same key and content have one effect and one answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from desk.errors import IdempotencyMismatch, MissingKey
from store import submissions
from store.port import Database, Tx
from store.submissions import Submission

LONGEST_KEY = 200


class Repeated(Exception):
    """This key was used before; the unit that found out is undone."""

    def __init__(self, earlier: Submission) -> None:
        super().__init__(earlier.key)
        self.earlier = earlier


def digest_of(content: Any) -> str:
    """What makes two submissions the same: everything that was sent, in canonical order."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def checked_key(key: str) -> str:
    """A usable Idempotency-Key: 1 to 200 characters."""
    if not key or len(key) > LONGEST_KEY:
        raise MissingKey
    return key


def earlier(database: Database, subject: str, key: str, digest: str) -> Mapping[str, Any] | None:
    """The answer this key already got, or None; `IdempotencyMismatch` if it was used for other content."""
    with database.read() as tx:
        found = submissions.find(tx, subject, key)
    return None if found is None else answer_of(found, digest)


def answer_of(found: Submission, digest: str) -> Mapping[str, Any]:
    """The answer of an earlier submission of the same content."""
    if found.digest != digest:
        raise IdempotencyMismatch
    return found.answer or {}


def claim(tx: Tx, submission: Submission) -> None:
    """Take the key inside a unit; `Repeated` if somebody was quicker."""
    found = submissions.claim(tx, submission)
    if found is not None:
        raise Repeated(found)
