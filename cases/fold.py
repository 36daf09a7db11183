"""Events → case: begin, apply one, replay all. The fold is the truth; the `legs` rows of the store are its cache.

A leg's notices are put in the department's own order (`seq`, else their time) before they are folded, so copies
and any order of arrival give the same leg. An event of ours stands right after the notices we knew when we made it.
Steps that a department left out are made up on the way; the `filled` events in the log only record that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from cases.edges import stands_by
from cases.errors import UnknownEvent, UnknownLeg
from cases.marks import corrected_state, mark, proved_by
from cases.model import Case, Event, Leg, LegState, blank
from cases.states import (
    FINAL,
    GRANTED,
    NOTICES,
    OF_CASES,
    OURS,
    OVER,
    STEPS_BEFORE,
    TRANSFERRED,
    Move,
    Reply,
    move,
)
from forms.plan import Plan

_PAUSED = frozenset({LegState.SUPPLEMENT_REQUIRED, LegState.SPECIAL, LegState.FORWARDED, LegState.SIMULATED})
NATURAL_COURSE = {name: place for place, name in enumerate((
    "leg.received", "leg.remark", "leg.fee", "leg.accepted", "leg.not_accepted", "leg.supplement_required",
    "leg.special_started", "leg.special_ended", "leg.extended", "leg.in_review", "leg.simulated", "leg.forwarded",
    "leg.withdraw_rejected", "leg.granted", "leg.refused", "leg.withdraw_confirmed", "leg.delivered", "leg.corrected",
))}
_ENDING = frozenset({
    "leg.granted", "leg.refused", "leg.not_accepted", "leg.delivered", "leg.withdraw_confirmed", "leg.corrected",
    "leg.lapsed", "leg.voided", "leg.not_needed", "leg.withdraw_received", "leg.never_sent",
})


@dataclass(frozen=True, slots=True)
class Step:
    """One event in its place: the steps made up before it, and what it did (`Move`) or why it did nothing."""

    event: Event
    filled: tuple[Event, ...]
    effect: Move | Reply

    @property
    def ends(self) -> bool:
        """Whether this event decided or closed the leg; such a step is never undone by a late notice. One of ours that
        left the state as it was ended nothing: the receipt of a withdrawal stands behind the confirmation or before."""
        moves = isinstance(self.effect, Move) and (self.effect.to is not None or self.event.type in NOTICES)
        return moves and self.event.type in _ENDING

    @property
    def undone(self) -> bool:
        """Whether this event would decide or close the leg but does nothing where it stands."""
        return isinstance(self.effect, Reply) and self.event.type in _ENDING


def begin(reference: str, plan: Plan, filed_at: datetime) -> Case:
    """The case before its first event: every leg of the plan, waiting."""
    return Case(reference, plan, filed_at, {p.leg: blank(p.leg, p.matter, p.department) for p in plan.legs})


def apply(case: Case, event: Event) -> Case:
    """The case after one more event. Raises `UnknownLeg`, `UnknownEvent`."""
    return apply_all(case, [event])


def apply_all(case: Case, events: Iterable[Event]) -> Case:
    """The case after several more events; the same as `apply` one by one, with one look at the whole case."""
    legs: dict[str, Leg] = {}
    for event in events:
        if event.leg is not None and not event.filled:
            leg = legs.get(event.leg) or leg_of(case, event.leg)
            legs[event.leg] = tried(case, leg, event)[0]
    return _with_legs(case, legs) if legs else case


def replay(reference: str, plan: Plan, filed_at: datetime, events: Iterable[Event]) -> Case:
    """The case of all these events in order of arrival; the same as `begin` and `apply` one by one. Raises
    `UnknownEvent`."""
    case = begin(reference, plan, filed_at)
    histories: dict[str, list[Event]] = {}
    for event in events:
        if event.leg is None and event.type not in OF_CASES:
            raise UnknownEvent(event.type)
        if event.leg is not None and not event.filled:
            histories.setdefault(leg_of(case, event.leg).leg, []).append(event)
    begun: dict[tuple[datetime, str], Leg] = {}
    folded = {number: _begun(case.legs[number], history[0], begun) if len(history) == 1
              else _folded(case.legs[number], tuple(history))[0] for number, history in histories.items()}
    return _with_flags(replace(case, legs={**case.legs, **folded}), case.legs)


def leg_of(case: Case, number: str) -> Leg:
    """The leg of this number; raises `UnknownLeg`."""
    try:
        return case.legs[number]
    except KeyError:
        raise UnknownLeg(f"办件 {case.reference} 没有分办件 {number}") from None


def fold_leg(leg: Leg, history: tuple[Event, ...]) -> tuple[Leg, tuple[Step, ...]]:
    """A leg from nothing by `history` (order of arrival), and every step in the order that counts."""
    return _folded(blank(leg.leg, leg.matter, leg.department), history)


def _folded(leg: Leg, history: tuple[Event, ...]) -> tuple[Leg, tuple[Step, ...]]:
    """`fold_leg` of a leg that is blank."""
    steps: list[Step] = []
    for event in history if _as_it_came(history) else in_order(history):
        leg, step = take(leg, event)
        steps.append(step)
    return leg.but(history=history), tuple(steps)


def add(leg: Leg, event: Event) -> tuple[Leg, tuple[Step, ...]]:
    """A leg with one more event, and the steps that count for it: only the last one where nothing comes after it in
    the order that counts, which is nearly always; else all of them from the beginning."""
    if not comes_last(leg, event):
        return fold_leg(leg, (*leg.history, event))
    after, step = take(leg, event)
    return after.but(history=(*leg.history, event)), (step,)


def tried(case: Case, leg: Leg, event: Event) -> tuple[Leg, tuple[Step, ...]]:
    """`add` for a leg of this case, worked out once: what was judged is what is applied."""
    before = case.tried.get(leg.leg)
    if before is not None and before[0] is leg and before[1] is event:
        made: tuple[Leg, tuple[Step, ...]] = before[2]
    else:
        made = add(leg, event)
        case.tried[leg.leg] = (leg, event, made)
    return made


def _as_it_came(history: Sequence[Event]) -> bool:
    """Whether each event came behind those before it (`comes_last`): then the order that counts is that of arrival."""
    latest: datetime | None = None
    highest = 0
    for event in history:
        if event.type in NOTICES:
            seq = _seq(event)
            if latest is not None and (event.at <= latest or 0 < seq <= highest):
                return False
            latest, highest = event.at, max(seq, highest)
        elif event.type == TRANSFERRED:
            latest, highest = None, 0
    return True


def stay(leg: Leg) -> tuple[Event, ...]:
    """The part of a leg's history that its present office has a part in: since it came there."""
    if leg.office is None:
        return leg.history
    came = max(place for place, event in enumerate(leg.history) if event.type == TRANSFERRED)
    return leg.history[came:]


def comes_last(leg: Leg, event: Event) -> bool:
    """Whether an event that arrives now stands behind all others of its leg: ours always do, a notice does when it is
    later, and numbered higher, than every notice before it."""
    if event.type not in NOTICES:
        return True
    seq = _seq(event)
    return all(other.at < event.at and (not seq or _seq(other) < seq) for other in stay(leg) if other.type in NOTICES)


def timeline(leg: Leg) -> tuple[Event, ...]:
    """What happened to the leg in the order that counts, with the steps a department left out, marked `filled`."""
    _, steps = fold_leg(leg, leg.history)
    return tuple(event for step in steps for event in (*step.filled, step.event))


def story(leg: Leg) -> tuple[Event, ...]:
    """The timeline as people read it: each office receives a leg once. A quick notice overtakes the push's own answer,
    which then only brings the department's number."""
    told: list[Event] = []
    received = False
    for event in timeline(leg):
        if event.type != "leg.received" or not received:
            told.append(event)
        received = event.type != TRANSFERRED and (received or event.type == "leg.received")
    return tuple(told)


def _begun(leg: Leg, event: Event, alike: dict[tuple[datetime, str], Leg]) -> Leg:
    """A blank leg after its one event; most legs of a case begin at one moment in one of two ways."""
    state = event.data.get("state")
    if event.type != "leg.created" or len(event.data) != 1 or not isinstance(state, str):
        return _folded(leg, (event,))[0]
    way = event.at, state
    if way not in alike:
        alike[way] = _folded(leg, (event,))[0]
    return alike[way].but(leg=leg.leg, matter=leg.matter, department=leg.department, history=(event,))


def take(leg: Leg, event: Event) -> tuple[Leg, Step]:
    """One event in its place: made-up steps first, then the event itself, if the table lets it move or note."""
    if event.type not in NOTICES and event.type not in OURS:
        raise UnknownEvent(event.type)
    row = move(leg, event)
    if isinstance(row, Reply):
        return leg, Step(event, (), row)
    filled: list[Event] = []
    for name in STEPS_BEFORE.get(event.type, ()):
        made_up = Event(name, event.at, event.by, event.leg, {}, filled=True)
        if not _has(leg, name) and isinstance(made_up_row := move(leg, made_up), Move):
            leg = _write(leg, made_up, made_up_row)
            filled.append(made_up)
    return _write(leg, event, row), Step(event, tuple(filled), row)


def in_order(history: Sequence[Event]) -> list[Event]:
    """The events in the order that counts, whatever the order in which they arrived. What one office said is never put
    among what another did: each counts and dates by itself."""
    ordered: list[Event] = []
    begins = [0, *(place for place, event in enumerate(history) if event.type == TRANSFERRED), len(history)]
    for begin_, end in pairwise(begins):
        ordered += _in_order(history[begin_:end])
    return ordered


def _in_order(history: Sequence[Event]) -> list[Event]:
    notices = [(place, event) for place, event in enumerate(history) if event.type in NOTICES]
    ranked = sorted(zip(_times(history, notices), notices, strict=True), key=lambda n: (n[0], *_tie(n[1][1])))
    position = {place: rank for rank, (_, (place, _)) in enumerate(ranked)}
    keyed: list[tuple[int, int, int, Event]] = []
    known = -1
    for place, event in enumerate(history):
        ours = place not in position
        known = known if ours else max(known, position[place])
        keyed.append((known if ours else position[place], int(ours), place, event))
    return [event for *_, event in sorted(keyed, key=lambda k: k[:3])]


def _times(history: Sequence[Event], notices: Sequence[tuple[int, Event]]) -> list[datetime]:
    """When each notice counts as said: numbered ones never before one with a smaller number, and an answer to our
    withdrawal never before what we knew when we asked, however the two clocks differ."""
    times = {place: event.at for place, event in notices}
    latest: datetime | None = None
    for place, event in sorted((n for n in notices if _seq(n[1])), key=lambda n: (_seq(n[1]), n[1].at)):
        latest = event.at if latest is None else max(latest, event.at)
        times[place] = latest
    for place, event in notices:
        if event.type in ("leg.withdraw_confirmed", "leg.withdraw_rejected"):
            asked = max((p for p in range(place) if history[p].type == "leg.withdraw_requested"), default=0)
            times[place] = max(times[p] for p in times if p < asked or p == place)
    return [times[place] for place, _ in notices]


def _seq(event: Event) -> int:
    seq = event.data.get("seq")
    return seq if isinstance(seq, int) else 0


def _tie(event: Event) -> tuple[int, int, str]:
    """Order among notices of the same moment: their number, else the natural course of a leg, else their text."""
    return _seq(event), NATURAL_COURSE[event.type], json.dumps(event.data, sort_keys=True, default=str)


def _has(leg: Leg, step: str) -> bool:
    """Whether the leg has passed the step that would be made up."""
    return {
        "leg.received": leg.received_at is not None, "leg.accepted": leg.accepted_at is not None,
        "leg.granted": leg.state in GRANTED,
        "leg.special_started": any(p.kind == "special" and p.end is None for p in leg.pauses),
    }[step]


def _write(leg: Leg, event: Event, row: Move) -> Leg:
    before = leg.state
    after = (corrected_state(event) if row.said else row.to) or before
    back_to = None if after not in _PAUSED else leg.back_to if before in _PAUSED else before
    since = event.at if after is not before or leg.since is None else leg.since
    proved = proved_by(leg, event) if event.type in NOTICES else {}
    if proved or after is not before or since is not leg.since:
        leg = leg.but(state=after, back_to=back_to, since=since, **proved)
    leg = mark(leg, event)
    reopened = row.said and after not in FINAL
    closed_at = (leg.closed_at or event.at) if after in FINAL else None if reopened else leg.closed_at
    return leg if closed_at is leg.closed_at else leg.but(closed_at=closed_at)


def _with_legs(case: Case, legs: Mapping[str, Leg]) -> Case:
    """The case with other values of some legs, and with all that is known of it and still holds."""
    made = Case(case.reference, case.plan, case.filed_at, {**case.legs, **legs})
    touched: set[int] = set()
    looked_at = set(legs)
    for number, leg in legs.items():
        before, part = case.legs[number], case.plan.parts[number]
        if stands_by(case, before) != stands_by(made, leg):
            touched |= part.ends
        if (before.state in OVER) is not (leg.state in OVER):
            looked_at |= part.below
    made.stands.update({edge: stands for edge, stands in case.stands.items() if edge not in touched})
    return _with_flags(made, looked_at)


def _with_flags(case: Case, numbers: Iterable[str]) -> Case:
    """`decided_early`: granted while a predecessor of kind before_decide is still open; gone once that one is over."""
    changed = {
        number: leg.but(decided_early=not leg.decided_early) for number in numbers
        if ((leg := case.legs[number]).state in GRANTED or leg.decided_early)
        and leg.decided_early != (leg.state in GRANTED and _above_open(case, number))
    }
    if not changed:
        return case
    made = replace(case, legs={**case.legs, **changed})
    made.stands.update(case.stands)  # no edge stands by this flag
    return made


def _above_open(case: Case, number: str) -> bool:
    return any(edge.kind == "before_decide" and any(case.legs[t].state not in OVER for t in edge.targets)
               for _, edge in case.plan.parts[number].edges)
