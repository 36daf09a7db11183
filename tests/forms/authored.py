"""Small bundles as an author writes them: read, checked, tried and composed as the portal does it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from catalog.assemble import assemble
from catalog.check import check
from catalog.model import Catalog
from forms.compose import compose
from forms.plan import Plan
from forms.trials.explore import explore

TODAY = date(2026, 3, 2)
BASE: Mapping[str, str] = {
    "departments.yaml": "office: {name: 甲局, level: city}\n",
    "roles.yaml": "holder: {name: 申请人, id: pid, shown: pname}\n",
    "calendar/2026.yaml": (Path(__file__).parents[2] / "bundles/calendar/2026.yaml").read_text(),
}
PERSON = "pid: {name: 证件号, type: citizen_id}\npname: {name: 姓名}\n"
ROWS = """vs:
  name: 车
  rows:
    vin: {name: 车号, required: yes}
    mass: {name: 质量, type: integer, unit: kg}
    note: {name: 备注}
  key: vin
  min: 1
"""


def matter(name: str, asks: str, more: str = "") -> str:
    """A matter line: `asks` is what stands in its asks, `more` further attributes."""
    return f"{name}: {{name: 事项{name}, department: office, limits: {{promised: 1wd}}, asks: {{{asks}}}{more}}}\n"


def written(matters: str, bundle: str, fields: str = "", materials: str = "PR01: {name: 图纸, sources: [self]}\n",
            ) -> dict[str, str]:
    """The files of one small bundle `b`, whose situation and matters are in `bundle`."""
    return {**BASE, "fields.yaml": PERSON + fields, "materials.yaml": materials, "matters.yaml": matters,
            "b.yaml": f"id: b\nname: 小事\n{bundle}"}


def read(texts: Mapping[str, str]) -> Catalog:
    """The definitions, as they are read whether they are right or not."""
    return assemble(texts).catalog


def said(texts: Mapping[str, str], level: str = "error") -> list[str]:
    """What an author is told by the checks, as file:line: sentence."""
    loaded = assemble(texts)
    found = [*loaded.problems, *check(loaded.catalog)]
    if not any(problem.level == "error" for problem in found):
        found += explore(loaded.catalog, "b", TODAY)
    return [f"{one.place.file}:{one.place.line}: {one.message}" for one in found if one.level == level]


def planned(catalog: Catalog, situation: Mapping[str, Any], form: Mapping[str, Any] | None = None) -> Plan:
    """The plan of `b`."""
    return compose(catalog, "b", situation, today=TODAY, form=form)


def stopping(plan: Plan) -> list[tuple[str, str, str | None]]:
    """What keeps a plan from being filed: level, rule and where to mend it."""
    return [(one.level, one.rule, one.at) for one in plan.problems if one.level in {"block", "undecided"}]
