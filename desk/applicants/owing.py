"""Whether somebody's papers may follow later (容缺): not while one that they promised is overdue."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from desk.premises import Premises
from forms.papers.lines import may_follow
from forms.plan import Plan
from store import overseeing


def owes(premises: Premises, plan: Plan, owner: str, brought: Mapping[str, Collection[str]]) -> bool:
    """Whether a plan lets papers follow of which no file was `brought`, by key, and its `owner` still owes one, in any
    case of theirs."""
    if not may_follow(plan, brought):
        return False
    with premises.database.read() as tx:
        return overseeing.owes(tx, owner)
