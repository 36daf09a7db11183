"""The ticket of one sign-in by the platform: what the browser that began it brings back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

TICKET_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One sign-in under way, kept by the browser that began it. `next`: the path of ours to go on to."""

    state: str
    nonce: str
    verifier: str
    next: str
    at: datetime

    @property
    def mark(self) -> str:
        """What is used up when this sign-in has led to a session."""
        return f"sign-in:{self.state}"

    @property
    def until(self) -> datetime:
        """When it is too late."""
        return self.at + TICKET_LIFE


def new_ticket(next_: str, now: datetime) -> Ticket:
    """A ticket that nobody can guess any part of."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Ticket(state, nonce, verifier, next_, now)
