"""The department is sent the very answers that the plan was made with, whatever else the form says."""

import pytest

from forms.schema import validate_form
from forms.split import leg_fields
from tests.forms.authored import ROWS, matter, planned, read, said, stopping, written

FIELDS = "raw: {name: 生食, type: yes_no}\nn: {name: 面积, type: number}\n" + ROWS
RAW = matter("m1", "fields: [pname, raw], materials: [{PR01: {when: raw}}]")
DEFAULT = written(RAW, "situation: {raw: {ask: 卖生食吗？, default: no}}\nmatters: {m1: {}}\n", FIELDS)
LARGE = written(matter("m1", "fields: [n, raw, vs.vin], materials: [{PR01: {when: raw}}]"),
                "situation: {n: {ask: 面积？}, raw: {ask: 卖生食吗？, when: n > 10}, vs: {ask: 车？, when: n > 10}}\n"
                "matters: {m1: {}}\n", FIELDS)


def test_a_default_is_the_answer_that_the_form_must_agree_with_and_the_department_gets():
    catalog = read(DEFAULT)
    assert said(DEFAULT) == []
    plan = planned(catalog, {}, {"pname": "张三", "raw": True})
    assert plan.situation == {"raw": False} and [line.key for line in plan.materials] == []
    assert set(validate_form(plan, {"pname": "张三", "raw": True}, catalog.regions).errors) == {"raw"}
    judged = validate_form(plan, {"pname": "张三"}, catalog.regions)
    assert (judged.errors, judged.missing) == ({}, ())
    assert leg_fields(plan, "01", judged.clean) == {"pname": "张三", "raw": False}


def test_an_answer_stands_before_its_default():
    plan = planned(read(DEFAULT), {"raw": True}, {"pname": "张三"})
    assert plan.situation == {"raw": True} and [line.key for line in plan.materials] == ["PR01"]


def test_a_field_whose_question_does_not_apply_is_not_asked_and_taken_from_no_form():
    catalog = read(LARGE)
    assert said(LARGE) == []
    plan = planned(catalog, {"n": 5}, {"raw": True})
    assert [line.code for line in plan.fields] == ["n"] and stopping(plan) == []
    assert set(validate_form(plan, {"raw": True}, catalog.regions).errors) == {"raw"}
    judged = validate_form(plan, {}, catalog.regions)
    assert judged.errors == {} and leg_fields(plan, "01", judged.clean) == {"n": 5}


def test_a_field_whose_question_applies_is_asked_as_ever():
    plan = planned(read(LARGE), {"n": 20, "raw": True, "vs": [{"vin": "a"}]})
    assert [line.code for line in plan.fields] == ["raw", "n", "vs"]
    assert [line.key for line in plan.materials] == ["PR01"] and stopping(plan) == []


@pytest.mark.parametrize("form", [None, {"n": 20, "raw": True}])
def test_until_it_is_known_whether_a_question_applies_its_field_is_only_possible(form):
    plan = planned(read(LARGE), {}, form)
    assert [line.code for line in plan.fields] == ["n"]
    assert {("undecided", "open_question", "n"), ("undecided", "maybe_field", "n")} <= set(stopping(plan))


def test_the_dictionarys_own_condition_of_a_field_holds_beside_that_of_its_question():
    fields = "a: {name: 甲项, type: yes_no}\nn: {name: 面积, type: number}\nt: {name: 丙项, when: a}\n"
    catalog = read(written(matter("m1", "fields: [n, a, t]"),
                           "situation: {n: {ask: 面积？}, t: {ask: 丙？, when: n > 10}}\nmatters: {m1: {}}\n", fields))
    asked = {(n, a): "t" in [line.code for line in planned(catalog, {"n": n}, {"a": a}).fields]
             for n in (5, 20) for a in (True, False)}
    assert asked == {(20, True): True, (20, False): False, (5, True): False, (5, False): False}
