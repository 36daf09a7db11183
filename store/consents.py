"""Consents: what a person allowed us to look up, when, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.encoding import stamp
from store.port import Row, Tx
from store.rows import insert, params, shape
from store.sealing import seal, unseal


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent of a subject; `scope` says to which look-ups, in which words it was asked."""

    consent: str
    subject: str
    scope: Mapping[str, Any]
    given_at: datetime
    reference: str | None = None
    withdrawn_at: datetime | None = None


def give(tx: Tx, consent: Consent) -> None:
    """Store a consent."""
    insert(tx, "consents", {**params(consent, "scope"), "scope": seal(tx, consent.scope, _place(consent.consent))})


def of_case(tx: Tx, reference: str) -> list[Consent]:
    """Every consent given for a case, oldest first."""
    found = tx.rows("select * from consents where reference = :r order by given_at, consent", r=reference)
    return [_opened(tx, row) for row in found]


def withdraw(tx: Tx, consent: str, subject: str, at: datetime) -> bool:
    """Withdraw one's consent; False if there is none to withdraw."""
    return tx.run(
        "update consents set withdrawn_at = :at where consent = :c and subject = :s and withdrawn_at is null",
        at=stamp(at), c=consent, s=subject,
    ) == 1


def _place(consent: str) -> str:
    return f"consents:scope:{consent}"


def _opened(tx: Tx, row: Row) -> Consent:
    return shape(Consent, row, scope=unseal(tx, row["scope"], _place(row["consent"])))
