"""Bad input to a running portal with the shipped bundles: refused in Chinese by its place, and the draft is kept."""

import json
import re

import pytest
import requests

from bench.applicant import Applicant
from bench.town import Town

HAN = re.compile("[一-鿿]")
JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 5_000 + b"]" * 5_000


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    made = Town(tmp_path_factory.mktemp("town"))
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def token(town):
    return town.token()


@pytest.fixture(scope="module")
def applicant(town, token):
    return Applicant(town.url, token)


@pytest.fixture(scope="module")
def filing(applicant):
    return applicant.prepare("utilities")


@pytest.fixture
def draft(applicant, filing):
    """A saved draft of the whole form."""
    started = {name: filing[name] for name in ("bundle", "situation")}
    made = applicant.call("POST", "/api/drafts", json=started).json()["draft"]
    assert applicant.call("PATCH", f"/api/drafts/{made}", json={"form": filing["form"]}).ok
    return f"/api/drafts/{made}"


def refused(answer, status, *places):
    """The refusal, after checking that it says in Chinese what is wrong and where."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert HAN.search(problem["detail"])
    for place in places:
        assert HAN.search(json.dumps(problem["errors"][place], ensure_ascii=False)), problem
    return problem


# What is laid over a good form, as JSON text; the status; the place that is named.
BAD = {
    "an unknown field": (b'{"no_such_field": 1}', 422, "no_such_field"),
    "a wrong credit code": (b'{"holder_uscc": "91370202MA0000000X"}', 422, "holder_uscc"),
    "a lone surrogate": (b'{"project_name": "\\ud800"}', 400, "form.project_name"),
    "a number beyond 64 bits": (b'{"project_name": 9223372036854775808}', 400, "form.project_name"),
    "a list for a text": (b'{"project_name": ["x"]}', 422, "project_name"),
    "5,000 levels in a field": (b'{"project_name": ' + DEEP + b"}", 400, None),
    "5,000 levels for a form": (DEEP, 400, None),
}


def body(whole, form):
    """`whole` as JSON text, with its form's text taken from `form`."""
    return json.dumps({**whole, "form": 0}).encode().replace(b'"form": 0', b'"form": ' + form)


def laid_over(good, bad):
    """The text of the good form with the bad part laid over it."""
    return bad if bad is DEEP else json.dumps(good).encode()[:-1] + b", " + bad[1:]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_filing_is_refused_by_its_place_and_nothing_is_filed(applicant, filing, name):
    bad, status, place = BAD[name]
    rest = {code: value for code, value in filing["form"].items() if f'"{code}"'.encode() not in bad}
    answer = applicant.call("POST", "/api/cases", data=body(filing, laid_over(rest, bad)),
                            headers={**JSON, "Idempotency-Key": "bad"})
    refused(answer, status, *([place] if place else []))
    assert applicant.call("GET", "/api/cases").json() == {"cases": [], "next": None}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_change_spoils_no_draft(applicant, draft, name):
    bad, status, place = BAD[name]
    before = applicant.call("GET", draft).json()["form"]
    answer = applicant.call("PATCH", draft, data=body({}, bad), headers=JSON)
    if status == 400:
        refused(answer, status, *([place] if place else []))
    else:
        problem = answer.json()["errors"]
        assert HAN.search(json.dumps(problem[place], ensure_ascii=False))
    touched = {place} if status == 422 else set()
    after = applicant.call("GET", draft).json()["form"]
    assert {code: value for code, value in after.items() if code not in touched} \
        == {code: value for code, value in before.items() if code not in touched}


def test_a_draft_that_cannot_be_filed_yet_is_kept(applicant, draft):
    assert applicant.call("PATCH", draft, json={"form": {"holder_uscc": "91370202MA0000000X"}}).status_code < 500
    kept = applicant.call("GET", draft).json()
    refused(applicant.call("POST", f"{draft}/submit", json={"consent": {"agreed": True}}), 422, "holder_uscc")
    after = applicant.call("GET", draft).json()
    assert (after["form"], after["filed_as"]) == (kept["form"], None)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 cut"])
def test_a_paper_that_cannot_be_read_is_refused_and_not_kept(town, token, content):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/pdf",
               "Content-Disposition": "attachment; filename*=UTF-8''%E6%89%A7%E7%85%A7.pdf"}
    files = town.folder / "data" / "files"
    before = sorted(files.rglob("*"))
    refused(requests.post(f"{town.url}/api/files", data=content, headers=headers, timeout=30), 422)
    assert sorted(files.rglob("*")) == before
