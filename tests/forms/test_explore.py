"""What exploring finds that reading does not."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from catalog.bundle import Example
from catalog.conditions import parse_condition, resolve
from catalog.limits import Limit
from catalog.load import load_catalog
from catalog.matter import LimitRow
from forms.explore import explore

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
