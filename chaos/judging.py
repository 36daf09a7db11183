"""What a storm left, counted from outside: acknowledgements, departments' ledger and export against each other."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from bench.applicant import OVER
from bench.crowd import Ack, Crowd
from bench.figures import show
from bench.town import Town

DECIDED = {"leg.granted": frozenset({"granted", "delivered"}), "leg.refused": frozenset({"refused"})}
WITHOUT_EFFECT = frozenset({"withdrawn", "terminated", "voided", "not_needed"})
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Damage:
    """Examples of everything that must not be; empty sets all over is a good end.

    `lost`: acknowledged and not there. `half_written`: a case without all its legs or its first event. `duplicates`:
    keys and legs with two effects, and remarks told twice. `not_final`: legs that have not ended. `wrong`: a leg that
    ended other than its department decided, or without having reached it, or that no case has, or a taken remark that
    is gone.
    """

    lost: frozenset[str] = frozenset()
    half_written: frozenset[str] = frozenset()
    duplicates: frozenset[str] = frozenset()
    not_final: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()

    def show(self, storm: str) -> None:
        """Print how many there are of each, and some of them."""
        for field in fields(self):
            found = getattr(self, field.name)
            for one in sorted(found)[:5]:
                print(f"# {field.name}: {one}")
            show(f"{storm}_{field.name}", len(found))

    @property
    def none(self) -> bool:
        """Whether nothing at all is wrong."""
        return not any(getattr(self, field.name) for field in fields(self))


def missing(acks: Iterable[Ack], exported: Iterable[Line]) -> frozenset[str]:
    """The acknowledged cases that are not there."""
    there = {line["id"] for line in exported if line["kind"] == "case"}
    return frozenset(ack.receipt["reference"] for ack in acks) - there


def half_written(acks: Iterable[Ack], exported: Iterable[Line]) -> frozenset[str]:
    """Cases that are there without the legs, or without the first event, that a filing writes with them. Every filing
    of a storm is the same, so the set of legs is that of any receipt."""
    promised = {leg["leg"].rpartition("-")[2] for ack in acks for leg in ack.receipt["legs"]}
    legs: dict[str, set[str]] = {}
    begun: set[str] = set()
    cases = {line["id"] for line in exported if line["kind"] == "case"}
    for line in exported:
        if line["kind"] == "leg":
            legs.setdefault(line["case"], set()).add(line["id"].rpartition("-")[2])
        elif line["kind"] == "event" and line["id"].endswith("/000001"):
            begun.add(line["case"])
    whole = {case for case in cases if legs.get(case) == promised and case in begun}
    return frozenset((cases | legs.keys() | begun) - whole)


def judge(acks: Iterable[Ack], ledger: Iterable[Line], exported: Iterable[Line], remarks: Iterable[str]) -> Damage:
    """Everything that is wrong once the storm is over and all has had time to end."""
    acks, ledger, exported = list(acks), list(ledger), list(exported)
    states = {line["id"]: str(line["state"]) for line in exported if line["kind"] == "leg"}
    told = Counter(line["leg"] for line in exported if line["kind"] == "event" and line["type"] == "leg.remark")
    twice = {f"{leg} told {times} times" for leg, times in told.items() if times > 1}
    gone = {f"{leg} remark gone" for leg in remarks if not told[leg]}
    return Damage(
        lost=missing(acks, exported), half_written=half_written(acks, exported),
        duplicates=frozenset(_twice(ledger) | twice),
        not_final=frozenset(f"{leg} {state}" for leg, state in states.items() if state not in OVER),
        wrong=frozenset(_wrong(states, ledger) | gone),
    )


def _twice(ledger: list[Line]) -> set[str]:
    """Keys and legs that had their effect more than once."""
    effects = [line for line in ledger if line["what"] == "effect"]
    keys = Counter(line["key"] for line in effects)
    legs = Counter(line["leg"] for line in effects if line["type"] == "leg.filed")
    return {name for counted in (keys, legs) for name, times in counted.items() if times > 1}


def _wrong(states: Mapping[str, str], ledger: list[Line]) -> set[str]:
    reached = {line["leg"] for line in ledger if line["what"] == "effect" and line["type"] == "leg.filed"}
    decided: dict[str, str] = {}
    for line in ledger:
        if line["what"] == "told" and line["type"] in DECIDED and line["status"] == 204:
            decided[line["leg"]] = line["type"]
    wrong = {f"{leg} {states.get(leg)} though told {type_}" for leg, type_ in decided.items()
             if states.get(leg) not in DECIDED[type_]}
    wrong |= {f"{leg} {state} without having reached its department" for leg, state in states.items()
              if state in OVER - WITHOUT_EFFECT and leg not in reached}
    return wrong | {f"{leg} reached a department and no case has it" for leg in reached - states.keys()}


def until_ended(crowd: Crowd, seconds: float = 180.0) -> None:
    """Give every case its time, and answer what is asked."""
    with contextlib.suppress(TimeoutError):  # what still waits is counted as not final
        crowd.applicant().until_all_ended((ack.receipt["reference"] for ack in crowd.acks.values()), seconds)


def judged(town: Town, crowd: Crowd) -> Damage:
    """What is wrong with what was acknowledged, what departments did and what is exported; the chains must be whole."""
    town.flask("verify")
    exported = [json.loads(line) for line in town.flask("export", "--jsonl").splitlines()]
    return judge(crowd.acks.values(), town.seen(), exported, crowd.remarks)


POLITE = frozenset({"HTTP 503", "HTTP 507"})
AWAY = frozenset({"ConnectionError"})  # met by departments while a portal is restarted


def faults_of(town: Town, polite: frozenset[str] = POLITE) -> list[str]:
    """What the portal's log says of faults of its own, and what departments met other than a polite refusal."""
    log = (town.folder / "portal.log").read_text()
    own = [line for line in log.splitlines() if "fault in" in line or "Traceback" in line]
    met = [f"{line['leg']} {line['type']} {line['why']}" for line in town.seen()
           if line["what"] == "retry" and line["why"] not in polite]
    return own + met
