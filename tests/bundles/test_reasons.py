"""The sentences that tell people why a line is there or gone, in varied situations of every shipped bundle."""

import re
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest

from forms.answers import know
from forms.shown.public import plan_json
from forms.trials.cells import Space
from tests.bundles.shipped import CATALOG, TODAY, planned

CODES = re.compile(r"[a-z_]{3,}|\(\d{6}\)|None|True|False")
ODD = re.compile(r"不适用|(不超过|大于|不小于) 0(?!\.)|其中 0 |剩下 0 |，，|；；|。。|：：|、、|，且，|“”|\s$")
SITUATIONS = 25


def sentences(node: Any) -> Iterator[str]:
    """Every sentence of a plan as the interface shows it: reasons, problems, how figures were counted."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"text", "because"}:
                yield from value if isinstance(value, list) else [value]
            else:
                yield from sentences(value)
    elif isinstance(node, list):
        for value in node:
            yield from sentences(value)


def situations(bundle: str) -> Iterator[dict[str, Any]]:
    """The situation of the published figures, and many where each answer is one worth trying, or missing."""
    space = Space.of(know(CATALOG, CATALOG.bundles[bundle], {}, None, TODAY))
    names = [*(question.id for question in CATALOG.bundles[bundle].questions), "filer"]
    dice = Random(bundle)
    yield dict(CATALOG.bundles[bundle].figures)
    for _ in range(SITUATIONS):
        chosen = {name: dice.choice([*space.values_of(name), None]) for name in names}
        yield {name: value for name, value in chosen.items() if value is not None}


@cache
def said(bundle: str) -> frozenset[str]:
    """Everything that plans of this bundle say."""
    found: set[str] = set()
    for situation in situations(bundle):
        found.update(sentences(plan_json(planned(bundle, situation))))
    return frozenset(found)


@pytest.mark.parametrize("bundle", sorted(CATALOG.bundles))
def test_no_sentence_shows_a_code_or_says_what_nobody_understands(bundle: str) -> None:
    assert len(said(bundle)) > SITUATIONS
    assert [text for text in said(bundle) if CODES.search(text) or ODD.search(text)] == []


def why(bundle: str, matter: str, **situation: Any) -> str:
    """Why a matter is in or out of the plan."""
    plan = planned(bundle, situation)
    return next(line.why.text for line in (*plan.legs, *plan.absent) if line.matter == matter)


INSIDE = {"services": ["water"], "outside_line": False}
OUTSIDE = {"services": ["water"], "outside_line": True, "line_length": 150, "occupy_area": 0, "dig_area": 0}
LINE = "因为“需要在项目红线外新建管线吗”答“是”"


@pytest.mark.parametrize(("matter", "situation", "text"), [
    ("road-occupation", INSIDE, "因为“需要在项目红线外新建管线吗”答“否”"),
    ("traffic-safety", INSIDE, "因为“需要在项目红线外新建管线吗”答“否”"),
    ("road-occupation", OUTSIDE, "因为“施工要占用多少平方米道路”填的是 0"),
    ("road-occupation", {**OUTSIDE, "occupy_area": 60}, "因为“施工要占用多少平方米道路”填的是 60"),
    ("pipeline-permit", OUTSIDE, f"{LINE}；因为“红线外管线总长多少米”填的是 150，不超过 200，"
     "所以按“市政管线建设工程规划备案”办理"),
])
def test_a_matter_is_in_or_out_for_a_reason_that_people_remember_giving(
    matter: str, situation: dict[str, Any], text: str,
) -> None:
    assert why("utilities", matter, **situation) == text


def test_several_options_of_one_question_are_named_in_one_breath() -> None:
    plan = planned("enterprise-change", {"changes": ["shareholders"], "filer": "legal_rep"})
    absent = {line.matter: line.why.text for line in plan.absent}
    assert absent["social-change"] == "因为“公司要变更哪些内容”没有选“单位名称”“住所(地址)”“法定代表人”"
    asked = {question.id: question.when_text for question in plan.questions}
    assert asked["reseal"] == "仅当“公司要变更哪些内容”选了“单位名称”或“法定代表人”时才问"


@pytest.mark.parametrize(("regions", "text"), [
    (["370000"], "“途经哪些省份”有 1 项，办一件"), (["370000", "320000"], "“途经哪些省份”有 2 项，每项办一件"),
])
def test_a_matter_for_each_region_says_how_often_and_names_the_region(regions: list[str], text: str) -> None:
    situation = {**CATALOG.bundles["oversize"].figures, "from_region": regions[0], "regions": regions}
    name = next(question.id for question in CATALOG.bundles["oversize"].questions if "途经" in str(question.ask))
    plan = planned("oversize", {**situation, name: regions})
    legs = [leg for leg in plan.legs if leg.matter == "section-opinion"]
    assert {leg.why.text for leg in legs} == {text}
    assert [leg.title for leg in legs] == [
        f"途经省份审查意见({CATALOG.regions[region].name})" for region in regions]
    assert [leg.instance for leg in legs] == regions
