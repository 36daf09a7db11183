"""What cannot be true together is refused, or told where it is only unusual: dates, numbers and whose they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bench.filling import answers
from forms.compose import compose
from forms.schema import validate_form
from forms.values import json_ready
from tests.bundles.shipped import CATALOG, TODAY
from tests.bundles.test_payloads import decided

HEIR = {"full_name": "示例甲", "id_number": "370202198001019912", "heir_relation": "child"}
OTHER = {"full_name": "示例乙", "id_number": "370202198503029926", "heir_relation": "child"}
BESIDE = {"agent_name": "示例甲", "agent_id": "370202198503029926"}  # where the situation asks more than the public one
AGO = (TODAY - timedelta(days=60)).isoformat()
GIVEN: dict[str, Any] = {"minor": {"card_need": "new", "card_region": "370202", "guarded": True, "minor": True,
                                   "wants": ["living"], "filer": "agent"}}
FOR_SELF = {"card_need": "have", "guarded": False, "wants": ["living"], "filer": "self"}
GRADUATE = {"registered": False, "work_kind": "platform", "jobless": False, "insure": [], "subsidy": True,
            "hard_kind": "graduate", "wants": ["fund"], "filer": "self"}


@pytest.mark.parametrize(("bundle", "situation", "form", "rule"), [
    ("after-life", {}, {"died_on": "1930-05-01"}, "SH-4"),
    ("after-life", {}, {"cremated_on": AGO}, "SH-5"),
    ("after-life", {}, {"heirs": [HEIR]}, "SH-6"),
    ("after-life", {}, {"heirs": [OTHER, {**OTHER, "id_number": "370202199308099958"}]}, "SH-7"),
    ("after-life", {}, {"relation": "parent"}, "SH-9"),
    ("after-life", {}, {"relation": "child", "deceased_id": "370202199308099958"}, "SH-8"),
    ("after-life", {}, {"bank_holder": "示例别人"}, "SH-10"),
    ("retirement", {}, {"work_started_on": "1970-01-01"}, "TX-2"),
    ("retirement", {}, {"work_started_on": "1994-01-01"}, "TX-3"),
    ("retirement", {}, {"reach_age_on": "1926-08-05"}, "TX-4"),
    ("retirement", {}, {"reach_age_on": "2066-08-05"}, "TX-4"),
    ("retirement", {"deemed": False}, {"paid_months": 12}, "TX-5"),
    ("retirement", {}, {"child_birth_year": 1955}, "TX-6"),
    ("retirement", {}, {"bank_holder": "示例别人"}, "TX-7"),
    ("newborn", {}, {"mother_id": "37020220200301994X"}, "XS-3"),
    ("newborn", {}, {"father_id": "37020220200301994X"}, "XS-4"),
    ("newborn", {}, {"discharged_on": AGO}, "XS-5"),
    ("newborn", {}, {"bank_holder": "示例别人"}, "XS-6"),
    ("school-entry", {}, {"child_id": "37020219950607994X"}, "RX-4"),
    ("school-entry", {}, {"holder_id": "370202201201019946", "guardian_relation": "mother"}, "RX-5"),
    ("flexible-work", {"registered": False}, {"work_since": "1994-01-01"}, "LH-9"),
    ("flexible-work", GRADUATE, {"graduated_on": "1990-07-01"}, "LH-10"),
    ("flexible-work", GRADUATE, {"bank_holder": "示例别人"}, "LH-11"),
    ("foreign-work", {}, {"entered_on": "1985-01-01"}, "WG-9"),
    ("foreign-work", {}, {"passport_until": "2050-12-31"}, "WG-10"),
    ("disability", GIVEN["minor"], {}, "CJ-5"),
    ("disability", {**GIVEN["minor"], "minor": False}, {"holder_id": "370202201201019946"}, "CJ-6"),
    ("disability", FOR_SELF, {"bank_holder": "示例别人"}, "CJ-7"),
    ("disability", GIVEN["minor"], {"bank_holder": "示例别人"}, "CJ-8"),
    ("oversize", {}, {"goods_mass": 60, "total_mass": 50}, "DJ-5"),
    ("performance", {}, {"tickets_per_show": 190_000}, "YC-14"),
    ("project-start", {}, {"contract_price": 9_000_000, "investment": 100}, "KG-10"),
    ("project-start", {"civil_air": True}, {"civil_air_area": 400_000, "floor_area": 5_000}, "KG-11"),
])
def test_what_contradicts_is_told(bundle: str, situation: dict[str, Any], form: dict[str, Any], rule: str) -> None:
    _, right = decided(bundle)
    given = {**json_ready(CATALOG.bundles[bundle].figures), **situation}
    for changes, expected in (({}, False), (form, True)):
        if changes or form:  # what the situation alone contradicts has no right form
            plan = compose(CATALOG, bundle, given, today=TODAY, form={**BESIDE, **right, **changes})
            assert (rule in {one.rule for one in plan.problems if one.level != "undecided"}) is expected, plan.problems


@pytest.mark.parametrize(("bundle", "code", "value", "says"), [
    ("enterprise-move", "fund_paid_to", (TODAY + timedelta(days=60)).isoformat(), "不能晚于"),
    ("bankruptcy-check", "insolvency_accepted_on", "1980-01-01", "不能早于"),
    ("oversize", "to_on", (TODAY + timedelta(days=400)).isoformat(), "不能晚于"),
    ("retirement", "paid_months", 700, "不能大于 600 个月"),
])
def test_a_day_or_number_beyond_all_sense_is_refused(bundle: str, code: str, value: Any, says: str) -> None:
    plan, form = decided(bundle)
    assert says in validate_form(plan, {**form, code: value}, CATALOG.regions).errors[code][0]


def test_nobody_has_finished_a_liquidation_tomorrow() -> None:
    given = {**json_ready(CATALOG.bundles["deregistration"].figures), "dereg_route": "ordinary"}
    form = {"liquidation_done_on": (TODAY + timedelta(days=1)).isoformat()}
    plan = compose(CATALOG, "deregistration", given, today=TODAY, form=form)
    assert "不能晚于" in validate_form(plan, form, CATALOG.regions, partial=True).errors["liquidation_done_on"][0]


def test_a_bid_that_is_valid_no_longer_than_it_may_be_handed_in_is_refused() -> None:
    given = next(one.given for one in CATALOG.bundles["tendering"].examples if one.given.get("bid_side") == "bidder")
    form = {"bid_due": "2026-06-01", "bid_valid_until": "2026-05-01", "guarantee_until": "2026-06-30"}
    plan = compose(CATALOG, "tendering", json_ready(given), today=TODAY, form=form)
    assert "TB-3" in {one.rule for one in plan.problems if one.level == "block"}


@pytest.mark.parametrize(("bundle", "situation", "whose"), [
    ("retirement", {}, "person_name"), ("after-life", {}, "person_name"), ("after-life", {"had": []}, None),
    ("newborn", {}, "mother_name"), ("newborn", {"wants": []}, None), ("disability", FOR_SELF, "person_name"),
    ("disability", GIVEN["minor"], None), ("flexible-work", GRADUATE, "person_name"),
])
def test_an_account_is_the_one_of_whom_the_money_is_for(
    bundle: str, situation: dict[str, Any], whose: str | None,
) -> None:
    given = {**json_ready(CATALOG.bundles[bundle].figures), **situation}
    plan = compose(CATALOG, bundle, given, today=TODAY)
    same = {line.code: line.same_as for line in plan.fields}
    assert same.get("bank_holder") == whose
    assert whose is None or same[whose] == "bank_holder"


def test_a_mother_alone_files_without_a_father_whom_nobody_names() -> None:
    alone = {"parents_named": "mother", "register_with": "mother"}
    given = {**json_ready(CATALOG.bundles["newborn"].figures), **alone}
    form = answers(compose(CATALOG, "newborn", given, today=TODAY), TODAY)
    plan = compose(CATALOG, "newborn", given, today=TODAY, form={**form, "bank_holder": form["mother_name"]})
    papers = {line.key for line in (*plan.materials, *plan.removed_materials)}
    assert (plan.problems, validate_form(plan, form, CATALOG.regions).errors) == ((), {})
    assert not [code for code in {*form, *papers} if "father" in code or code == "ID03"]
    assert [one.role for one in plan.agreements] == ["mother"]


def test_a_name_of_an_account_may_be_typed_otherwise_than_that_of_its_holder() -> None:
    _, right = decided("retirement")
    given = json_ready(CATALOG.bundles["retirement"].figures)
    for holder, refused in (("ＷＡＮＧ  xiao", False), ("WANG XIAN", True)):
        form = {**BESIDE, **right, "person_name": "Wang Xiao", "bank_holder": holder}
        plan = compose(CATALOG, "retirement", given, today=TODAY, form=form)
        assert ("TX-7" in {one.rule for one in plan.problems}) is refused
