"""What must follow from what happened: releases, consequences, papers that flow, and the messages to departments.

Pure and to a fixpoint: `follow` gives every further event and every message; calling it again gives none.
Meanings: language 2.5–2.7.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from cases.calendar_days import WorkCalendar
from cases.clock import Due, explain
from cases.edges import (
    REFUSALS,
    ask_id,
    dropped,
    edges_to,
    effect_of,
    end_state,
    ending,
    over,
    planned,
    satisfied,
    sent,
    standing,
    unsent,
)
from cases.errors import CaseError
from cases.feeds import arrived, event_data, flows_to
from cases.fold import apply, apply_all
from cases.judge import DEFAULT_ASK_LIMIT
from cases.lapse import PLATFORM
from cases.model import Case, Event, Leg, LegState, Standing
from cases.needs import unmet
from cases.states import FINAL, GRANTED, OVERDUE, TRANSFERRED, UNSENT

_MOST_STEPS = 10_000
_NOBODY_LEFT = "所依附的事项都没有办成，本事项不再需要"
_WORDS = {
    "refused": "没有办成", "withdrawn": "已撤回", "lapsed": "已超过衔接期限", "voided": "结果已作废",
    "unclear": "核查未能确认",
}


@dataclass(frozen=True, slots=True)
class ToSend:
    """A message the department must get: its type, its leg, and what the event said; `office` None: the one that has
    the leg. The desk makes it a row."""

    type: str
    leg: str
    data: Mapping[str, Any] = field(default_factory=dict)
    office: str | None = None


@dataclass(frozen=True, slots=True)
class Consequences:
    """The case after everything that follows, the events to append in order, the messages to send."""

    case: Case
    events: tuple[Event, ...] = ()
    outbox: tuple[ToSend, ...] = ()


def opening(case: Case, by: str, later: Sequence[str] = (), calendar: WorkCalendar | None = None) -> Consequences:
    """The first events of a case that `begin` made: filed, and every leg waiting or queued at once.

    `later` are the keys of tolerated papers (容缺) that were not brought: each of their legs gets a request with the
    tolerated limit that holds nothing up; with `calendar` it says the day.
    """
    at = case.filed_at
    events = [Event("case.filed", at, by, None, {"legs": len(case.legs)})]
    for number in case.legs:
        state = LegState.QUEUED if _may_start(case, number) else LegState.WAITING
        events.append(Event("leg.created", at, PLATFORM, number, {"state": state.value}))
    return _with(case, [*events, *_tolerated(case, frozenset(later), calendar)])


def at_rest(before: Leg, after: Leg) -> bool:
    """Whether a change of one leg has no consequences: all that the rules read of a leg is as it was, and nothing
    followed from that. About half of all events are of this kind, so `follow` is not asked for them."""
    return before is after or _read_by_rules(before) == _read_by_rules(after)


def _read_by_rules(leg: Leg) -> tuple[object, ...]:
    return (leg.state in UNSENT, leg.state is LegState.WAITING, end_state(leg), leg.asks, leg.settled,
            leg.results, leg.added, leg.withdrawing, leg.withdrawing and unsent(leg), leg.revoking, leg.reason_code)


def follow(case: Case, now: datetime, calendar: WorkCalendar | None = None, fresh: Sequence[Event] = (),
           moved: Iterable[str] | None = None) -> Consequences:
    """Everything that must follow now.

    `fresh` are events just appended and already in `case`: the messages they need are in the outbox too. With
    `calendar` requests to the applicant carry the day `until` which they run. `moved` are the legs that are no longer
    `at_rest` since nothing followed; without a word of them every leg is looked at.
    """
    outbox = [message for event in fresh for message in outgoing(case, event)]
    events: list[Event] = []
    near = set(case.legs) if moved is None else _near(case, moved)
    while (step := next(_steps(case, now, calendar, near), None)) is not None:
        case = apply(case, step)
        events.append(step)
        near |= _near(case, (str(step.leg),))
        outbox += outgoing(case, step)
        if len(events) > _MOST_STEPS:
            raise CaseError(f"办件 {case.reference} 的后续事件没有尽头")
    return Consequences(case, tuple(events), tuple(outbox))


def outgoing(case: Case, event: Event) -> tuple[ToSend, ...]:
    """The messages that `event`, already folded into `case`, makes necessary; none for most."""
    if event.leg is None or event.filled:
        return ()
    if event.type == TRANSFERRED:
        return tuple(_to_both(case.legs[event.leg], event))
    make = _MESSAGES.get(event.type)
    name = make(case.legs[event.leg], event) if make is not None else None
    return (ToSend(name, event.leg, event.data),) if name else ()


def _to_both(leg: Leg, event: Event) -> Iterator[ToSend]:
    """The office that has or may have the leg hears that it left; the new one gets a filing, unless the applicant has
    taken the leg back, or a rule stopped it: then nobody is left to confirm that (`_never_sent`)."""
    if event.data.get("told"):
        yield ToSend(TRANSFERRED, leg.leg, event.data, event.data["from"])
    if leg.state is LegState.QUEUED and not leg.withdrawing:
        yield ToSend("leg.filed", leg.leg)


def _filed(leg: Leg, _: Event) -> str | None:
    return "leg.filed" if leg.state is LegState.QUEUED else None


def _answered(leg: Leg, event: Event) -> str | None:
    """An answer to the department is a supplement; an answer to us is a paper that reached the leg."""
    asked_by = _asked_by(leg, event)
    if not sent(leg) or asked_by is None:
        return None
    return "leg.supplemented" if asked_by == "department" else "leg.material_added"


def _withdrawn(leg: Leg, _: Event) -> str | None:
    return "leg.withdrawn" if leg.withdrawing or leg.revoking else None


def _lapsed(leg: Leg, event: Event) -> str | None:
    """A department is told of a request of its own that was not answered, for that ends the leg, and of a paper that
    was promised and did not come. An offer of ours that runs out ends nothing, also while the leg is being taken back:
    told of an end, nobody would confirm that."""
    if any(ask.id == event.data.get("ask") and ask.overdue for ask in leg.asks):
        return OVERDUE if sent(leg) and not leg.withdrawing else None
    ended = leg.state is LegState.TERMINATED and _asked_by(leg, event) == "department"
    return "leg.withdrawn" if ended else None


def _asked_by(leg: Leg, event: Event) -> str | None:
    return next((ask.by for ask in leg.asks if ask.id == event.data.get("ask")), None)


_MESSAGES: Mapping[str, Callable[[Leg, Event], str | None]] = {
    "leg.created": _filed, "leg.released": _filed, "leg.supplemented": _answered,
    "leg.material_added": lambda *_: "leg.material_added", "leg.withdraw_requested": _withdrawn,
    "leg.revoke_requested": _withdrawn, "leg.lapsed": _lapsed, "leg.urged": lambda *_: "leg.urged",
}


def _with(case: Case, events: Sequence[Event]) -> Consequences:
    """The case after all these events at once; a leg's messages are those of its last state."""
    case = apply_all(case, events)
    return Consequences(case, tuple(events), tuple(message for event in events for message in outgoing(case, event)))


def _tolerated(case: Case, later: frozenset[str], calendar: WorkCalendar | None) -> Iterator[Event]:
    for line in case.plan.materials:
        if line.key not in later or line.tolerable is None:
            continue
        until = _day(explain(case.filed_at, line.tolerable, (), calendar), calendar) if calendar else None
        for number in line.askers:
            yield Event("leg.tolerated", case.filed_at, PLATFORM, number, {
                "ask": f"{number}-{line.key}", "holds": False, "limit": str(line.tolerable), "until": until,
                "reason": f"「{line.name}」先办后补，请在期限内补交",
                "materials": [{"material": line.key, "name": str(line.name)}],
            })


def _day(due: Due, calendar: WorkCalendar) -> str:
    return calendar.date_of(due.due).isoformat()


def _near(case: Case, moved: Iterable[str]) -> set[str]:
    """The legs of which something may follow where these moved."""
    return {leg for number in moved for leg in case.plan.parts[number].near}


def _steps(case: Case, now: datetime, calendar: WorkCalendar | None, near: Container[str]) -> Iterator[Event]:
    """The events that follow from the case as it stands, for the legs `near`; only the first is taken, then the case is
    looked at anew."""
    yield from _never_sent(case, now, near)
    yield from _consequences(case, now, calendar, near)
    yield from _lost_siblings(case, now)
    yield from _releases(case, now, near)
    yield from _flows(case, now, near)


def _never_sent(case: Case, now: datetime, near: Container[str]) -> Iterator[Event]:
    """A leg that was taken back while it was leaving, and did not leave after all, has nobody to confirm that."""
    for number, leg in case.legs.items():
        if leg.withdrawing and number in near and unsent(leg):
            yield Event("leg.never_sent", now, PLATFORM, number)


def _may_start(case: Case, number: str) -> bool:
    return all(
        satisfied(case, index) for index, edge in edges_to(case, number) if edge.kind == "before_start"
    )


def _releases(case: Case, now: datetime, near: Container[str]) -> Iterator[Event]:
    for number, leg in case.legs.items():
        if leg.state is LegState.WAITING and number in near and _may_start(case, number):
            keys = [flow.key for flow in flows_to(case, number)]
            yield Event("leg.released", now, PLATFORM, number, {"with": keys})


def _flows(case: Case, now: datetime, near: Container[str]) -> Iterator[Event]:
    for number, leg in case.legs.items():
        if number not in near or not sent(leg) or leg.withdrawing:
            continue
        news = sorted((f for f in flows_to(case, number) if f.key not in leg.added), key=lambda f: f.giver)
        for _, group in groupby(news, key=lambda f: f.giver):
            yield Event("leg.material_added", now, PLATFORM, number, event_data(tuple(group), leg.added))


def _consequences(
    case: Case, now: datetime, calendar: WorkCalendar | None, near: Container[str]
) -> Iterator[Event]:
    for index, edge in enumerate(case.plan.edges):
        if edge.leg not in near:
            continue
        leg = case.legs[edge.leg]
        if edge.kind == "cancels":
            if dropped(case, edge):
                yield from _not_needed(leg, str(index), now, _NOBODY_LEFT)
            continue
        stands = standing(case, index)
        if stands.state == "failed":
            yield from _effect(case, index, stands, now, calendar)
        elif unmet(case, index):
            yield from _not_needed(leg, f"{index}:need", now, str(edge.say))
        if leg.asks:
            yield from _came_after_all(case, index, leg, now)
            yield from _unanswered(index, leg, now)


def _effect(
    case: Case, index: int, stands: Standing, now: datetime, calendar: WorkCalendar | None
) -> Iterator[Event]:
    edge, upstream = case.plan.edges[index], stands.upstream
    assert upstream is not None
    leg = case.legs[edge.leg]
    key = f"{index}:voided" if upstream == "voided" else str(index)
    effect = effect_of(edge, upstream)
    why = {"edge": key, "of": stands.of, "upstream": upstream, "reason": _reason(case, stands)}
    if key in leg.settled or leg.state in FINAL - GRANTED:
        return
    if leg.state in GRANTED:
        if effect == "void" and not leg.revoking and not all(r.void for r in leg.results):
            yield Event("leg.revoke_requested", now, PLATFORM, leg.leg, {**why, "revoke": True})
    elif effect == "continue":
        if edge.kind != "before_deliver":
            request = _request(case, index, now, calendar) if edge.feeds else {}
            yield Event("leg.continued", now, PLATFORM, leg.leg, {**why, **request, "holds": False})
    elif effect == "ask":
        yield Event("leg.held", now, PLATFORM, leg.leg, {**why, **_request(case, index, now, calendar)})
    else:
        yield from _stop(leg, why, now)


def _stop(leg: Leg, why: Mapping[str, Any], now: datetime) -> Iterator[Event]:
    """End a leg by rule: at once while nobody has it, else by asking its department to stop."""
    if unsent(leg):
        yield Event("leg.voided", now, PLATFORM, leg.leg, dict(why))
    elif not leg.withdrawing:
        yield Event("leg.withdraw_requested", now, PLATFORM, leg.leg, {**why, "why": "stop"})


def _not_needed(leg: Leg, key: str, now: datetime, reason: str) -> Iterator[Event]:
    """End a leg that nobody needs any more, once: where its department has it, by asking that to stop."""
    why = {"edge": key, "reason": reason}
    if key in leg.settled:
        return
    if unsent(leg):
        yield Event("leg.not_needed", now, PLATFORM, leg.leg, why)
    elif not over(leg) and not leg.withdrawing:
        yield Event("leg.withdraw_requested", now, PLATFORM, leg.leg, {**why, "why": "not_needed"})


def _came_after_all(case: Case, index: int, leg: Leg, now: datetime) -> Iterator[Event]:
    """What we asked because an edge had failed is not asked any more once it fails no longer: a correction let its leg
    decide anew, or brought all of it. What was granted without it the applicant must still bring."""
    ask = next((ask for ask in leg.asks if ask.open and ask.id == ask_id(leg.leg, index)), None)
    stands = standing(case, index).state
    if ask is None or over(leg) or stands == "failed" or (stands == "done" and not arrived(case, leg.leg, ask)):
        return
    was = next(key for key in reversed([*leg.settled]) if key in (str(index), f"{index}:voided"))
    yield Event("leg.ask_dropped", now, PLATFORM, leg.leg, {"ask": ask.id, "was": was})


def _unanswered(index: int, leg: Leg, now: datetime) -> Iterator[Event]:
    """Silence to our request is `stop` (language 2.7)."""
    key = f"{index}:silent"
    asked = next((a for a in reversed(leg.asks) if a.id == ask_id(leg.leg, index)), None)
    if asked is None or not asked.lapsed or key in leg.settled or over(leg):
        return
    if not asked.holds:
        return  # that request was an offer; the leg goes on without it
    yield from _stop(leg, {"edge": key, "reason": f"没有在期限内答复：{asked.reason}"}, now)


def _lost_siblings(case: Case, now: datetime) -> Iterator[Event]:
    """A refused `must_have` among all-of legs loses the case: the others are stopped (language 2.5)."""
    if all(leg.state not in REFUSALS for leg in case.legs.values()):
        return
    for edge in case.plan.edges:
        lost = next((t for t in edge.targets if ending(case, t) == "refused" and planned(case, t).must_have), None)
        if edge.join != "all" or lost is None:
            continue
        for target in edge.targets:
            leg, key = case.legs[target], f"lost:{lost}"
            if ending(case, target) == "open" and key not in leg.settled:
                reason = f"必办事项「{_name(case, lost)}」没有办成，本次申请无法继续"
                yield from _stop(leg, {"edge": key, "of": lost, "upstream": "refused", "reason": reason}, now)


def _reason(case: Case, stands: Standing) -> str:
    return f"前面的事项「{_name(case, stands.of or '')}」{_WORDS[stands.upstream or 'refused']}"


def _name(case: Case, leg: str) -> str:
    return planned(case, leg).title


def _missing(case: Case, index: int) -> dict[str, Any]:
    """The fed papers and fields that no longer come from above, to be brought by the applicant."""
    edge = case.plan.edges[index]
    fields = {f.code: str(f.name) for f in case.plan.removed_fields}
    names = {key: str(s.name) for s in case.plan.slots if s.leg == edge.leg for key in (s.key, s.taken or s.key)}
    return {
        "materials": [{"material": c, "name": names.get(c, c)} for c in edge.feeds if c not in fields],
        "fields": [{"field": c, "name": fields[c]} for c in edge.feeds if c in fields],
    }


def _request(case: Case, index: int, now: datetime, calendar: WorkCalendar | None) -> dict[str, Any]:
    """What a leg asks the applicant to bring because what came from above no longer comes."""
    leg = case.plan.edges[index].leg
    until = _day(explain(now, DEFAULT_ASK_LIMIT, (), calendar), calendar) if calendar else None
    return {
        "ask": ask_id(leg, index), "holds": True, "limit": str(DEFAULT_ASK_LIMIT), "until": until,
        "choices": ["bring", "withdraw"], **_missing(case, index),
    }
