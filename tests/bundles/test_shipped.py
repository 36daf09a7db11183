"""Every shipped bundle loads, composes to its figures, runs its own examples and speaks plain Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from catalog.bundle import Bundle, Example
from catalog.check import check
from catalog.conditions import names_in
from forms.compose import compose
from forms.values import json_ready
from tests.bundles.filled import filled
from tests.bundles.shipped import CATALOG, LOADED, TODAY, planned, public_plan

BUNDLES = {
    "after-life": (9, 7, 1, (17, 7, "wd")),
    "bankruptcy-check": (9, 9, 3, (3, 3, "wd")),
    "cafe": (5, 3, 7, (20, 3, "wd")),
    "card-services": (6, 4, 1, (15, 15, "wd")),  # making a card takes as long as it did
    "credit-repair": (5, 2, 2, (23, 13, "wd")),
    "deregistration": (7, 6, 1, (24, 24, "nd")),  # the notice period is the law's own
    "disability": (6, 5, 1, (40, 15, "wd")),
    "enterprise-change": (8, 8, 3, (4, 2, "wd")),
    "enterprise-move": (11, 7, 3, (6, 4, "wd")),
    "home-transfer": (7, 7, 0, (31, 2, "wd")),
    "listing-check": (14, 14, 1, (3, 3, "wd")),
    "newborn": (6, 5, 1, (22, 7, "wd")),
    "oversize": (6, 2, 2, (5, 3, "wd")),
    "performance": (6, 5, 7, (20, 6, "wd")),
    "pet-clinic": (6, 4, 10, (20, 10, "wd")),
    "restaurant": (6, 4, 8, (20, 10, "wd")),
    "retirement": (7, 5, 0, (60, 20, "wd")),
    "school-entry": (6, 4, 0, (10, 10, "wd")),  # data checks and one decision, whose old limit nobody published
    "transport-company": (6, 3, 1, (42, 5, "wd")),
    "utilities": (17, 11, 9, (37, 7, "wd")),
}
GUIDE = {"who", "what", "before_you_start", "steps", "after_you_file", "contact", "text", "video", "pictures"}
EXAMPLES = [
    pytest.param(bundle, example, id=f"{bundle.id}-{position}")
    for bundle in CATALOG.bundles.values() for position, example in enumerate(bundle.examples, 1)
]


def test_the_definitions_load_without_a_problem() -> None:
    assert [str(problem) for problem in LOADED.problems] == []


def test_the_checker_finds_no_error_in_them() -> None:
    assert [str(problem) for problem in check(CATALOG) if problem.level == "error"] == []


def test_these_bundles_are_shipped() -> None:
    assert set(CATALOG.bundles) >= set(BUNDLES)


@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_bundle_composes_to_its_public_figures(bundle: str) -> None:
    plan = public_plan(bundle)
    legs, departments, materials, days = BUNDLES[bundle]
    assert len(plan.legs) == legs
    assert plan.figures.departments.before == departments
    assert plan.figures.materials_after == materials
    assert (plan.figures.days.before, plan.figures.days.after, plan.figures.day_unit) == days


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_public_situation_leaves_no_question_open_and_blocks_nothing(bundle: str) -> None:
    plan = public_plan(bundle)
    assert [question.id for question in plan.questions if question.state == "open"] == []
    assert [problem.text for problem in plan.problems if problem.level == "block"] == []


def test_a_restaurant_gets_one_certificate_over_its_permits_after_one_visit() -> None:
    plan = public_plan("restaurant")
    assert plan.composite is not None
    assert [(part.leg, str(part.name), part.needed) for part in plan.composite.parts] == [
        ("03", "食品经营许可证", True), ("04", "营业前消防安全检查意见书", True), ("06", "招牌设置意见", False),
        ("07", "烟草专卖零售许可证", False)]
    visit = [(edge.leg, edge.kind, edge.feeds) for edge in plan.edges if edge.targets == ("02",)]
    assert visit == [("03", "before_decide", ("visit_record",)), ("07", "before_decide", ("visit_record",))]


def test_what_several_departments_look_up_comes_back_as_one_report_of_the_leading_one() -> None:
    plan = planned("bankruptcy-check", {**CATALOG.bundles["bankruptcy-check"].figures, "look_for": ["land", "tax"]})
    assert plan.composite is not None
    assert (plan.composite.kind, str(plan.composite.issued_by)) == ("report", "发展和改革委员会")
    assert [(part.leg, part.needed) for part in plan.composite.parts] == [("03", False), ("08", False)]
    assert plan.composite.issued_by not in {leg.department_name for leg in plan.legs}


def test_a_page_of_the_form_begins_as_its_author_says() -> None:
    first = CATALOG.bundles["restaurant"].form["project"]
    page = next(page for page in public_plan("restaurant").sections if page.code == "project")
    assert page.fields[:len(first)] == first != tuple(sorted(first, key=[*CATALOG.fields].index))
    assert set(page.fields[len(first):]).isdisjoint(first)


@pytest.mark.parametrize(("bundle", "example"), EXAMPLES)
def test_an_example_comes_out_as_its_author_says(bundle: Bundle, example: Example) -> None:
    plan = planned(bundle.id, example.given, on=example.on)
    assert [question.id for question in plan.questions if question.state == "open"] == []
    if example.matters is not None:
        assert {leg.matter for leg in plan.legs} == set(example.matters)
    if example.materials is not None:
        assert plan.figures.materials_after == example.materials
    if example.days is not None:
        assert (plan.figures.days.after, plan.figures.day_unit) == (example.days.amount, example.days.unit)


@pytest.mark.parametrize(("bundle", "example"), EXAMPLES)
def test_an_example_whose_form_is_filled_in_waits_for_nothing_more(bundle: Bundle, example: Example) -> None:
    empty = planned(bundle.id, example.given, on=example.on)
    plan = compose(CATALOG, bundle.id, json_ready(example.given), today=example.on or TODAY, form=filled(empty))
    assert [problem.text for problem in plan.problems if problem.level == "undecided"] == []


@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_bundle_has_a_guide_in_every_part_a_stage_and_examples(bundle: str) -> None:
    shipped = CATALOG.bundles[bundle]
    assert set(shipped.guide) >= GUIDE
    assert shipped.stage and shipped.summary and shipped.lead in CATALOG.departments
    assert len(shipped.examples) >= 2


@pytest.mark.parametrize("bundle", BUNDLES)
def test_every_question_says_why_it_is_asked(bundle: str) -> None:
    assert [question.id for question in CATALOG.bundles[bundle].questions if not question.why] == []


@pytest.mark.parametrize("bundle", BUNDLES)
def test_no_days_are_claimed_to_be_won_where_none_are(bundle: str) -> None:
    figures = public_plan(bundle).figures
    assert figures.days.before >= figures.days.after
    assert figures.materials_before >= figures.materials_kinds >= figures.materials_after


def _asked_codes() -> Iterator[str]:
    for matter in CATALOG.matters.values():
        for asks in (matter.asks, *(variant.asks for variant in matter.variants if variant.asks)):
            yield from (ask.code for ask in asks.fields)
        yield from matter.gives.fields
    for bundle in CATALOG.bundles.values():
        for role in bundle.people:
            yield from (role.id, role.shown)


def test_no_field_of_the_dictionary_is_dead() -> None:
    asked = set(_asked_codes())
    asked |= {code.split(".")[0] for code in asked} | {f"{code}.{inner.code}" for code in asked
                                                       for inner in getattr(CATALOG.fields.get(code), "inner", ())}
    whole = {inner.code for code in asked if code in CATALOG.fields for inner in CATALOG.fields[code].inner}
    assert sorted(set(CATALOG.fields) - asked - whole) == []


def test_no_material_outside_the_common_dictionary_is_dead() -> None:
    asked = {kind for matter in CATALOG.matters.values() for ask in matter.asks.materials
             for kind in (ask.kind, *ask.any_of)}
    given = {kind for matter in CATALOG.matters.values() for kind in matter.gives.materials}
    given |= {kind for matter in CATALOG.matters.values() for variant in matter.variants if variant.gives
              for kind in variant.gives.materials}
    dead = set(CATALOG.materials) - asked - given
    assert sorted(code for code in dead if CATALOG.places.of("materials", code).file != "materials/common.yaml") == []


def test_every_matter_stands_in_a_bundle_and_every_department_decides_something() -> None:
    used = {entry.matter for bundle in CATALOG.bundles.values() for entry in bundle.entries}
    assert sorted(set(CATALOG.matters) - used) == []
    assert sorted(set(CATALOG.departments) - {matter.department for matter in CATALOG.matters.values()}) == []


def test_matter_numbers_are_written_down_and_unique() -> None:
    for bundle in CATALOG.bundles.values():
        numbers = [entry.number for entry in bundle.entries]
        assert len(set(numbers)) == len(numbers)
        assert all(re.fullmatch(r"\d\d", number) for number in numbers)


def test_sensitive_fields_say_what_they_are_for_and_only_askers_see_them() -> None:
    sensitive = {code for code, field in CATALOG.fields.items() if field.sensitive}
    assert [code for code in sensitive if not CATALOG.fields[code].purpose] == []
    assert "legal_rep_id" in sensitive
    askers = [matter.id for matter in CATALOG.matters.values()
              for ask in matter.asks.fields if ask.code == "legal_rep_id"]
    filed_by_the_legal_rep = {entry.matter for entry in CATALOG.bundles["listing-check"].entries}
    assert set(askers) == {"water-supply", "power-supply", "pipeline-permit", "river-works", "vet-permit",
                           "crowd-permit", "stage-crowd-permit", *filed_by_the_legal_rep}


def test_every_label_is_written_in_chinese() -> None:
    texts = [item.name for part in (CATALOG.fields, CATALOG.materials, CATALOG.matters, CATALOG.departments,
                                    CATALOG.sections, CATALOG.regions, CATALOG.bundles) for item in part.values()]
    texts += [question.ask for bundle in CATALOG.bundles.values() for question in bundle.questions]
    assert [text for text in texts if not re.search(r"[一-鿿]", text)] == []


def test_conditions_of_a_matter_read_only_what_it_asks() -> None:
    for matter in CATALOG.matters.values():
        own = {ask.code for ask in matter.asks.fields} | {"filer", "today"}
        rows = [row.when for row in matter.limits] + [item.when for item in (*matter.special, *matter.forwards)]
        rows += [ask.when for ask in (*matter.asks.fields, *matter.asks.materials)]
        read = {name for condition in rows if condition for name in names_in(condition)}
        assert read <= own, matter.id
