"""The public figures of the shipped bundles, computed from their definitions (language 3)."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from catalog.load import load_catalog
from catalog.matter import Asks
from forms.compose import compose
from forms.errors import UnknownBundle
from forms.figures import figures_json

TODAY = date(2026, 3, 2)


@cache
def shipped():
    return load_catalog(Path(__file__).resolve().parents[2] / "bundles").catalog


def plan(bundle, situation, **more):
    return compose(shipped(), bundle, situation, today=TODAY, **more)


def utilities(**changes):
    return {**shipped().bundles["utilities"].figures, **changes}


def test_all_seventeen_matters_give_the_public_figures():
    found = figures_json(plan("utilities", utilities()))
    assert found["materials"] == {"before": 129, "kinds": 24, "after": 9}
    assert found["sets"] == {"before": 17, "after": 1}
    assert found["departments"] == {"before": 11, "after": 1}
    assert found["days"] == {"before": 37, "after": 7, "sum_before": 109, "sum_after": 38, "unit": "wd"}
    assert found["reductions"]["materials"] == round(120 / 129, 4)
    assert found["reductions"]["days"] == round(30 / 37, 4)


def test_the_fifteen_removed_kinds_go_by_form_logic_sharing_and_licence():
    rules = {}
    for line in plan("utilities", utilities()).removed_materials:
        rules.setdefault(line.rule, set()).add((line.kind, line.role))
    assert {rule: len(kinds) for rule, kinds in rules.items()} == {
        "form": 2, "logic_a": 2, "logic_b": 2, "sharing": 3, "licence": 6,
    }


def test_every_line_says_which_matters_which_rule_and_which_source():
    made = plan("utilities", utilities())
    for line in made.removed_materials:
        assert line.askers
        assert line.why.matters
        assert line.why.rule == line.rule
        assert line.source or line.by or line.rule == "form"
        assert "“" in line.why.text
    assert all(line.askers and line.why.matters and line.why.text for line in (*made.materials, *made.fields))
    assert all(leg.why.text for leg in made.legs)


def asks_of_utilities():
    bundle = shipped().bundles["utilities"]
    return [(entry.matter, index) for entry in bundle.entries
            for index in range(len(shipped().matter_of(bundle, entry.matter).asks.materials))]


def test_there_are_129_asks():
    assert len(asks_of_utilities()) == 129


@pytest.mark.parametrize(("matter", "index"), asks_of_utilities())
def test_removing_any_one_ask_lowers_before_by_exactly_one(matter, index):
    whole = shipped().matters[matter]
    papers = whole.asks.materials
    fewer = replace(whole, asks=Asks(whole.asks.fields, papers[:index] + papers[index + 1:]))
    catalog = replace(shipped(), matters={**shipped().matters, matter: fewer})
    assert compose(catalog, "utilities", utilities(), today=TODAY).figures.materials_before == 128


def lines(made):
    """Everything a plan says, as comparable facts."""
    return {
        "legs": {leg.leg: (leg.variant, str(leg.promised), leg.gives.materials) for leg in made.legs},
        "kept": {line.key: line.askers for line in made.materials},
        "removed": {(line.key, line.rule, line.askers, line.by) for line in made.removed_materials},
        "fields": {line.code: (line.required, tuple(asker.leg for asker in line.askers)) for line in made.fields},
        "edges": {(edge.leg, edge.targets, edge.kind, edge.feeds) for edge in made.edges},
        "taken": {(slot.leg, slot.key): (slot.obtained, slot.taken) for slot in made.slots},
    }


def test_150_and_250_metres_differ_in_matter_09_and_the_pledge_alone():
    short, long = (lines(plan("utilities", utilities(line_length=length))) for length in (150, 250))
    changed = [leg for leg in long["legs"] if short["legs"][leg] != long["legs"][leg]]
    assert {leg: (short["legs"][leg], long["legs"][leg]) for leg in changed} == {
        "09": (("filing", "0wd", ("pipeline_receipt",)), (None, "2wd", ("pipeline_permit",))),
    }
    askers = ("10", "11", "12", "15")
    assert set(long["kept"].items()) - set(short["kept"].items()) == {("K16", askers)}
    assert set(short["kept"]) < set(long["kept"])
    assert short["removed"] - long["removed"] == {("K16", "pledge", askers, ("works_pledge",))}
    assert not long["removed"] - short["removed"]
    assert (short["fields"], short["edges"]) == (long["fields"], long["edges"])
    assert {slot: (short["taken"][slot], long["taken"][slot]) for slot in long["taken"]
            if short["taken"][slot] != long["taken"][slot]} == {
        **{(leg, "K16"): (("pledge", None), ("upload", "K16")) for leg in askers},
        **{(leg, "K24"): (("later", "pipeline_receipt"), ("later", "pipeline_permit")) for leg in ("11", "13")},
    }
    figures = plan("utilities", utilities(line_length=150)).figures
    assert (figures.materials_before, figures.materials_kinds, figures.materials_after) == (129, 24, 8)
    assert (figures.days.before, figures.days.after) == (37, 7)
    assert (figures.days_sum.before, figures.days_sum.after) == (109, 36)


def test_water_and_power_without_a_line_by_the_legal_representative_need_no_upload():
    made = plan("utilities", {"services": ["water", "power"], "outside_line": False, "filer": "legal_rep"})
    assert [leg.matter for leg in made.legs] == ["water-supply", "power-supply"]
    assert made.materials == ()
    assert (made.figures.days.before, made.figures.days.after) == (10, 3)


@pytest.mark.parametrize(("bundle", "legs", "days", "unit"), [
    ("retirement", 7, 20, "wd"), ("newborn", 6, 7, "wd"), ("transport-company", 6, 5, "wd"), ("oversize", 6, 3, "wd"),
])
def test_the_small_bundles_have_the_chains_of_the_language_page(bundle, legs, days, unit):
    made = plan(bundle, shipped().bundles[bundle].figures)
    assert (len(made.legs), made.figures.days.after, made.figures.day_unit) == (legs, days, unit)


def test_a_class_three_load_takes_eight_working_days():
    assert plan("oversize", {**shipped().bundles["oversize"].figures, "oversize_class": "III"}).figures.days.after == 8


def test_a_simple_deregistration_is_laid_on_the_calendar():
    made = plan("deregistration", shipped().bundles["deregistration"].figures)
    # Filed Monday 2 March: 20 natural days end on Sunday 22, three working days on Wednesday 25, one on Thursday 26.
    assert (made.figures.days.after, made.figures.day_unit) == (24, "nd")
    assert [leg.matter for leg in made.legs if leg.critical][:2] == ["simple-notice", "deregistration"]
    assert all(leg.start is None for leg in made.legs)


def test_the_longest_chain_of_utilities_is_survey_plan_permit():
    made = plan("utilities", utilities())
    finish = {leg.leg: leg.finish for leg in made.legs}
    assert made.critical[0] == "08"
    assert [finish[leg] for leg in made.critical] == [1, 4, 7]


def test_because_has_a_line_for_every_number():
    because = plan("utilities", utilities()).figures.because
    text = "\n".join(because)
    for number in ("129", "24", "9", "17", "11", "37", "7", "109", "38"):
        assert number in text


def test_an_unknown_bundle_is_said_so():
    with pytest.raises(UnknownBundle, match="没有这个一件事：nothing"):
        plan("nothing", {})
