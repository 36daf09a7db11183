"""What an event writes on a leg besides its state: times, pauses, asks, results, fees, remarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cases.beyond import BEYOND
from cases.model import Ask, Event, Extension, Leg, LegState, Pause, Result
from cases.said import entries, plain_text, read_day, read_limit, text
from cases.states import CORRECTABLE, NOTICES, OUT, OVER, TRANSFERRED

Mark = Callable[[Leg, Event], Leg]
STANDING = ("supplement", "special", "forwarded", "simulated", "held")
_ACCEPTED_BY_THEN = CORRECTABLE - {LegState.RECEIVED, LegState.NOT_ACCEPTED, LegState.WITHDRAWN}


def mark(leg: Leg, event: Event) -> Leg:
    """The leg with everything that `event` says written on it; the state is not touched."""
    writer = MARKS.get(event.type)
    leg = writer(leg, event) if writer is not None else leg
    return _settle(leg, event)


def proved_by(leg: Leg, notice: Event) -> dict[str, Any]:
    """What every notice proves: the department has the leg, under this number, as of this time and sequence."""
    seq, at = notice.data.get("seq"), notice.at
    return {"reached": True, "ref": text(notice, "ref") or leg.ref,
            "noticed_at": at if leg.noticed_at is None else max(leg.noticed_at, at),
            "seq": max(leg.seq, seq) if isinstance(seq, int) else leg.seq}


def read_ask(event: Event) -> Ask:
    """The request that a `leg.supplement_required` or `leg.held` makes, or the offer of any other event."""
    asked_by_department = event.type == "leg.supplement_required"
    return Ask(
        id=text(event, "ask") or f"{event.at.isoformat()}", asked_at=event.at, reason=text(event, "reason") or "",
        materials=entries(event.data.get("materials"), "material"), fields=entries(event.data.get("fields"), "field"),
        limit=read_limit(event.data.get("limit")), until=read_day(event.data.get("until")),
        by="department" if asked_by_department else "platform",
        holds=asked_by_department or (event.type == "leg.held" and bool(event.data.get("holds", True))),
        deferred=event.type == "leg.tolerated",
    )


def corrected_state(event: Event) -> LegState | None:
    """The state that a correction names; None where it names none that a correction may name."""
    what = event.data.get("what")
    name = what.get("state") if isinstance(what, Mapping) else event.data.get("state")
    return next((state for state in CORRECTABLE if state.value == name), None)


def read_results(value: object) -> tuple[Result, ...]:
    """The results a grant or a correction lists; entries of another shape are left out."""
    listed = value if isinstance(value, (list, tuple)) else ()
    return tuple(
        Result(
            material=plain_text(r.get("material")),
            name=plain_text(r.get("name")) or plain_text(r.get("material")) or "办理结果",
            number=plain_text(r.get("number")), valid_from=plain_text(r.get("valid_from")),
            valid_to=plain_text(r.get("valid_to")), files=entries(r.get("files"), "file"),
            fields=r["fields"] if isinstance(r.get("fields"), Mapping) else {},
        )
        for r in listed if isinstance(r, Mapping)
    )


def start_pause(leg: Leg, event: Event, kind: str, why: str) -> Leg:
    """The leg with its clock stopped from the event on."""
    return leg.but(pauses=(*leg.pauses, Pause(event.at, kind, None, why, read_day(event.data.get("expected_end")))))


def end_pauses(leg: Leg, at: datetime, *kinds: str) -> Leg:
    """The leg with every open pause of these kinds closed at `at`."""
    if not leg.pauses or not any(p.end is None and p.kind in kinds for p in leg.pauses):
        return leg
    closed = (
        replace(p, end=max(p.start, at)) if p.end is None and p.kind in kinds else p for p in leg.pauses
    )
    return leg.but(pauses=tuple(closed))


def _settle(leg: Leg, event: Event) -> Leg:
    """Remember that the consequence of an edge was drawn, so that it is drawn once."""
    key = event.data.get("edge")
    if key is None or event.type in NOTICES:
        return leg
    return leg.but(settled={**leg.settled, str(key): event.type.removeprefix("leg.")})


def _count(leg: Leg, what: str) -> Leg:
    return leg.but(rounds={**leg.rounds, what: leg.rounds.get(what, 0) + 1})


def _started(leg: Leg, event: Event) -> Leg:
    if event.type == "leg.created" and event.data.get("state") != LegState.QUEUED:
        return leg
    leg = end_pauses(leg, event.at, "held").but(started_at=event.at)
    arrived = event.data.get("with")
    return leg.but(added=(*leg.added, *(str(key) for key in arrived))) if arrived else leg


def _sent(leg: Leg, event: Event) -> Leg:
    return leg.but(reached=True, sent_at=leg.sent_at or event.at) if _about_filing(event) else leg


def _about_filing(event: Event) -> bool:
    return bool(event.data.get("message", "leg.filed") == "leg.filed")


def _again(leg: Leg, event: Event) -> Leg:
    """A retry after an attempt that certainly never left keeps what was known; any other may have had its effect."""
    return leg if event.data.get("never_sent") or not _about_filing(event) else leg.but(reached=True)


def _refused_message(leg: Leg, event: Event) -> Leg:
    """The department did not take the filing; where it has spoken of the leg it has it, and its word stands. Why a
    system takes no message stands with the message, for operators; the leg's reason is a department's word."""
    return leg.but(reached=False) if _about_filing(event) and leg.state in OUT else leg


def _received(leg: Leg, event: Event) -> Leg:
    return leg.but(received_at=leg.received_at or event.at)


def _accepted(leg: Leg, event: Event) -> Leg:
    leg = leg.but(accepted_at=leg.accepted_at or event.at)
    return _moved_on(leg, event) if leg.state is LegState.ACCEPTED and not event.filled else leg


def _moved_on(leg: Leg, event: Event) -> Leg:
    """The department works on: whatever it was waiting for no longer stops the clock, and its asks are met."""
    leg = end_pauses(leg, event.at, "supplement", "special", "forwarded", "simulated")
    if not leg.asks:
        return leg
    asks = tuple(
        replace(a, answered_at=event.at) if a.by == "department" and a.open else a
        for a in leg.asks
    )
    return leg.but(asks=asks)


def _in_review(leg: Leg, event: Event) -> Leg:
    return _moved_on(leg, event).but(step=text(event, "step") or leg.step)


def _supplement(leg: Leg, event: Event) -> Leg:
    ask = read_ask(event)
    leg = start_pause(end_pauses(leg, event.at, "forwarded", "simulated"), event, "supplement", ask.reason)
    # What another office once asked under the same name is not meant by it any more.
    before = leg.asks if leg.office is None else tuple(a for a in leg.asks if a.id != ask.id)
    return _count(leg.but(asks=(*before, ask)), "supplement")


def _supplemented(leg: Leg, event: Event) -> Leg:
    asks = tuple(replace(a, answered_at=event.at) if a.id == event.data.get("ask") else a for a in leg.asks)
    return _nothing_held(leg.but(asks=asks), event.at)


def _nothing_held(leg: Leg, at: datetime) -> Leg:
    """The leg without the pauses for which no ask is left open."""
    for who, kind in (("department", "supplement"), ("platform", "held")):
        if not any(a.by == who and a.open and a.holds for a in leg.asks):
            leg = end_pauses(leg, at, kind)
    return leg


def _ask_dropped(leg: Leg, event: Event) -> Leg:
    """The consequence of the edge is undone with its ask: should the leg above fail again, it is drawn again."""
    asks = tuple(replace(a, dropped=True) if a.open and a.id == event.data.get("ask") else a for a in leg.asks)
    drawn = {key: how for key, how in leg.settled.items() if key != event.data.get("was")}
    return _nothing_held(leg.but(asks=asks, settled=drawn), event.at)


def _special(leg: Leg, event: Event) -> Leg:
    return start_pause(leg, event, "special", text(event, "kind") or "特别程序")


def _special_over(leg: Leg, event: Event) -> Leg:
    return end_pauses(leg, event.at, "special")


def _extended(leg: Leg, event: Event) -> Leg:
    added = read_limit(event.data.get("adds")) or read_limit(event.data.get("limit"))
    reason, basis, approved_by = (text(event, key) or "" for key in ("reason", "basis", "approved_by"))
    ends = read_day(event.data.get("ends"))
    return leg if added is None else leg.but(extension=Extension(added, ends, reason, basis, approved_by))


def _forwarded(leg: Leg, event: Event) -> Leg:
    to = text(event, "to")
    leg = end_pauses(leg, event.at, "special")
    return start_pause(leg, event, "forwarded", f"上报{to or ''}").but(forwarded_to=to or leg.forwarded_to)


def _simulated(leg: Leg, event: Event) -> Leg:
    return start_pause(leg, event, "simulated", "模拟审批")


def _decided(leg: Leg, event: Event) -> Leg:
    """A decision ends every pause and whatever was still asked or asked back."""
    leg = _without_asks(end_pauses(_moved_on(leg, event), event.at, *STANDING))
    return leg.but(decided_at=leg.decided_at or event.at, withdrawing=False)


def _granted(leg: Leg, event: Event) -> Leg:
    """The first results stand; a leg that a correction reopened gets those of its new grant."""
    given = read_results(event.data.get("results"))
    if leg.decided_at is not None:
        return leg if leg.results or not given else _given_anew(leg, given, ())
    decided = _decided(leg, event)
    if given:  # where it is decided anew all of it counts as new: who was filed meanwhile got none of it
        return _given_anew(decided, given, ())
    return decided.but(results=tuple(r for r in leg.results if not r.void))


def _given_anew(leg: Leg, results: Sequence[Result], stood: Iterable[Result]) -> Leg:
    """These results in the place of those that `stood`. Of a material of which anything differs they are numbered, but
    the first that the leg ever gave, so that whoever had earlier ones is told (`feeds`)."""
    leg = _count(leg, "results")
    n = leg.rounds["results"] - 1
    kept, came = _by_material(r for r in stood if not r.void), _by_material(results)
    same = {kind for kind, found in came.items() if found == [replace(r, put_right=0) for r in kept.get(kind, ())]}
    return leg.but(results=tuple(
        kept[r.material].pop(0) if r.material in same else replace(r, put_right=n) for r in results))


def _by_material(results: Iterable[Result]) -> dict[str | None, list[Result]]:
    found: dict[str | None, list[Result]] = {}
    for result in results:
        found.setdefault(result.material, []).append(result)
    return found


def _without_asks(leg: Leg) -> Leg:
    """A leg that is over asks nothing any more."""
    asks = tuple(replace(a, lapsed=True) if a.open else a for a in leg.asks)
    return leg.but(asks=asks) if asks != leg.asks else leg


def _ended(leg: Leg, event: Event) -> Leg:
    leg = _without_asks(end_pauses(leg, event.at, *STANDING))
    return leg.but(
        closed_at=event.at, withdrawing=False, reason=text(event, "reason") or text(event, "text") or leg.reason,
        reason_code=text(event, "reason_code") or leg.reason_code,
    )


def _refused(leg: Leg, event: Event) -> Leg:
    return _ended(_decided(leg, event), event)


def _delivered(leg: Leg, event: Event) -> Leg:
    return leg.but(closed_at=event.at, mode=text(event, "mode"))


def _withdrawing(leg: Leg, event: Event) -> Leg:
    why = text(event, "why") or "applicant"
    leg = leg.but(stopped=None if why == "applicant" else why, reason=text(event, "reason") or leg.reason)
    leg = _count(leg, "withdrawal")
    return _ended(leg, event) if leg.state is LegState.WITHDRAWN else leg.but(withdrawing=True)


def _withdraw_received(leg: Leg, event: Event) -> Leg:
    if leg.revoking:
        return leg.but(revoking=False, results=tuple(replace(r, void=True) for r in leg.results))
    return _ended(leg, event) if leg.stopped is not None and leg.withdrawing else leg


def _not_withdrawn(leg: Leg, event: Event) -> Leg:  # noqa: ARG001  # every mark has this shape
    return leg.but(withdrawing=False, stopped=None)


def _held(leg: Leg, event: Event) -> Leg:
    leg = leg.but(asks=(*leg.asks, read_ask(event)))
    return start_pause(leg, event, "held", text(event, "reason") or "") if event.data.get("holds", True) else leg


def _continued(leg: Leg, event: Event) -> Leg:
    """Going on without a paper (a leg above owed it, or it is tolerated): it may still be brought, nothing waits."""
    return leg.but(asks=(*leg.asks, read_ask(event))) if event.data.get("ask") else leg


def _lapsed(leg: Leg, event: Event) -> Leg:
    asked = event.data.get("ask")
    leg = leg.but(asks=tuple(replace(a, lapsed=not a.deferred, overdue=a.deferred)
                             if a.id == asked and a.answered_at is None else a for a in leg.asks))
    return _ended(leg, event) if leg.state is LegState.TERMINATED else leg


def _added(leg: Leg, event: Event) -> Leg:
    return leg.but(added=(*leg.added, *(str(key) for key in event.data.get("keys") or ())))


def _revoking(leg: Leg, event: Event) -> Leg:
    return leg.but(revoking=True, reason=text(event, "reason") or leg.reason)


def _remark(leg: Leg, event: Event) -> Leg:
    return leg.but(remarks=(*leg.remarks, text(event, "text") or ""))


def _fee(leg: Leg, event: Event) -> Leg:
    beside = ("seq", "leg", "documents", "files", BEYOND)
    return leg.but(fees=(*leg.fees, {k: v for k, v in event.data.items() if k not in beside}))


def _urged(leg: Leg, event: Event) -> Leg:  # noqa: ARG001  # every mark has this shape
    return _count(leg, "urge")


def _transferred(leg: Leg, event: Event) -> Leg:
    """Nothing of it is at the new office yet, and nothing of the old office's own holds there: its number, its steps,
    a withdrawal that it did not confirm. What it asked may still be brought, and is then sent on like any paper that
    comes later; what we ask for ourselves still stands. The limit runs on where the new office stands in the old one's
    place (`clock`), else it starts anew."""
    left = (*leg.left, event.data["from"]) if event.data.get("told") else leg.left
    leg = leg.but(office=text(event, "to"), left=left)
    if leg.state is not LegState.QUEUED:
        return leg
    clock = text(event, "clock")
    asks = tuple(replace(a, by="platform", holds=False) if a.open and a.by == "department" else a for a in leg.asks)
    pauses = end_pauses(leg, event.at, *(kind for kind in STANDING if kind != "held")).pauses
    rounds = {name: many for name, many in leg.rounds.items() if name != "withdrawal"}
    return leg.but(
        asks=asks, rounds=rounds, extension=leg.extension if clock else None,
        pauses=pauses if clock else tuple(p for p in pauses if p.end is None),
        started_at=leg.started_at if clock else event.at, sent_at=None, received_at=None,
        accepted_at=datetime.fromisoformat(clock) if clock else None, reached=False, ref=None, seq=0, noticed_at=None,
        step=None, forwarded_to=None, reason=None)


def _corrected(leg: Leg, event: Event) -> Leg:
    what = event.data.get("what")
    said: Mapping[str, Any] = what if isinstance(what, Mapping) else {}
    if said.get("results"):
        leg = _given_anew(leg, read_results(said["results"]), leg.results)
    if said.get("void"):
        leg = leg.but(results=tuple(replace(r, void=True) for r in leg.results))
    reason = plain_text(said.get("reason")) or (what if isinstance(what, str) else None)
    leg = leg.but(reason=reason or leg.reason, withdrawing=False)
    return leg if corrected_state(event) is None else _put_right(leg, event)


def _put_right(leg: Leg, event: Event) -> Leg:
    """A leg that a correction put into another state: nothing stands or is asked any more; an open one is undecided."""
    if leg.state is LegState.WITHDRAWN:
        return _without_asks(end_pauses(leg, event.at, *STANDING))
    passed = _accepted(_received(leg, event), event) if leg.state in _ACCEPTED_BY_THEN else _received(leg, event)
    if leg.state not in OVER:
        was = leg.extension and replace(leg.extension, past=True)
        return _moved_on(passed, event).but(decided_at=None, stopped=None, extension=was)
    return _without_asks(end_pauses(passed, event.at, *STANDING)).but(decided_at=leg.decided_at or event.at)


MARKS: Mapping[str, Mark] = {
    "leg.created": _started, "leg.released": _started, "leg.sent": _sent, "leg.outcome_unknown": _sent,
    "leg.again": _again, "leg.message_refused": _refused_message, "leg.urged": _urged,
    "leg.supplemented": _supplemented, "leg.held": _held, "leg.continued": _continued, "leg.tolerated": _continued,
    "leg.ask_dropped": _ask_dropped, "leg.lapsed": _lapsed, "leg.material_added": _added, TRANSFERRED: _transferred,
    "leg.withdraw_requested": _withdrawing, "leg.withdraw_received": _withdraw_received, "leg.never_sent": _ended,
    "leg.voided": _ended, "leg.not_needed": _ended, "leg.revoke_requested": _revoking,
    "leg.received": _received, "leg.accepted": _accepted, "leg.not_accepted": _refused,
    "leg.supplement_required": _supplement, "leg.special_started": _special, "leg.special_ended": _special_over,
    "leg.extended": _extended,
    "leg.in_review": _in_review, "leg.forwarded": _forwarded, "leg.simulated": _simulated, "leg.granted": _granted,
    "leg.refused": _refused, "leg.delivered": _delivered, "leg.withdraw_confirmed": _ended,
    "leg.withdraw_rejected": _not_withdrawn, "leg.remark": _remark, "leg.fee": _fee, "leg.corrected": _corrected,
}
