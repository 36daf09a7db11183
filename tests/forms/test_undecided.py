"""What is not known yet keeps a plan from being filed; a leg that may be due is never lost in silence."""

import pytest

from forms.answers import MOST_UNKNOWN
from tests.bundles.shipped import planned as shipped_plan
from tests.forms.authored import ROWS, matter, planned, read, said, stopping, written

HEAVY = written(
    matter("m1", "fields: [vs.vin]") + matter("m2", "fields: [vs.vin, vs.mass]"),
    "situation: {vs: {ask: 有哪些车？}}\nmatters: {m1: {each: vs}, m2: {each: vs, when: vs.mass > 4500}}\n"
    "figures: {vs: [{vin: a, mass: 9000}]}\n", ROWS)
ON_THE_FORM = written(
    matter("m0", "fields: [vs]") + matter("m1", "fields: [vs.vin, {vs.mass: {required: no}}]"),
    "matters: {m0: {}, m1: {each: vs, when: vs.mass > 4500}}\n", ROWS)
TRUCK, VAN = {"vin": "LSGJA52U9AH000018"}, {"vin": "LZZ5CLVB9NA000024"}


@pytest.mark.parametrize("rows", [[{"vin": "a"}], [{"vin": "a", "mass": 9000}, {"vin": "b"}]])
def test_a_row_must_say_the_column_on_which_a_leg_hangs_and_no_form_says_it_afterwards(rows):
    form = {"vs": [{"mass": 30000, **row} for row in rows]}
    plan = planned(read(HEAVY), {"vs": rows}, form)
    assert said(HEAVY) == []
    assert ("block", "bad_answer", "vs") in stopping(plan)
    assert f"第 {len(rows)} 项：“质量”必填，请填写" in plan.problems[0].text


def test_a_row_need_not_say_what_decides_no_leg():
    plan = planned(read(HEAVY), {"vs": [{"vin": "a", "mass": 9000}, {"vin": "b", "mass": 100}]})
    assert [leg.leg for leg in plan.legs] == ["01.1", "01.2", "02.1"]
    assert stopping(plan) == []


@pytest.mark.parametrize(("rows", "legs", "open_row"), [
    ([{"vin": "a"}], [], 1), ([{"vin": "a", "mass": 9000}, {"vin": "b"}], ["02.1"], 2)])
def test_rows_that_only_the_form_has_leave_their_matter_open_until_they_say_the_column(rows, legs, open_row):
    plan = planned(read(ON_THE_FORM), {}, {"vs": rows})
    assert said(ON_THE_FORM) == []
    assert [leg.leg for leg in plan.legs if leg.matter == "m1"] == legs
    assert stopping(plan) == [("undecided", "hangs_on", "vs")]
    assert f"“事项m1”取决于第 {open_row} 项的“质量”" in plan.problems[0].text
    whole = planned(read(ON_THE_FORM), {}, {"vs": [{"mass": 100, **row} for row in rows]})
    assert stopping(whole) == [] and [leg.leg for leg in whole.legs if leg.matter == "m1"] == legs


def test_a_matter_for_every_row_of_the_form_is_undecided_until_the_form_has_rows():
    assert stopping(planned(read(ON_THE_FORM), {})) == [("undecided", "hangs_on", "vs")]


@pytest.mark.parametrize("vehicles", [[TRUCK], [{**TRUCK, "gross_mass": 18000}, VAN]])
def test_a_truck_whose_mass_is_not_said_is_not_filed_without_its_permit(vehicles):
    plan = shipped_plan("transport-company", {"vehicles": vehicles, "filer": "legal_rep"})
    assert ("block", "bad_answer", "vehicles") in stopping(plan)
    assert "“总质量”必填，请填写" in plan.problems[0].text


def test_of_a_thousand_answers_to_no_question_some_are_named_and_the_others_counted():
    plan = planned(read(HEAVY), {"vs": [{**TRUCK, "mass": 1}], **{f"x{number}": 1 for number in range(1_000)}})
    told = [problem for problem in plan.problems if problem.rule == "bad_answer"]
    assert ([problem.at for problem in told[:2]], len(told)) == (["x0", "x1"], MOST_UNKNOWN + 1)
    assert "“x20”：和另外 979 个都没有这个问题" in told[-1].text
