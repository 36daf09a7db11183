"""The API's own description is valid, whole, and what the answers really are; docs/api.md does not lag."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource

from cases.states import NOTICES
from people.policy import POLICY
from web.api.docs import markdown
from web.api.openapi import document, operations

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def made(app):
    return document(app, "http://127.0.0.1:5000")


def test_the_document_is_valid_openapi_31(made):
    assert list(OpenAPIV31SpecValidator(made).iter_errors()) == []
    assert made["openapi"] == "3.1.0"


def test_every_call_of_the_json_side_is_described(app):
    described = {rule.endpoint for _, _, rule, _ in operations(app)}
    wanted = {row for row in POLICY if row.startswith(("api.", "departments.", "operation."))}
    assert described == wanted


def test_both_directions_are_in_it(made):
    assert "/api/departments/{department}/notices" in made["paths"]
    assert set(made["webhooks"]) == {"leg.filed", "leg.supplemented", "leg.material_added", "leg.withdrawn",
                                     "leg.urged", "leg.transferred", "leg.material_overdue", "leg.converted"}


def fits(made, name, value):
    whole = Registry().with_resource("urn:api", Resource.from_contents(
        made | {"$schema": "https://json-schema.org/draft/2020-12/schema"}))
    checker = Draft202012Validator({"$ref": f"urn:api#/components/schemas/{name}"}, registry=whole)
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in checker.iter_errors(value)]


def test_answers_are_what_the_document_says(made, applicant, caller, filing):
    receipt = applicant.file(filing, "k1").json
    draft = applicant.post("/api/drafts", {"bundle": "connect", "situation": {}}).json
    answers = [
        ("Bundles", "/api/bundles"), ("Bundle", "/api/bundles/connect"), ("Draft", f"/api/drafts/{draft['draft']}"),
        ("Drafts", "/api/drafts"), ("Cases", "/api/cases"), ("Case", f"/api/cases/{receipt['reference']}"),
        ("Foreseen", f"/api/cases/{receipt['reference']}/withdraw"),
        ("Ratings", f"/api/cases/{receipt['reference']}/rating"),
        ("Problem", "/api/bundles/none"),
    ]
    wrong = {name: problems for name, path in answers if (problems := fits(made, name, applicant.get(path).json))}
    plan = caller().post("/api/bundles/connect/plan", {"situation": filing["situation"]}).json
    tracked = caller().post("/api/track", {"reference": receipt["reference"], "code": receipt["code"]},
                            environ_base={"REMOTE_ADDR": "192.0.2.77"}).json  # where nobody guessed codes before
    for name, value in [("Receipt", receipt), ("Plan", plan), ("Case", tracked)]:
        wrong |= {f"{name}!": problems for problems in [fits(made, name, value)] if problems}
    assert wrong == {}, json.dumps(wrong, ensure_ascii=False, indent=1)


def test_every_type_of_notice_and_of_push_has_its_own_shape(made):
    shape = made["paths"]["/api/departments/{department}/notices"]["post"]["requestBody"]["content"]["application/json"]
    assert len(shape["schema"]["oneOf"]) == len(NOTICES) == len(shape["schema"]["discriminator"]["mapping"])
    at = {"timestamp": "2026-01-05T09:30:00+08:00"}
    result = {"material": "K14", "name": "供水方案", "number": 7, "valid_to": None, "files": ["f1", {"base64": "aGk="}]}
    granted = {**at, "type": "leg.granted", "data": {"leg": "x-01", "ref": None, "results": [result]}}
    assert fits(made, "NoticeGranted", granted) == []
    assert fits(made, "NoticeGranted", {**granted, "data": {"leg": "x-01"}}) != []
    assert fits(made, "NoticeAccepted", {**at, "type": "leg.accepted", "data": {"leg": "x-01", "seq": "1"}}) != []
    data = {name: hook["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]["data"]
            for name, hook in made["webhooks"].items()}
    assert "read_code" not in data["leg.withdrawn"]["properties"]
    assert {"ask", "fields", "materials"} <= set(data["leg.supplemented"]["required"])


def test_what_a_department_reads_fits_the_webhook(made, applicant, office, filing):
    leg = applicant.file(filing, "k1").json["legs"][0]["leg"]
    value = office.get(f"/api/departments/water-office/legs/{leg}").json
    content = made["webhooks"]["leg.filed"]["post"]["requestBody"]["content"]["application/json"]
    data = content["schema"]["properties"]["data"]
    assert list(Draft202012Validator(data).iter_errors(value)) == []
    assert set(value) <= set(data["properties"])


def test_the_served_document_is_the_same_and_costs_a_poller_nothing(made, caller):
    answer = caller().get("/api/openapi.json")
    assert answer.json == json.loads(json.dumps(made, ensure_ascii=False))
    assert caller().get("/api/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_page_for_people_names_every_call_and_fetches_nothing_from_elsewhere(made, caller):
    page = caller().get("/api/docs").text
    assert [path for path in made["paths"] if path not in page] == []
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    vectors = json.loads((HOME / "docs" / "samples" / "signatures.json").read_text("utf-8"))
    assert vectors[0]["signature"] in page, "a department compares its own signature with it"
    for name, hook in made["webhooks"].items():
        schema = hook["post"]["requestBody"]["content"]["application/json"]["schema"]
        keys = schema["properties"]["data"]["properties"]
        assert [key for key in keys if f"<code>{key}</code>" not in page] == [], name


def test_docs_api_md_is_made_from_the_document(made):
    assert (HOME / "docs" / "api.md").read_text() == markdown(made)
