"""What the map shows: stations (legs), tracks (what waits for what) and the stage each station stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from operator import attrgetter, itemgetter
from typing import Any, Literal

from forms.plan import Plan

Look = Literal["planned", "waiting", "running", "soon", "late", "yours", "done", "refused", "ended"]
_GRANTED = frozenset({"granted", "delivered"})
_REFUSED = frozenset({"refused", "not_accepted", "terminated"})
_ENDED = frozenset({"withdrawn", "voided", "not_needed"})
OVER: frozenset[Look] = frozenset({"done", "refused", "ended"})
LOOK_NAMES: Mapping[Look, str] = {
    "planned": "计划中", "waiting": "等待前序", "running": "正在办理", "soon": "临近到期", "late": "已超期",
    "yours": "等您处理", "done": "已办成", "refused": "没有办成",
    "ended": "已撤回或不再需要",
}


@dataclass(frozen=True, slots=True)
class Station:
    """One leg on the map: its number, what it is called, one line under it, and how it stands."""

    id: str
    name: str
    note: str
    look: Look = "planned"
    bold: bool = False
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """`follower` waits for `targets`; a soft track may begin before and only ends later."""

    targets: tuple[str, ...]
    follower: str
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """All stations and tracks, and by station the stage (0 first) that its waiting makes it stand in."""

    stations: tuple[Station, ...]
    tracks: tuple[Track, ...]
    stages: Mapping[str, int]

    def column(self, stage: int) -> list[Station]:
        """The stations of one stage in their order."""
        return [station for station in self.stations if self.stages[station.id] == stage]

    @property
    def length(self) -> int:
        """How many stages there are."""
        return max(self.stages.values(), default=0) + 1


def network(stations: Sequence[Station], tracks: Iterable[Track]) -> Network:
    """Lay stations into stages: one later than the latest station they must wait for."""
    known = {station.id for station in stations}
    kept = [
        Track(targets, track.follower, track.soft) for track in tracks
        if track.follower in known and (targets := tuple(name for name in track.targets if name in known))
    ]
    before: dict[str, set[str]] = {station.id: set() for station in stations}
    for track in kept:
        if not track.soft:
            before[track.follower].update(track.targets)
    stages: dict[str, int] = {}
    for name in TopologicalSorter(before).static_order():
        stages[name] = max((stages[target] + 1 for target in before[name]), default=0)
    return Network(tuple(stations), tuple(kept), stages)


def in_words(net: Network) -> list[list[tuple[Station, str]]]:
    """The same in words: step by step who is in it, each with what it waits for (empty for what waits for nothing)."""
    return [[(station, _waiting(net, station.id)) for station in net.column(stage)] for stage in range(net.length)]


def _waiting(net: Network, follower: str) -> str:
    hard, soft = (list(dict.fromkeys(name for track in net.tracks if track.follower == follower and track.soft is kind
                                     for name in track.targets)) for kind in (False, True))
    soft = [name for name in soft if name not in hard]
    said = [f"等 {'、'.join(hard)} 办完再开始"] if hard else []
    return "；".join([*said, f"可以先办，等 {'、'.join(soft)} 的结果再办结"] if soft else said)


def planned(plan: Plan, called: Callable[[Any], str] = attrgetter("name")) -> Network:
    """The map of a plan: nothing has begun, the note says the promise and who decides; `called` names a leg."""
    stations = [
        Station(leg.leg, called(leg), _promise(leg.promised, leg.department_name), bold=leg.critical)
        for leg in plan.legs
    ]
    return network(stations, (Track(edge.targets, edge.leg, edge.kind != "before_start")
                              for edge in plan.edges if edge.kind != "cancels"))


def _promise(promised: Any, department: str) -> str:
    return f"{promised.words} · {department}" if promised else department


def tracked(view: Mapping[str, Any], called: Callable[[Any], str] = itemgetter("name")) -> Network:
    """The map of a case (`desk.case_view`): lights as looks, the longest chain of what is left bold, none once all is
    over; `called` names a leg."""
    left = (view.get("expected") or {}).get("chain")
    over = all(look(leg) in OVER for leg in view["legs"])  # then nothing decides any more when the case ends
    critical = set() if over else {short(name) for name in left or view.get("critical") or ()}
    awaited = {short(name) for leg in view["legs"] for name in leg.get("waits_for") or ()}
    stations = [
        Station(
            short(leg["leg"]), called(leg), f"{leg['state_name']} · {leg['department_name']}", look(leg),
            bold=short(leg["leg"]) in critical,
            awaited=short(leg["leg"]) in awaited and look(leg) not in OVER,
        ) for leg in view["legs"]
    ]
    return network(stations, (
        Track(tuple(short(target) for target in edge["targets"]), short(edge["leg"]), edge["kind"] != "before_start")
        for edge in view.get("edges") or () if edge["kind"] != "cancels"
    ))


def short(leg: str) -> str:
    """The number of a leg without the reference in front: `A…-03.1` becomes `03.1`."""
    return leg.rpartition("-")[2]


def look(leg: Mapping[str, Any]) -> Look:
    """How a leg's station looks: ended things first, then what needs the applicant, then the light."""
    state, light = leg["state"], leg.get("light")
    if state in _GRANTED:
        return "done"
    if state in _REFUSED:
        return "refused"
    if state in _ENDED:
        return "ended"
    unanswered = any(not ask.get("answered_at") and not ask.get("lapsed") for ask in leg["asks"])
    if state == "supplement_required" or unanswered:
        return "yours"
    if light in {"red", "yellow"}:
        return "late" if light == "red" else "soon"
    return "waiting" if state in {"waiting", "held"} else "running"
