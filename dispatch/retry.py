"""What comes after an attempt: done, send again, ask first, or a person. Pure; the table is contract 3.2.

The ladder goes from 30 seconds to 12 hours with ±20 % jitter until five working days have gone by (counted as seven
natural days, so that nothing is given up early); a department's `Retry-After` is honoured up to the ladder's top.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from connectors.answers import DECIDED
from connectors.base import Answer, Body

LADDER = (30.0, 60.0, 120.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 43_200.0)
JITTER = 0.2
GIVE_UP_AFTER = timedelta(days=7)
SOONEST_ASK = 1.0
ASKED_ABOUT = "leg.filed"


@dataclass(frozen=True, slots=True)
class Then:
    """What happens next to a message: `at` is when, for send and ask."""

    kind: Literal["done", "send", "ask", "stuck"]
    at: datetime | None = None


DONE = Then("done")
FINAL = frozenset({"received", "refused"})  # answers after which nothing follows


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that ended: its number from 1, what it was for, when the message was first due, now, and for how
    many seconds the department has said without a break that it does not have the leg."""

    attempt: int
    purpose: Literal["send", "ask"]
    first_at: datetime
    now: datetime
    absent_for: float = 0.0


def able(body: Body, type_: str) -> Body:
    """The department as far as a message of `type_` goes: its query tells whether it has the leg, which says nothing
    of a supplement or a withdrawal that was sent later."""
    return body if type_ == ASKED_ABOUT else replace(body, can_be_asked=False)


def allowed(purpose: Literal["send", "ask"], body: Body) -> Literal["send", "ask", "stuck"]:
    """What may be done with a message. One whose outcome is unknown is asked about where the department can be
    asked, sent again only where the same key has one effect, and left to a person otherwise."""
    if purpose == "send" or body.can_be_asked:
        return purpose
    return "send" if body.honours_keys else "stuck"


def unheard(answer: Answer, body: Body) -> Answer:
    """What an answer to a question comes to. That a department has decided, in an answer which never arrived, says not
    what: its state alone counts as nothing. Where the same key has one effect, it is sent once more, and the answer is
    heard; elsewhere the department's own notice must tell."""
    if answer.kind == "received" and answer.state in DECIDED and body.honours_keys:
        return Answer("again", state=answer.state, status=answer.status, detail="decided there, unheard here")
    return answer


def after(answer: Answer, body: Body, tried: Tried, chance: float) -> Then:
    """What follows from `answer`; `chance` in [0, 1) is the jitter's dice."""
    if answer.kind in FINAL:
        return DONE
    if tried.now - tried.first_at > GIVE_UP_AFTER:
        return Then("stuck")
    if answer.kind == "absent":
        return _after_absent(body, tried)
    if answer.kind == "unknown":
        return _after_unknown(body, tried, chance)
    later = tried.now + timedelta(seconds=wait_seconds(answer, body, tried.attempt, chance))
    return Then("send" if answer.state in DECIDED else tried.purpose, later)


def _after_absent(body: Body, tried: Tried) -> Then:
    """"Not found" is definite once it was said for the read lag; where keys are honoured a repeat does no harm."""
    if body.honours_keys or tried.absent_for >= body.read_lag:
        return Then("send", tried.now)
    return Then("ask", tried.now + timedelta(seconds=body.read_lag - tried.absent_for))


def _after_unknown(body: Body, tried: Tried, chance: float) -> Then:
    if body.can_be_asked:
        lag = max(body.read_lag, SOONEST_ASK)
        wait = lag if tried.purpose == "send" else max(lag, _step(body, tried.attempt) * _jitter(chance))
        return Then("ask", tried.now + timedelta(seconds=wait))
    if body.honours_keys:
        return Then("send", tried.now + timedelta(seconds=_step(body, tried.attempt) * _jitter(chance)))
    return Then("stuck")


def wait_seconds(answer: Answer, body: Body, attempt: int, chance: float) -> float:
    """How long until the next attempt: the ladder's step with jitter, not before the department's Retry-After."""
    usual = _step(body, attempt) * _jitter(chance)
    return usual if answer.retry_after is None else max(usual, min(answer.retry_after, max(body.ladder or LADDER)))


def _step(body: Body, attempt: int) -> float:
    ladder = body.ladder or LADDER
    return ladder[min(attempt, len(ladder)) - 1]


def _jitter(chance: float) -> float:
    return 1 - JITTER + 2 * JITTER * chance
