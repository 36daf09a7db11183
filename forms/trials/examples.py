"""Runs what a bundle says of itself: its examples and the situation of its public figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from catalog.bundle import Example
from catalog.suggest import unknown
from catalog.text import Problem
from forms.answers import Known
from forms.compose import compose
from forms.plan import Plan
from forms.schedule import ends_by


def check_examples(known: Known) -> Iterator[Problem]:
    """One problem for each difference, at the example's own line; a public situation must answer every question."""
    bundle = known.bundle
    for index, example in enumerate(bundle.examples):
        there = known if example.on is None else replace(known, today=example.on)
        plan = compose(known.catalog, bundle.id, example.given, today=there.today)
        for part, says in _differences(example, plan, there):
            yield _problem(known, ("examples", index, part), "example", f"例子第 {index + 1} 条：{says}")
        yield from _refusals(index, example, plan, known)
    if bundle.figures:
        plan = compose(known.catalog, bundle.id, bundle.figures, today=known.today)
        for says in _unanswered(plan):
            yield _problem(known, ("figures",), "figures", f"figures 的情形{says}")
        for problem in (one for one in plan.problems if one.rule == "maybe_material"):
            says = f"figures 的情形{problem.text}，所以没有算进公布的份数；请在 figures 里把 {problem.at} 也答上"
            yield replace(_problem(known, ("figures",), "figures", says), level="warning")


def _problem(known: Known, path: tuple[str | int, ...], code: str, says: str) -> Problem:
    return Problem(known.catalog.places.of("bundles", known.bundle.id, *path), code, says)


def _unanswered(plan: Plan) -> Iterator[str]:
    for problem in plan.problems:
        if problem.rule in {"bad_answer", "open_question"}:
            yield f"没有答全：{problem.text}({problem.at})"


def _differences(example: Example, plan: Plan, known: Known) -> Iterator[tuple[str, str]]:
    for says in _unanswered(plan):
        yield "given", says
    if example.matters is not None:
        found = {leg.matter for leg in plan.legs}
        for matter in sorted(set(example.matters) - found):
            yield "matters", f"应当包含事项 {matter}，算出来没有"
        for matter in sorted(found - set(example.matters)):
            yield "matters", f"算出来还有事项 {matter}，例子没有写"
    if example.materials is not None and example.materials != plan.figures.materials_after:
        kept = "、".join(line.key for line in plan.materials) or "没有"
        yield "materials", f"应当剩 {example.materials} 种材料，算出来是 {plan.figures.materials_after} 种({kept})"
    if example.days is not None:
        ends, _ = ends_by((example.days,), known.catalog.calendar, known.today)
        wanted = ends(0, example.days)
        if wanted != plan.figures.days.after or _unit(example) != plan.figures.day_unit:
            yield "days", f"应当 {example.days} 办结，算出来是 {plan.figures.days.after}{plan.figures.day_unit}"


def _refusals(index: int, example: Example, plan: Plan, known: Known) -> Iterator[Problem]:
    """Whether just those rules refuse the situation that the example names."""
    rules = {rule.id for rule in known.bundle.rules}
    rules |= {rule.id for matter in known.matters.values() for rule in matter.rules}
    found = [problem.rule for problem in plan.problems if problem.level == "block" and problem.rule in rules]
    for rule in sorted(set(example.blocked_by) - set(found)):
        says = f"例子第 {index + 1} 条：应当被规则 {rule} 挡住，算出来没有"
        says += "" if rule in rules else unknown(rule, sorted(rules), list_all=True)
        yield _problem(known, ("examples", index, "blocked_by"), "example", says)
    more = sorted(set(found) - set(example.blocked_by))
    if more:
        listed = ", ".join(more)
        says = f"例子第 {index + 1} 条：被规则 {listed} 挡住，不能提交；本该这样就写 blocked_by: [{listed}]"
        yield replace(_problem(known, ("examples", index), "example", says), level="warning")


def _unit(example: Example) -> str:
    return "wd" if example.days is not None and example.days.unit in {"wd", "wh"} else "nd"
