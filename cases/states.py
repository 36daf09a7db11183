"""The one transition table of a leg: state × event → next state, or why not. `cases/diagram.py` draws it.

Source: contract 3.4 for the department's notices; our own events carry the leg to the department and end it when
nobody there has it yet. First matching row wins; a row's condition (`When`) is a fact of the leg or of the event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cases.model import Ask, Event, Leg, LegState

S = LegState
FILED = "leg.filed"
TRANSFERRED = "leg.transferred"
OVERDUE = "leg.material_overdue"  # a message, no event: what the department hears of a paper that did not follow


class Reply(StrEnum):
    """Why an event moves nothing. All but `known` and `ignored` send a notice to quarantine under this code."""

    KNOWN = "known"
    IGNORED = "ignored"
    NOT_SENT = "not_sent"
    AFTER_FINAL = "after_final"
    CONTRADICTION = "contradiction"
    NOT_REQUESTED = "not_requested"
    EXTENDED_BEFORE = "extended_before"


class When(StrEnum):
    """A condition of a row; `HOLDS` says how it is read."""

    QUEUED_AT_ONCE = "created as queued"
    ABOUT_FILING = "message is leg.filed"
    NOT_REACHED = "department cannot have it"
    REACHED = "department may have had it"
    LAST_ASK = "no ask of the department is left open"
    LAST_HOLD = "no ask that holds the leg is left open"
    HOLDS_LEG = "ask holds the leg"
    DEPARTMENT_ASK = "ask is the department's and open"
    OPEN_ASK = "ask is open"
    REQUESTED = "withdrawal was requested"
    STOPPED = "a rule stopped the leg"
    NO_RESULTS = "results still missing"
    NOT_YET_ACCEPTED = "not accepted yet"
    NOT_EXTENDED = "not extended since it was last reopened"
    BRINGS_NUMBER = "brings the department's number"
    BRINGS_DOCUMENTS = "brings documents"


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the table: the state afterwards (None: unchanged; `said`: the state that the event names)."""

    to: LegState | None
    when: When | None = None
    said: bool = False


Cell = tuple[Move | Reply, ...]

UNSENT = frozenset({S.WAITING, S.HELD})
OUT = frozenset({S.QUEUED, S.SENDING, S.SENT, S.OUTCOME_UNKNOWN, S.STUCK})
WORK = frozenset({
    S.RECEIVED, S.ACCEPTED, S.IN_REVIEW, S.SUPPLEMENT_REQUIRED, S.SUPPLEMENTED, S.SPECIAL, S.FORWARDED, S.SIMULATED,
})
FINAL = frozenset({
    S.DELIVERED, S.REFUSED, S.NOT_ACCEPTED, S.WITHDRAWN, S.TERMINATED, S.VOIDED, S.NOT_NEEDED,
})
GRANTED = frozenset({S.GRANTED, S.DELIVERED})
OVER = FINAL | {S.GRANTED}
TAKEN = WORK | GRANTED | {S.REFUSED, S.NOT_ACCEPTED}  # its department said something of it, so it is there
AT_WORK = OUT | WORK
# What a correction may name: what a department decides or does by itself, without an ask or a procedure that only its
# own notice can describe.
CORRECTABLE = frozenset({
    S.RECEIVED, S.ACCEPTED, S.IN_REVIEW, S.GRANTED, S.DELIVERED, S.REFUSED, S.NOT_ACCEPTED, S.WITHDRAWN,
})
EVERY = frozenset(S)

# What a department can say (contract 3.4); what each of them must hold stands in `desk/hearing/notice_schemas.py`.
NOTICES = frozenset({
    "leg.received", "leg.accepted", "leg.not_accepted", "leg.supplement_required", "leg.special_started",
    "leg.special_ended", "leg.extended", "leg.in_review", "leg.forwarded", "leg.simulated", "leg.granted",
    "leg.refused", "leg.delivered", "leg.withdraw_confirmed", "leg.withdraw_rejected", "leg.remark", "leg.fee",
    "leg.corrected",
})
_RECEIVED, _ACCEPTED, _GRANTED = "leg.received", "leg.accepted", "leg.granted"
STEPS_BEFORE: Mapping[str, tuple[str, ...]] = {
    "leg.accepted": (_RECEIVED,), "leg.not_accepted": (_RECEIVED,), "leg.supplement_required": (_RECEIVED,),
    "leg.special_started": (_RECEIVED, _ACCEPTED), "leg.special_ended": (_RECEIVED, _ACCEPTED, "leg.special_started"),
    "leg.extended": (_RECEIVED, _ACCEPTED), "leg.in_review": (_RECEIVED, _ACCEPTED),
    "leg.forwarded": (_RECEIVED,), "leg.simulated": (_RECEIVED,),
    "leg.granted": (_RECEIVED, _ACCEPTED), "leg.refused": (_RECEIVED, _ACCEPTED),
    "leg.delivered": (_RECEIVED, _ACCEPTED, _GRANTED), "leg.remark": (_RECEIVED,), "leg.fee": (_RECEIVED,),
    "leg.withdraw_rejected": (_RECEIVED,),
}


def _left_open(leg: Leg, event: Event) -> Iterator[Ask]:
    """The asks that are open once the event is told."""
    ended = event.data.get("ask") if event.type in ("leg.supplemented", "leg.ask_dropped") else None
    return (ask for ask in leg.asks if ask.open and ask.id != ended)


def _open_ask(leg: Leg, event: Event, *by: str) -> bool:
    return any(ask.id == event.data.get("ask") and ask.by in by and ask.open for ask in leg.asks)


HOLDS: Mapping[When, Callable[[Leg, Event], bool]] = {
    When.QUEUED_AT_ONCE: lambda _, event: event.data.get("state") == S.QUEUED,
    When.ABOUT_FILING: lambda _, event: event.data.get("message", FILED) == FILED,
    When.NOT_REACHED: lambda leg, _: not leg.reached,
    When.REACHED: lambda leg, _: leg.reached,
    When.LAST_ASK: lambda leg, event: all(ask.by != "department" for ask in _left_open(leg, event)),
    When.LAST_HOLD: lambda leg, event: not any(ask.holds for ask in _left_open(leg, event)),
    When.HOLDS_LEG: lambda leg, event: not leg.reached and bool(event.data.get("holds", True)),
    When.DEPARTMENT_ASK: lambda leg, event: _open_ask(leg, event, "department"),
    When.OPEN_ASK: lambda leg, event: _open_ask(leg, event, "department", "platform"),
    When.REQUESTED: lambda leg, _: leg.rounds.get("withdrawal", 0) > 0,
    When.STOPPED: lambda leg, _: leg.withdrawing and leg.stopped is not None,
    When.NOT_YET_ACCEPTED: lambda leg, _: leg.accepted_at is None,
    When.NOT_EXTENDED: lambda leg, _: leg.extension is None or leg.extension.past,
    When.BRINGS_NUMBER: lambda leg, event: leg.ref is None and bool(event.data.get("ref")),
    When.BRINGS_DOCUMENTS: lambda _, event: bool(event.data.get("documents") or event.data.get("files")),
    When.NO_RESULTS: lambda leg, event: not leg.results and bool(event.data.get("results")),
}

_SAME = Move(None)
_KNOWN: Cell = (Move(None, When.BRINGS_DOCUMENTS), Reply.KNOWN)  # nothing new but what is handed over with it
TABLE: dict[tuple[LegState, str], Cell] = {}
ORDER: list[str] = []


def _on(event: str, states: Iterable[LegState], *cell: Move | Reply) -> None:
    if event not in ORDER:
        ORDER.append(event)
    for state in states:
        TABLE.setdefault((state, event), cell)


# --- our own events: out to the department -------------------------------------------------------------------------
_on("leg.created", {S.WAITING}, Move(S.QUEUED, When.QUEUED_AT_ONCE), _SAME)
_on("leg.released", UNSENT, Move(S.QUEUED))
_on("leg.sending", OUT - {S.SENDING}, Move(S.SENDING, When.ABOUT_FILING), _SAME)
_on("leg.sent", OUT - {S.SENT}, Move(S.SENT, When.ABOUT_FILING), _SAME)
_on("leg.outcome_unknown", OUT - {S.STUCK, S.OUTCOME_UNKNOWN}, Move(S.OUTCOME_UNKNOWN, When.ABOUT_FILING), _SAME)
_on("leg.again", OUT, Move(S.QUEUED, When.ABOUT_FILING), _SAME)
_on("leg.stuck", OUT - {S.STUCK}, Move(S.STUCK, When.ABOUT_FILING), _SAME)
_on("leg.message_refused", OUT, Move(S.STUCK, When.ABOUT_FILING), _SAME)
_on("leg.message_refused", WORK | OVER, _SAME)
# --- our own events: to another office (转办) ------------------------------------------------------------------------
_on(TRANSFERRED, UNSENT, _SAME)
_on(TRANSFERRED, AT_WORK, Move(S.QUEUED))
# --- our own events: the applicant and the order of the legs -------------------------------------------------------
_on("leg.supplemented", {S.SUPPLEMENT_REQUIRED}, Move(S.SUPPLEMENTED, When.LAST_ASK), _SAME)
_on("leg.supplemented", {S.HELD}, Move(S.WAITING, When.LAST_HOLD), _SAME)
_on("leg.supplemented", UNSENT | AT_WORK, _SAME)
_on("leg.ask_dropped", {S.HELD}, Move(S.WAITING, When.LAST_HOLD), _SAME)
_on("leg.ask_dropped", UNSENT | AT_WORK, _SAME)
_on("leg.held", {S.WAITING, S.QUEUED, S.STUCK}, Move(S.HELD, When.HOLDS_LEG), _SAME)
_on("leg.held", {S.HELD} | AT_WORK, _SAME)
_on("leg.continued", UNSENT | AT_WORK, _SAME)
_on("leg.tolerated", UNSENT | AT_WORK, _SAME)
_on("leg.start_lapsed", UNSENT, _SAME)
_on("leg.material_added", AT_WORK, _SAME)
_on("leg.urged", AT_WORK, _SAME)
_on("leg.withdraw_requested", UNSENT, Move(S.WITHDRAWN))
_on("leg.withdraw_requested", {S.QUEUED, S.STUCK}, Move(S.WITHDRAWN, When.NOT_REACHED), _SAME)
_on("leg.withdraw_requested", AT_WORK, _SAME)
_on("leg.withdraw_received", AT_WORK, Move(S.WITHDRAWN, When.STOPPED), _SAME)
_on("leg.withdraw_received", GRANTED, _SAME)
_on("leg.revoke_requested", GRANTED, _SAME)
_on("leg.never_sent", UNSENT, Move(S.WITHDRAWN))
_on("leg.never_sent", {S.QUEUED, S.STUCK}, Move(S.WITHDRAWN, When.NOT_REACHED), Reply.IGNORED)
for _end, _state in (("leg.voided", S.VOIDED), ("leg.not_needed", S.NOT_NEEDED)):
    _on(_end, UNSENT, Move(_state))
    _on(_end, {S.QUEUED, S.STUCK}, Move(_state, When.NOT_REACHED), Reply.IGNORED)
_on("leg.lapsed", WORK, Move(S.TERMINATED, When.DEPARTMENT_ASK), Move(None, When.OPEN_ASK), Reply.IGNORED)
_on("leg.lapsed", UNSENT | OUT, Move(None, When.OPEN_ASK), Reply.IGNORED)
OURS = tuple(ORDER)
OF_CASES = frozenset({"case.filed", "case.erased"})  # what happens to a whole case, and moves no leg
for _event in OURS:
    _on(_event, EVERY, Reply.IGNORED)

# --- the department's notices (contract 3.4) -----------------------------------------------------------------------
_on("leg.received", OUT, Move(S.RECEIVED))
_on("leg.received", WORK | OVER - {S.VOIDED, S.NOT_NEEDED}, Move(None, When.BRINGS_NUMBER), *_KNOWN)
_on("leg.accepted", OUT | {S.RECEIVED, S.SUPPLEMENT_REQUIRED, S.SUPPLEMENTED}, Move(S.ACCEPTED))
_on("leg.accepted", WORK | GRANTED | {S.REFUSED}, Move(None, When.NOT_YET_ACCEPTED), *_KNOWN)
_on("leg.accepted", {S.NOT_ACCEPTED}, Reply.CONTRADICTION)
_on("leg.not_accepted", OUT | {S.RECEIVED, S.SUPPLEMENT_REQUIRED, S.SUPPLEMENTED}, Move(S.NOT_ACCEPTED))
_on("leg.not_accepted", WORK | GRANTED | {S.REFUSED, S.NOT_ACCEPTED}, Reply.CONTRADICTION)
_on("leg.supplement_required", AT_WORK, Move(S.SUPPLEMENT_REQUIRED))
_on("leg.special_started", AT_WORK, Move(S.SPECIAL))
_on("leg.special_ended", {S.SPECIAL}, Move(S.IN_REVIEW, When.LAST_ASK), Move(S.SUPPLEMENT_REQUIRED))
_on("leg.special_ended", {S.SUPPLEMENT_REQUIRED}, _SAME)
_on("leg.special_ended", AT_WORK, Move(S.IN_REVIEW))
_on("leg.extended", AT_WORK, Move(None, When.NOT_EXTENDED), Reply.EXTENDED_BEFORE)
_on("leg.in_review", AT_WORK, Move(S.IN_REVIEW))
_on("leg.forwarded", AT_WORK, Move(S.FORWARDED))
_on("leg.simulated", AT_WORK, Move(S.SIMULATED))
_on("leg.granted", AT_WORK, Move(S.GRANTED))
_on("leg.granted", GRANTED, Move(None, When.NO_RESULTS), Reply.CONTRADICTION)
_on("leg.granted", {S.REFUSED, S.NOT_ACCEPTED}, Reply.CONTRADICTION)
_on("leg.refused", AT_WORK, Move(S.REFUSED))
_on("leg.refused", GRANTED | {S.NOT_ACCEPTED, S.REFUSED}, Reply.CONTRADICTION)
_on("leg.delivered", AT_WORK | {S.GRANTED}, Move(S.DELIVERED))
_on("leg.delivered", {S.REFUSED, S.NOT_ACCEPTED, S.DELIVERED}, Reply.CONTRADICTION)
_on("leg.withdraw_confirmed", AT_WORK, Move(S.WITHDRAWN, When.REQUESTED), Reply.NOT_REQUESTED)
_on("leg.withdraw_confirmed", {S.GRANTED}, Reply.CONTRADICTION)
_on("leg.withdraw_confirmed", {S.WITHDRAWN}, *_KNOWN)
_on("leg.withdraw_rejected", AT_WORK, Move(None, When.REQUESTED), Reply.NOT_REQUESTED)
_on("leg.withdraw_rejected", {S.GRANTED}, _SAME)
_on("leg.remark", AT_WORK | OVER, _SAME)
_on("leg.fee", AT_WORK | {S.GRANTED}, _SAME)
_on("leg.corrected", AT_WORK | OVER - {S.WITHDRAWN, S.VOIDED, S.NOT_NEEDED}, Move(None, said=True))
_on("leg.corrected", {S.WITHDRAWN}, Move(None, When.REACHED, said=True), Reply.AFTER_FINAL)
for _event in sorted(NOTICES):
    _on(_event, UNSENT, Reply.NOT_SENT)
    _on(_event, EVERY, Reply.AFTER_FINAL)


def move(leg: Leg, event: Event) -> Move | Reply:
    """The row that applies to `event` in the leg's state, or why nothing moves; `ignored` for an unknown type."""
    for row in TABLE.get((leg.state, event.type), (Reply.IGNORED,)):
        if isinstance(row, Reply) or row.when is None or HOLDS[row.when](leg, event):
            return row
    return Reply.IGNORED
