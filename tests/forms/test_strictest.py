"""The strictest bound of all askers, by what it means and not by how it is written."""

import pytest

from forms.schema import validate_form
from tests.forms.made import CARS, errors, good, planned


def asking(*asks, **more):
    texts = [f"m{index}: {{name: 事项{index}, department: one, limits: {{promised: 4mo}}, asks: {ask}}}\n"
             for index, ask in enumerate(asks, 1)]
    return "".join(texts), f"matters: {{{', '.join(f'm{index}: {{}}' for index in range(1, len(asks) + 1))}}}"


def line(field, *asks):
    asked = [f"{{fields: [pname, {{d: {{{ask}}}}}]}}" for ask in asks or ("required: yes",)]
    plan = planned(good(*asking(*asked), fields=f"d: {{name: 日期, {field}}}\n"))
    return plan, next(one for one in plan.fields if one.code == "d")


@pytest.mark.parametrize(("low", "high"), [
    ("today", "2027-12-31"), ("2026-03-02", "today"), ("today - 3mo", "today + 3mo"), ("2025-12-31", "today + 1nd"),
])
def test_day_bounds_that_fit_block_nothing_however_they_are_written(low, high):
    assert line(f"type: date, not_before: {low}, not_after: {high}")[0].problems == ()


@pytest.mark.parametrize(("low", "high", "shown"), [
    ("today", "2026-03-01", "最早 2026-03-02(数据字典)与最晚 2026-03-01(数据字典)"),
    ("today + 3mo", "today + 1mo", "最早 2026-06-02(数据字典)与最晚 2026-04-02(数据字典)"),
])
def test_day_bounds_that_leave_no_day_are_a_conflict_that_names_the_days(low, high, shown):
    [problem] = line(f"type: date, not_before: {low}, not_after: {high}")[0].problems
    assert (problem.level, problem.rule) == ("block", "conflict")
    assert shown in problem.text


@pytest.mark.parametrize(("bound", "own", "other", "strictest"), [
    ("not_after", "today", "2027-12-31", "today"), ("not_after", "today + 1mo", "2026-03-20", "2026-03-20"),
    ("not_before", "today", "2025-01-01", "today"), ("not_before", "2025-01-01", "today", "today"),
    ("not_before", "today + 9nd", "today + 10nd", "today + 10nd"),
])
def test_the_strictest_day_is_the_one_that_leaves_least_on_the_day_of_filing(bound, own, other, strictest):
    for first, second in ((own, other), (other, own)):
        plan, merged = line("type: date", f"{bound}: {first}", f"{bound}: {second}")
        assert getattr(merged, bound) == strictest
        assert merged.won[bound] == ("m1" if first == strictest else "m2")
        assert plan.problems == ()


@pytest.mark.parametrize(("one", "other", "strictest"), [("2wd", "1mo", "2wd"), ("30nd", "4wd", "4wd"),
                                                         ("6wh", "1wd", "6wh"), ("0wd", "1h", "0wd")])
def test_the_shortest_tolerance_is_the_shortest_time(one, other, strictest):
    asks = [f"{{fields: [pname], materials: [{{A: {{tolerable: {{within: {within}}}}}}}]}}" for within in (one, other)]
    for order in (asks, asks[::-1]):
        plan = planned(good(*asking(*order), materials="A: {name: 甲, sources: [self]}\n"))
        assert str(plan.materials[0].tolerable) == strictest


def test_a_tolerance_without_a_time_is_the_shortest_promise_whatever_its_unit():
    matter = ("m1: {name: 事项, department: one, limits: [{when: n > 3, promised: 10wd}, {promised: 1mo}], "
              "asks: {fields: [n], materials: [{A: {tolerable: yes}}]}}\n")
    plan = planned(good(matter, "matters: {m1: {}}", fields="n: {name: 数, type: integer}\n",
                        materials="A: {name: 甲, sources: [self]}\n"), form={"n": 1})
    assert str(plan.materials[0].tolerable) == "10wd"


@pytest.mark.parametrize(("type_", "bound", "word"), [
    ("text", "max: 20", "数字或可数"), ("date", "min: 3", "数字或可数"), ("yes_no", "decimals: 2", "数字"),
    ("integer", "decimals: 1", "数字"), ("integer", "not_after: today", "日期"), ("integer", "max_length: 2", "文字"),
    ("region", "min_length: 2", "文字"), ("text", "not_before: today", "日期"),
])
def test_a_bound_that_a_type_cannot_have_is_refused_in_an_ask_as_in_the_dictionary(type_, bound, word):
    key = bound.partition(":")[0]
    says = f"字段 d 的类型是 {type_}，不能写 {key}；{key} 只用于{word}类型"
    plain = "{fields: [pname, d]}"
    asked = errors(*asking(f"{{fields: [pname, {{d: {{{bound}}}}}]}}"), fields=f"d: {{name: 某项, type: {type_}}}\n")
    defined = errors(*asking(plain), fields=f"d: {{name: 某项, type: {type_}, {bound}}}\n")
    assert asked == defined == (says,)


def cars(*asks, situation="", fields=CARS):
    matters, entries = asking(*(f"{{fields: [pname, {ask}]}}" for ask in asks))
    return good(matters, f"{situation}{entries}", fields=fields)


def group_of(plan):
    return next(one for one in plan.fields if one.code == "cars")


def test_the_bounds_of_a_group_are_merged_like_those_of_a_field():
    plan = planned(cars("{cars: {min: 2, max: 9}}", "{cars: {max: 3, note: 附清单}}", "cars.vin"))
    merged = group_of(plan)
    assert (merged.min, merged.max, merged.won) == (2, 3, {"min": "m1", "max": "m2"})
    assert [(asker.leg, asker.note) for asker in merged.askers] == [("01", None), ("02", "附清单"), ("03", None)]
    rows = [{"vin": "a", "mass": 1}]
    assert validate_form(plan, {"pname": "甲", "cars": rows}, {}).errors == {"cars": ["至少要有 2 行，现在 1 行"]}


@pytest.mark.parametrize(("asks", "required"), [
    (("{cars: {required: no}}",), False), (("{cars: {required: no}}", "cars"), True),
    (("{cars: {required: no}}", "cars.vin"), True), (("{cars: {required: no}}", "{cars.plate: {required: no}}"), False),
])
def test_a_group_may_be_left_empty_if_nobody_needs_a_row(asks, required):
    plan = planned(cars(*asks))
    assert group_of(plan).required is required
    assert ("cars" in validate_form(plan, {"pname": "甲"}, {}).errors) is required
    wrong = validate_form(plan, {"pname": "甲", "cars": [{"mass": 1}]}, {}).errors
    assert set(wrong["cars"]["0"]) == {"vin"}  # a row that is there is whole


def test_groups_that_no_number_of_rows_can_satisfy_are_a_conflict():
    matters, entries = asking("{fields: [pname, {cars: {min: 4}}]}", "{fields: [{cars: {max: 3}}]}")
    [says] = errors(matters, entries, fields=CARS)
    assert says.startswith("字段 cars 最大 3(matters.yaml:2)与最小 4(matters.yaml:1)无法同时满足")


def test_rows_of_the_situation_beyond_what_a_matter_takes_are_said_there():
    catalog = cars("{cars: {max: 1}}", situation="situation: {cars: {ask: 有哪些车？}}\n")
    plan = planned(catalog, {"cars": [{"vin": "a", "mass": 1}, {"vin": "b", "mass": 1}]})
    assert [(problem.level, problem.text, problem.at) for problem in plan.problems] == [
        ("block", "“车”：最多 1 行，现在 2 行，这是“事项1”的要求；请核对前面的回答", "cars")]
