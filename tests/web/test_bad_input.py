"""Bad input gets a 4xx that names the place in Chinese, in the one error shape, and never a 5xx."""

import json
import re

import pytest

HAN = re.compile("[一-鿿]")
DEEP = b'{"situation":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
RAW = [
    (b"", 400, None), (b"{", 400, None), (DEEP, 400, None), (b'{"situation":{"a":"\\ud800"}}', 400, "situation.a"),
    (b'{"situation":{"a":"x\\u0000"}}', 400, "situation.a"), (b'{"situation":{"a":NaN}}', 400, "situation.a"),
    (b'{"situation":{"a":1,"a":2}}', 400, "situation.a"),
    (b'{"situation":{"a":9223372036854775808}}', 400, "situation.a"),
    (b'{"situation":{"a":1e400}}', 400, "situation.a"),
    (b'{"situation":{"a":' + b"9" * 5_000 + b"}}", 400, "situation.a"),
    ('{"situation":{}}'.encode("utf-16"), 400, None), (b'{"situation":{"\xff":1}}', 400, None),
    (b"[]", 422, "_schema"), (b"null", 422, "_schema"), (b'"x"', 422, "_schema"), (b"1", 422, "_schema"),
    (b"{}", 422, "situation"),
    (b'{"situation":null}', 422, "situation"), (b'{"situation":[]}', 422, "situation"),
    (b'{"situation":"x"}', 422, "situation"), (b'{"situation":{},"extra":1}', 422, "extra"),
    (b'{"situation":{"' + b"k" * 1_100_000 + b'":1}}', 413, None),
]


def refused(answer, status, place=None):
    """The problem in `answer`, after checking the one shape."""
    assert answer.status_code == status, answer.data[:500]
    assert answer.content_type == "application/problem+json"
    problem = json.loads(answer.data)
    assert {"type", "title", "status", "code", "detail", "request_id"} <= problem.keys()
    assert problem["status"] == status
    assert HAN.search(problem["detail"])
    assert HAN.search(problem["title"])
    assert answer.headers["X-Request-Id"] == problem["request_id"]
    if place is not None:
        assert place in problem["errors"], problem
        assert HAN.search(json.dumps(problem["errors"], ensure_ascii=False))
    return problem


@pytest.mark.parametrize(("raw", "status", "place"), RAW, ids=range(len(RAW)))
def test_a_body_that_is_wrong_is_refused_with_its_place(caller, raw, status, place):
    answer = caller().post("/api/bundles/connect/plan", data=raw, content_type="application/json")
    problem = refused(answer, status, place)
    assert ("errors" in problem) == (place is not None)


@pytest.mark.parametrize("type_",
                         ["text/plain", "application/xml", "multipart/form-data; boundary=x", "",
                          "application/json; charset=gbk"])
def test_only_json_in_utf8_is_read(caller, type_):
    answer = caller().post("/api/bundles/connect/plan", data=b'{"situation":{}}', content_type=type_)
    assert refused(answer, 415)["code"] == "wrong_type"


@pytest.mark.parametrize("query", ["?page=", "?page=abc", "?x=1&x=2", "?%00=1", "?a=%ff", "?a=%ed%a0%80"])
def test_unknown_and_unfit_query_arguments_are_refused(caller, query):
    assert refused(caller().get(f"/api/bundles{query}"), 400)["code"] in {"bad_argument", "bad_request"}


@pytest.mark.parametrize("after", ["", "abc", "-1", "1.5", "9" * 20, "%00", "１", "1_0", "+1", "1e3"])
def test_a_cursor_is_a_whole_number_in_ascii(office, after):
    problem = refused(office.get(f"/api/departments/water-office/legs?after={after}"), 400)
    assert "after" in problem["detail"] or problem["code"] == "bad_request"


@pytest.mark.parametrize("limit", ["0", "201", "-5", "x"])
def test_a_page_has_one_to_two_hundred_legs(office, limit):
    problem = refused(office.get(f"/api/departments/water-office/legs?limit={limit}"), 400, "limit")
    assert set(problem["errors"]) == {"limit"}


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/api/nothing", 404), ("GET", "/api/bundles/none", 404), ("GET", "/api/bundles/..%2f..%2fetc", 404),
    ("DELETE", "/api/bundles", 405), ("PUT", "/api/cases", 405), ("GET", "/api/track", 405),
    ("GET", "/api/bundles/%00", 400),
    ("GET", "/api/bundles/%ff", 400), ("GET", "/api/departments/water-office/notices", 405),
    ("POST", "/api/bundles/none/plan", 415),
])
def test_the_frameworks_own_refusals_have_the_same_shape(caller, method, path, status):
    codes = {400: "bad_request", 405: "method_not_allowed", 415: "wrong_type",
             404: "unknown_bundle" if path == "/api/bundles/none" else "not_found"}
    assert refused(caller().call(method, path), status)["code"] == codes[status]


CHANGES = [
    (lambda filing: filing.update(extra=1), 422, "extra"),
    (lambda filing: filing.update(owner="x", status="granted"), 422, "owner"),
    (lambda filing: filing.pop("form"), 422, "form"),
    (lambda filing: filing.update(form=[]), 422, "form"),
    (lambda filing: filing.update(materials={"drawing": "x"}), 422, "materials"),
    (lambda filing: filing.update(materials={"drawing": [1]}), 422, "materials"),
    (lambda filing: filing.update(materials={"drawing": ["x"] * 51}), 422, "materials"),
    (lambda filing: filing["form"].update(credit_code="91370200163562681A"), 422, "credit_code"),
    (lambda filing: filing["form"].update(phone="12345"), 422, "phone"),
    (lambda filing: filing["form"].update(area="abc"), 422, "area"),
    (lambda filing: filing["form"].update(area=1e15), 422, "area"),
    (lambda filing: filing["form"].update(area={}), 422, "area"),
    (lambda filing: filing["form"].update(project_name=["x"]), 422, "project_name"),
    (lambda filing: filing["form"].update(project_name="长" * 51), 422, "project_name"),
    (lambda filing: filing["form"].update(unknown_field=1), 422, "unknown_field"),
    (lambda filing: filing["form"].pop("phone"), 422, "phone"),
    (lambda filing: filing.update(materials={}), 422, "materials"),
    (lambda filing: filing.update(materials={"drawing": ["no-such-file"]}), 422, "materials"),
    (lambda filing: filing.update(situation={}), 422, None),
    (lambda filing: filing.update(situation={"services": []}), 422, None),
    (lambda filing: filing.update(situation={"services": ["water", "fire"]}), 422, None),
    (lambda filing: filing.update(situation={"services": {"a": 1}}), 422, None),
    (lambda filing: filing.update(consent={}), 422, None),
    (lambda filing: filing.update(bundle="none"), 404, None),
    (lambda filing: filing.update(edition="another"), 409, None),
]


@pytest.mark.parametrize(("change", "status", "place"), CHANGES, ids=range(len(CHANGES)))
def test_a_filing_that_is_wrong_is_refused_and_nothing_is_filed(applicant, filing, change, status, place):
    change(filing)
    refused(applicant.file(filing, "key-1"), status, place)
    assert applicant.get("/api/cases").json == {"cases": [], "next": None}


@pytest.mark.parametrize("key", ["", "x" * 201, "with space", "钥匙"])
def test_filing_needs_a_key(applicant, filing, key):
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    refused(applicant.post("/api/cases", filing, headers=headers), 400)
    assert applicant.get("/api/cases").json == {"cases": [], "next": None}


@pytest.mark.parametrize(("data", "type_", "name", "status"), [
    (b"", "application/pdf", "a.pdf", 422), (b"hello", "application/pdf", "a.pdf", 422),
    (b"%PDF-1.7 cut", "application/pdf", "a.pdf", 422), (b"<svg onload=x>", "image/svg+xml", "a.svg", 422),
    (b"x" * 2_000_001, "application/pdf", "a.pdf", 413), (b"x=1", "application/x-www-form-urlencoded", "a.pdf", 415),
    (b"MZ", "application/octet-stream", "营业执照.pdf", 422),
])
def test_an_upload_that_is_wrong_is_refused(applicant, data, type_, name, status):
    disposition = f"attachment; filename=\"{name}\"".encode().decode("latin-1")
    headers = {"Content-Disposition": disposition}
    answer = applicant.post("/api/files", data=data, content_type=type_, headers=headers)
    assert "file" not in refused(answer, status)


@pytest.mark.parametrize(("given", "kept"), [
    ("filename*=UTF-8''%E8%90%A5%E4%B8%9A%E6%89%A7%E7%85%A7.png", "营业执照.png"),
    ('filename="../../etc/x.png"', "x.png"),
    ('filename="C:\\\\x\\\\y.png"', "y.png"), ('filename="营业执照.png"', "营业执照.png"), ("", "未命名.png"),
    ('filename="%E5%9B%BE.png"', "图.png"), ('filename="' + "长" * 300 + '.png"', None),
    ('filename="a\u202egnp.png"', "agnp.png"), ('filename="a\u200f\u061cb\x85.png"', "ab.png"),
    ('filename="x.png"; filename="y.png"', None), ("filename*=UTF-8''%ff%fe.png", None),
    ('filename="a%0d%0aSet-Cookie: x.png"', None),
])
def test_a_name_is_data_and_comes_back_whole_or_clean(applicant, drawing, given, kept):
    header = f"attachment; {given}".encode().decode("latin-1")
    answer = applicant.post("/api/files", data=drawing, headers={"Content-Disposition": header},
                            content_type="image/png")
    assert answer.status_code == 201, answer.data
    assert kept is None or answer.json["name"] == kept
    fetched = applicant.get(f"/api/files/{answer.json['file']}")
    assert fetched.data == drawing
    assert "Set-Cookie" not in fetched.headers
    assert fetched.headers["Content-Disposition"].startswith("attachment; ")


@pytest.mark.parametrize("raw", [value for value, *_ in RAW[:16]], ids=range(16))
def test_a_draft_survives_every_bad_change(applicant, raw):
    draft = applicant.post("/api/drafts", {"bundle": "connect", "situation": {"services": ["water"]}}).json["draft"]
    applicant.patch(f"/api/drafts/{draft}", {"form": {"project_name": "示例项目"}})
    assert 400 <= applicant.patch(f"/api/drafts/{draft}", data=raw, content_type="application/json").status_code < 500
    assert applicant.get(f"/api/drafts/{draft}").json["form"] == {"project_name": "示例项目"}


def test_a_fault_of_ours_shows_a_number_and_nothing_else(app, caller, caplog, monkeypatch):
    class Broken:
        def plan(self, *_):
            raise RuntimeError("身份证 11010519491231002X")
    monkeypatch.setattr(app.extensions["yijianshi"], "desk", Broken(), raising=False)
    answer = caller().post("/api/bundles/connect/plan", {"situation": {}})
    problem = refused(answer, 500)
    assert "11010519491231002X" not in answer.text + caplog.text
    assert problem["request_id"] in answer.text
    assert problem["request_id"] in caplog.text  # what people quote is found in the log
