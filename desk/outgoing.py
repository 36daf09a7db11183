"""From a folded case to the rows beside its events: the legs' cache, and the messages that must go out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cases import outcome
from cases.due import LegDue, Schedule
from connectors.base import Body
from desk.known import Known
from desk.premises import Premises
from store import messages, offers
from store.legs import LegRow
from store.messages import Message
from store.offers import Offer
from store.port import Tx

# What happens on the way to a department changes the legs it happens to and no date of any leg.
MOVE_NO_DATE = frozenset({"leg.sending", "leg.sent", "leg.outcome_unknown", "leg.again", "leg.received", "leg.stuck",
                          "leg.message_refused", "leg.remark", "leg.urged"})


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to one leg's office; `body` None until its first attempt."""

    leg: str
    type: str
    body: bytes | None


def legs_of(known: Known, schedule: Schedule, now: datetime) -> tuple[LegRow, ...]:
    """The leg rows that the case's present fold makes different from those last written."""
    fresh = {number: _row(known, number, schedule.legs.get(number), now) for number in known.case.legs}
    return tuple(replace(row, n=known.n) for number, row in fresh.items() if row != known.legs[number] or not row.n)


def moved_legs(known: Known, numbers: set[str], now: datetime) -> tuple[LegRow, ...]:
    """The rows of these legs after events that move no date."""
    return tuple(replace(_state(known, number, now), n=known.n) for number in sorted(numbers))


def _row(known: Known, number: str, due: LegDue | None, now: datetime) -> LegRow:
    return replace(
        _state(known, number, now), due_at=due.due if due else None, yellow_at=due.yellow_at if due else None,
        provisional=bool(due and due.provisional), waits=",".join(due.waits_for) if due else "",
    )


def _state(known: Known, number: str, now: datetime) -> LegRow:
    leg, before = known.case.legs[number], known.legs[number]
    return replace(
        before, state=leg.state, since=before.since if before.state is leg.state else now, started_at=leg.started_at,
        closed_at=leg.closed_at, ref=leg.ref, seq=leg.seq, next_actor=outcome.next_actor(known.case, number).kind,
    )


def offer_and_send(tx: Tx, premises: Premises, legs: Mapping[str, LegRow], letters: Sequence[Letter],
                   now: datetime) -> None:
    """Write one message row for each letter, and offer it where the office fetches instead of being pushed to."""
    for letter in letters:
        leg = legs[letter.leg]
        office = premises.deployment.bodies[leg.office]
        number = messages.next_number(tx, leg.reference, letter.leg, letter.type)
        messages.add(tx, [_message(letter, leg, office, (number, now))])
        if office.channel != "push":
            offers.offer(tx, Offer(department=office.id, n=0, reference=leg.reference, leg=letter.leg, type=letter.type,
                                   at=now))


def _message(letter: Letter, leg: LegRow, office: Body, when: tuple[int, datetime]) -> Message:
    number, now = when
    return Message(reference=leg.reference, leg=leg.leg, type=letter.type, n=number, office=leg.office,
                   body=letter.body, message_id=f"msg_{secrets.token_hex(16)}", department=leg.department,
                   created_at=now, next_at=now if office.channel == "push" else None)
