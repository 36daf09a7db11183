"""A condition that could never become known is refused by the check; one that can is decided by what the form says."""

import pytest

from forms.answers import ground_of
from forms.schema import validate_form
from forms.values import Surroundings
from tests.forms.authored import ROWS, TODAY, matter, planned, read, said, stopping, written

NUMBERS = "n: {name: 人数, type: integer}\ng: {name: 月数, type: integer}\nq: {name: 射线, type: yes_no}\n"
PAPER_IF = "materials: [{{PR01: {{when: {}}}}}]"
ASK_ROWS = "situation: {vs: {ask: 有哪些车？}}\n"
GIVER = matter("m0", "fields: [pname]", ", gives: {fields: [g]}")
CARS = [{"vin": "a", "mass": 9000}, {"vin": "b", "mass": 100}]


@pytest.mark.parametrize("asks", [
    "fields: [vs], materials: [{PR01: {per: vs, when: vs.mass > 4500}}]",
    "fields: [vs, {pname: {when: vs.mass > 4500}}]"])
def test_a_matter_that_runs_once_cannot_ask_about_one_row(asks):
    texts = written(matter("m1", asks), ASK_ROWS + "matters: {m1: {}}\n", ROWS)
    assert said(texts) == [
        "matters.yaml:1: 条件用了 vs.mass，但一件事 b 的事项 m1 没有写 each: vs，不知道看哪一行，永远无法判断；"
        "请写 each: vs，或改用 count(vs)、sum(vs.mass)"]
    assert said({**texts, "b.yaml": texts["b.yaml"].replace("m1: {}", "m1: {each: vs}")}) == []


def test_a_matter_that_runs_once_may_ask_about_all_rows_together():
    texts = written(matter("m1", "fields: [vs], " + PAPER_IF.format("sum(vs.mass) > 5000")),
                    ASK_ROWS + "matters: {m1: {}}\n", ROWS)
    assert said(texts) == []
    assert [line.key for line in planned(read(texts), {"vs": CARS}).materials] == ["PR01"]


def test_a_rule_of_a_bundle_cannot_ask_about_one_row():
    rule = "rules: [{id: R-1, need: vs.mass > 500, say: 太轻, effect: block}]\n"
    texts = written(matter("m1", "fields: [vs.vin, vs.mass]"), ASK_ROWS + rule + "matters: {m1: {each: vs}}\n", ROWS)
    assert len(said(texts)) == 1 and "b.yaml:4: 条件用了 vs.mass，但规则是对整个办件的" in said(texts)[0]


@pytest.mark.parametrize(("asks", "more"), [
    (", " + PAPER_IF.format("g > 10"), ""), ("", ", rules: [{id: R-1, need: g > 0, say: 为零, effect: block}]")])
def test_a_matter_cannot_ask_about_what_an_earlier_leg_brings_it(asks, more):
    matters = GIVER + matter("m1", f"fields: [g, pname]{asks}", more)
    found = said(written(matters, "matters: {m0: {}, m1: {after: {m0: {feeds: [g]}}}}\n", NUMBERS))
    assert len(found) == 1 and found[0].startswith("matters.yaml:2: 条件用了 g，但一件事 b 里它由前面的事项")
    alone = written(matters, "matters: {m1: {}}\n", NUMBERS)
    assert said(alone) == [] and stopping(planned(read(alone), {}, {"g": 12, "pname": "张三"})) == []


def test_neither_can_a_rule_of_the_bundle():
    rule = "rules: [{id: R-1, need: g > 0, say: 为零, effect: block}]\n"
    matters = GIVER + matter("m1", "fields: [g, pname]")
    found = said(written(matters, rule + "matters: {m0: {}, m1: {after: {m0: {feeds: [g]}}}}\n", NUMBERS))
    assert len(found) == 1 and found[0].startswith("b.yaml:3: 条件用了 g，但一件事 b 里它由前面的事项办结后传来")
    typed = written(matters, rule + "matters: {m1: {}}\n", NUMBERS)
    assert said(typed) == [] and stopping(planned(read(typed), {}, {"g": 12, "pname": "张三"})) == []


ELSEWHERE = written(
    matter("m2", "fields: [{n: {required: no}}], " + PAPER_IF.format("n > 10")) + matter("m1", "fields: [n]"),
    "situation: {x: {ask: 要甲吗？, yes_no: yes}}\nmatters: {m2: {}, m1: {when: x}}\n", NUMBERS)


def test_a_blank_field_is_empty_when_only_a_matter_that_is_not_chosen_requires_it():
    catalog = read(ELSEWHERE)
    plan = planned(catalog, {"x": False}, {})
    assert said(ELSEWHERE) == [] and stopping(plan) == [] and plan.materials == ()
    assert validate_form(plan, {}, catalog.regions).errors == {}
    assert [line.key for line in planned(catalog, {"x": False}, {"n": 12}).materials] == ["PR01"]


def test_a_blank_field_stays_open_when_a_chosen_matter_requires_it_and_before_there_is_a_form():
    catalog = read(ELSEWHERE)
    assert stopping(planned(catalog, {"x": True}, {})) == [("undecided", "maybe_material", "n")]
    assert stopping(planned(catalog, {"x": False})) == [("undecided", "maybe_material", "n")]


def test_a_field_that_its_matter_does_not_ask_this_time_is_empty_for_its_conditions():
    catalog = read(written(matter("m1", "fields: [q, {n: {when: q}}], " + PAPER_IF.format("n > 10")),
                           "matters: {m1: {}}\n", NUMBERS))
    assert stopping(planned(catalog, {}, {"q": False})) == []
    assert ("undecided", "maybe_material", "n") in stopping(planned(catalog, {}, {"q": True}))
    assert ("undecided", "maybe_material", "n") in stopping(planned(catalog, {}, {})), "whether n is asked is open, too"


def test_a_rule_over_a_field_that_nobody_asks_this_time_waits_for_nothing():
    rule = "rules: [{id: R-1, need: n > 10, say: 太少, effect: block}]\n"
    texts = written(matter("m1", "fields: [n]") + matter("m2", "fields: [pname]"),
                    f"situation: {{x: {{ask: 要甲吗？, yes_no: yes}}}}\n{rule}matters: {{m1: {{when: x}}, m2: {{}}}}\n",
                    NUMBERS)
    catalog = read(texts)
    assert said(texts) == [] and stopping(planned(catalog, {"x": False}, {"pname": "张三"})) == []
    assert stopping(planned(catalog, {"x": True}, {"pname": "张三", "n": 3})) == [("block", "R-1", None)]
    assert stopping(planned(catalog, {"x": True}, {"pname": "张三"})) == [("undecided", "R-1", "n")]


VARIANT = written(
    matter("m1", "fields: [n]", ", variants: {v: {when: n > 10, limits: {promised: 1wd}, asks: {fields: [n, q], "
           + PAPER_IF.format("q") + "}}}"),
    "situation: {n: {ask: 多少？}, q: {ask: 有射线吗？}}\nmatters: {m1: {}}\n", NUMBERS)


def test_a_question_that_only_a_variant_asks_is_asked_when_the_variant_holds():
    catalog = read(VARIANT)
    assert said(VARIANT) == []
    assert stopping(planned(catalog, {"n": 20}, {"q": True}))[-1] == ("undecided", "open_question", "q")
    assert [line.key for line in planned(catalog, {"n": 20, "q": True}, {}).materials] == ["PR01"]
    assert {item.id: item.state for item in planned(catalog, {"n": 5}).questions} == {"n": "answered", "q": "idle"}
    assert stopping(planned(catalog, {"n": 5}, {})) == []


def test_a_question_that_only_a_rule_needs_is_asked_when_the_rule_applies():
    texts = written(matter("m1", "fields: [n]"),
                    "situation: {x: {ask: 简易吗？, yes_no: yes}, y: {ask: 结清了吗？, yes_no: yes}}\n"
                    "rules: [{id: R-1, when: x, need: y, say: 先结清, effect: block}]\nmatters: {m1: {}}\n", NUMBERS)
    assert said(texts) == [] and stopping(planned(read(texts), {"x": False}, {"n": 1})) == []
    assert stopping(planned(read(texts), {"x": True}, {"n": 1})) == [("undecided", "open_question", "y")]
    assert stopping(planned(read(texts), {"x": True, "y": False}, {"n": 1})) == [("block", "R-1", None)]


def test_a_cell_that_only_the_form_says_decides_what_its_matter_asks():
    texts = written(matter("m1", "fields: [vs], materials: [{PR01: {per: vs, when: vs.mass > 4500}}]"),
                    ASK_ROWS + "matters: {m1: {each: vs}}\n", ROWS)
    catalog, rows = read(texts), [{"vin": "a"}, {"vin": "b"}]
    assert said(texts) == []
    plan = planned(catalog, {"vs": rows}, {"vs": CARS})
    assert [line.key for line in plan.materials] == ["PR01#1"] and stopping(plan) == []
    assert plan.situation == {"vs": rows}
    assert stopping(planned(catalog, {}, {"vs": CARS})) == [("undecided", "open_question", "vs")]


def test_rows_that_no_question_asks_come_from_the_form_also_where_only_their_columns_are_asked():
    texts = written(matter("m0", "fields: [pname]") + matter("m1", "fields: [vs.vin, vs.mass]"),
                    "matters: {m0: {}, m1: {each: vs, when: vs.mass > 4500}}\n", ROWS)
    plan = planned(read(texts), {}, {"vs": CARS})
    assert said(texts) == [] and stopping(plan) == []
    assert [leg.leg for leg in plan.legs] == ["01", "02.1"]


def test_forms_that_lead_to_different_plans_are_told_apart_also_where_nothing_usable_is_said():
    catalog = read(ELSEWHERE)
    told = ground_of(catalog, catalog.bundles["b"]).deciding.told_apart
    forms = ({"n": ""}, {"n": "十二"}, {"n": 12}, None)
    assert len({repr(told(form, {"x": False}, Surroundings({}, TODAY))) for form in forms}) == len(forms) - 1
    assert stopping(planned(catalog, {"x": False}, forms[1])) == stopping(planned(catalog, {"x": False}, None))


CREW = """crew:
  name: 人员
  rows:
    nr: {name: 编号, required: yes}
    number: {name: 号码, required: yes}
    kind: {name: 关系, type: choice, options: {child: 子女, other: 其他}}
    amount: {name: 件数, type: integer}
  key: nr
"""


def judged(need, rows, told=None, asks="crew, pname"):
    """Whether a bundle's rule refuses these rows of a form; the situation may have told their keys."""
    rule = f"rules: [{{id: R-1, need: {need}, say: 不行, effect: block}}]\nmatters: {{m1: {{}}}}\n"
    asked = "situation: {crew: {ask: 有谁？}}\n" if told else ""
    texts = written(matter("m1", f"fields: [{asks}]"), asked + rule, CREW)
    assert said(texts) == []
    return stopping(planned(read(texts), {"crew": told} if told else {}, {"pname": "Wang Xiao", "crew": rows}))


REFUSED = [("block", "R-1", None)]


@pytest.mark.parametrize(("need", "number", "verdict"), [
    ("pname in all(crew.number)", "ＷＡＮＧ XIAO", []), ("pname in all(crew.number)", "别人", REFUSED),
    ("sum(crew.amount) > 3", "甲", REFUSED)])
def test_a_rule_of_the_bundle_reads_cells_that_only_the_form_says_of_rows_that_a_question_tells(need, number, verdict):
    assert judged(need, [{"number": number, "amount": 3}], [{"nr": "1"}]) == verdict


@pytest.mark.parametrize(("need", "first", "verdict"), [
    ("not child in all(crew.kind)", {"kind": "child"}, REFUSED), ("not child in all(crew.kind)", {"kind": "other"}, []),
    ("child in all(crew.kind)", {"kind": "child"}, []), ("child in all(crew.kind)", {"kind": "other"}, REFUSED),
    ("child in all(crew.kind)", {}, REFUSED), ("sum(crew.amount) > 3", {"amount": 3}, REFUSED),
    ("sum(crew.amount) > 3", {"amount": 4}, [])])
def test_a_cell_that_may_stay_blank_and_does_says_nothing_and_keeps_no_rule_from_judging(need, first, verdict):
    rows = [{"nr": "1", "number": "甲", **first}, {"nr": "2", "number": "乙"}]
    assert judged(need, rows) == verdict
    parts = "crew, {crew.kind: {when: pname == '甲'}}, {crew.amount: {required: no}}, pname"
    assert judged(need, rows, asks=parts) == verdict, "neither does one that not every row is asked for"


def test_an_option_that_no_row_can_have_is_said():
    rule = "rules: [{id: R-1, need: aunt in all(crew.kind), say: 不行, effect: block}]\nmatters: {m1: {}}\n"
    assert said(written(matter("m1", "fields: [crew, pname]"), rule, CREW)) == [
        "b.yaml:3: 选项 aunt 不在问题 all(crew.kind) 的选项中(child、other)"]
