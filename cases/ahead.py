"""What taking legs back leads to, leg by leg, before anybody does it: the rules that will apply, on a copy of the case.

A department that has a leg is asked and may refuse; what is foreseen beyond that is what follows if all agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cases import words
from cases.calendar_days import WorkCalendar
from cases.edges import over, planned
from cases.fold import apply_all
from cases.follow import follow
from cases.model import Case, Event, Leg, LegState


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one leg: its state in the end, and in words how it comes to that. `of` is the leg above whose end
    leads to it, None for what was taken back itself; `agreed`: that end needs the word of its department; `asks`: this
    leg's own department is asked, and may refuse."""

    leg: str
    state: LegState
    text: str
    of: str | None = None
    agreed: bool = False
    asks: bool = False


def foresee(case: Case, requests: Sequence[Event], now: datetime, calendar: WorkCalendar | None = None) -> list[Effect]:
    """Every leg on which these requests have an effect, in the order of the plan; one may have two, now and later."""
    asked = frozenset(event.leg for event in requests)
    at_once = follow(apply_all(case, requests), now, calendar).case
    agreed = _once_agreed(case, at_once, now, calendar)
    return [effect for number in case.legs for effect in _effects(number, asked, (case, at_once, agreed))]


def _once_agreed(case: Case, at_once: Case, now: datetime, calendar: WorkCalendar | None) -> Case:
    """The case once every department that is asked now has agreed, and those that are asked because of that."""
    agreed, confirmed = at_once, {number for number, leg in case.legs.items() if leg.withdrawing}
    while answers := [Event("leg.withdraw_confirmed", now, leg.department, number)
                      for number, leg in agreed.legs.items() if leg.withdrawing and number not in confirmed]:
        confirmed |= {str(answer.leg) for answer in answers}
        agreed = follow(apply_all(agreed, answers), now, calendar).case
    return agreed


def _effects(number: str, asked: frozenset[str | None], cases: tuple[Case, Case, Case]) -> Iterator[Effect]:
    before, at_once, agreed = (one.legs[number] for one in cases)
    if at_once != before:
        own = number in asked
        yield Effect(number, agreed.state, _text(cases[1], before, at_once, own=own), _cause(before, at_once),
                     asks=own and at_once.withdrawing)
    if agreed != at_once and not at_once.withdrawing:
        of = _cause(at_once, agreed)
        waited = of is None or (cases[2].legs[of].state is LegState.WITHDRAWN and not over(cases[1].legs[of]))
        yield Effect(number, agreed.state, _text(cases[2], at_once, agreed, own=False), of, agreed=waited)


def _cause(before: Leg, after: Leg) -> str | None:
    """The leg above that what newly happened to a leg came of."""
    return next((str(event.data["of"]) for event in _new(before, after) if "of" in event.data), None)


def _new(before: Leg, after: Leg) -> tuple[Event, ...]:
    return after.history[len(before.history):]


def _text(case: Case, before: Leg, after: Leg, *, own: bool) -> str:
    if own:
        name = words.state_name(after.state, planned(case, after.leg))
        return "将通知部门撤回，等部门确认" if after.withdrawing else f"将变为“{name}”"
    if any(event.type == "leg.withdraw_requested" for event in _new(before, after)):
        return "这一项也不再办：将通知部门停止办理"
    if over(after) and not over(before):
        return "这一项也不再办"
    if after.revoking and not before.revoking:
        return "将请部门撤销这一项已经办好的结果"
    return _goes_on(before, after)


def _goes_on(before: Leg, after: Leg) -> str:
    known = {ask.id for ask in before.asks}
    new = [ask for ask in after.asks if ask.open and ask.id not in known]
    names = "、".join(str(entry["name"]) for ask in new for entry in (*ask.materials, *ask.fields))
    if new and any(ask.holds for ask in new):
        return f"这一项要请您自己补充{names}，才能接着办" if names else "这一项要请您答复，才能接着办"
    return f"这一项接着办，要请您自己补交{names}" if names else "这一项不再等它，接着办"
