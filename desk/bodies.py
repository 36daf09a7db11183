"""Which body of this place gets what, and a plan where one does what elsewhere several departments do (行政审批局): it
is called by its own name and counted once. The kinds of department in the plan stay, for they go on supervising."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cases.words import is_reviewable
from catalog.matter import Matter
from catalog.model import Catalog
from catalog.text import Text
from connectors.base import Body
from connectors.deployment import Deployment
from forms.composite import PlannedComposite
from forms.counts import Figures
from forms.plan import Plan, PlannedLeg


def body_of(leg: PlannedLeg, deployment: Deployment, catalog: Catalog) -> Body | None:
    """The body of the list that gets a planned leg; None where its place has none."""
    return deployment.body_for(leg.department, leg.region, _above(catalog), leg.matter)


def body_at(region: str | None, matter: Matter, deployment: Deployment, catalog: Catalog) -> Body | None:
    """The body that gets a matter in a region; in whichever (None) if one alone does."""
    return deployment.body_for(matter.department, region, _above(catalog), matter.id)


def _above(catalog: Catalog) -> Callable[[str], str | None]:
    """What gives the region above another."""
    def parent(region: str) -> str | None:
        known = catalog.regions.get(region)
        return known.parent if known else None

    return parent


def supervisor_of(leg: PlannedLeg, office: str, deployment: Deployment, catalog: Catalog) -> Text | None:
    """What the department is called that supervises what this office decides in its place; None where who decides also
    supervises, and for what is no act of administration."""
    kind = catalog.departments.get(leg.department)
    return kind.name if kind and office in deployment.taken_over and is_reviewable(leg) else None


def at_place(plan: Plan, deployment: Deployment, catalog: Catalog) -> Plan:
    """The plan as this place carries it out; the same where each department is a body of its own."""
    over, bundle = deployment.taken_over, catalog.bundles[plan.bundle]
    if not over:
        return plan
    legs = {leg.leg: body for leg in plan.legs if (body := body_of(leg, deployment, catalog)) and body.id in over}
    matters = {one.matter: catalog.matter_of(bundle, one.matter) for one in plan.absent}
    absent = {key: body for key, matter in matters.items()
              if (body := body_at(None, matter, deployment, catalog)) and body.id in over}
    return _at_bodies(plan, legs, absent, over)


def _at_bodies(plan: Plan, legs: Mapping[str, Body], absent: Mapping[str, Body], over: Mapping[str, str]) -> Plan:
    """The plan with these bodies in place of the departments of these legs, and of these matters without a leg."""
    return replace(
        plan, figures=_counted(plan, legs, over), composite=_issued(plan, legs),
        legs=tuple(replace(leg, department_name=Text(legs[leg.leg].name)) if leg.leg in legs else leg
                   for leg in plan.legs),
        absent=tuple(replace(one, department_name=Text(absent[one.matter].name)) if one.matter in absent else one
                     for one in plan.absent))


def _counted(plan: Plan, legs: Mapping[str, Body], over: Mapping[str, str]) -> Figures:
    """The figures with each body counted once, and the sentence that says so."""
    figures, moved = plan.figures, [leg for leg in plan.legs if leg.leg in legs]
    bodies = {("body", over[legs[leg.leg].id]) if leg.leg in legs else ("kind", leg.department) for leg in plan.legs}
    if not moved:
        return figures
    kinds = len({leg.department for leg in moved})
    names = "、".join(dict.fromkeys(legs[leg.leg].name for leg in moved))
    text = (f"部门：{len(plan.legs)} 个事项原属 {figures.departments.before} 个部门，"
            f"其中 {kinds} 个部门的 {len(moved)} 个事项由{names}办理，实际是 {len(bodies)} 个单位，"
            f"现在只到 {figures.departments.after} 个窗口(一次申请)")
    return replace(figures, departments=replace(figures.departments, before=len(bodies)),
                   because=(text, *figures.because[1:]))


def _issued(plan: Plan, legs: Mapping[str, Body]) -> PlannedComposite | None:
    """The certificate over several results; a body issues it that has every part of the department that would."""
    one, by_number = plan.composite, {leg.leg: leg for leg in plan.legs}
    parts = {part.leg for part in one.parts if by_number[part.leg].department_name == one.issued_by} if one else set()
    names = {legs[number].name if number in legs else None for number in parts}
    name = next(iter(names), None) if len(names) == 1 else None
    return one if one is None or name is None else replace(one, issued_by=Text(name))
