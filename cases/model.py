"""A case (办件) and its legs (分办件) as frozen values: the fold of append-only events.

Events are the truth. `cases/fold.py` makes a `Case` from a plan and events; `legs` in the store is a cache of it.
Times are timezone-aware datetimes; days are counted in the deployment's zone by `cases/clock.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from catalog.bundle import Upstream
from catalog.limits import Limit
from forms.plan import Plan


class LegState(StrEnum):
    """Where a leg stands (contract 3.4). The value is the public name."""

    WAITING = "waiting"
    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    OUTCOME_UNKNOWN = "outcome_unknown"
    STUCK = "stuck"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    IN_REVIEW = "in_review"
    SUPPLEMENT_REQUIRED = "supplement_required"
    SUPPLEMENTED = "supplemented"
    SPECIAL = "special"
    FORWARDED = "forwarded"
    SIMULATED = "simulated"
    GRANTED = "granted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    VOIDED = "voided"
    NOT_NEEDED = "not_needed"


class CaseState(StrEnum):
    """What the legs together mean; computed, never stored as truth (contract 3.4)."""

    DRAFT = "draft"
    FILED = "filed"
    IN_PROGRESS = "in_progress"
    NEEDS_APPLICANT = "needs_applicant"
    PARTLY_FINISHED = "partly_finished"
    FINISHED = "finished"
    NOT_GRANTED = "not_granted"
    WITHDRAWN = "withdrawn"


_NO_DATA: Mapping[str, Any] = {}


class Event(NamedTuple):
    """Something that happened. `type` is a notice type of contract 3.4 or one of ours (see `cases/states.py`);
    `leg` None concerns the case; `filled` marks a step a department left out and we filled in.

    A tuple with names: a filing alone makes eighteen, and this takes a tenth of a frozen dataclass.
    """

    type: str
    at: datetime
    by: str
    leg: str | None = None
    data: Mapping[str, Any] = _NO_DATA
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """An interval in which a leg's clock stands: supplement, special procedure, held; `end` None while it lasts.
    `until` is the day on which whoever began it expected its end."""

    start: datetime
    kind: str
    end: datetime | None = None
    why: str = ""
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to the applicant: by a department (supplement) or by ourselves (a paper that no longer comes).

    `until` is the day the applicant's limit ends; `answered_at` set once complete; `lapsed` once it ran out; `dropped`
    once nobody needs to answer it, for what it asked comes from above after all. `holds`: the leg stands until it is
    answered; else it is an offer (a paper that may follow), which decides no state. `deferred`: its paper was promised
    at filing (容缺); it never lapses, it is `overdue` from its day on until it is brought or the department decides.
    """

    id: str
    asked_at: datetime
    reason: str
    materials: tuple[Mapping[str, Any], ...] = ()
    fields: tuple[Mapping[str, Any], ...] = ()
    limit: Limit | None = None
    until: str | None = None
    by: str = "department"
    answered_at: datetime | None = None
    lapsed: bool = False
    holds: bool = True
    dropped: bool = False
    deferred: bool = False
    overdue: bool = False

    @property
    def open(self) -> bool:
        """Whether it can still be answered."""
        return self.answered_at is None and not self.lapsed and not self.dropped


@dataclass(frozen=True, slots=True)
class Result:
    """What a grant yielded: material code, number, validity, files; `void` once revoked. `put_right` is which change of
    the leg's results brought it (1, 2, …; 0: it stands as it was first granted)."""

    material: str | None
    name: str
    number: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    files: tuple[Mapping[str, Any], ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    void: bool = False
    put_right: int = 0


@dataclass(frozen=True, slots=True)
class Extension:
    """What a department's limit was lawfully extended by (延期): why, on which basis, approved by whom, and the day
    `until` which, as it was told; what pauses afterwards moves that. `past`: a correction has reopened the leg since,
    so that it may be extended once more."""

    limit: Limit
    until: str | None
    reason: str
    basis: str
    approved_by: str
    past: bool = False


@dataclass(frozen=True)
class Leg:
    """One leg's state. `back_to` is the state that a pause or a pending withdrawal returns to.

    `started_at`: its last prerequisite closed (or filing); `accepted_at`: the department's clock start;
    `decided_at`: granted or refused; `closed_at`: final. `withdrawing` while the department has yet to confirm.
    `since` is when the leg came into its present state. `reached`: the department may have the leg, so it cannot end
    without telling it. `stopped` is why a rule ended it. `added` are the results of other legs that it already has
    (`K14<08`), `settled` the edges of the plan whose consequence was drawn (edge number → event). `rounds` counts
    supplements, withdrawals, urges and changes of results. `office` is where it was transferred to last (None: where it
    was filed), `left` are the offices that had or may have had it before. `history` is every real event in order of
    arrival; two legs with the same facts are equal whatever the arrival was.
    """

    leg: str
    matter: str
    department: str
    state: LegState
    back_to: LegState | None = None
    started_at: datetime | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    decided_at: datetime | None = None
    closed_at: datetime | None = None
    ref: str | None = None
    step: str | None = None
    reason: str | None = None
    reason_code: str | None = None
    pauses: tuple[Pause, ...] = ()
    asks: tuple[Ask, ...] = ()
    results: tuple[Result, ...] = ()
    fees: tuple[Mapping[str, Any], ...] = ()
    remarks: tuple[str, ...] = ()
    decided_early: bool = False
    withdrawing: bool = False
    forwarded_to: str | None = None
    seq: int = 0
    noticed_at: datetime | None = None
    rounds: Mapping[str, int] = field(default_factory=dict)
    since: datetime | None = None
    reached: bool = False
    stopped: str | None = None
    revoking: bool = False
    mode: str | None = None
    added: tuple[str, ...] = ()
    settled: Mapping[str, str] = field(default_factory=dict)
    office: str | None = None
    left: tuple[str, ...] = ()
    extension: Extension | None = None
    history: tuple[Event, ...] = field(default=(), compare=False, repr=False)

    def but(self, **new: Any) -> Leg:
        """The same leg with other values. Folding does little else, and this takes a tenth of `dataclasses.replace`."""
        return _leg(self.__dict__ | new)


def blank(leg: str, matter: str, department: str) -> Leg:
    """A leg before its first event. It keeps only what is its own: all else is read off the class, so that thousands
    of legs have room in memory."""
    return _leg({"leg": leg, "matter": matter, "department": department, "state": LegState.WAITING,
                 "rounds": _NONE, "settled": _NONE})


_NONE: Mapping[str, Any] = MappingProxyType({})


def _leg(values: dict[str, Any]) -> Leg:
    leg: Leg = object.__new__(Leg)
    object.__setattr__(leg, "__dict__", values)
    return leg


@dataclass(frozen=True, slots=True)
class Standing:
    """How an edge stands: `open` (still waiting for `of`), `done`, or `failed` by `upstream` of the leg `of`."""

    state: Literal["open", "done", "failed"]
    upstream: Upstream | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the fold of its events: the stored plan, when it was filed, and every leg by its number.

    Two things that follow from this very value are remembered with it once somebody asked: `stands`, how the edges of
    the plan stand (a new value begins with those that its change cannot touch), and `tried`, by leg the event that was
    last tried on it and what came of it, so that what was judged is not worked out again when it is applied.
    """

    reference: str
    plan: Plan
    filed_at: datetime
    legs: Mapping[str, Leg]
    stands: dict[int, Standing] = field(init=False, default_factory=dict, compare=False, repr=False)
    tried: dict[str, tuple[Leg, Event, Any]] = field(init=False, default_factory=dict, compare=False, repr=False)
