"""A situation answer that a matter takes only within stricter bounds: said at the question, never a crash."""

import pytest

from catalog.answers import narrowed
from forms.schema import validate_form
from tests.forms.authored import ROWS, matter, planned, read, said, stopping, written

FIELDS = ("n: {name: 人数, type: integer, min: 0, max: 50}\nd: {name: 日期, type: date, not_after: today}\n"
          "k: {name: 类别, type: choice, options: {a: 甲类, b: 乙类}}\n")
STRICT = written(
    matter("m1", "fields: [{n: {max: 30}}, {k: {options: [a]}}, {d: {not_after: 2026-01-31}}]"),
    "situation: {n: {ask: 几人？}, k: {ask: 哪类？}, d: {ask: 哪天？}}\nmatters: {m1: {}}\n"
    "figures: {n: 20, k: a, d: 2026-01-01}\n", FIELDS)
GOOD = {"n": 20, "k": "a", "d": "2026-01-01"}


@pytest.mark.parametrize(("code", "answer", "words"), [
    ("n", 40, "不能大于 30"), ("k", "b", "甲类"), ("d", "2026-02-20", "2026-01-31")])
def test_an_answer_outside_a_matters_bounds_is_said_at_its_question_and_the_form_is_still_judged(code, answer, words):
    catalog = read(STRICT)
    assert said(STRICT) == []
    plan = planned(catalog, {**GOOD, code: answer})
    assert stopping(plan) == [("block", "bad_answer", code)]
    assert words in plan.problems[0].text and "“事项m1”" in plan.problems[0].text
    assert set(validate_form(plan, {}, catalog.regions).errors) == {code}
    assert set(validate_form(plan, {code: GOOD[code]}, catalog.regions).errors) == {code}, "the situation must agree"


def test_answers_within_all_bounds_stop_nothing():
    catalog = read(STRICT)
    plan = planned(catalog, GOOD)
    assert stopping(plan) == [] and validate_form(plan, {}, catalog.regions).errors == {}


def test_a_column_outside_a_matters_bounds_is_said_with_its_row():
    texts = written(matter("m1", "fields: [vs.vin, {vs.mass: {max: 500}}]"),
                    "situation: {vs: {ask: 有哪些车？}}\nmatters: {m1: {}}\n", ROWS)
    plan = planned(read(texts), {"vs": [{"vin": "a", "mass": 100}, {"vin": "b", "mass": 900}]})
    assert stopping(plan) == [("block", "bad_answer", "vs")]
    assert "第 2 项：“质量”不能大于 500" in plan.problems[0].text


def test_a_column_that_decided_a_leg_and_that_no_leg_asks_stands_in_no_ones_way():
    texts = written(matter("m1", "fields: [vs.vin]") + matter("m2", "fields: [vs.vin]"),
                    "situation: {vs: {ask: 有哪些车？}}\nmatters: {m1: {}, m2: {each: vs, when: vs.mass > 500}}\n"
                    "figures: {vs: [{vin: a, mass: 900}]}\n", ROWS)
    catalog = read(texts)
    plan = planned(catalog, {"vs": [{"vin": "a", "mass": 900}, {"vin": "b", "mass": 100}]}, {})
    assert said(texts) == [] and stopping(plan) == [] and [leg.leg for leg in plan.legs] == ["01", "02.1"]
    judged = validate_form(plan, {}, catalog.regions)
    assert judged.errors == {} and judged.clean == {"vs": [{"vin": "a"}, {"vin": "b"}]}


def test_public_figures_of_a_situation_that_a_matter_refuses_are_refused_by_the_check():
    found = said({**STRICT, "b.yaml": STRICT["b.yaml"].replace("n: 20", "n: 40")})
    assert len(found) == 1 and "figures 的情形没有答全" in found[0] and "不能大于 30" in found[0]


@pytest.mark.parametrize(("bounds", "says"), [
    ("max: 500", "b.yaml:3: 问题 n 的 max 500 比字典的 50 更宽；问题只能问得更严"),
    ("min: -1", "b.yaml:3: 问题 n 的 min -1 比字典的 0 更宽；问题只能问得更严"),
    ("min: 9, max: 5", "b.yaml:3: 问题 n 的 min 9 大于 max 5，没有回答能满足"),
])
def test_a_question_may_only_be_stricter_than_its_field(bounds, says):
    situation = f"situation: {{n: {{ask: 几人？, {bounds}}}}}\nmatters: {{m1: {{}}}}\n"
    texts = written(matter("m1", "fields: [n]"), situation, FIELDS)
    assert says in said(texts)


def test_a_question_that_was_published_wider_than_its_field_takes_what_the_field_takes():
    catalog = read(written(matter("m1", "fields: [n]"),
                           "situation: {n: {ask: 几人？, max: 500}}\nmatters: {m1: {}}\n", FIELDS))
    assert narrowed(catalog.bundles["b"].questions[0], catalog.fields["n"]) == (0, 50)
    assert stopping(planned(catalog, {"n": 400}))[0] == ("block", "bad_answer", "n")
