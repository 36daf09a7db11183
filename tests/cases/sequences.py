"""Every sequence of events that a leg can meet, walked once for all legs that nothing can tell apart.

The tree of sequences has `len(EVENTS) ** 6` leaves. Two legs with the same `facts` answer every later event alike, so
only one of them is followed and the walk ends in seconds; how many sequences lead where is counted on the way. That
equal facts do mean equal answers is not believed but tried: of each facts two legs are kept and compared.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from cases import fold
from cases.fold import begin
from cases.judge import judge
from cases.model import Case, Event, Leg
from cases.states import OURS, Move
from tests.cases.case_plans import T0, a_leg, a_plan, at
from tests.cases.case_years import CALENDAR

LONGEST = 6
WITNESSES = 2
AUTHORITIES = frozenset({"上级机关"})
PLAN = a_plan([a_leg("01", gives=["permit"])])
GRANT = {"results": [{"material": "permit", "name": "许可证", "number": "P-1"}]}
REFUSAL = {"reason_code": "R1", "reason": "不符合条件"}
A1 = {"ask": "A1", "reason": "缺盖章", "limit": "5wd"}
PAPER = {"ask": "P1", "reason": "请补交原件", "until": "2025-10-31"}
OFFER = {**PAPER, "ask": "O1", "holds": False}
LONGER = {"limit": "5wd", "reason": "现场复杂", "basis": "第42条", "approved_by": "局长"}
REOPENED = {"state": "in_review", "void": True, "reason": "复核后重新审查"}
MISDIRECTED = {"from": "dept-01", "to": "dept-02", "to_name": "另一单位", "told": True, "clock": None}
SUCCEEDED = {**MISDIRECTED, "clock": T0.isoformat()}

Told = tuple[str, Mapping[str, Any]]
FROM_DEPARTMENT: tuple[Told, ...] = (
    ("leg.received", {}), ("leg.accepted", {}), ("leg.not_accepted", REFUSAL), ("leg.supplement_required", A1),
    ("leg.special_started", {"kind": "听证", "basis": "第45条"}), ("leg.special_ended", {"kind": "听证"}),
    ("leg.extended", LONGER), ("leg.in_review", {"step": "初审"}), ("leg.forwarded", {"to": "市级"}),
    ("leg.simulated", {"opinion": "同意"}),
    ("leg.granted", GRANT), ("leg.refused", REFUSAL), ("leg.delivered", {"mode": "邮寄"}),
    ("leg.withdraw_confirmed", {}), ("leg.withdraw_rejected", {}), ("leg.remark", {"text": "请带原件"}),
    ("leg.fee", {"amount": "10", "basis": "x"}), ("leg.corrected", {"what": REOPENED, "authority": "上级机关"}),
)
FROM_US: tuple[Told, ...] = (
    ("leg.created", {"state": "queued"}), ("leg.released", {}), ("leg.sending", {}), ("leg.sent", {}),
    ("leg.outcome_unknown", {}), ("leg.again", {}), ("leg.again", {"never_sent": True}), ("leg.stuck", {}),
    ("leg.message_refused", {}), ("leg.supplemented", {"ask": "A1"}), ("leg.supplemented", {"ask": "P1"}),
    ("leg.supplemented", {"ask": "O1"}),
    ("leg.ask_dropped", {"ask": "P1"}), ("leg.held", PAPER), ("leg.continued", {}),
    ("leg.tolerated", OFFER), ("leg.start_lapsed", {"edge": "0:late"}),
    ("leg.material_added", {"keys": ["K<02"]}), ("leg.urged", {}), ("leg.withdraw_requested", {"why": "applicant"}),
    ("leg.withdraw_requested", {"why": "stop"}), ("leg.withdraw_received", {}), ("leg.never_sent", {}),
    ("leg.revoke_requested", {"edge": "0"}),
    ("leg.voided", {"reason": "前置未办成"}), ("leg.not_needed", {"reason": "不再需要"}),
    ("leg.lapsed", {"ask": "A1"}), ("leg.lapsed", {"ask": "P1"}), ("leg.lapsed", {"ask": "O1"}),
    ("leg.transferred", MISDIRECTED), ("leg.transferred", SUCCEEDED),
)
EVENTS = (*FROM_DEPARTMENT, *FROM_US)
STRANGE: tuple[Told, ...] = (
    ("leg.received", {"ref": "R-7"}), ("leg.supplement_required", {**A1, "reason": "别的"}),
    ("leg.supplement_required", {**A1, "ask": "A2"}), ("leg.not_accepted", {**REFUSAL, "reason": "别的"}),
    ("leg.granted", {"results": []}), ("leg.granted", {"results": [{"name": "另一证"}]}),
    ("leg.refused", {**REFUSAL, "reason": "别的"}), ("leg.delivered", {"mode": "自取"}),
    ("leg.corrected", {"what": {**REOPENED, "state": "granted"}, "authority": "上级机关"}),
    ("leg.corrected", {"what": {"state": "refused"}, "authority": "上级机关"}),
    ("leg.corrected", {"what": {"state": "queued"}, "authority": "上级机关"}),
    ("leg.corrected", {"what": "日期写错", "authority": "上级机关"}),
    ("leg.corrected", {"what": REOPENED, "authority": "过路人"}), ("leg.approved", {}),
    ("leg.extended", {**LONGER, "limit": "11wd"}), ("leg.extended", {**LONGER, "limit": None, "until": "2025-09-01"}),
)
_REMEMBERED = frozenset({
    "leg.received", "leg.accepted", "leg.not_accepted", "leg.granted", "leg.refused", "leg.delivered",
    "leg.withdraw_confirmed", "leg.supplement_required",
})

Facts = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """One event at one leg: `applied`, `known`, or the code under which it was refused; and the case afterwards."""

    event: Event
    answer: str
    before: Leg
    case: Case

    @property
    def after(self) -> Leg:
        """The leg once the event was met."""
        return self.case.legs["01"]


@dataclass(slots=True)
class Walked:
    """Where the sequences lead: `cases` some legs of each facts; `steps` by facts what each event does there and to
    which facts it leads; `reached[n]` how many sequences of n events end in which facts; `answers` the sequences of
    the greatest length by the answer to their last event."""

    cases: dict[Facts, list[Case]] = field(default_factory=dict)
    steps: dict[Facts, list[tuple[Taken, Facts]]] = field(default_factory=dict)
    reached: list[Counter[Facts]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)


def facts(leg: Leg) -> Facts:
    """All that decides how a leg answers any later event."""
    open_pauses = frozenset(p.kind for p in leg.pauses if p.end is None)
    asks = frozenset((a.id, a.by, a.answered_at is None, a.lapsed, a.dropped, a.holds) for a in leg.asks)
    passed = (leg.received_at is None, leg.accepted_at is None, leg.decided_at is None, leg.ref is None)
    said = frozenset((e.type, repr(e.data)) for e in _since_put_right(leg) if e.type in _REMEMBERED)
    return (leg.state, leg.reached, leg.withdrawing, leg.stopped is None, leg.revoking, open_pauses, asks, passed,
            leg.rounds.get("withdrawal", 0) > 0, leg.extension and leg.extension.past, bool(leg.results), said)


def _since_put_right(leg: Leg) -> Iterator[Event]:
    """What may still be repeated as a copy by the office that has the leg: its asks for ever, the rest since the last
    correction."""
    lived = fold.stay(leg)
    last = max((n for n, e in enumerate(lived) if e.type == "leg.corrected"), default=0)
    return (e for n, e in enumerate(lived) if n > last or e.type == "leg.supplement_required")


def meet(case: Case, told: Told, moment: datetime) -> Taken:
    """What the case's only leg does when it is told this, said then: a notice is judged as the desk judges
    it, as the word of the office that has the leg."""
    name, data = told
    before = case.legs["01"]
    if name in OURS:
        event = Event(name, moment, "platform", "01", data)
        after, steps = fold.add(before, event)
        effect = steps[-1].effect
        answer = "applied" if isinstance(effect, Move) else effect.value
        return Taken(event, answer, before, replace(case, legs={"01": after}))
    event = Event(name, moment, f"department:{before.office or 'dept-01'}", "01", data)
    verdict = judge(case, "01", event, CALENDAR, AUTHORITIES)
    for happened in verdict.events:
        case = fold.apply(case, happened)
    return Taken(event, verdict.code or verdict.kind, before, case)


@cache
def walked() -> Walked:
    """All sequences of up to six events, from a leg that was not even created."""
    start = begin("2509260001", PLAN, T0)
    found = Walked({facts(start.legs["01"]): [start]}, reached=[Counter({facts(start.legs["01"]): 1})])
    for length in range(1, LONGEST + 1):
        found.reached.append(_one_longer(found, length))
    return found


def _one_longer(found: Walked, length: int) -> Counter[Facts]:
    """Where the sequences of `length` events end, from where those one shorter ended."""
    ends: Counter[Facts] = Counter()
    for here, ways in found.reached[-1].items():
        if here not in found.steps:
            case = found.cases[here][0]
            found.steps[here] = [(taken, _kept(found, here, taken)) for taken in (
                meet(case, told, at(length)) for told in EVENTS)]
        for taken, there in found.steps[here]:
            ends[there] += ways
            if length == LONGEST:
                found.answers[taken.answer] += ways
    return ends


def _kept(found: Walked, here: Facts, taken: Taken) -> Facts:
    """The facts after a step; the first legs of the same facts are kept."""
    there = here if taken.after.history == taken.before.history else facts(taken.after)
    witnesses = found.cases.setdefault(there, [])
    if len(witnesses) < WITNESSES and taken.case not in witnesses:
        witnesses.append(taken.case)
    return there


def every_step() -> Iterator[Taken]:
    """Each event at a leg of each facts that five events can lead to."""
    for steps in walked().steps.values():
        yield from (taken for taken, _ in steps)


def every_leg() -> Iterator[Case]:
    """A leg of each facts that six events can lead to."""
    return (witnesses[0] for witnesses in walked().cases.values())
