"""The stand-in sources and the sample persons: outcomes kept apart, and enough for every shipped bundle."""

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from catalog.load import load_catalog
from catalog.model import Catalog
from forms.compose import compose
from forms.plan import Plan
from forms.schema import validate_form
from sources.papers import paper
from sources.port import Query
from sources.samples import PERSONAS, sample_paper, who_tries
from sources.shipped import sources
from sources.stand_in import LicenceLibrary, records

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRM = "91370202MA0000000Y"
AGREED = {"agreed": True}
TRIED = sorted({bundle for person in PERSONAS for bundle in person.bundles})


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(Path(__file__).resolve().parents[2] / "bundles").catalog


@pytest.mark.parametrize(("kind", "name", "numbers", "consent", "status"), [
    ("licence", "business_licence", {"holder": FIRM}, AGREED, "hit"),
    ("licence", "business_licence", {"holder": "９１３７０２０２ＭＡ０００００００Ｙ"}, AGREED, "hit"),
    ("licence", "business_licence", {"holder": "91370202MA00000049"}, AGREED, "miss"),
    ("licence", "business_licence", {}, AGREED, "miss"),
    ("licence", "business_licence", {"holder": FIRM}, {}, "failed"),
    ("licence", "business_licence", {"holder": FIRM}, {"agreed": False}, "failed"),
    ("licence", "business_licence", {"holder": "91370202MA00000025"}, AGREED, "absent"),
    ("licence", "business_licence", {"holder": "91370202MA00000012"}, AGREED, "failed"),
    ("licence", "fishing_licence", {"holder": FIRM}, AGREED, "failed"),
    ("licence", "real_estate_title", {"holder": FIRM}, AGREED, "hit"),
    ("licence", "real_estate_title", {"holder": "370202199308099958"}, AGREED, "hit"),
    ("sharing", "investment_registry", {"project_code": "2405-370202-04-01-000001"}, AGREED, "hit"),
    ("sharing", "investment_registry", {"project_code": "2405-370202-04-01-000002"}, AGREED, "miss"),
    ("sharing", "pipe_registry", {"site_address": {"region": "370202", "text": "示例路 1 号"}}, AGREED, "hit"),
    ("sharing", "pipe_registry", {"site_address": "别处"}, AGREED, "miss"),
    ("premises", "premises_file", {"site_address": "示例路 8 号"}, AGREED, "hit"),
    ("telepathy", "any", {}, AGREED, "failed"),
])
def test_hit_miss_failed_and_absent_are_kept_apart(
    kind: str, name: str, numbers: dict[str, Any], consent: dict[str, bool], status: str,
) -> None:
    found = sources(demonstrates=True).find(Query(kind, name, numbers, consent, NOW))
    assert found.status == status
    assert (found.why == "") is (status == "hit")


@pytest.mark.parametrize(("day", "status"), [
    ("2025-12-31", "miss"), ("2026-01-01", "hit"), ("2026-06-30", "hit"), ("2026-07-01", "absent"),
])
def test_a_licence_counts_only_within_its_validity(day: str, status: str) -> None:
    library = LicenceLibrary({"permit": [
        {"holder": "A", "number": "1", "valid_from": "2026-01-01", "valid_to": "2026-06-30"}]})
    at = datetime.combine(date.fromisoformat(day), NOW.time(), UTC)
    assert library.find(Query("licence", "permit", {"holder": "A"}, AGREED, at)).status == status


def test_the_newer_of_two_valid_records_is_taken() -> None:
    library = LicenceLibrary({"permit": [
        {"holder": "A", "number": "old", "valid_from": "2020-01-01"},
        {"holder": "A", "number": "new", "valid_from": "2025-01-01", "version": "2"}]})
    found = library.find(Query("licence", "permit", {"holder": "A"}, AGREED, NOW))
    assert (found.document["number"], found.document["version"]) == ("new", "2")


def test_nothing_is_connected_outside_demo_and_test() -> None:
    found = sources(demonstrates=False).find(Query("licence", "business_licence", {"holder": FIRM}, AGREED, NOW))
    assert found.status == "failed"


def test_every_sample_person_and_record_says_that_it_is_one() -> None:
    assert all(person.name.startswith("示例") for person in PERSONAS)
    files = [records(name) for name in ("licences", "sharing", "premises")]
    kept = [record for file in files for each in file.values() for record in each]
    assert kept and all("示例" in record["issuer"] for record in kept)


def test_every_bundle_has_a_sample_person_to_try_it(catalog: Catalog) -> None:
    assert set(catalog.bundles) == set(TRIED)


def _plan(catalog: Catalog, bundle: str) -> Plan:
    return compose(catalog, bundle, dict(catalog.bundles[bundle].figures), today=NOW.date())


@pytest.mark.parametrize("bundle", TRIED)
def test_what_a_sample_person_writes_is_valid_in_every_bundle(bundle: str, catalog: Catalog) -> None:
    plan = _plan(catalog, bundle)
    details = who_tries(bundle).details
    form = {line.code: details[line.code] for line in plan.fields if line.code in details}
    assert len(form) >= 8
    assert validate_form(plan, form, catalog.regions, partial=True).errors == {}


@pytest.mark.parametrize("bundle", TRIED)
def test_every_licence_of_a_sample_person_is_found(bundle: str, catalog: Catalog) -> None:
    plan = _plan(catalog, bundle)
    details = who_tries(bundle).details
    roles = {role.code: role.id for role in plan.people}
    status = {}
    for line in plan.removed_materials:
        if line.rule == "licence" and line.source is not None:
            holder = details.get(roles[line.role or line.source.holder or ""], "")
            query = Query("licence", line.source.name or "", {"holder": str(holder)}, AGREED, NOW)
            status[line.key] = sources(demonstrates=True).find(query).status
    assert set(status.values()) <= {"hit"}


def test_a_paper_is_a_small_real_pdf_and_the_same_each_time() -> None:
    name, media, content = sample_paper("授权委托书")
    assert (name, media) == ("示例-授权委托书.pdf", "application/pdf")
    assert content == sample_paper("授权委托书")[2] and len(content) < 5_000
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == 1
        shown = pdf.pages[0].Contents.read_bytes().lower()
    assert "示例".encode("utf-16-be").hex().encode() in shown


def test_a_rare_character_does_not_break_a_paper() -> None:
    assert paper("𠮷某的材料", ["行"] * 60).startswith(b"%PDF")
