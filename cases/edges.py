"""What the legs above mean for a leg below: how one ended, how an edge stands, which effect follows (language 2.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cases.model import Case, Leg, LegState, Standing
from cases.states import GRANTED, OVER, UNSENT
from catalog.bundle import Effect, Upstream
from forms.plan import PlannedEdge, PlannedLeg

Ending = Literal["open", "granted", "not_needed"] | Upstream
_ENDINGS: dict[LegState, Ending] = {
    LegState.REFUSED: "refused", LegState.NOT_ACCEPTED: "refused", LegState.TERMINATED: "refused",
    LegState.WITHDRAWN: "withdrawn", LegState.VOIDED: "refused", LegState.NOT_NEEDED: "not_needed",
}


REFUSALS = frozenset(state for state, end in _ENDINGS.items() if end == "refused")


def planned(case: Case, leg: str) -> PlannedLeg:
    """The plan's line of this leg."""
    return case.plan.parts[leg].line


def over(leg: Leg) -> bool:
    """Whether the leg is decided or closed: nothing waits for it any longer."""
    return leg.state in OVER


def end_state(leg: Leg) -> LegState | None:
    """How an ended leg stands for all others, to whom a result that was handed out is one that was granted; None while
    the leg is open."""
    return LegState.GRANTED if leg.state in GRANTED else leg.state if leg.state in OVER else None


def unsent(leg: Leg) -> bool:
    """Whether the leg can end without telling the department, because it certainly has nothing of it."""
    return leg.state in UNSENT or (leg.state in (LegState.QUEUED, LegState.STUCK) and not leg.reached)


def sent(leg: Leg) -> bool:
    """Whether the leg is on its way or at work, so that what arrives later must be sent after it."""
    return not over(leg) and leg.state not in UNSENT


def ending(case: Case, number: str) -> Ending:
    """How a leg ended for those below it: not accepted, terminated and closed by rule count as refused (no result
    ever came), a grant whose results were all revoked as voided."""
    return ending_of(case, case.legs[number])


def ending_of(case: Case, leg: Leg) -> Ending:
    """`ending` of a leg as it is given."""
    state = leg.state
    if state in GRANTED:
        return "voided" if leg.results and all(r.void for r in leg.results) else "granted"
    found = _ENDINGS.get(state, "open")
    if found == "refused" and leg.reason_code == "unclear" and planned(case, leg.leg).kind == "check":
        return "unclear"
    return found


def standing(case: Case, index: int) -> Standing:
    """How edge `index` of the plan stands by its join: `all` granted; `ended` all over and one granted; `any` one."""
    found = case.stands.get(index)
    if found is None:
        found = case.stands[index] = _standing(case, index)
    return found


def stands_by(case: Case, leg: Leg) -> tuple[object, ...]:
    """All of a leg by which the edges stand that begin or end at it."""
    return ending_of(case, leg), leg.settled


def edges_to(case: Case, follower: str) -> tuple[tuple[int, PlannedEdge], ...]:
    """The edges of the plan at which this leg follows, with their numbers."""
    return case.plan.parts[follower].edges


def _standing(case: Case, index: int) -> Standing:
    edge = case.plan.edges[index]
    settled = case.legs[edge.leg].settled
    if settled and f"{index}:late" in settled:
        return Standing("failed", "lapsed", edge.targets[0])
    ends = [(t, end) for t in edge.targets if (end := ending(case, t)) != "not_needed"]
    failed = [(t, e) for t, e in ends if e not in ("open", "granted")]
    still_open = next((t for t, e in ends if e == "open"), None)
    granted = any(e == "granted" for _, e in ends)
    lost = bool(failed) and (edge.join == "all" or (still_open is None and not granted))
    if lost:
        return _failure(failed)
    if still_open is None or (edge.join == "any" and granted):
        return Standing("done")
    return Standing("open", of=still_open)


def dropped(case: Case, edge: PlannedEdge) -> bool:
    """Whether every target of a `cancels` edge ended without a result."""
    return all(ending(case, t) not in ("open", "granted") for t in edge.targets)


def effect_of(edge: PlannedEdge, upstream: Upstream) -> Effect:
    """What the plan says of this ending; a plan that was stored before it knew the ending gets what was usual then."""
    said = edge.on.get(upstream)
    if said is not None:
        return said
    if upstream == "voided":
        return "ask"
    return "continue" if edge.kind in ("before_deliver", "cancels") else "stop"


def satisfied(case: Case, index: int) -> bool:
    """Whether the follower of edge `index` may go on: the edge is done, or its failure was continued or answered."""
    if standing(case, index).state == "done":
        return True
    leg = case.legs[case.plan.edges[index].leg]
    if not leg.settled and not leg.asks:
        return False
    drawn = {leg.settled.get(str(index)), leg.settled.get(f"{index}:voided")}
    answered = any(a.id == ask_id(leg.leg, index) and a.answered_at is not None for a in leg.asks)
    return "continued" in drawn or ("held" in drawn and answered)


def ask_id(leg: str, index: int) -> str:
    """The stable name of the request we make of the applicant because edge `index` failed for `leg`."""
    return f"{leg}-e{index}"


def waits_for(case: Case, number: str) -> tuple[str, ...]:
    """The open legs that this leg waits for: before it can start, or before it can be decided."""
    found: list[str] = []
    for index, edge in edges_to(case, number):
        if edge.kind not in ("before_start", "before_decide") or satisfied(case, index):
            continue
        found += [t for t in edge.targets if ending(case, t) == "open" and t not in found]
    return tuple(found)


def withheld(case: Case, number: str) -> tuple[str, ...]:
    """The open legs whose results are handed out together with this leg's (`before_deliver`)."""
    return tuple(dict.fromkeys(
        t for _, edge in edges_to(case, number) if edge.kind == "before_deliver"
        for t in edge.targets if ending(case, t) == "open"
    ))


def _failure(failed: Sequence[tuple[str, Ending]]) -> Standing:
    """The failure that counts: a refusal before any other ending."""
    of, found = min(failed, key=lambda f: f[1] != "refused")
    upstreams: dict[Ending, Upstream] = {
        "refused": "refused", "withdrawn": "withdrawn", "voided": "voided", "unclear": "unclear", "lapsed": "lapsed",
    }
    return Standing("failed", upstreams[found], of)
