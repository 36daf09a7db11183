"""The utilities bundle computes its public numbers: 129 → 24 → 9 papers, 17 → 1 sets, 37 → 7 days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from forms.compose import compose
from forms.plan import Plan, PlannedLeg
from forms.values import json_ready
from tests.bundles.shipped import CATALOG, TODAY, planned, public_plan

FIGURES = CATALOG.bundles["utilities"].figures


def at_length(metres: int) -> Plan:
    """All seventeen matters with an outside line of so many metres."""
    return planned("utilities", {**FIGURES, "line_length": metres})


def kinds_by_rule(plan: Plan) -> Mapping[str, set[str]]:
    """The kinds that left the list, by the rule that removed them."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in plan.removed_materials:
        found[line.rule].add(line.key)
    return found


def test_the_old_way_took_seventeen_sets_from_eleven_departments() -> None:
    figures = public_plan("utilities").figures
    assert (figures.sets.before, figures.sets.after) == (17, 1)
    assert (figures.departments.before, figures.departments.after) == (11, 1)


def test_papers_fall_from_129_to_24_to_9() -> None:
    figures = public_plan("utilities").figures
    assert (figures.materials_before, figures.materials_kinds, figures.materials_after) == (129, 24, 9)


def test_days_fall_from_37_to_7_and_their_sum_from_109_to_38() -> None:
    figures = public_plan("utilities").figures
    assert (figures.days.before, figures.days.after) == (37, 7)
    assert (figures.days_sum.before, figures.days_sum.after) == (109, 38)


def test_fifteen_kinds_leave_by_two_forms_four_logic_three_sharing_six_licences() -> None:
    assert kinds_by_rule(public_plan("utilities")) == {
        "form": {"FM00", "K13"}, "logic_a": {"K14", "K24"}, "logic_b": {"CO01", "CO02"},
        "sharing": {"CO05", "CO06", "K15"},
        "licence": {"BL01", "ID01@legal_rep", "ID01@agent", "PR01", "CO03", "CO04"},
    }


def test_the_nine_papers_that_remain_are_the_conditional_ones() -> None:
    kept = {line.key for line in public_plan("utilities").materials}
    assert kept == {"AU01", "K16", "K17", "K18", "K19", "K20", "K21", "K22", "K23"}


def test_the_longest_chain_is_survey_plan_permit() -> None:
    plan = public_plan("utilities")
    finish = {leg.matter: leg.finish for leg in plan.legs}
    assert finish["joint-survey"] == 1
    assert finish["power-supply"] == 4
    assert finish["road-excavation"] == finish["tree-relocation"] == 7


def test_the_merged_form_has_about_81_fields_on_sixteen_pages() -> None:
    plan = public_plan("utilities")
    assert 78 <= plan.figures.fields_after <= 84
    assert len(plan.sections) == 16
    assert plan.figures.fields_before > 4 * plan.figures.fields_after


def test_water_and_power_without_a_line_filed_by_the_legal_representative_need_no_upload() -> None:
    plan = planned("utilities", {"services": ["water", "power"], "outside_line": False, "filer": "legal_rep"})
    assert plan.materials == ()
    assert (plan.figures.days.before, plan.figures.days.after) == (10, 3)


def test_150_metres_differ_from_250_in_the_filing_and_the_pledge_and_in_nothing_else() -> None:
    short, long = at_length(150), at_length(250)
    assert differing_legs(short, long) == {"09": ("市政管线建设工程规划备案", "filing", "0wd", ("pipeline_receipt",))}
    assert {line.key for line in long.materials} - {line.key for line in short.materials} == {"K16"}
    assert {line.key for line in short.materials} <= {line.key for line in long.materials}
    pledged = [line for line in short.removed_materials if line.rule == "pledge"]
    assert [(line.key, line.askers) for line in pledged] == [("K16", ("10", "11", "12", "15"))]
    assert not [line for line in long.removed_materials if line.rule == "pledge"]
    assert short.figures.materials_before == long.figures.materials_before == 129
    assert short.figures.materials_kinds == long.figures.materials_kinds == 24
    assert (short.figures.days_sum.after, long.figures.days_sum.after) == (36, 38)
    assert short.figures.days == long.figures.days
    assert short.edges == long.edges
    assert [line.code for line in short.fields] == [line.code for line in long.fields]


def differing_legs(short: Plan, long: Plan) -> dict[str, Any]:
    """What the short line's legs are where they differ from the long line's (schedule apart)."""
    def unscheduled(leg: PlannedLeg) -> PlannedLeg:
        return replace(leg, start=None, finish=None, critical=False)

    return {
        ours.leg: (ours.name, ours.variant, str(ours.promised), ours.gives.materials)
        for ours, theirs in zip(short.legs, long.legs, strict=True) if unscheduled(ours) != unscheduled(theirs)
    }


def test_exactly_200_metres_is_still_a_filing() -> None:
    assert at_length(200).legs[8].variant == "filing"
    assert at_length(201).legs[8].variant is None


@pytest.mark.parametrize(("works", "done_on", "special"), [
    ("new", "2021-03-02", ()), ("new", "2021-03-03", ("政府批准",)), ("overhaul", "2023-03-02", ()),
    ("overhaul", "2023-03-03", ("政府批准",)), ("overhaul", "2021-06-01", ()),
])
def test_a_young_road_needs_the_governments_approval(works: str, done_on: str, special: tuple[str, ...]) -> None:
    plan = planned("utilities", {**FIGURES, "road_works": works, "road_done_on": done_on})
    assert {leg.matter: leg.special for leg in plan.legs}["road-excavation"] == special


@pytest.mark.parametrize(("trees", "forwarded"), [(49, None), (50, "city"), (60, "city")])
def test_fifty_trees_go_to_the_upper_level(trees: int, forwarded: str | None) -> None:
    plan = planned("utilities", {**FIGURES, "tree_count": trees})
    assert {leg.matter: leg.forwards_to for leg in plan.legs}["tree-relocation"] == forwarded


@pytest.mark.parametrize(("count", "numbers", "told"), [(6, (4, 2), False), (50, (4, 2), True), (6, (), False)])
def test_a_list_of_trees_that_comes_to_another_number_is_told(
    count: int, numbers: tuple[int, ...], told: bool,
) -> None:
    trees = [{"group": str(place), "species": "国槐", "dbh": "10", "number": number, "action": "move"}
             for place, number in enumerate(numbers, 1)]
    situation = json_ready({**FIGURES, "tree_count": count})
    plan = compose(CATALOG, "utilities", situation, today=TODAY, form={"trees": trees} if trees else {})
    found = [problem for problem in plan.problems if problem.rule == "SDQW-4"]
    assert [problem.level for problem in found] == (["warn"] if told else [])


def test_heat_outside_the_heating_area_is_stopped_with_a_way_out() -> None:
    situation = {"services": ["water", "heat"], "heat_area": False, "outside_line": False, "filer": "legal_rep"}
    blocks = [problem for problem in planned("utilities", situation).problems if problem.level == "block"]
    assert [problem.rule for problem in blocks] == ["SDQW-1"]
    assert "取消供热" in blocks[0].text


def test_a_road_that_is_only_occupied_gives_its_permit_to_the_traffic_police() -> None:
    plan = planned("utilities", {**FIGURES, "dig_area": 0})
    slots = {(slot.leg, slot.key): slot.by for slot in plan.slots}
    assert slots[("12", "K24")] == ("10",)
    assert {(slot.leg, slot.key): slot.by for slot in planned("utilities", {**FIGURES, "occupy_area": 0}).slots}[
        ("12", "K24")] == ("11",)


def test_a_departments_own_names_and_codes_are_kept_per_asker() -> None:
    plan = public_plan("utilities")
    length = next(line for line in plan.fields if line.code == "line_length")
    assert {asker.as_name for asker in length.askers} == {"wxcd", "gxcd", "line_length"}
    pressure = next(line for line in plan.fields if line.code == "pressure_need")
    assert (pressure.unit, pressure.askers[0].unit) == ("MPa", "kPa")
