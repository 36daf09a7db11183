"""Who may: every route stands in the policy table, and every role at every route gets what the table says."""

import itertools

import pytest

from people.identity import ROLES
from people.policy import API, POLICY

FILL = {"bundle": "connect", "question": "services", "draft": "d", "section": "basics", "key": "drawing",
        "reference": "r",
        "leg": "01", "ask": "a", "file": "f", "department": "water-office", "persona": "nobody", "verb": "token",
        "filename": "site.css", "entry": "e", "act": "remark", "mandate": "m", "agreement": "g", "role": "holder",
        "table": "offices", "kind": "csv"}
UNSAFE = {"POST", "PATCH", "PUT", "DELETE"}


def address(rule):
    found = rule.rule
    for name in rule.arguments:
        found = found.replace(f"<path:{name}>", FILL[name]).replace(f"<{name}>", FILL[name])
    return found


@pytest.fixture
def browser(app, house):
    """The browser of a sample person of a role, who has signed in."""
    def make(role):
        made = app.test_client()
        token = made.get("/demo/personas").json["csrf_token"]
        person = next(one.id for one in house.personas if one.role == role)
        assert made.post(f"/demo/personas/{person}", headers={"X-CSRFToken": token}).status_code == 200
        return made
    return make


def cells(app):
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule, method


def test_every_route_stands_in_the_policy_table_and_every_row_is_a_route(app):
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert routes - POLICY.keys() == set()
    assert POLICY.keys() - routes == set()


def test_the_head_of_an_answer_is_asked_for_as_its_whole_is_and_does_nothing_that_a_form_does(app, browser, caller):
    person, boss = browser("applicant"), caller("applicant")
    both = [rule for rule in app.url_map.iter_rules() if {"GET", "POST"} <= rule.methods]
    assert len(both) > 12
    for rule in both:
        at = address(rule)
        whole, head = person.get(at), person.head(at)
        assert (at, head.status_code, head.headers.get("Location"), head.data) == (
            at, whole.status_code, whole.headers.get("Location"), b"")
    code = caller("applicant").post("/api/mandates/code").json["code"]
    mandate = boss.post("/api/mandates", {"code": code, "valid_until": "2027-06-30"},
                        headers={"Idempotency-Key": "h"}).json["mandate"]
    chosen = {"kinds": ["filed"], "mobile": "13800138000"}
    assert boss.call("PUT", "/api/news/preferences", chosen).status_code == 200
    assert [boss.call("HEAD", at).status_code for at in (f"/mandates/{mandate}/end", "/news/preferences")] == [200, 200]
    assert boss.get(f"/api/mandates/{mandate}").json["state"] == "in_force"
    assert boss.get("/api/news/preferences").json["mobile"] == "13800138000"


def test_an_endpoint_without_a_row_is_refused(app, caller, monkeypatch):
    monkeypatch.delitem(POLICY, "api.bundles")
    assert caller().get("/api/bundles").status_code == 403


def test_a_visitor_is_sent_to_sign_in_exactly_where_the_table_asks_for_a_role(app, caller):
    wrong = []
    for rule, method in cells(app):
        answer = caller().call(method, address(rule))
        access = POLICY[rule.endpoint]
        to_login = answer.status_code == 303 and "/login" in answer.headers.get("Location", "")
        signed_out = answer.status_code == 401 or to_login
        if access.relation not in {"signature", "socket"} and signed_out != bool(access.roles):
            wrong.append((rule.endpoint, method, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_every_role_passes_exactly_where_the_table_lets_it(app, caller, role):
    program = caller(role, "water-office" if role == "officer" else None)
    wrong = []
    for rule, method in cells(app):
        access = POLICY[rule.endpoint]
        if access.relation in {"signature", "socket"}:
            continue
        status = program.call(method, address(rule), headers={"Accept": "application/json"}).status_code
        allowed = not access.roles or (role in access.roles and access.by != "session")
        if (status == 403) is allowed or status == 401 or status >= 500:
            wrong.append((rule.endpoint, method, status))
    assert [cell for cell in wrong if not expected_refusal(cell)] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_role_that_signed_in_reads_exactly_what_the_table_lets_it(app, browser, role):
    person, wrong = browser(role), []
    for rule, method in cells(app):
        access = POLICY[rule.endpoint]
        if method != "GET" or access.relation in {"signature", "socket"}:
            continue
        status = person.get(address(rule), headers={"Accept": "application/json"}, buffered=True).status_code
        allowed = not access.roles or (role in access.roles and access.by != "bearer")
        if (status == 403) is allowed or status == 401 or status >= 500:
            wrong.append((rule.endpoint, method, status))
    assert [cell for cell in wrong if not expected_refusal(cell)] == []


def test_no_program_comes_to_pages_of_the_staff_and_nobody_but_a_department_to_its_doors(app):
    rows = {rule.endpoint: POLICY[rule.endpoint] for rule in app.url_map.iter_rules()}
    staff = [row for name, row in rows.items() if name.startswith("staff.")]
    assert {row.by for row in staff} == {"session"}
    assert {role for row in staff for role in row.roles} == set(ROLES) - {"applicant"}
    doors = {name: row for name, row in rows.items() if name.startswith("departments.")}
    assert {(row.relation, row.by) for row in doors.values()} == {("department", "bearer"), ("signature", None)}


def expected_refusal(cell):
    """A page form sent without its token is a 400, and readiness without a dispatcher a 503."""
    endpoint, method, status = cell
    return (status == 400 and method in UNSAFE and not endpoint.startswith(("api.", "departments."))) or (
        endpoint == "operation.readyz" and status == 503)


@pytest.mark.parametrize("token", ["", "yjs_", "yjs_" + "A" * 43, "a b", "é", "x" * 5_000])
def test_a_wrong_token_is_refused_even_where_everybody_may(caller, token):
    answer = caller().get("/api/bundles", headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")})
    assert (answer.status_code, answer.json["code"], answer.headers["WWW-Authenticate"][:6]) == (401, "bad_token",
                                                                                                 "Bearer")


def test_what_belongs_to_somebody_else_answers_like_what_does_not_exist(caller, filing, applicant):
    reference = applicant.file(filing, "mine").json["reference"]
    draft = applicant.post("/api/drafts", {"bundle": "connect", "situation": {}}).json["draft"]
    file = filing["materials"]["drawing"][0]
    other = caller("applicant")
    for method, path, value in [
        ("GET", "/api/cases/{}", None), ("GET", "/api/drafts/{}", None), ("GET", "/api/files/{}", None),
        ("PATCH", "/api/drafts/{}", {"form": {}}), ("POST", "/api/drafts/{}/submit", {"consent": {"agreed": True}}),
        ("POST", "/api/cases/{}/withdraw", {"reason": "x"}),
        ("POST", "/api/cases/{}/supplement", {"leg": "01", "ask": "a", "fields": {}, "materials": {}}),
    ]:
        real = {"drafts": draft, "files": file}.get(path.split("/")[2], reference)
        headers = {"Idempotency-Key": "k"}
        mine, none = (other.call(method, path.format(thing), value, headers=headers) for thing in (real, "nothing"))
        strip = [{**answer.json, "request_id": ""} for answer in (mine, none)]
        assert (mine.status_code, strip[0]) == (404, strip[1]), (method, path)


def test_a_filing_with_another_persons_file_is_refused_like_an_unknown_one(caller, filing):
    answer = caller("applicant").file(filing, "k")
    unknown = caller("applicant").file({**filing, "materials": {"drawing": ["nothing"]}}, "k")
    assert (answer.status_code, answer.json["errors"]) == (unknown.status_code, unknown.json["errors"])


def test_a_departments_token_opens_its_own_door_only(office, other_office, caller):
    assert office.get("/api/departments/water-office/legs").status_code == 200
    bodies = []
    for program, path in [(other_office, "/api/departments/water-office/legs"), (office, "/api/departments/none/legs"),
                          (caller("officer", "water"), "/api/departments/water-office/legs"),
                          (caller("officer"), "/api/departments/water-office/legs")]:
        answer = program.get(path)
        assert answer.status_code == 404
        bodies.append({**answer.json, "request_id": ""})
    assert all(first == second for first, second in itertools.pairwise(bodies))


def test_commands_of_the_machines_own_shell_are_not_found_over_the_network(caller):
    for program in (caller(), caller("operator")):
        answer = program.post("/inside/token", {"role": "operator", "subject": "x"})
        assert answer.status_code == 404


def test_a_session_needs_the_token_of_its_pages_for_unsafe_calls(app, house):
    browser = app.test_client()
    token = browser.get("/demo/personas").json["csrf_token"]
    person = next(one.id for one in house.personas if one.role == "applicant")
    assert browser.post(f"/demo/personas/{person}").status_code == 400
    assert browser.post(f"/demo/personas/{person}", headers={"X-CSRFToken": token}).status_code == 200
    assert browser.get("/api/cases").status_code == 200
    refused = browser.post("/api/drafts", json={"bundle": "connect", "situation": {}})
    assert (refused.status_code, refused.json["code"]) == (400, "csrf")
    token = browser.get("/demo/personas").json["csrf_token"]
    made = browser.post("/api/drafts", json={"bundle": "connect", "situation": {}}, headers={"X-CSRFToken": token})
    assert made.status_code == 201


def test_the_session_changes_at_sign_in_and_the_old_one_is_worthless(app, house):
    browser = app.test_client()
    person = next(one.id for one in house.personas if one.role == "applicant")
    secrets = []
    for _ in range(2):
        token = browser.get("/demo/personas").json["csrf_token"]
        browser.post(f"/demo/personas/{person}", headers={"X-CSRFToken": token})
        secrets.append(browser.get_cookie("yjs").value)
    assert secrets[0] != secrets[1]
    thief = app.test_client()
    thief.set_cookie("yjs", secrets[0])
    assert thief.get("/api/cases").status_code == 401


def test_the_table_names_the_whole_json_side(app):
    assert {row for row in API if row.startswith("api.")} == {
        rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")}
