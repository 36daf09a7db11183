"""From a folded case to the rows beside its events: the legs' cache, and the messages that must go out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cases import outcome
from cases.beyond import beyond
from cases.due import Dates, same_dates
from cases.lapse import last_moment
from cases.model import Case
from cases.stalled import owed_since, stalls_at
from cases.states import TRANSFERRED
from connectors.base import Body
from desk.known import Known, on_paper
from desk.premises import Premises
from desk.sending import payload
from store import messages, offers
from store.legs import LegRow
from store.messages import Message, MessageId
from store.offers import Offer
from store.port import Tx

UNTIL_SCANNED = timedelta(days=3650)  # the scan lets it go (`desk/uploads/scanning.py`)
NOT_LISTED = "the department list has no such office"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to one leg's office, or to the `office` that it left; `body` None until its first attempt. One that
    `waits` names a file that no scanner has cleared, and is not offered yet."""

    leg: str
    type: str
    body: bytes | None
    office: str | None = None
    waits: bool = False


def legs_of(known: Known, before: Case, dates: Dates) -> tuple[LegRow, ...]:
    """The leg rows that became different since `before`: those of the legs that changed and, where a date may have
    moved, of all legs below them."""
    changed = {number for number, leg in known.case.legs.items() if leg is not before.legs[number]}
    dated: set[str] = set()
    for number in changed:
        if not same_dates(before.legs[number], known.case.legs[number]) or not known.legs[number].n:
            dated |= {number} | known.case.plan.parts[number].below
    looked_at = changed | dated
    fresh = [_row(known, number, dates, number in dated) for number in known.case.legs if number in looked_at]
    return tuple(row for row in fresh if row is not None)


def dated_row(known: Known, number: str, dates: Dates) -> LegRow:
    """The row of a leg with its dates as they are counted now."""
    return known.legs[number].but(**_state(known, number, dates), **_dates(known, number, dates))


def _row(known: Known, number: str, dates: Dates, dated: bool) -> LegRow | None:
    """The row of a leg as of now; None where nothing of it is different."""
    now = _state(known, number, dates) | (_dates(known, number, dates) if dated else {})
    before = vars(known.legs[number])
    return known.legs[number].but(n=known.n, **now) if any(before[name] != now[name] for name in now) else None


def _dates(known: Known, number: str, dates: Dates) -> dict[str, Any]:
    due = dates.of(number)
    return {"due_at": due.due, "yellow_at": due.yellow_at, "provisional": due.provisional,
            "waits": ",".join(due.waits_for), "lapse_at": last_moment(known.case, number, dates.calendar)}


def _state(known: Known, number: str, dates: Dates) -> dict[str, Any]:
    leg, before = known.case.legs[number], known.legs[number]
    beside = beyond(leg, dates.calendar)
    return {"office": leg.office or before.office, "state": leg.state,
            "since": before.since if before.state is leg.state else dates.now, "started_at": leg.started_at,
            "closed_at": leg.closed_at, "ref": leg.ref, "seq": leg.seq,
            "next_actor": outcome.next_actor(known.case, number).kind,
            "stalls_at": stalls_at(known.case, number, dates.calendar, on_paper=on_paper(known)),
            "owed_at": owed_since(known.case, number, dates.calendar),
            "beyond": len(beside), "beyond_at": max((one.event.at for one in beside), default=None)}


def offer_and_send(tx: Tx, premises: Premises, legs: Mapping[str, LegRow], letters: Sequence[Letter],
                   now: datetime) -> None:
    """Write one message row for each letter, and offer it where the office fetches instead of being pushed to."""
    made: list[Message] = []
    written: dict[MessageId, bytes] = {}
    numbers = messages.last_numbers(tx, legs[letters[0].leg].reference) if letters else {}
    bodies = premises.deployment.bodies
    for letter in letters:
        row = legs[letter.leg] if letter.office is None else legs[letter.leg].but(office=letter.office)
        if letter.type == TRANSFERRED and not _hears(bodies.get(row.office)):
            continue
        number = numbers[letter.leg, letter.type] = numbers.get((letter.leg, letter.type), 0) + 1
        message = new_message(row, letter.type, number, bodies, now)
        if letter.waits:
            message = replace(message, next_at=now + UNTIL_SCANNED)
        made.append(message)
        if letter.body is not None:
            written[message.id] = letter.body
        if not letter.waits:
            offer_if_fetched(tx, message, bodies.get(message.office), now)
    messages.add(tx, made, messages.enclosed(tx.cipher, written, payload.MAPPING_VERSION) if written else None)


def _hears(office: Body | None) -> bool:
    """Whether there is a system that has to be told that a leg has left: officers see it on our own pages."""
    return office is not None and office.channel != "desk"


def new_message(to: LegRow | Message, type_: str, number: int, bodies: Mapping[str, Body], now: datetime) -> Message:
    """A message to the office of `to` as it waits: for its push, to be fetched, or for a person where the department
    list does not have the office (any more), which must not keep a case from going on."""
    office = bodies.get(to.office)
    return Message(reference=to.reference, leg=to.leg, type=type_, n=number, office=to.office,
                   message_id=f"msg_{secrets.token_hex(16)}", department=to.department, created_at=now,
                   next_at=now if office is not None and office.channel == "push" else None,
                   state="due" if office is not None else "stuck", detail="" if office is not None else NOT_LISTED)


def offer_if_fetched(tx: Tx, message: Message, office: Body | None, now: datetime) -> None:
    """Put a message into the feed of an office that fetches."""
    if office is not None and office.channel != "push":
        offers.offer(tx, Offer(office.id, 0, message.reference, message.leg, message.type, now, message.n))
