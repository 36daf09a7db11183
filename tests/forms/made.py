"""Small definitions as authors write them, checked and composed: what they mean, and what is said against them."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from catalog.assemble import assemble
from catalog.check import check
from catalog.model import Catalog
from forms.compose import compose
from forms.plan import Plan

TODAY = date(2026, 3, 2)
HOUSE = {
    "departments.yaml": "one: {name: 甲局, level: city}\ntwo: {name: 乙局, level: city}\n",
    "roles.yaml": "holder: {name: 申请人, id: pid, shown: pname}\nmother: {name: 母亲, id: pid, shown: pname}\n"
                  "father: {name: 父亲, id: aid, shown: aname}\n",
}
PEOPLE = ("pid: {name: 证件号, type: citizen_id}\npname: {name: 姓名}\n"
          "aid: {name: 父亲证件号, type: citizen_id}\naname: {name: 父亲姓名}\n")
CARS = """
cars:
  name: 车
  rows:
    vin: {name: 车架号, required: yes}
    mass: {name: 质量, type: integer, unit: kg, required: yes}
    plate: {name: 车牌}
  key: vin
  min: 1
  max: 200
"""


@cache
def _loaded(texts: tuple[tuple[str, str], ...]) -> tuple[Catalog, tuple[str, ...]]:
    loaded = assemble(dict(texts))
    found = [*loaded.problems, *check(loaded.catalog)]
    return loaded.catalog, tuple(problem.message for problem in found if problem.level == "error")


def _read(matters: str, bundle: str, more: Mapping[str, str]) -> tuple[Catalog, tuple[str, ...]]:
    files = {f"{name}.yaml": text for name, text in more.items()}
    fields = PEOPLE + files.pop("fields.yaml", "")
    own = {"fields.yaml": fields, "matters.yaml": matters, "b.yaml": f"id: b\nname: 一件\n{bundle}\n"}
    texts = {**HOUSE, **own, **files}
    return _loaded(tuple(texts.items()))


def errors(matters: str, bundle: str, **more: str) -> tuple[str, ...]:
    """What the check refuses; further files by their name."""
    return _read(matters, bundle, more)[1]


def good(matters: str, bundle: str, **more: str) -> Catalog:
    """Definitions against which the check has nothing."""
    catalog, wrong = _read(matters, bundle, more)
    assert wrong == ()
    return catalog


def planned(catalog: Catalog, situation: Mapping[str, Any] | None = None, bundle: str = "b", **more: Any) -> Plan:
    """The plan of one situation."""
    return compose(catalog, bundle, situation or {}, today=TODAY, **more)


def kept(plan: Plan) -> dict[str, tuple[str, ...]]:
    """What the applicant brings, and for which legs."""
    return {line.key: line.askers for line in plan.materials}


def gone(plan: Plan) -> set[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """What is not brought: key, rule, for whom, from where."""
    return {(line.key, line.rule, line.askers, line.by) for line in plan.removed_materials}


def taken(plan: Plan) -> dict[tuple[str, str], str | None]:
    """Which paper fills what each leg asks."""
    return {(slot.leg, slot.key): slot.taken for slot in plan.slots}
