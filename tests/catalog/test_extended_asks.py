"""What a local version asks in a matter of its parent: never more, in whatever words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from catalog.assemble import Loaded, assemble
from catalog.check import check
from forms.compose import compose
from forms.plan import Plan

TODAY = date(2026, 3, 2)
HOUSE = {
    "departments.yaml": "one: {name: 局, level: city}\n",
    "roles.yaml": "holder: {name: 申请人, id: pid, shown: pname}\n",
    "fields.yaml": "pid: {name: 证件号, type: citizen_id}\npname: {name: 姓名}\nq: {name: 有无, type: yes_no}\n"
                   "r: {name: 另有, type: yes_no}\nn: {name: 数, type: integer, unit: kg, max: 99}\n",
    "materials.yaml": "".join(f"{kind}: {{name: {kind}证, sources: [self]}}\n" for kind in "ABCD"),
    "sets.yaml": "filer: {fields: [pid], materials: [D]}\n",
    "matters.yaml": """
m1:
  name: 甲事
  department: one
  limits: {promised: 5wd}
  asks:
    sets: [filer]
    fields: [q, r, {n: {as: sl, required: no, when: q, max: 50}}]
    materials: [{A: {when: q}}, {B: {pledge: {form: p, text: 我承诺}, tolerable: yes}}, {c: {any_of: [C, D]}}]
""",
    "top.yaml": "id: top\nname: 上级\nmatters: {m1: {must_have: yes}}\n",
}
KID = "id: kid\nname: 下级\nextends: top\n"


def loaded(asks: str, **more: str) -> Loaded:
    texts = {f"{name}.yaml": text for name, text in more.items()}
    return assemble({**HOUSE, "kid.yaml": f"{KID}matters:\n  m1: {{asks: {{{asks}}}}}\n", **texts})


def refusals(found: Loaded) -> list[str]:
    return [str(one) for one in (*found.problems, *check(found.catalog)) if one.level == "error"]


def planned(found: Loaded, bundle: str, **form: Any) -> Plan:
    return compose(found.catalog, bundle, {"filer": "self"}, today=TODAY, form=form)


def asked(plan: Plan) -> tuple[Any, ...]:
    return ([(line.code, line.required, line.max) for line in plan.fields], [line.key for line in plan.materials],
            [(line.key, line.rule) for line in plan.removed_materials], [line.tolerable for line in plan.materials])


@pytest.mark.parametrize("form", [{"q": False, "r": False}, {"q": True, "r": False}])
@pytest.mark.parametrize("asks", [
    "fields: [pid, q, r, n], materials: [D, A, B, c]", "sets: [filer], fields: [q, r, n], materials: [A, B, c]",
    "fields: [pid, q, r, {n: {max: 50, required: no}}], materials: [D, {A: {when: q}}, {B: {tolerable: yes}}, c]",
])
def test_what_a_child_leaves_open_of_an_ask_is_as_its_parent_has_it(asks: str, form: dict[str, Any]) -> None:
    found = loaded(asks)
    assert refusals(found) == []
    assert asked(planned(found, "kid", **form)) == asked(planned(found, "top", **form))


def test_a_child_asks_in_fewer_situations_in_the_words_of_its_own_department() -> None:
    found = loaded("fields: [q, r, {n: {as: shuliang, unit: t, when: q and r, note: 见附表}}], materials: "
                   "[{A: {when: r and q, note: 加盖公章}}]")
    assert refusals(found) == []
    plan = planned(found, "kid", q=True, r=False)
    assert ([line.code for line in plan.fields], plan.materials) == (["q", "r"], ())
    asker = planned(found, "kid", q=True, r=True).fields[-1].askers[0]
    assert (asker.as_name, asker.unit, asker.note) == ("shuliang", "t", "见附表")


HARDER = [
    ("fields: [q, {n: {max: 9}}]", "字段 n 的max"), ("fields: [q, {n: {min: 1}}]", "字段 n 的min"),
    ("fields: [q, {n: {required: yes}}]", "字段 n 的required"),
    ("materials: [{A: {itself: yes}}]", "材料 A 的itself"), ("materials: [{B: {tolerable: no}}]", "材料 B 的tolerable"),
    ("materials: [{B: {tolerable: {within: 1wd}}}]", "材料 B 的tolerable"),
    ("materials: [{B: {pledge: {form: other, text: 我承诺}}}]", "材料 B 的pledge"),
    ("materials: [{A: {spec: {copies: 9}}}]", "材料 A 的spec"),
    ("materials: [{c: {any_of: [C, A]}}]", "材料 c 的any_of"),
]


@pytest.mark.parametrize(("asks", "what"), HARDER)
def test_a_child_that_asks_more_of_what_its_parent_asks_is_refused(asks: str, what: str) -> None:
    says = (f"kid.yaml:5: 下级版本不得改变 m1 对{what}；只能去掉整项、收窄 when，"
            "或改 as、paper_as、unit、values、date_form、note")
    assert says in refusals(loaded(asks))


@pytest.mark.parametrize(("asks", "what"), [
    ("fields: [q, r, {n: {when: r}}]", "字段 n"), ("fields: [q, r, {n: {when: q or r}}]", "字段 n"),
    ("materials: [{A: {when: r}}]", "材料 A"),
])
def test_a_condition_of_an_ask_may_only_be_narrowed(asks: str, what: str) -> None:
    assert f"kid.yaml:5: 下级版本不得改变 m1 对{what} 的条件；只能写成 (q) and …" in refusals(loaded(asks))


def test_a_grandchild_does_not_ask_what_the_version_between_left_out_for_some() -> None:
    between = "id: mid\nname: 中级\nextends: top\nmatters:\n  m1: {asks: {materials: [{A: {when: q and r}}]}}\n"
    own = KID.replace("extends: top", "extends: mid")
    for ask, fine in (("A", False), ("{A: {when: q}}", False), ("{A: {when: q and r}}", True)):
        kid = f"{own}matters:\n  m1: {{asks: {{materials: [{ask}]}}}}\n"
        says = "kid.yaml:5: 下级版本不得改变 m1 对材料 A 的条件；只能写成 (q and r) and …"
        assert (says not in refusals(loaded("", mid=between, kid=kid))) is fine
