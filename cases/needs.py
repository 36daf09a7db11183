"""What a leg needs of the fields that an earlier one gives (decision 36): judged by what the results say just now.

So it is judged when the earlier leg is granted, and again when a correction gives something else, until this leg is
decided. What was not given is not missed: then the leg starts, and its own department sees what is lacking.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from cases.edges import standing
from cases.feeds import given_fields
from cases.model import Case
from catalog.evaluate import UNANSWERED, holds
from forms.given import given_for_conditions


def unmet(case: Case, index: int) -> bool:
    """Whether what arrives by edge `index` of the plan surely does not fulfil what its follower needs of it."""
    edge = case.plan.edges[index]
    if edge.need is None or standing(case, index).state != "done":
        return False
    today = date.fromisoformat(case.plan.today) if case.plan.today else None
    return holds(edge.need, _arrived(case, index), today) is False


def _arrived(case: Case, index: int) -> dict[str, Any]:
    edge = case.plan.edges[index]
    given = {code: value for target in edge.targets for code, value in given_fields(case, target).items()}
    return {"filer": case.plan.situation.get("filer", UNANSWERED),
            **{code: given_for_conditions(case.plan, code, given[code]) for code in edge.feeds if code in given}}
