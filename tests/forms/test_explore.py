"""What exploring finds that reading does not."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from catalog.bundle import Edge, Example
from catalog.conditions import parse_condition, resolve
from catalog.limits import Limit
from catalog.load import load_catalog
from catalog.matter import LimitRow
from forms.answers import know
from forms.trials.cells import Space
from forms.trials.explore import explore
from tests.forms.authored import matter, read, written
from tests.forms.authored import said as told

TODAY = date(2026, 3, 2)


@cache
def shipped():
    return load_catalog(Path(__file__).resolve().parents[2] / "bundles").catalog


def changed(bundle, **parts):
    return replace(shipped(), bundles={bundle: replace(shipped().bundles[bundle], **parts)})


def conditions(bundle, texts):
    """The bundle's entries with other conditions."""
    questions = shipped().bundles[bundle].questions
    options = {question.id: frozenset(option.code for option in question.options) for question in questions}
    return tuple(
        replace(entry, when=resolve(parse_condition(texts[entry.matter]), lambda name: options.get(name, frozenset())))
        if entry.matter in texts else entry for entry in shipped().bundles[bundle].entries
    )


def said(catalog, bundle):
    return {problem.code: str(problem) for problem in explore(catalog, bundle, TODAY)}


@pytest.mark.parametrize("bundle", sorted(shipped().bundles))
def test_the_shipped_bundles_are_sound(bundle):
    assert explore(shipped(), bundle, TODAY) == []


def test_a_promise_that_is_too_short_is_said_with_situation_and_chain():
    says = said(changed("retirement", promised=Limit(15, "wd")), "retirement")["promise_broken"]
    assert "最长办理链 20wd 超过公布的承诺 15wd，情形：" in says
    assert "retire_kind=" in says
    assert "→" in says
    assert says.startswith("retirement.yaml:")


def newborn(matter, **parts):
    """The newborn bundle with one entry changed."""
    entries = shipped().bundles["newborn"].entries
    return changed("newborn", entries=tuple(replace(one, **parts) if one.matter == matter else one for one in entries))


def test_an_edge_that_does_not_feed_a_paper_without_a_source_is_refused_with_the_line_to_write():
    says = said(newborn("insurance", after=(Edge("household", "before_decide", ("child_id",)),)), "newborn")
    assert says["unprovided"].endswith(
        "没有 sources，申请人拿不出，而 household 到 insurance 的先后没有传递它；"
        "请写成 household: {kind: before_decide, feeds: [child_id, household_page]}")
    assert "insurance 要的材料 household_page(新生儿户口页)" in says["unprovided"]
    assert says["unprovided"].startswith("newborn.yaml:")


def test_a_giver_that_some_situation_leaves_out_is_refused_with_that_situation():
    entries = {one.matter: one for one in conditions("newborn", {"birth-certificate": "not has_certificate"})}
    when = entries["birth-certificate"].when
    says = said(newborn("household", when=when), "newborn")
    assert "情形 has_certificate=yes 时要办 insurance，household 却没有选中" in says["unprovided"]
    assert "absent: pull" in says["unprovided"]
    pulled = replace(entries["insurance"].after[0], absent="pull")
    catalog = newborn("household", when=when)
    entries = tuple(replace(one, after=(pulled,)) if one.matter == "insurance" else one
                    for one in catalog.bundles["newborn"].entries)
    catalog = replace(catalog, bundles={"newborn": replace(catalog.bundles["newborn"], entries=entries)})
    assert "unprovided" not in said(catalog, "newborn")


def test_a_paper_that_nobody_in_the_bundle_gives_needs_a_source():
    catalog = shipped()
    photo = replace(catalog.materials["PH01"], sources=())
    catalog = replace(catalog, materials={**catalog.materials, "PH01": photo})
    says = said(catalog, "newborn")["unprovided"]
    assert says.startswith("materials/newborn.yaml:")
    assert "一件事 newborn 里也没有事项产生它；请给材料写 sources: [self]" in says


def test_a_condition_that_can_never_hold_is_found():
    entries = conditions("utilities", {"road-occupation": "line_length > 200 and line_length < 100"})
    says = said(changed("utilities", entries=entries), "utilities")["never_true"]
    assert "条件永远不成立：line_length > 200 and line_length < 100" in says


def test_a_group_that_can_never_be_satisfied_is_found():
    never = "has_fund and not has_fund"
    entries = conditions("retirement", dict.fromkeys(("age-retirement", "special-trade", "ill-health"), never))
    assert "basis 永远无法满足" in said(changed("retirement", entries=entries), "retirement")["group_never"]


def test_a_group_with_two_members_at_once_is_a_warning():
    entries = conditions("retirement", {"special-trade": "retire_kind == trade or retire_kind == age"})
    every = explore(changed("retirement", entries=entries), "retirement", TODAY)
    found = [problem for problem in every if problem.code == "group_ambiguous"]
    assert [problem.level for problem in found] == ["warning"]
    assert "retire_kind=age" in found[0].message


def test_a_situation_without_any_matter_is_found():
    questions = tuple(replace(question, min=None) for question in shipped().bundles["utilities"].questions)
    assert "services=[]" in said(changed("utilities", questions=questions), "utilities")["no_legs"]


def test_a_new_order_slower_than_the_old_is_found():
    limits = (LimitRow(promised=Limit(7, "wd"), before=Limit(1, "wd")),)
    slow = replace(shipped().matters["water-supply"], limits=limits)
    catalog = replace(shipped(), matters={**shipped().matters, "water-supply": slow})
    assert "反而比原来" in said(catalog, "utilities")["before_shorter"]


def test_every_difference_of_an_example_is_its_own_line():
    given = {"services": ("water",), "outside_line": False, "filer": "legal_rep"}
    example = Example(given, ("power-supply",), 3, Limit(9, "wd"))
    messages = [str(problem) for problem in explore(changed("utilities", examples=(example,)), "utilities", TODAY)]
    assert len(messages) == 4
    text = "\n".join(messages)
    for part in ("应当包含事项 power-supply", "算出来还有事项 water-supply", "应当剩 3 种材料，算出来是 0 种",
                 "应当 9wd 办结，算出来是 2wd"):
        assert part in text


def test_public_figures_must_answer_every_question():
    says = said(changed("utilities", figures={"services": ("water",)}), "utilities")["figures"]
    assert "没有答全" in says


NOTHING = """situation:
  a: {ask: 甲吗？, yes_no: yes, why: 要。}
  b: {ask: 乙吗？, yes_no: yes, why: 要。}
matters: {one: {when: a}, two: {when: b}}
figures: {a: yes, b: yes}
"""
EITHER = "rules: [{id: R-1, need: a or b, say: 甲、乙至少选一项。, effect: block}]\n"


@pytest.mark.parametrize(("rules", "refused"), [("", True), (EITHER.replace("block", "warn"), True), (EITHER, False)])
def test_a_rule_that_blocks_it_is_one_way_to_have_no_situation_without_a_matter(rules, refused):
    texts = written(matter("one", "fields: [pid, pname]") + matter("two", "fields: [pid, pname]"), NOTHING + rules)
    found = [line for line in told(texts) if "一个事项也没有" in line]
    assert bool(found) == refused
    assert all("a=no，b=no" in line and "block 规则" in line for line in found)


MANY = [f"o{number:02}" for number in range(14)]


def inquiry(slow="", more=""):
    """A matter for each of fourteen options, of which `slow` takes two days; `more` are lines of the bundle."""
    matters = "".join(matter(f"m_{one}", "fields: [pid, pname]").replace("1wd", "2wd" if one == slow else "1wd")
                      for one in MANY)
    options = ", ".join(f"{one}: 选项{one}" for one in MANY)
    entries = ", ".join(f"m_{one}: {{when: {one} in areas}}" for one in MANY)
    return written(matters, (
        f"limits: {{promised: 1wd}}\nsituation: {{areas: {{ask: 查哪些？, many: {{{options}}}, min: 1, why: 要。}}}}\n"
        f"matters: {{{entries}}}\n{more}figures: {{areas: [{', '.join(MANY)}]}}\n"))


def test_an_inquiry_at_many_departments_is_tried_option_by_option():
    assert [told(inquiry(), level) for level in ("error", "warning")] == [[], []]
    slow, = told(inquiry(slow="o07"))
    assert "最长办理链 2wd 超过公布的承诺 1wd，情形：areas=[o07]" in slow


def test_options_that_stand_in_a_condition_together_are_still_combined():
    rule = "rules: [{{id: R-1, when: o01 in areas and {} o02 in areas, need: pid == '1', say: 不行。}}]\n"
    assert told(inquiry(more=rule.format(""))) == []
    never = rule.format("not o01 in areas and")
    assert "条件永远不成立" in "".join(told(inquiry(more=never)))


def test_more_options_than_can_be_combined_are_a_warning_that_names_the_question():
    every = " and ".join(f"{one} in areas" for one in MANY)
    texts = inquiry(more=f"rules: [{{id: R-1, when: {every}, need: pid == '1', say: 不行。}}]\n")
    assert told(texts) == []
    warned, = told(texts, "warning")
    assert warned.startswith("b.yaml:1: b：多选题 areas 有 14 个选项要组合起来试，情形太多，没有逐一验证；")


def test_an_option_on_which_a_group_or_another_matter_hangs_is_not_alone():
    more = "groups: {g: {one_of: [m_o00, m_o01], none: o05 in areas}}\n"
    catalog = read(inquiry(more=more))
    space = Space.of(know(catalog, catalog.bundles["b"], {}, None, TODAY))
    assert {option for _, option in space.alone} == {*MANY} - {"o00", "o01", "o05"}
