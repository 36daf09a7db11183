"""A fixed day of the year: what decides on it, how plans say it, on which days of filing it is tried."""

from datetime import date

import pytest

from catalog.assemble import assemble
from forms.answers import ground_of
from forms.compose import compose
from forms.trials.explore import explore
from forms.values import Surroundings
from tests.forms.authored import TODAY, matter, read, written

BORN = "born_on: {name: 孩子的出生日期, type: date}\n"
ASKED = "situation: {born_on: {ask: 孩子的出生日期？}}\n"
RULE = "rules: [{{id: R-1, need: {}, say: 还不行。, effect: block}}]\n"
ONE = "matters: {m1: {}}\n"


def told(texts, today=TODAY):
    """What exploring says on a day."""
    return [problem.message for problem in explore(assemble(texts).catalog, "b", today)]


def small(bundle, asks="fields: [pname, born_on]", more=""):
    return written(matter("m1", asks) + more, bundle, BORN)


@pytest.mark.parametrize(("born", "reason"), [
    ("2020-02-29", "到2026年8月31日，“孩子的出生日期”满6年"), ("2020-08-31", "到2026年8月31日，“孩子的出生日期”满6年"),
    ("2020-09-01", "到2026年8月31日，“孩子的出生日期”不满6年"),
])
def test_a_plan_says_the_day_with_the_year_of_its_filing(born, reason):
    catalog = read(small(ASKED + "matters: {m1: {}, m2: {when: born_on + 72mo <= 8月31日}}\n",
                         more=matter("m2", "fields: [pname]")))
    plan = compose(catalog, "b", {"born_on": born}, today=TODAY)
    assert [one.why.text for one in (*plan.legs, *plan.absent) if one.matter == "m2"] == [f"因为{reason}"]


@pytest.mark.parametrize(("need", "born", "today", "first"), [
    ("born_on + 72mo <= 08-31", "2022-09-01", date(2026, 3, 2), "2029-01-01"),
    ("today >= 06-01", "2022-09-01", date(2026, 3, 2), "2026-06-01"),
    ("today < 06-01", "2022-09-01", date(2026, 6, 1), "2027-01-01"),
    ("today >= 06-01 and today <= 08-31", "2022-09-01", date(2026, 9, 1), "2027-06-01"),
])
def test_a_rule_that_refuses_says_from_when_it_no_longer_does(need, born, today, first):
    catalog = read(small(ASKED + RULE.format(need) + ONE))
    plan = compose(catalog, "b", {"born_on": born}, today=today)
    assert [one.text for one in plan.problems if one.level == "block"] == [f"还不行；从 {first} 起不受这一条限制"]


def test_two_forms_whose_days_a_fixed_day_tells_apart_are_told_apart():
    catalog = read(small(RULE.format("born_on + 72mo <= 08-31") + ONE))
    told_apart = ground_of(catalog, catalog.bundles["b"]).deciding.told_apart
    forms = [{"pname": "甲", "born_on": day} for day in ("2020-08-31", "2020-09-01")]
    assert len({repr(told_apart(form, {}, Surroundings(catalog.regions, TODAY))) for form in forms}) == 2
    assert [bool(compose(catalog, "b", {}, today=TODAY, form=form).problems) for form in forms] == [False, True]


@pytest.mark.parametrize(("need", "number", "says"), [
    ("born(pid) == born_on", "37020220200301994X", []), ("born(pid) == born_on", "11010519491231002X", ["还不行。"]),
    ("born(pid) + 216mo <= today", "11010519491231002X", []),
    ("born(pid) + 216mo <= today", "37020220200301994X", ["还不行；从 2038-03-01 起不受这一条限制"]),
])
def test_a_rule_reads_the_day_of_birth_in_a_number(need, number, says):
    texts = written(matter("m1", "fields: [pname, born_on, pid]"), ASKED + RULE.format(need) + ONE,
                    BORN + "pid: {name: 身份证号, type: citizen_id}\n")
    catalog = read(texts)
    found = [compose(catalog, "b", {"born_on": "2020-03-01"}, today=TODAY, form=form).problems
             for form in ({"pname": "甲"}, {"pname": "甲", "pid": number})]
    assert [one.level for one in found[0]] == ["undecided"]  # a number that is not there yet decides nothing
    assert [one.text for one in found[1]] == says


def test_a_condition_may_hang_on_a_day_of_birth_though_no_number_of_a_person_is_tried():
    rules = ("rules: [{id: R-1, when: born(pid) + 168mo > today, need: born(pid) == born_on, "
             "say: 还不行。, effect: block}]\n")
    texts = written(matter("m1", "fields: [pname, born_on, pid]"), ASKED + rules + ONE,
                    BORN + "pid: {name: 身份证号, type: citizen_id}\n")
    assert [one for one in told(texts) if "R-1" in one or "成立" in one] == []
    forms = [{"pname": "甲", "pid": number} for number in ("37020220200301994X", "11010519491231002X")]
    found = [compose(read(texts), "b", {"born_on": "2020-01-01"}, today=TODAY, form=form).problems for form in forms]
    assert [[one.level for one in problems] for problems in found] == [["block"], []]


SEASON = "matters: {m1: {}, m2: {when: today >= 06-01 and today <= 08-31}}\n"


@pytest.mark.parametrize("today", [date(2026, 3, 2), date(2026, 7, 1), date(2026, 8, 31), date(2026, 12, 31)])
def test_a_condition_that_holds_in_one_season_is_sound_on_every_day_of_the_year(today):
    assert told(small(SEASON, more=matter("m2", "fields: [pname]")), today) == []
    never = told(small(SEASON.replace("and today <=", "and today <= 02-28 and today <="),
                       more=matter("m2", "fields: [pname]")), today)
    assert never == ["条件永远不成立：today >= 06-01 and today <= 02-28 and today <= 08-31"]


def test_a_promise_that_another_season_breaks_is_said_with_a_day_of_it():
    slow = matter("m2", "fields: [pname]").replace("1wd", "3wd")
    found = told(small(f"limits: {{promised: 1wd}}\n{SEASON}", more=slow))
    assert len(found) == 1 and "最长办理链 3wd 超过公布的承诺 1wd" in found[0]
    assert found[0].endswith("（按 2026-06-01 提交算）")


@pytest.mark.parametrize(("on", "said"), [("on: 2026-06-15", 0), ("on: 2027-06-15", 1), ("on: 2026-6-15", None)])
def test_an_example_is_run_on_the_day_that_it_names(on, said):
    example = f"examples: [{{given: {{born_on: 2020-09-01}}, {on}, blocked_by: [R-1]}}]\n"
    texts = small(ASKED + RULE.format("born_on + 72mo <= 08-31") + ONE + example)
    if said is None:
        wrong = [one.message for one in assemble(texts).problems]
        assert wrong == ["提交的那天 2026-6-15 不是日期；请写成 2026-01-31 这样的日期"]
        return
    assert sum("应当被规则 R-1 挡住，算出来没有" in line for line in told(texts)) == said
