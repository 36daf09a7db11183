"""Local bundles on a parent: what a child may do is done, what it may not is refused at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.assemble import Loaded, assemble
from catalog.check import check
from catalog.edition import edition_of, open_edition
from catalog.load import read_folder

GOOD = read_folder(Path(__file__).parent / "mini")[0]
HEAD = "id: local\nname: 本地水气报装\nextends: utilities\n"


def with_child(text: str, parent: str = GOOD["utilities.yaml"]) -> Loaded:
    return assemble({**GOOD, "utilities.yaml": parent, "local.yaml": HEAD + text})


def problems(loaded: Loaded) -> list[str]:
    return [str(one) for one in (*loaded.problems, *check(loaded.catalog)) if one.level == "error"]


def test_a_child_adds_narrows_and_shortens() -> None:
    loaded = with_child("""limits: {promised: 6wd}
situation:
  services: {ask: 需要接入哪些服务？, many: {heat: 供热}}
  urgent: {ask: 加急吗？, yes_no: yes}
  dig_area: {ask: 挖掘面积(平方米)？, when: outside_line and not urgent}
groups: {later: {any: [road-excavation, age-check]}}
matters:
  gas-connection: {limits: {promised: 2wd}, must_have: yes, asks: {fields: [site_address, {load_kw: {as: fh}}]}}
  age-check: {when: urgent, after: gas-connection}
  road-excavation: {when: dig_area > 0 and urgent}
  pipeline-permit: {after: [gas-connection]}
rules: [{id: L-1, need: urgent, say: 加急另行联系, effect: warn}]
figures: {urgent: no}
""")
    assert problems(loaded) == []
    bundle = loaded.catalog.bundles["local"]
    parent = loaded.catalog.bundles["utilities"]
    assert str(bundle.promised) == "6wd"
    assert [option.code for option in bundle.questions[0].options] == ["water", "gas", "heat"]
    assert [(entry.matter, entry.number) for entry in bundle.entries][-2:] == [("road-excavation", "05"),
    ("age-check", "06")]
    gas = loaded.catalog.matter_of(bundle, "gas-connection")
    assert str(gas.limits[0].promised) == "2wd"
    assert str(gas.limits[0].before) == "7wd"
    assert [(ask.code, ask.as_name, ask.unit) for ask in gas.asks.fields] == [("site_address", None, None),
    ("load_kw", "fh", "W")]
    assert str(loaded.catalog.matter_of(parent, "gas-connection").limits[0].promised) == "3wd"
    assert [rule.id for rule in bundle.rules] == ["R-1", "L-1"]
    permit = next(entry for entry in bundle.entries if entry.matter == "pipeline-permit")
    assert [edge.target for edge in permit.after] == ["plans", "joint-survey", "gas-connection"]
    opened = open_edition(edition_of(loaded.catalog, "local").body)
    assert opened.matter_of(opened.bundles["local"], "gas-connection") == gas


def test_a_dropped_matter_leaves_the_numbers_of_the_others() -> None:
    parent = GOOD["utilities.yaml"].replace("after: joint-survey}\n  gas",
    "after: joint-survey, droppable: yes}\n  gas")
    loaded = with_child("drop: [water-supply]\nfigures: {services: [gas]}\n", parent)
    bundle = loaded.catalog.bundles["local"]
    assert [(entry.matter, entry.number) for entry in bundle.entries] == [
        ("joint-survey", "01"), ("gas-connection", "03"), ("pipeline-permit", "04"), ("road-excavation", "05")]
    assert bundle.groups[0].members == ("gas-connection",)
    assert problems(loaded) == []


def test_what_a_parent_leaves_open_every_child_must_fill() -> None:
    parent = GOOD["utilities.yaml"].replace("lead: city-management", "lead: {fill: required}")
    assert problems(with_child("lead: water-group\n", parent)) == []
    assert "utilities" not in with_child("lead: water-group\n", parent).catalog.bundles
    assert "local.yaml:3: lead 还没有填写；上级版本把它标为 fill: required，请补上" in problems(with_child("", parent))


@pytest.mark.parametrize(("text", "says"), [
    ("limits: {promised: 9wd}", "4: 下级版本不得把总承诺的承诺时限 7wd 延长为 9wd"),
    ("matters:\n  gas-connection: {limits: {promised: 5wd}}",
    "5: 下级版本不得把 gas-connection 的承诺时限 3wd 延长为 5wd"),
    ("matters:\n  gas-connection: {asks: {materials: [K16, K14]}}", "5: 下级版本不得给 gas-connection 增加材料 K14"),
    ("matters:\n  gas-connection: {asks: {fields: [dig_area]}}", "5: 下级版本不得给 gas-connection 增加字段 dig_area"),
    ("matters:\n  water-supply: {limits: {statutory: 10wd}}", "5: 下级版本不得改变 water-supply 的法定时限"),
    ("matters:\n  water-supply: {limits: {before: 10wd}}", "5: 下级版本不得改变 water-supply 的原承诺时限"),
    ("matters:\n  road-excavation: {limits: {promised: 1wd}}", "5: 下级版本不得改写 road-excavation 分情形的时限"),
    ("matters:\n  water-supply: {gives: [K14]}", "5: 下级版本不得改变 water-supply 的结果"),
    ("matters:\n  water-supply: {when: outside_line}", "5: 下级版本不得改变 water-supply 的条件"),
    ("matters:\n  water-supply: {optional: yes}", "5: 下级版本不得把 water-supply 改为可选"),
    ("matters:\n  road-excavation: {after: {pipeline-permit: {on: {refused: ask}}}}",
    "5: 下级版本不得放宽 road-excavation"),
    ("matters:\n  pipeline-permit: {after: {plans: before_deliver}}", "5: 下级版本不得放宽 pipeline-permit 到 plans"),
    ("groups: {plans: {any: [water-supply]}}", "4: 下级版本不得从上级的组 plans 中去掉 gas-connection"),
    ("groups: {plans: {one_of: [water-supply, gas-connection]}}", "4: 下级版本不得改变上级的组 plans 的选法"),
    ("situation:\n  line_length: {ask: 多长？}", "5: 下级版本不得改变上级问题 line_length 的 ask"),
    ("rules: [{id: L, need: outside_line, say: 不行}]", "4: 下级版本不得增加会阻止申报的规则；请写 effect: warn"),
    ("before: {after: {road-excavation: [joint-survey]}}", "4: 下级版本不得改变 road-excavation 改革前的先后关系"),
    ("drop: [gas-connection]", "4: 下级版本不得去掉 gas-connection；上级没有把它标为 droppable: yes"),
    ("drop: [nothing]", "4: 要去掉的事项 nothing 不在上级版本中"),
])
def test_what_a_child_may_not_do_is_refused_at_its_line(text: str, says: str) -> None:
    assert any(problem.startswith(f"local.yaml:{says}") for problem in problems(with_child(text + "\n")))


def test_only_a_child_overrides_matters() -> None:
    texts = {**GOOD, "utilities.yaml": GOOD["utilities.yaml"].replace("gas in services, after",
    "gas in services, limits: {promised: 1wd}, after")}
    assert any("只有写了 extends 的下级版本才能改写事项" in problem for problem in problems(assemble(texts)))


def test_rings_and_long_lines_of_parents_are_refused() -> None:
    ring = {**GOOD, "utilities.yaml": GOOD["utilities.yaml"] + "extends: local\n", "local.yaml": HEAD}
    assert any("上下级版本成环" in problem for problem in problems(assemble(ring)))
    long = {**GOOD} | {
        f"b{n}.yaml": f"id: b{n}\nname: 甲\nextends: {f'b{n - 1}' if n else 'utilities'}\n" for n in range(5)}
    assert any("上下级版本超过 4 层" in problem for problem in problems(assemble(long)))
