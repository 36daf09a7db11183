"""What the shipped definitions and sample records say holds in the world they speak of."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.dictionary import Field
from sources.stand_in import records
from tests.bundles.shipped import CATALOG, planned, public_plan

PERSONS = {one["id"]: one["details"] for one in records("persons")}


@pytest.mark.parametrize(("provinces", "stopped"), [
    (["370000"], True), (["370000", "320000"], False), (["370000", "320000", "310000"], False),
])
def test_a_journey_through_one_province_is_no_journey_across_provinces(provinces: list[str], stopped: bool) -> None:
    given: dict[str, Any] = {"oversize_class": "I", "start_province": "370000", "route_provinces": provinces,
                             "filer": "legal_rep"}
    said = [problem.text for problem in planned("oversize", given).problems if problem.rule == "DJ-4"]
    assert bool(said) == stopped
    assert all("省级公路管理机构" in text for text in said), "says where to go instead"


def test_a_company_that_moves_reads_which_city_does_what() -> None:
    """Only there: a bundle whose legs all go to one region does not repeat its name."""
    called = {leg.matter: str(leg.name) for leg in public_plan("enterprise-move").legs}
    assert all(name.endswith(("（烟台市）", "（青岛市）")) for name in called.values())
    assert called["file-transfer"].endswith("（烟台市）")
    assert called["move-registration"].endswith("（青岛市）")
    for bundle in ("performance", "oversize"):
        assert [leg.name for leg in public_plan(bundle).legs if "（" in leg.name] == []


@pytest.mark.parametrize(("bundle", "offered"), [
    ("utilities", ["legal_rep", "agent"]), ("transport-company", ["legal_rep", "agent"]),
    ("oversize", ["legal_rep", "agent"]), ("deregistration", ["legal_rep", "agent"]),
    ("restaurant", ["legal_rep", "agent"]), ("enterprise-change", ["legal_rep", "agent"]),
    ("retirement", ["self", "agent"]), ("after-life", ["self", "agent"]),
])
def test_an_enterprise_files_by_its_representative_and_a_person_for_himself(bundle: str, offered: list[str]) -> None:
    asked = {question.id: question for question in public_plan(bundle).questions}["filer"]
    assert [option.code for option in asked.options] == offered


def _retires(citizen_id: str) -> str:
    """国务院关于渐进式延迟法定退休年龄的办法: a man born from 1965 on works a month longer for every four months."""
    year, month, day = int(citizen_id[6:10]), int(citizen_id[10:12]), int(citizen_id[12:14])
    late = ((year - 1965) * 12 + month - 1) // 4 + 1
    months = (year + 60) * 12 + month - 1 + late
    return f"{months // 12}-{months % 12 + 1:02}-{day:02}"


def test_the_sample_retiree_retires_on_the_day_the_official_table_says() -> None:
    retiree = PERSONS["sample-retiree"]
    known = [one["fields"]["reach_age_on"] for one in records("sharing")["social_registry"]
             if "reach_age_on" in one.get("fields", {})]
    assert {retiree["reach_age_on"], *known} == {_retires(retiree["holder_id"])}


def test_the_official_table_is_read_as_it_stands() -> None:
    assert _retires("370202196501019930") == "2025-02-01"
    assert _retires("370202196505019930") == "2025-07-01"
    assert _retires("370202197612019930") == "2039-12-01"


def test_the_sample_company_heats_what_it_builds_and_pays_as_a_company() -> None:
    company = PERSONS["sample-enterprise"]
    assert company["heated_area"] == company["floor_area"]
    assert company["energy_use"] == "commercial"


def _helps() -> list[tuple[str, str]]:
    fields: list[Field] = [*CATALOG.fields.values()]
    fields += [column for one in fields for column in one.inner]
    return [(one.code, str(one.help)) for one in fields if one.help]


@pytest.mark.parametrize("promise", ["短信", "发到邮箱", "选点"])
def test_no_help_promises_what_nothing_here_does(promise: str) -> None:
    assert [code for code, text in _helps() if promise in text] == []
    assert [one.code for one in CATALOG.sections.values() if promise in str(one.help or "")] == []
