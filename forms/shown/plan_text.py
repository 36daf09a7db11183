"""A plan as text for a colleague: what stands in the way first, then who does what when, what is asked, what is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from catalog.limits import Limit
from catalog.matter import Matter
from catalog.papers import number_words
from catalog.reading import all_asks
from forms.papers.planned import MaterialLine, RemovedMaterial
from forms.plan import AskedQuestion, FieldLine, Plan, PlannedEdge, PlannedLeg, PlanProblem

LEVELS: Final[Mapping[str, str]] = {"block": "不能办", "undecided": "待定", "manual": "转人工核对", "warn": "提醒"}
_EVERYONE: Final = "全部事项都要"


def pledge_texts(matters: Iterable[Matter]) -> dict[str, str]:
    """What is pledged, by the pledge's code."""
    asks = [ask for matter in matters for part in all_asks(matter) for ask in part.materials]
    return {ask.pledge.form: ask.pledge.text for ask in asks if ask.pledge and ask.pledge.text}


def plan_lines(plan: Plan, pledges: Mapping[str, str], places: Mapping[str, str]) -> list[str]:
    """Every part of the plan, line by line; `pledges` has the texts by the pledge's code, `places` the regions'
    names by theirs."""
    return [
        f"{plan.bundle_name}（版次 {plan.edition[:12]}）",
        *_situation(plan, places), *_problems(plan.problems), *_matters(plan), *_form(plan), *_agreements(plan),
        *_kept(plan),
        *_removed(plan, pledges), "", "前后对比", *(f"  {line}" for line in plan.figures.because), *_old_limits(plan),
    ]


def _part(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", title, *(f"  {line}" for line in found)] if found else []


def _situation(plan: Plan, places: Mapping[str, str]) -> list[str]:
    columns = {line.code: line.inner for line in plan.fields if line.inner}
    answered = [f"{one.ask} {_rows(one.value, columns[one.id], places)}" if one.id in columns
                else f"{one.ask} {answer_words(one.value, _names(one, places))}"
                for one in plan.questions if one.state == "answered"]
    known = {one.id for one in plan.questions}
    others = [f"{name}：{answer_words(value, {})}" for name, value in plan.situation.items() if name not in known]
    return _part("按这样的情形", [*answered, *others] or ["什么都还没有回答"])


def _names(asked: AskedQuestion | FieldLine, places: Mapping[str, str]) -> Mapping[str, str]:
    return {option.code: str(option.name) for option in asked.options} or places


def _rows(rows: Iterable[Mapping[str, Any]], columns: Iterable[FieldLine], places: Mapping[str, str]) -> str:
    """Rows as the form shows them: each column by its name."""
    shown = [(column, column.code.rpartition(".")[2]) for column in columns]
    return "；".join("，".join(f"{column.name} {answer_words(row[key], _names(column, places))}"
                              for column, key in shown if key in row) for row in rows)


def answer_words(value: Any, names: Mapping[str, str]) -> str:
    """An answer as people say it, options by name."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(answer_words(one, names) for one in value) or "都不选"
    if isinstance(value, Mapping):
        return "（" + "，".join(f"{key} {answer_words(one, names)}" for key, one in value.items()) + "）"
    return names.get(str(value)) or number_words(str(value), names)


def _problems(problems: Iterable[PlanProblem]) -> list[str]:
    """What blocks, then what is open, then what needs a person, then what is only said."""
    listed = list(problems)
    return [line for level, word in LEVELS.items()
            for line in _part(word, (one.text for one in listed if one.level == level))]


def _matters(plan: Plan) -> list[str]:
    names = {leg.leg: leg.title for leg in plan.legs}
    lines = []
    for leg in plan.legs:
        lines.append(f"{leg.leg} {leg.title}  {leg.department_name}  {_when(leg, plan)}")
        lines += [f"   {leg.why.text}", *(f"   {fee.words}" for fee in leg.fees)]
        lines += [f"   {words}" for edge in plan.edges if edge.leg == leg.leg for words in [_order(edge, names)]]
    absent = [f"{one.name}：{one.why.text}" for one in plan.absent if one.state == "out"]
    maybe = [f"{one.name}：{one.why.text}" for one in plan.absent if one.state == "maybe"]
    return [*_part(f"办 {len(plan.legs)} 件事", lines), *_part("可能还要办", maybe), *_part("不用办", absent)]


def _when(leg: PlannedLeg, plan: Plan) -> str:
    """By which day of the longest chain it ends; its own limit where days cannot be counted."""
    limit: Limit | None = leg.promised or leg.statutory or leg.wait
    longest = "（在最长的一条上）" if leg.critical and len(plan.legs) > 1 else ""
    if leg.start is None or leg.finish is None:
        return f"{limit.words if limit else '没有时限'}{longest}"
    return f"最迟第 {leg.finish} 个工作日{longest}" if leg.finish else f"当日办结{longest}"


_ORDER: Final[Mapping[str, str]] = {
    "before_start": "等 {who} 办结才能开始", "before_decide": "可以同时办，等 {who} 办结才能决定",
    "before_deliver": "与 {who} 一起出件", "cancels": "{who} 没办成，这里也不办",
    "cancels_all": "{who} 都没办成，这里也不办",
}


def _order(edge: PlannedEdge, names: Mapping[str, str]) -> str:
    several, cancels = len(edge.targets) > 1, edge.kind == "cancels"
    joint = {"any": "其中一个", "ended": "都有结果"}.get(edge.join, "") if several and not cancels else ""
    who = "、".join(f"{target} {names[target]}" for target in edge.targets) + (f"（{joint}）" if joint else "")
    return _ORDER["cancels_all" if several and cancels else edge.kind].format(who=who)


def _form(plan: Plan) -> list[str]:
    """The form page by page; how many rows that is, since a table counts by its columns."""
    fields = {line.code: line for line in plan.fields}
    columns = sum(len(line.inner) or 1 for line in plan.fields)
    counted = f"，多行表按列算是 {columns} 处" if columns != len(fields) else ""
    lines = []
    for page in plan.sections:
        lines.append(f"〔{page.name}〕")
        lines += [text for code in page.fields if code in fields for text in _field(fields[code], plan)]
    given = [f"{line.name}：{line.why.text}" for line in plan.removed_fields]
    return [*_part(f"填写 {len(fields)} 项{counted}", lines), *_part("不用填写", given)]


def _field(line: FieldLine, plan: Plan) -> Iterator[str]:
    marks = [] if line.required else ["选填"]
    marks += ["可自动带出"] if line.prefill else []
    marks += ["已在情形中回答"] if line.value is not None else []
    shown = f"（{'，'.join(marks)}）" if marks else ""
    yield f"  {line.name}{shown}  {_by(line, plan)}"
    if line.inner:
        yield f"    每行填：{'、'.join(str(inner.name) for inner in line.inner)}"


def _by(line: FieldLine, plan: Plan) -> str:
    asking = {one.leg for part in (line, *line.inner) for one in part.askers}
    return _EVERYONE if len(plan.legs) > 1 and asking == {leg.leg for leg in plan.legs} else line.why.text


def _agreements(plan: Plan) -> list[str]:
    """Who else must agree before it is filed, and to what."""
    return _part("提交前要在网上确认", (f"{one.name}：{'；'.join(map(str, one.to))}" for one in plan.agreements))


def _kept(plan: Plan) -> list[str]:
    everyone = {leg.leg for leg in plan.legs}
    return _part(f"要交 {plan.figures.materials_after} 种材料", (_paper(line, everyone) for line in plan.materials))


def _paper(line: MaterialLine, everyone: set[str]) -> str:
    spec = line.spec
    form = [f"{'/'.join(spec.file_types)}，不超过 {spec.max_mb} MB"]
    form += [f"{spec.copies} 份"] if spec.copies > 1 else []
    form += ["原件"] if spec.original else []
    why = _EVERYONE if len(everyone) > 1 and set(line.askers) == everyone else line.why.text
    return f"{line.name}（{'，'.join(form)}）  {why}"


_RULES: Final[Mapping[str, str]] = {
    "form": "并入申请表", "logic_a": "前面的事项办出来", "logic_b": "后一份证明前一份", "covers": "有更全的材料代替",
    "mandate": "已在网上委托", "licence": "从电子证照库调取", "sharing": "从共享数据查得", "premises": "已经备案",
    "pledge": "签承诺书代替", "given": "前面的事项给出",
}


def _removed(plan: Plan, pledges: Mapping[str, str]) -> list[str]:
    """What is not brought, one heading a rule, and what is pledged instead."""
    grouped: dict[str, list[RemovedMaterial]] = {}
    for line in plan.removed_materials:
        grouped.setdefault(line.rule, []).append(line)
    lines = []
    for rule, gone in grouped.items():
        lines.append(f"〔{_RULES[rule]}〕")
        for line in gone:
            lines.append(f"  {line.name}  {line.why.text}")
            lines += [f"    承诺内容：{pledges[form]}" for form in line.by if rule == "pledge" and form in pledges]
    return _part("不用交的材料", lines)


def _old_limits(plan: Plan) -> list[str]:
    """What to write so that the old days are right."""
    without = list(dict.fromkeys(str(leg.name) for leg in plan.legs if leg.before is None))
    tips = []
    if without:
        tips.append(f"还没有原时限：{'、'.join(without)}；在事项的 limits 里写 before，例如 before: 10wd")
    if len(plan.legs) > 1 and any("没有登记原来的顺序" in line for line in plan.figures.because):
        tips.append("还没有原来的先后；在一件事里写 before: {after: {后办的: [先办的]}}，改革前的天数才准")
    return _part("要把改革前的天数算准", tips)
