"""What every answer carries, and what operators can ask."""

import pytest

from web.identity import own_path

EVERYWHERE = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
              "Cross-Origin-Opener-Policy": "same-origin"}


@pytest.mark.parametrize("path",
                         ["/", "/login", "/api/bundles", "/api/nothing", "/nothing", "/healthz", "/static/site.css",
                          "/static/none"])
def test_strict_headers_stand_on_every_answer(caller, path):
    headers = caller().get(path).headers
    assert {name: headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert len(headers["X-Request-Id"]) == 16
    assert "Server" not in headers


def test_what_a_signed_in_person_sees_is_never_stored(app, house, applicant):
    assert applicant.get("/api/drafts").headers["Cache-Control"] in {"no-store", "private, no-cache"}
    browser = app.test_client()
    token = browser.get("/demo/personas").json["csrf_token"]
    person = next(one.id for one in house.personas if one.role == "applicant")
    browser.post(f"/demo/personas/{person}", headers={"X-CSRFToken": token})
    assert browser.get("/").headers["Cache-Control"] == "no-store"


def test_cookies_are_kept_from_scripts_and_other_sites(app, house):
    browser = app.test_client()
    token = browser.get("/demo/personas").json["csrf_token"]
    person = next(one.id for one in house.personas if one.role == "applicant")
    answer = browser.post(f"/demo/personas/{person}", headers={"X-CSRFToken": token})
    assert answer.headers.getlist("Set-Cookie")
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_another_host_name_is_refused(caller, host):
    answer = caller().get("/api/bundles", headers={"Host": host})
    assert answer.status_code == 400 or host == ""
    assert host == "" or answer.json["code"] == "unknown_host"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_balancers_and_prometheus_may_ask_by_the_address_of_the_host(caller, path):
    assert caller().get(path, headers={"Host": "10.2.3.4:5000"}).status_code in {200, 503}


def test_a_static_file_under_a_changing_address_is_kept_for_long(caller):
    assert "immutable" in caller().get("/static/site.css?v=1").headers["Cache-Control"]
    assert caller().get("/static/site.css").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("target",
                         ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", None,
                                    "/x\r\nSet-Cookie: a=b", "relative", "/\u202e"])
def test_signing_in_leads_to_our_own_pages_only(target):
    assert own_path(target, "/home") == "/home"


@pytest.mark.parametrize("target", ["/", "/cases?page=2", "/drafts/d/form/basics"])
def test_a_page_of_ours_is_kept(target):
    assert own_path(target, "/home") == target


def test_people_get_a_page_and_programs_a_problem(caller):
    page = caller().get("/nothing", headers={"Accept": "text/html"})
    assert (page.status_code, page.content_type, "没有找到" in page.text) == (404, "text/html; charset=utf-8", True)
    program = caller().get("/nothing", headers={"Accept": "application/json"})
    assert program.content_type == "application/problem+json"


def test_health_is_told_without_a_store_and_readiness_only_with_a_dispatcher(caller):
    assert caller().get("/healthz").json == {"status": "ok"}
    answer = caller().get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "not_ready")


def test_figures_for_prometheus_name_nobody(caller, applicant, filing):
    reference = applicant.file(filing, "k1").json["reference"]
    answer = caller().get("/metrics")
    assert answer.status_code == 200
    assert "yijianshi_legs_red" in answer.text
    assert [secret for secret in (reference, *map(str, filing["form"].values())) if secret in answer.text] == []


def test_what_people_wrote_stands_in_no_log(caplog, applicant, caller, filing):
    caplog.set_level("DEBUG")
    receipt = applicant.file(filing, "k1").json
    applicant.file({**filing, "form": {**filing["form"], "phone": "1380013800x"}}, "k2")
    caller().post("/api/track", {"reference": receipt["reference"], "code": receipt["code"]})
    applicant.post("/api/drafts", data=b'{"bundle":"13800138000"', content_type="application/json")
    secrets = ["13800138000", "1380013800x", filing["form"]["credit_code"], filing["form"]["project_name"],
               receipt["code"]]
    assert [secret for secret in secrets if secret in caplog.text] == []


def test_a_wrong_host_is_refused_without_a_fault_in_the_log(app, caplog):
    answer = app.test_client().get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(("body", "status"), [
    (b"reference=" + b"x" * 1_500_000, 413), (b"&".join([b"a=1"] * 6_000), 413), (b"reference=%ED%A0%80", 400),
    (b"reference=%FF", 400), (b"reference=%00", 400),
])
def test_a_plain_form_is_limited_and_utf_8_before_anything_reads_it(app, body, status):
    answer = app.test_client().post("/track", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == status
