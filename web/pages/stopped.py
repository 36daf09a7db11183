"""What stops a plan, and where it was said: the questions or the pages of the form on which it can be changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.bundle import Bundle
from catalog.model import Catalog
from forms.plan import Plan, PlanProblem
from web.pages.rows import columns_asked, read_by, rules_of

_OF_TIME = frozenset({"closed", "window"})  # no answer changes the day


@dataclass(frozen=True, slots=True)
class Stop:
    """What stops a plan; `questions` by id and `sections` by code are what its reason reads, each with its words.
    `elsewhere`: neither is known, so that it is to be found among all answers."""

    text: str
    questions: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, str], ...]
    elsewhere: bool


def stops_of(catalog: Catalog, bundle: Bundle, plan: Plan) -> list[Stop]:
    """Everything that stops this plan of the bundle, in the plan's order."""
    return [_stop(catalog, bundle, plan, problem) for problem in plan.problems if problem.level == "block"]


def _stop(catalog: Catalog, bundle: Bundle, plan: Plan, problem: PlanProblem) -> Stop:
    names = {one.id for one in plan.questions if one.id == problem.at} or _read(catalog, bundle, problem)
    asked = {name: question for name in names if (question := _question(catalog, bundle, plan, name))}
    on_form = {name.partition(".")[0] for name in names - asked.keys()}
    questions = tuple((one.id, str(one.ask)) for one in plan.questions if one.id in asked.values())
    sections = tuple((one.code, str(one.name)) for one in plan.sections if not on_form.isdisjoint(one.fields))
    return Stop(problem.text, questions, sections, not questions and not sections and problem.rule not in _OF_TIME)


def _read(catalog: Catalog, bundle: Bundle, problem: PlanProblem) -> set[str]:
    """The names that the rules behind a problem read."""
    return {name for rule in rules_of(catalog, bundle) if rule.id == problem.rule for name in read_by(rule)}


def _question(catalog: Catalog, bundle: Bundle, plan: Plan, name: str) -> str | None:
    """The question that asks this name, itself or as a column of its rows."""
    return next((one.id for one in plan.questions if name in _asks(catalog, bundle, one.id)), None)


def _asks(catalog: Catalog, bundle: Bundle, question: str) -> Iterator[str]:
    yield question
    group = catalog.fields.get(question)
    if group is not None and group.type == "rows":
        yield from columns_asked(catalog, bundle, group)
