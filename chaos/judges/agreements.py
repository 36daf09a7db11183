"""Rules about those who must agree before somebody else files: they have, to what they were shown, and can take it back
until it is filed; their papers are looked up with their yes alone; departments learn of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from chaos.agreeing import ROLE
from chaos.evidence import FILED, Evidence, Line, grouped
from chaos.forms import SOLD

AGREED, TAKEN_BACK, REFUSED = "agreed", "taken_back", "refused"
YES = frozenset({AGREED, "changed"})  # also of what was changed just after it
PAPER = "home_title"  # of the seller, which no register holds of one of them
OK = 200


def filed_without_a_yes(found: Evidence) -> Iterator[str]:
    """I51: whatever is filed stands under a yes that its person said to what they were shown, and has not taken back;
    nobody else opens what they are asked."""
    under = {line["case"]: line for line in found.exported("agreement")}
    yield from (f"{case['id']}: nobody agreed" for case in found.cases.values()
                if case["bundle"] == SOLD and case["id"] not in under)
    said = grouped(found.noted("said"), "agreement")
    for case, line in under.items():
        yield from (f"{case}: {why}" for why in _unfit(line, said.get(line["agreement"], ())))
    yield from ("a stranger opened what somebody else is asked" for line in found.noted("tried_to_open")
                if line["status"] == OK)


def _unfit(line: Line, said: list[Line] | tuple[Line, ...]) -> Iterator[str]:
    """What is wrong with an agreement under which something was filed."""
    places = [place for place, one in enumerate(said) if one["answer"] == "agree" and one["state"] in YES
              and _at(one["said_at"]) == _at(line["agreed_at"])]
    if line["role"] != ROLE or not places:
        yield f"under a yes that nobody said at {line['agreed_at']}"
        return
    yield from ("not to what was shown" for place in places if said[place]["digest"] != line["digest"])
    yield from (f"though {one['state']} since" for one in said[places[0]:] if one["state"] in {TAKEN_BACK, REFUSED})


def yes_miscounted(found: Evidence) -> Iterator[str]:
    """I52: each acknowledged answer is in the audit log, once, and so is each filing under a yes; whoever agreed sees
    what became of it; the departments that are told of this person learn to what they agreed, and when."""
    listed: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in found.audit:
        listed[line["action"], line["target"]].append(line["data"])
    for (agreement, state), moments in _answers(found).items():
        there = len(listed[f"agreement.{state}", agreement])
        if there < len(moments) or (state != REFUSED and there > len(moments)):  # a no that is said again is one more
            yield f"{agreement}: {there} times {state} in the audit log of {len(moments)}"
    under = {line["agreement"]: line for line in found.exported("agreement")}
    shown = {line["agreement"]: line["reference"] for line in found.noted("listed")}
    for agreement in sorted({*under, *(name for name, case in shown.items() if case)}):
        case = under[agreement]["case"] if agreement in under else None
        if [line["case"] for line in listed["agreement.file", agreement]] != [case]:
            yield f"{agreement}: {listed['agreement.file', agreement]} in the audit log for {case}"
        if shown.get(agreement) != case:
            yield f"{agreement}: filed as {case}, and shown as {shown.get(agreement)}"
    yield from _told(found, under)


def _answers(found: Evidence) -> Mapping[tuple[str, str], set[str]]:
    """When answers were given that count, by agreement and answer; one that is repeated is given once."""
    given: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    words = {"agree": AGREED, "take_back": TAKEN_BACK, "refuse": REFUSED}
    for line in found.noted("said"):
        word = words[line["answer"]]
        if line["state"] == word or (word == AGREED and line["state"] in YES):
            given[line["agreement"], word].add(line["said_at"])
    return given


def _told(found: Evidence, under: Mapping[str, Line]) -> Iterator[str]:
    """Of a matter either every filing says who agreed or none does, and of a case some do."""
    calls = [line for line in found.said("call") if line["type"] == FILED and _case_of(line) in
             {one["case"] for one in under.values()}]
    for matter, lines in grouped(calls, "matter").items():
        if len({bool(line["agreements"]) for line in lines}) > 1:
            yield f"{matter}: who agreed is said now and then"
    told = Counter(_case_of(line) for line in calls if line["agreements"])
    yield from (f"{case}: no department learns who agreed" for case in sorted({_case_of(line) for line in calls})
                if not told[case])
    for line in calls:
        for one in line["agreements"]:
            kept = under.get(one["agreement"], {})
            if kept.get("case") != _case_of(line) or kept["digest"] != one["digest"] \
                    or _at(kept["agreed_at"]) != _at(one["agreed_at"]):
                yield f"{line['key']}: told of {one['agreement']} to {one['digest'][:12]}"


def looked_up_without_a_yes(found: Evidence) -> Iterator[str]:
    """I53: that a register does not hold somebody's paper is known to nobody unless this person agrees."""
    yield from (f"{line['draft']}: {PAPER} was looked up while {state}" for line in found.noted("draft_seen")
                if PAPER in line["missing"] for state in line["states"] if state != AGREED)


def _case_of(line: Line) -> str:
    return str(line["leg"]).rpartition("-")[0]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
