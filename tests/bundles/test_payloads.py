"""A filled form of every shipped bundle passes, and each department gets what its matter declares and nothing else."""

from __future__ import annotations

import pytest

from catalog.matter import FieldAsk, Matter
from catalog.reading import names_of
from forms.compose import compose
from forms.plan import Plan
from forms.schema import validate_form
from forms.shown.sheet import known_field
from forms.split import declared_values, leg_fields
from forms.values import json_ready
from tests.bundles.filled import filled
from tests.bundles.shipped import CATALOG, TODAY, public_plan

ASKS = [pytest.param(matter, ask, id=f"{matter.id}-{ask.code}") for matter in CATALOG.matters.values()
        for ask in matter.asks.fields if ask.values]


def decided(bundle: str) -> tuple[Plan, dict[str, object]]:
    """The plan in which the form has decided everything, and that form."""
    situation = json_ready(CATALOG.bundles[bundle].figures)
    form = filled(public_plan(bundle))
    plan = compose(CATALOG, bundle, situation, today=TODAY, form=form)
    return plan, {**form, **{line.code: filled(plan)[line.code] for line in plan.fields if line.code not in form}}


@pytest.mark.parametrize("bundle", CATALOG.bundles)
def test_a_filled_form_passes_every_rule_and_bound(bundle: str) -> None:
    plan, form = decided(bundle)
    assert validate_form(plan, form, CATALOG.regions).errors == {}
    assert [problem.text for problem in plan.problems if problem.level in {"block", "undecided"}] == []


@pytest.mark.parametrize("bundle", CATALOG.bundles)
def test_a_department_receives_only_what_its_matter_declares(bundle: str) -> None:
    plan, form = decided(bundle)
    clean = validate_form(plan, form, CATALOG.regions).clean
    for leg in plan.legs:
        declared = {name for ask in CATALOG.matters[leg.matter].asks.fields
                    for name in names_of(ask, known_field(CATALOG, ask.code))}
        declared |= {code.split(".")[0] for code in declared}
        declared |= {ask.code.split(".")[0] for ask in CATALOG.matters[leg.matter].asks.fields if "." in ask.code}
        payload = leg_fields(plan, leg.leg, clean)
        assert set(payload) <= declared, leg.leg
        assert payload or not CATALOG.matters[leg.matter].asks.fields
        parts = plan.parts[leg.leg].declared
        names = {one.code: one.asker.as_name if one.asker else one.code for one in parts}
        kinds = {one.asker.paper_as for one in parts if one.asker is not None and one.asker.paper_as}
        read = declared_values(plan, leg.leg, clean)  # by its officers, under our codes
        assert {names[code] for code in read} == set(payload) - kinds, leg.leg
        rows = {code: value for code, value in read.items() if isinstance(payload[names[code]], list)}
        assert {code: len(value) for code, value in rows.items()} == {code: len(payload[names[code]]) for code in rows}


def test_units_codes_and_dates_are_the_departments_own() -> None:
    plan, form = decided("utilities")
    clean = {**validate_form(plan, form, CATALOG.regions).clean, "pressure_need": 0.3, "pipe_diameter": 250}
    water, power, highway = (leg_fields(plan, leg, clean) for leg in ("01", "03", "15"))
    assert (water["xysy"], water["ysxz"], water["xwtsrq"]) == (300, "01", "20260302")
    assert (power["gddy"], power["dysl"]) == ("AC02202", "1")
    assert highway["cygj"] == 25
    assert leg_fields(plan, "10", clean)["yjsg"] == "1"


def test_a_mass_in_tonnes_reaches_the_province_in_kilograms() -> None:
    plan, form = decided("oversize")
    clean = {**validate_form(plan, form, CATALOG.regions).clean, "goods_mass": 42.5}
    assert leg_fields(plan, "01", clean)["hwzl"] == 42.5
    assert leg_fields(plan, "02.1", clean)["hwzl"] == 42500


@pytest.mark.parametrize(("matter", "ask"), ASKS)
def test_a_departments_code_list_covers_every_option(matter: Matter, ask: FieldAsk) -> None:
    field = CATALOG.fields[ask.code]
    options = {"yes", "no"} if field.type == "yes_no" else {option.code for option in field.options}
    assert set(ask.values) == options
    assert len(set(ask.values.values())) == len(options)


def test_the_child_gets_its_number_from_the_police_and_the_later_legs_use_it() -> None:
    plan = public_plan("newborn")
    assert {(line.code, line.by) for line in plan.removed_fields} == {
        ("birth_cert_no", ("01",)), ("child_id", ("02",)),
    }
