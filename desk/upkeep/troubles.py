"""Whether everything reached its department: what did not, since when and why, and that nothing fell out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from cases.model import LegState
from desk.upkeep.guard import Failing, failing
from desk.upkeep.watch import Watch
from store import conservation, lanes, leases, legs, messages, operating, pausing, tallies
from store.conservation import Breach
from store.errors import UnknownLeg
from store.lanes import Lane
from store.leases import Attempt
from store.legs import LegRow
from store.messages import Message
from store.port import Database, Tx
from store.reading import Unfetched, unfetched
from store.tallies import Drift
from store.uploads import uncleared

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


def troubles(database: Database, *, retrying: bool = False, office: str = "") -> Iterator[Trouble]:
    """What did not arrive, oldest first; with `retrying` what is tried again by itself instead; with `office` only what
    is for that one."""
    then: str | None = ""
    while then is not None:
        page, then = troubles_after(database, then, PAGE, retrying=retrying, office=office)
        yield from page


def troubles_after(database: Database, after: str | None, limit: int, *, retrying: bool = False,
                   office: str = "") -> tuple[list[Trouble], str | None]:
    """A page of `troubles`, and where the next one begins (None: this was the last)."""
    with database.read() as tx:
        page, then = operating.troubled(tx, after, limit, retrying=retrying, office=office)
        return [_trouble(tx, message) for message in page], then


def _trouble(tx: Tx, message: Message) -> Trouble:
    leg = legs.get(tx, message.reference, message.leg)
    stopped = message.type == "leg.filed" and leg.state in STOPPED
    return Trouble(
        leg=f"{message.reference}-{message.leg}", department=message.department, office=message.office,
        matter=leg.matter, state=leg.state.value, key=message.key, message_state=message.state,
        reason=message.reason or message.detail, attempts=message.attempts, next_at=message.next_at,
        since=leg.since if stopped else message.settled_at or message.created_at)


@dataclass(frozen=True, slots=True)
class Attempts:
    """A leg's row, and its messages in order with every attempt at each of them."""

    row: LegRow
    messages: tuple[tuple[Message, tuple[Attempt, ...]], ...]


def attempts_at(database: Database, leg: str) -> Attempts | None:
    """Everything that was tried for a leg, by its public id; None if there is no such leg."""
    reference, _, number = leg.rpartition("-")
    with database.read() as tx:
        try:
            row = legs.get(tx, reference, number)
        except UnknownLeg:
            return None
        return Attempts(row, tuple((message, tuple(leases.attempts_of(tx, message)))
                                   for message in messages.of_case(tx, reference) if message.leg == number))


@dataclass(frozen=True, slots=True)
class Health:
    """How many legs stand in which state, what does not hold, and why the service is paused, if it is. `drift`: the
    counters that a recount found wrong, None without a recount; `resting`: offices that are left alone for now;
    `unfetched`: what offices that fetch have yet to take; `undelivered`: what was granted and not said to be delivered
    by offices that are not in the list any more; `scans`: which files no scanner has cleared; `failing`: the parts of
    sweeps that fail."""

    by_state: Mapping[str, int]
    breaches: tuple[Breach, ...]
    paused: str | None
    drift: tuple[Drift, ...] | None = None
    resting: tuple[Lane, ...] = ()
    unfetched: tuple[Unfetched, ...] = ()
    undelivered: Mapping[str, int] = field(default_factory=dict)
    scans: uncleared.Figures = uncleared.NONE
    failing: tuple[Failing, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As `flask legs --json` prints it."""
        drift = None if self.drift is None else [asdict(one) for one in self.drift]
        return {"legs": sum(self.by_state.values()), "by_state": dict(self.by_state), "paused": self.paused,
                "breaches": [{"rule": one.rule, "leg": "-".join(filter(None, (one.reference, one.leg)))}
                             for one in self.breaches], "drift": drift,
                "resting": [{"office": one.office, "department": one.department, "failures": one.failures,
                             "reason": one.reason, "since": one.changed_at.isoformat(),
                             "until": one.open_until.isoformat() if one.open_until else None} for one in self.resting],
                "unfetched": [{"office": one.office, "messages": one.count, "since": one.since.isoformat()}
                              for one in self.unfetched],
                "undelivered": dict(self.undelivered), "scans": scans_json(self.scans),
                "failing": [{"part": one.part, "why": one.why, "at": one.at.isoformat()} for one in self.failing]}


def scans_json(found: uncleared.Figures) -> dict[str, Any]:
    """How many files wait for the scanner, since when, and in how many something was found, as JSON."""
    return {**found._asdict(), "since": found.since.isoformat() if found.since else None}


def health(database: Database, now: datetime, listed: Collection[str], *, recount: bool = False) -> Health:
    """What the kept counters say and what the portal's watch has found, where these offices are `listed`; `recount`
    looks at every case and leg anew."""
    with database.read() as tx:
        mark = pausing.paused(tx)
        known = Health(tallies.by_state(tx), tuple(conservation.known(tx)), mark.value if mark else None,
                       resting=tuple(lanes.resting(tx, now)), unfetched=tuple(unfetched(tx)),
                       undelivered=tallies.undelivered(tx, listed), scans=uncleared.figures(tx),
                       failing=failing(tx, now))
    if not recount:
        return known
    with database.read() as tx:
        drift = tuple(tallies.drift(tx))
    return replace(known, breaches=tuple(Watch(database).everything()), drift=drift)
