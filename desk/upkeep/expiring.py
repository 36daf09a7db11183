"""What runs out by a date and stops something then: certificates that offices are reached with, tokens of programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Body, Registry
from connectors.certificates import AUTHORITY, OURS, SERVER
from store.people import Token

OF_PROGRAM = "token"
STEPS = (timedelta(days=1), timedelta(days=7), timedelta(days=30))  # ahead of the end, when it is said again
NAMES = {SERVER: "对方系统的证书", OURS: "我方出示的证书(client_certificate)", AUTHORITY: "签发者证书(ca)",
         OF_PROGRAM: "访问令牌"}


@dataclass(frozen=True, slots=True, order=True)
class Expiring:
    """What ends and when: `of` is the office of a certificate, or the id of a token; `whose` says who that is."""

    at: datetime
    what: str
    of: str
    whose: str

    def step(self, now: datetime) -> timedelta | None:
        """Within which of the steps it is: the nearest; None while it is further away than all of them."""
        return next((step for step in STEPS if self.at - now <= step), None)

    def days(self, now: datetime) -> float:
        """Days that are left; less than nothing once it has ended."""
        return (self.at - now) / timedelta(days=1)


def certificates(registry: Registry, bodies: Iterable[Body]) -> list[Expiring]:
    """Every certificate of which the end is known, the first to end in front."""
    return sorted(Expiring(expiry.at, expiry.what, body.id, body.name) for body in bodies
                  for expiry in registry.expiries(body))


def tokens(known: Iterable[Token], now: datetime) -> list[Expiring]:
    """Every token that opens something, the first to end in front; one that has a successor for the same program is
    left out, for that is what a change looks like."""
    last: dict[tuple[str, str, str | None], Token] = {}
    for one in known:
        if one.revoked_at is None and one.expires_at > now:
            key = (one.role, one.subject, one.department)
            last[key] = max(last.get(key, one), one, key=lambda token: token.expires_at)
    return sorted(Expiring(one.expires_at, OF_PROGRAM, one.id, f"{one.role} {one.subject}") for one in last.values())


def soon(found: Iterable[Expiring], now: datetime) -> list[Expiring]:
    """Those of which somebody should hear now."""
    return [one for one in found if one.step(now) is not None]
