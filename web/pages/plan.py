"""The plan page: which matters and why, the merge, papers kept and removed, the order with its days."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import render_template

from catalog.bundle import Bundle
from catalog.text import Text
from desk.agents.mandates import Mandate
from desk.values import Draft
from forms.plan import FieldLine, Plan, PlanProblem
from web.pages.again import taken
from web.pages.stopped import stops_of
from web.pages.words import RULE_NAMES, askers_words, called, departments_of, said
from web.pictures.before_after import pairs, papers_of
from web.pictures.map import drawn_map, explained
from web.pictures.merge import merge
from web.pictures.stations import in_words, planned
from web.wiring import house

STOPS = frozenset({"block", "undecided"})
_OF_A_ROW = re.compile(r"^第 \d+ [^：]{1,4}：")


@dataclass(frozen=True, slots=True)
class Onward:
    """The button that leads on from a plan: what it says, where it goes, and the draft the plan belongs to.

    `seen` marks the answers that the plan was made of; `changed` says that they changed in another window. `of` is the
    draft whose situation the answers will replace, `under` the mandate under which a new one will be opened. `running`
    are cases of the same bundle that go on: reference and moment of filing.
    """

    button: str
    action: str
    draft: Draft | None = None
    seen: str = ""
    changed: bool = False
    of: str | None = None
    under: Mandate | None = None
    running: Sequence[tuple[str, datetime]] = ()


def plan_page(bundle: Bundle, plan: Plan, answered: Sequence[tuple[str, str, str]], onward: Onward) -> str:
    """Render a plan with the button that leads on, which is left out while something stops the filing."""
    return render_template(
        "plan.html", bundle=bundle, answered=answered, action=onward.action, told=taken(), running=onward.running,
        button=onward.button, draft=onward.draft,
        seen=onward.seen, changed=onward.changed, changing=onward.of, under=onward.under,
        **{**shown_of(plan), "stops": stops_of(house().catalog, bundle, plan)},
    )


def _note(problem: PlanProblem) -> str:
    """What is no obstacle yet, in a sentence; what waits for the form waits in every row for the same."""
    return said(_OF_A_ROW.sub("", problem.text) if problem.level == "undecided" else problem.text)


def shown_of(plan: Plan) -> dict[str, Any]:
    """What a page shows of a plan, with its pictures; `_plan.html` is made of it."""
    net = planned(plan, called)
    return {
        "plan": plan, "stops": [problem for problem in plan.problems if problem.level == "block"],
        "notes": list(dict.fromkeys(_note(problem) for problem in plan.problems if problem.level != "block")),
        "pairs": pairs(plan), "papers": papers_of(plan), "merge": merge(plan, called),
        "map": drawn_map(net, "办理顺序"), "map_words": in_words(net), "lines": explained(net),
        "asked": asked_by_section(plan), "departments": departments_of(plan), "rule_names": RULE_NAMES,
    }


def asked_by_section(plan: Plan) -> list[tuple[str, list[tuple[Any, str]]]]:
    """Every page of the form with its fields and who needs each; of rows the columns, as the figures count them."""
    lines = {line.code: line for line in plan.fields}
    departments = departments_of(plan)
    return [
        (section.name, [(one, askers_words(one, departments)) for code in section.fields if code in lines
                             for one in _columns(lines[code])])
        for section in plan.sections
    ]


def _columns(line: FieldLine) -> list[FieldLine]:
    """A field as it stands, rows as their columns under the name of the group; a column every row has is answered."""
    rows = line.value if isinstance(line.value, list) else []
    return [
        replace(column, name=Text(f"{line.name}：{column.name}"), askers=column.askers or line.askers,
                value=[row[code] for row in rows] if rows and all(code in row for row in rows) else None)
        for column in line.inner for code in [column.code.rpartition(".")[2]]
    ] or [line]
