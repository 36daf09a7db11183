"""Rules about officers at the portal's own pages: what was acknowledged was done once and by its name, what was refused
was not done at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations

from chaos.evidence import Act, Evidence
from chaos.judges.notices import OF_ANSWERS

Place = tuple[str, str]


def acts_miscounted(found: Evidence) -> Iterator[str]:
    """I27: each acknowledged act is in the history of its leg, once; and what a page shows as done is acknowledged."""
    done = Counter((act.leg, act.act) for act in found.acts if act.done)
    doubtful = {(act.leg, act.act) for act in found.acts if not act.done and not act.refused}
    made = Counter((leg, event["type"]) for leg, events in found.events_of.items() for event in events
                   if _by_an_officer(event["by"]) and not event["filled"] and event["type"] not in OF_ANSWERS)
    yield from (f"{leg} {type_}: {made[leg, type_]} for {done[leg, type_]}"
                for leg, type_ in sorted({*done, *made} - doubtful) if made[leg, type_] != done[leg, type_])
    forms = {act.form for act in found.acts if act.done}
    yield from (f"{line['leg']}: shown as done, and refused" for line in found.officers
                if line["what"] == "looked" and line["shown"] and line["form"] not in forms)


def _by_an_officer(by: str) -> bool:
    """Whether somebody at an office did it, and not the office's system."""
    return by.startswith("department:") and by.count(":") > 1


def acts_without_a_name(found: Evidence) -> Iterator[str]:
    """I28: each acknowledged act is in the audit log, once, as its officer's; so is every opening."""
    listed: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    opened: set[Place] = set()
    for line in found.audit:
        if line["data"].get("form"):
            listed[line["data"]["form"]].append((line["by"], line["action"], line["target"]))
        elif line["action"] == "leg.opened":
            opened.add((line["by"], line["target"]))
    for act in found.acts:
        if act.done and listed[act.form] != [(act.officer, act.act, act.leg)]:
            yield f"{act.leg} {act.act}: {listed[act.form] or 'nobody'} instead of {act.officer}"
    yield from (f"{line['leg']}: opened by {line['body']} unseen" for line in found.officers
                if line["what"] == "opened" and (line["body"], line["leg"]) not in opened)


def refused_and_done(found: Evidence) -> Iterator[str]:
    """I29: what was refused had no effect, nothing is done from a page that was old, no form says two things."""
    by_form: defaultdict[str, list[Act]] = defaultdict(list)
    by_leg: defaultdict[str, list[Act]] = defaultdict(list)
    for act in found.acts:
        by_form[act.form].append(act)
        by_leg[act.leg].append(act)
    listed = {line["data"].get("form") for line in found.audit}
    for form, acts in by_form.items():
        if form in listed and all(act.refused for act in acts):
            yield f"{acts[0].leg} {acts[0].act}: refused, and in the audit log"
        if sum(act.done for act in acts) > 1:
            yield f"{acts[0].leg} {acts[0].act}: one form has said two things"
    yield from (f"{leg} {act.act} and {other.act}: done from pages that both were there before" for leg, acts in
                by_leg.items() for act, other in combinations(acts, 2) if _side_by_side(act, other))


def _side_by_side(act: Act, other: Act) -> bool:
    """Whether both are done though the page of each had come before the other was pressed: one of them was old."""
    return act.done and other.done and act.read < other.pressed and other.read < act.pressed
