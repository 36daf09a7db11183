"""Rules about who acts for another: only under a mandate that allows it at that moment, and never after its end.

An act is judged by the moment in which its first attempt was begun: whoever began it after an end was acknowledged had
nothing to act under. What was begun before may count or not, but then no look after the end may be without it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chaos.evidence import ZONE, Evidence, Line

ENTRUSTED: Mapping[str, str] = {"case.filed": "file", "leg.supplemented": "answer", "leg.urged": "urge",
                                "leg.withdraw_requested": "withdraw"}
NEEDS: Mapping[str, str] = {"see": "file"}  # what an act needs that has no name of its own
REFUSED = frozenset({403, 404})
BUNDLE = "utilities"
ABOUT_SECONDS = 1.0  # around midnight: the clock's day is told from two processes
UNDER = "applicant:"


@dataclass(frozen=True, slots=True)
class Term:
    """When a mandate was asked for and there, and when its end was asked for and there, in seconds since 1970 (None:
    never); its days are by the town's clock."""

    line: Line
    asked: float
    given: float
    ends: float | None
    ended: float | None
    first: float
    last: float

    def covers(self, act: str) -> bool:
        """Whether it allows an act on the one bundle that is filed here."""
        return NEEDS.get(act, act) in self.line["acts"] and BUNDLE in self.line["bundles"]

    def surely_not(self, found: Evidence, began: float, ended: float) -> bool:
        """Whether it was in force at no moment between two."""
        over = self.ended is not None and self.ended < began
        return over or ended < self.asked or found.town(began) > self.last + ABOUT_SECONDS \
            or found.town(ended) < self.first - ABOUT_SECONDS

    def surely(self, found: Evidence, began: float, ended: float) -> bool:
        """Whether it was in force at every moment between two."""
        unended = self.ends is None or ended < self.ends
        return unended and self.given < began and found.town(ended) < self.last - ABOUT_SECONDS \
            and found.town(began) > self.first


def terms(found: Evidence) -> Mapping[str, Term]:
    """Every mandate whose giver was told of it."""
    asked = {line["key"]: line["at"] for line in reversed([*found.noted("entrusts")])}
    ends = {line["mandate"]: line["at"] for line in reversed([*found.noted("ends")])}
    ended = {line["mandate"]: line["at"] for line in reversed([*found.noted("ended")])}
    return {line["mandate"]: Term(line, asked[line["key"]], line["at"], ends.get(line["mandate"]),
                                  ended.get(line["mandate"]), datetime.fromisoformat(line["valid_from"]).timestamp(),
                                  _end_of(line["valid_until"])) for line in found.noted("entrusted")}


def _end_of(day: str) -> float:
    return (datetime.fromisoformat(day).replace(tzinfo=ZONE) + timedelta(days=1)).timestamp()


def acts_without_mandate(found: Evidence) -> Iterator[str]:
    """I35: whatever stands in the history as an agent's is under a mandate of the same two, which allowed it then."""
    ended = {line["mandate"]: line["at"] for line in reversed([*found.noted("ended")])}
    mandates = {line["id"]: {**line, "over": ended.get(line["id"])} for line in found.exported("mandate")}
    for event in found.exported("event"):
        if event["by"].startswith(UNDER):
            why = _unfit(found, event, mandates.get(event["by"].removeprefix(UNDER)))
            yield from [f"{event['id']} {event['type']}: {why}"] if why else []
    filed = {event["case"]: event["by"] for event in found.exported("event") if event["type"] == "case.filed"}
    yield from (f"{case['id']}: filed as {filed.get(case['id'])}, kept under {case['mandate']}"
                for case in found.cases.values() if case.get("mandate")
                and filed.get(case["id"]) != f"{UNDER}{case['mandate']}")


def _unfit(found: Evidence, event: Line, mandate: Line | None) -> str:
    """What is wrong with an act of an agent; empty if nothing."""
    if mandate is None:
        return "under no mandate that there is"
    case, at = found.cases.get(event["case"], {}), datetime.fromisoformat(event["at"])
    act = ENTRUSTED.get(event["type"], "file")
    checks = {
        "of other people": (mandate["principal"], mandate["agent"]) == (case.get("subject"), case.get("agent")),
        f"does not allow {act}": act in mandate["acts"],
        f"does not allow {case.get('bundle')}": mandate["bundles"] is None or case.get("bundle") in mandate["bundles"],
        "out of its days": _instant(mandate["valid_from"]) <= at < _instant(mandate["valid_until"]),
    }
    if mandate["over"] is not None:
        checks["begun after its acknowledged end"] = found.real(event["at"]) <= mandate["over"]
    return "、".join(why for why, right in checks.items() if not right)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def used_after_its_end(found: Evidence) -> Iterator[str]:
    """I36: what an agent began after every mandate for it was over is refused, what was begun while one stood is not;
    and whoever ended one and looked then has seen everything that was ever done under it."""
    by_principal: defaultdict[str, list[Term]] = defaultdict(list)
    for term in terms(found).values():
        by_principal[term.line["principal"]].append(term)
    theirs = {ack["reference"] for ack in found.acks if ack["body"] == "agent"} | {None}  # nobody acts on what is not
    for line in found.noted("did"):
        fit = [one for one in by_principal[line["principal"]]
               if one.covers(line["act"]) and line.get("reference") in theirs]
        if line["body"] == "agent" and (why := _against(found, line, fit)):
            yield f"{line['act']} {line.get('reference') or line['key']}: {why}"
    yield from _unseen(found)


def _against(found: Evidence, line: Line, fit: Sequence[Term]) -> str:
    """What is wrong with the answer to an agent's act that only these mandates allow; empty if nothing."""
    meanwhile = found, line["begun"], line["at"]
    if line["status"] < 400 and all(one.surely_not(*meanwhile) for one in fit):
        return "done under none"
    if line["status"] in REFUSED and any(one.surely(*meanwhile) for one in fit):
        return f"refused as {line['why']}"
    return ""


def _unseen(found: Evidence) -> Iterator[str]:
    """What was not there when somebody looked after the end of a mandate, and is there under it now."""
    for line in found.noted("afterwards"):
        seen = {(leg, type_, datetime.fromisoformat(at)) for leg, type_, at in line["acts"]}
        yield from (f"{case['id']}: filed after {line['mandate']} had ended" for case in found.cases.values()
                    if case.get("mandate") == line["mandate"] and case["id"] not in line["cases"])
        yield from (f"{event['id']}: {event['type']} after {line['mandate']} had ended"
                    for event in found.exported("event") if event["by"] == f"{UNDER}{line['mandate']}"
                    and event["leg"] and event["type"] in ENTRUSTED
                    and (event["leg"], event["type"], _instant(event["at"])) not in seen)


def mandates_miscounted(found: Evidence) -> Iterator[str]:
    """I37: each acknowledged mandate is there once and as it was given, each acknowledged end too, both in the audit
    log; and there are no more mandates than were asked for."""
    there = {line["id"]: line for line in found.exported("mandate")}
    yield from (f"{name}: {why}" for name, term in terms(found).items() if (why := _not_so(term, there.get(name))))
    asked = {line["key"] for line in found.noted("entrusts")}
    if len(there) > len(asked):
        yield f"{len(there)} mandates from {len(asked)} keys"
    for action, wanted in (("mandate.give", {*there}),
                           ("mandate.revoke", {name for name, line in there.items() if line["revoked_at"]})):
        listed = Counter(line["target"] for line in found.audit if line["action"] == action)
        yield from (f"{name}: {listed[name]} times {action} in the audit log" for name in sorted({*wanted, *listed})
                    if listed[name] != (name in wanted))


def _not_so(term: Term, line: Line | None) -> str:
    """What is wrong with a mandate as it is kept; empty if nothing."""
    if line is None:
        return "lost"
    if (sorted(line["acts"]), line["bundles"]) != (sorted(term.line["acts"]), term.line["bundles"]):
        return "not as it was given"
    if (line["revoked_at"] is None) != (term.ends is None):
        return "not ended" if term.ends else "ended by nobody"
    return ""


def acts_miscounted(found: Evidence) -> Iterator[str]:
    """I38: each acknowledged act of an agent, and of the principal on the same case, is in the history once and under
    its own name, and none that was refused; what both did at once counts for one of them."""
    done: Counter[tuple[Any, ...]] = Counter()
    for line in found.noted("did"):
        if line["act"] in {"answer", "urge", "withdraw"}:
            place = line["act"], line.get("leg") or line["reference"], line["body"] == "agent"
            done[place] += line["status"] < 400
    ours = {line["reference"] for line in found.noted("did") if line.get("reference")}
    made: Counter[tuple[Any, ...]] = Counter()
    for event in found.exported("event"):
        act = ENTRUSTED.get(event["type"])
        if act and event["leg"] and event["case"] in ours and event["by"].partition(":")[0] == "applicant":
            about = event["case"] if act == "withdraw" else event["leg"]
            made[act, about, event["by"].startswith(UNDER)] += 1
    name = partial("{}: {} {} by the {}".format)
    for place in sorted({*done, *made}):
        there, told = (min(count[place], 1) if place[0] == "withdraw" else count[place] for count in (made, done))
        if there != told:
            yield name(place[1], place[0], f"{there} times for {told}", "agent" if place[2] else "principal")
