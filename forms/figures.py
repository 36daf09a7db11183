"""Before and after, computed from the definitions of one situation (language 2.10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from catalog.limits import UNIT_NAMES, Limit
from forms.answers import Known
from forms.choose import members_of
from forms.counts import Count2, Figures
from forms.legs import Leg
from forms.merge_fields import MergedFields
from forms.order import Order
from forms.papers.lines import MaterialLines
from forms.papers.materials import Collected
from forms.plan import FieldLine, Plan
from forms.schedule import Link, Schedule, ends_by, links_of, schedule


class Timing:
    """Both schedules of one plan, laid out in one unit of days."""

    def __init__(self, legs: list[Leg], order: Order, known: Known) -> None:
        self.now = {leg.number: leg.planned.promised or leg.planned.statutory or leg.planned.wait for leg in legs}
        self.old = {leg.number: leg.planned.before or self.now[leg.number] for leg in legs}
        used = [limit for limit in (*self.now.values(), *self.old.values()) if limit is not None]
        self.unit: Literal["wd", "nd"]
        self.ends, self.unit = ends_by(used, known.catalog.calendar, known.today)
        links = links_of(order.edges)
        self.after: Schedule = schedule(self.now, links, self.ends)
        self.has_old_order = bool(known.bundle.before_after)
        self.before: Schedule = schedule(self.old, _old_links(legs, known) if self.has_old_order else links, self.ends)

    def total(self, limits: Iterable[Limit | None]) -> int:
        """The sum of all limits, each laid from the first day."""
        return sum(self.ends(0, limit) for limit in limits if limit is not None)


def _old_links(legs: list[Leg], known: Known) -> dict[str, list[Link]]:
    by_matter: dict[str, list[Leg]] = {}
    for leg in legs:
        by_matter.setdefault(leg.planned.matter, []).append(leg)
    links: dict[str, list[Link]] = {}
    for follower, targets in known.bundle.before_after.items():
        for member in members_of(follower, known):
            for leg in by_matter.get(member, ()):
                wanted = [name for target in targets for name in members_of(target, known)]
                waits = [other for name in wanted for other in by_matter.get(name, ())]
                links[leg.number] = [Link(tuple(_paired(leg, waits)))]
    return links


def _paired(leg: Leg, waits: list[Leg]) -> Iterable[str]:
    for other in waits:
        same_rows = leg.planned.each is not None and other.planned.each == leg.planned.each
        if other.number != leg.number and (not same_rows or other.planned.row == leg.planned.row):
            yield other.number


def count(
    legs: list[Leg], fields: MergedFields, collected: Collected, lines: MaterialLines, timing: Timing,
) -> Figures:
    """Every figure with the sentence that says how it was counted."""
    bodies = {leg.planned.department for leg in legs}
    after = [line for top in fields.lines for line in (top.inner or (top,))]
    visits = _sums([leg.matter.visits for leg in legs])
    steps = _sums([leg.matter.steps for leg in legs])
    one = min(1, len(legs))
    found = Figures(
        departments=Count2(len(bodies), min(1, len(bodies))), sets=Count2(len(legs), one),
        materials_before=collected.copies, materials_kinds=collected.kinds, materials_after=lines.left,
        fields_before=fields.before, fields_after=len(after), fields_prefilled=sum(_prefilled(line) for line in after),
        days=Count2(timing.before.days, timing.after.days),
        days_sum=Count2(timing.total(timing.old.values()), timing.total(timing.now.values())),
        visits=visits, steps=steps, because=(), day_unit=timing.unit,
    )
    return _explained(found, legs, lines, timing)


def _sums(pairs: list[tuple[int, int] | None]) -> Count2 | None:
    known = [pair for pair in pairs if pair is not None]
    return Count2(sum(pair[0] for pair in known), sum(pair[1] for pair in known)) if known else None


def _prefilled(line: FieldLine) -> bool:
    return any(source.kind != "self" for source in line.prefill)


def _left(materials: int) -> str:
    return f"剩下 {materials} 种由您提交" if materials else "没有要您提交的"


def _explained(found: Figures, legs: list[Leg], lines: MaterialLines, timing: Timing) -> Figures:
    unit = UNIT_NAMES[found.day_unit]
    taken = _taken(lines)
    lines_of_text = [
        f"部门：{found.departments.before} 个部门，现在只到 {found.departments.after} 个窗口(一次申请)",
        f"表单：原来每个事项一套，共 {found.sets.before} 套，现在 {found.sets.after} 套",
        f"材料：逐项相加 {found.materials_before} 份，去掉重复的是 {found.materials_kinds} 种"
        f"{f'；其中{taken}' if taken else ''}，{_left(found.materials_after)}",
        f"填写：逐项相加 {found.fields_before} 处，合并后 {found.fields_after} 处"
        f"{f'，其中 {found.fields_prefilled} 处可以自动带出' if found.fields_prefilled else ''}",
        _time(found, legs, timing),
        f"时限之和：原来 {found.days_sum.before} {unit}，现在 {found.days_sum.after} {unit}",
    ]
    if found.visits is not None:
        lines_of_text.append(f"跑动：各事项登记的次数相加，原来 {found.visits.before} 次，现在 {found.visits.after} 次")
    if found.steps is not None:
        lines_of_text.append(f"环节：各事项登记的环节相加，原来 {found.steps.before} 个，现在 {found.steps.after} 个")
    return replace(found, because=tuple(lines_of_text))


def _taken(lines: MaterialLines) -> str:
    kept = {(line.kind, line.role) for line in lines.kept}
    rules: dict[str, set[tuple[str, str | None]]] = {}
    for gone in lines.removed:
        if (gone.kind, gone.role) not in kept:
            rules.setdefault(_RULE_WORDS[gone.rule], set()).add((gone.kind, gone.role))
    return "，".join(f"{rule} {len(kinds)} 种" for rule, kinds in rules.items())


def _time(found: Figures, legs: list[Leg], timing: Timing) -> str:
    now = _chain(timing.after, {leg.number: str(leg.planned.name) for leg in legs})
    old = _chain(timing.before, {leg.number: str(leg.matter.name) for leg in legs})
    order = "原来的先后顺序" if timing.has_old_order else "没有登记原来的顺序，按现在的顺序"
    unknown = sum(leg.planned.before is None for leg in legs)
    unit = UNIT_NAMES[found.day_unit]
    text = f"时间：{order}最长的一条是{old}，共 {found.days.before} {unit}；"
    text += f"现在最长的一条是{now}，共 {found.days.after} {unit}"
    return f"{text}(有 {unknown} 项没有原来的时限，按现在的承诺计算)" if unknown else text


_RULE_WORDS: Mapping[str, str] = {
    "form": "并入申请表", "logic_a": "前面环节产生", "logic_b": "后一份证明前一份", "covers": "有更全的材料代替",
    "mandate": "已在网上委托", "licence": "调取电子证照", "sharing": "数据共享查得", "premises": "已经备案",
    "pledge": "承诺书代替",
}


def _chain(plan: Schedule, names: Mapping[str, str]) -> str:
    return "→".join(f"“{names[leg]}”" for leg in plan.chain) or "没有"


def figures_json(plan: Plan) -> dict[str, Any]:
    """The figures of contract 5."""
    f = plan.figures
    return {
        "bundle": plan.bundle, "edition": plan.edition, "situation": dict(plan.situation),
        "departments": _pair(f.departments), "sets": _pair(f.sets),
        "materials": {"before": f.materials_before, "kinds": f.materials_kinds, "after": f.materials_after},
        "fields": {"before": f.fields_before, "after": f.fields_after, "prefilled": f.fields_prefilled},
        "days": {
            "before": f.days.before, "after": f.days.after, "sum_before": f.days_sum.before,
            "sum_after": f.days_sum.after, "unit": f.day_unit,
        },
        "visits": _pair(f.visits), "steps": _pair(f.steps),
        "reductions": {
            "departments": _saved(f.departments.before, f.departments.after),
            "sets": _saved(f.sets.before, f.sets.after),
            "materials": _saved(f.materials_before, f.materials_after),
            "fields": _saved(f.fields_before, f.fields_after),
            "days": _saved(f.days.before, f.days.after), "days_sum": _saved(f.days_sum.before, f.days_sum.after),
        },
        "because": list(f.because),
    }


def _pair(count2: Count2 | None) -> dict[str, int] | None:
    return None if count2 is None else {"before": count2.before, "after": count2.after}


def _saved(before: int, after: int) -> float:
    """The part saved, between 0 and 1, to four places."""
    return round((before - after) / before, 4) if before else 0.0
