"""Words that pages need: units as people write them, who asks, rules of removal, and the regular sentences."""

from __future__ import annotations

from collections.abc import Mapping

from forms.plan import FieldLine, Plan

UNIT_WORDS: Mapping[str, str] = {
    "m": "米", "km": "千米", "mm": "毫米", "cm": "厘米", "m2": "平方米", "m3": "立方米", "ha": "公顷", "mu": "亩",
    "kg": "千克", "g": "克", "t": "吨", "L": "升", "m3/h": "立方米/小时", "m3/d": "立方米/天", "L/s": "升/秒",
    "t/h": "吨/小时", "min": "分钟", "h": "小时", "day": "天", "month": "个月", "year": "年", "yuan": "元",
    "10k_yuan": "万元", "percent": "%", "person": "人", "piece": "个", "C": "℃",
}
RULE_NAMES: Mapping[str, str] = {
    "form": "并入一张表", "logic_a": "前面的部门会给", "logic_b": "后一份已能证明", "covers": "另一份已包含",
    "licence": "证照库调取", "sharing": "部门共享", "premises": "场所预备案", "pledge": "签承诺书即可",
    "given": "前面的部门会给",
}


def departments_of(plan: Plan) -> Mapping[str, str]:
    """Leg number → the name of its department."""
    return {leg.leg: str(leg.department_name) for leg in plan.legs}


def askers_words(line: FieldLine, departments: Mapping[str, str]) -> str:
    """Who needs a field: up to three departments by name, else the first and how many."""
    names = list(dict.fromkeys(departments[asker.leg] for asker in line.askers if asker.leg in departments))
    if not names:
        return ""
    return f"{'、'.join(names)}需要" if len(names) <= 3 else f"{names[0]}等 {len(names)} 个部门需要"
