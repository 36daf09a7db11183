"""Idempotency keys of a subject, kept as long as the case: the same key and content give the same answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.port import Tx
from store.rows import insert, params, shape
from store.sealing import seal_maybe, unseal_maybe


@dataclass(frozen=True, slots=True)
class Submission:
    """A key with the digest of its content, the case it concerns and the answer it got."""

    subject: str
    key: str
    digest: str
    reference: str
    at: datetime
    answer: Mapping[str, Any] | None = None


def claim(tx: Tx, submission: Submission) -> Submission | None:
    """Take the key: None if it is ours now, else the earlier submission (compare its digest).

    Of two that claim at once the later one waits for the earlier one's commit on both stores.
    """
    sealed = seal_maybe(tx, submission.answer, _place(submission.subject, submission.key))
    made = insert(tx, "submissions", {**params(submission, "answer"), "answer": sealed},
                  "on conflict (subject, key) do nothing")
    return None if made else find(tx, submission.subject, submission.key)


def find(tx: Tx, subject: str, key: str) -> Submission | None:
    """The submission of this key, or None."""
    found = tx.rows("select * from submissions where subject = :subject and key = :key", subject=subject, key=key)
    if not found:
        return None
    return shape(Submission, found[0], answer=unseal_maybe(tx, found[0]["answer"], _place(subject, key)))


def _place(subject: str, key: str) -> str:
    return f"submissions:answer:{subject}/{key}"
