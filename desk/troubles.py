"""Whether everything reached its department: what did not, since when and why, and that nothing fell out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cases.model import LegState
from store import legs, operating, pausing
from store.conservation import Conservation, conservation
from store.messages import Message
from store.port import Database, Tx

PAGE = 200
STOPPED = frozenset({LegState.STUCK, LegState.OUTCOME_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Trouble:
    """A message that did not arrive. `state` is the leg's, `message_state` the message's: stuck, unknown, refused, or
    due (tried again by itself at `next_at`). `next_at` None: nothing happens until somebody acts."""

    leg: str
    department: str
    office: str
    matter: str
    state: str
    key: str
    message_state: str
    reason: str
    since: datetime
    attempts: int
    next_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """As `flask legs --json` prints it."""
        times = {"since": self.since.isoformat(), "next_at": self.next_at.isoformat() if self.next_at else None}
        return {**asdict(self), **times}


def troubles(database: Database, *, retrying: bool = False) -> Iterator[Trouble]:
    """What did not arrive, oldest first; with `retrying` what is tried again by itself instead."""
    last: Message | None = None
    while True:
        with database.read() as tx:
            page = operating.troubled(tx, last, PAGE, retrying=retrying)
            lines = [_trouble(tx, message) for message in page]
        yield from lines
        if len(page) < PAGE:
            return
        last = page[-1]


def _trouble(tx: Tx, message: Message) -> Trouble:
    leg = legs.get(tx, message.reference, message.leg)
    stopped = message.type == "leg.filed" and leg.state in STOPPED
    return Trouble(
        leg=f"{message.reference}-{message.leg}", department=message.department, office=message.office,
        matter=leg.matter, state=leg.state.value, key=message.key, message_state=message.state,
        reason=message.reason or message.detail, attempts=message.attempts, next_at=message.next_at,
        since=leg.since if stopped else message.settled_at or message.created_at)


@dataclass(frozen=True, slots=True)
class Health:
    """All legs counted and checked in one snapshot, and why the service is paused, if it is."""

    counted: Conservation
    paused: str | None

    def as_json(self) -> dict[str, Any]:
        """As `flask legs --json` prints it."""
        return {"legs": self.counted.legs, "by_state": self.counted.by_state, "paused": self.paused,
                "breaches": [{"rule": rule, "leg": f"{reference}-{leg}" if leg else reference}
                             for rule, reference, leg in self.counted.breaches]}


def health(database: Database) -> Health:
    """Count everything; it reads all legs."""
    with database.read() as tx:
        mark = pausing.paused(tx)
        return Health(conservation(tx), mark.value if mark else None)
