"""What departments do: signed notices and files, pulling their legs, fetching files with their token."""

import base64
import hmac
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from connectors.signing import secret_bytes
from store import messages
from tests.store.samples import message_of
from web.packed import results_of

NOTICES = "/api/departments/water-office/notices"
GRANTED = [{"material": "agreement", "name": "供水协议", "number": "G-1"}]


def notice(leg, type_="leg.accepted", **data):
    return json.dumps({"type": type_, "timestamp": datetime.now(UTC).isoformat(),
                       "data": {"leg": leg, **data}}).encode()


@pytest.fixture
def leg(applicant, filing):
    """The water company's leg of a case just filed."""
    return applicant.file(filing, "k1").json["legs"][0]["leg"]


def send(caller, raw, headers, path=NOTICES):
    return caller().post(path, data=raw, headers=headers)


def state(applicant, leg):
    case = applicant.get(f"/api/cases/{leg.rpartition('-')[0]}").json
    return next(one["state"] for one in case["legs"] if one["id"] == leg)


def test_a_signed_notice_moves_its_leg_once_however_often_it_comes(caller, applicant, leg, signed):
    raw = notice(leg)
    headers = signed("water", raw)
    assert [send(caller, raw, headers).status_code for _ in range(3)] == [204, 204, 204]
    assert state(applicant, leg) == "accepted"
    timeline = next(one for one in applicant.get(f"/api/cases/{leg.rpartition('-')[0]}").json["legs"])["timeline"]
    assert sum(line["type"] == "leg.accepted" for line in timeline) == 1


def test_a_notice_of_what_is_not_published_is_applied_and_its_sender_told_so_each_time(caller, applicant, leg, signed):
    ask = {"ask": "a", "reason": "缺", "limit": "5wd"}
    raw = notice(leg, "leg.supplement_required", **ask, materials=[{"material": "XX99", "name": "社区证明"}])
    answers = [send(caller, raw, signed("water", raw)) for _ in range(2)]
    assert [(one.status_code, one.data, one.headers["Notice-Remarks"]) for one in answers] == [
        (204, b"", "unlisted_paper")] * 2
    assert state(applicant, leg) == "supplement_required"
    raw = notice(leg, "leg.fee", amount="12.50", basis="工本费")
    assert send(caller, raw, signed("water", raw)).headers["Notice-Remarks"] == "undeclared_fee"
    raw = notice(leg, "leg.in_review", step="现场")
    assert "Notice-Remarks" not in send(caller, raw, signed("water", raw)).headers


@pytest.mark.parametrize(("change", "code"), [
    ({"webhook-signature": ""}, "signature_missing"), ({"webhook-id": ""}, "signature_missing"),
    ({"webhook-signature": "v1,"}, None), ({"webhook-signature": "v0,AAAA"}, None),
    ({"webhook-timestamp": "abc"}, None),
    ({"webhook-signature": "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, "signature_wrong"),
    ({"webhook-timestamp": "1"}, "signature_window"), ({"webhook-id": "another"}, "signature_wrong"),
])
def test_a_forged_notice_is_refused_and_moves_nothing(caller, applicant, leg, signed, change, code):
    raw = notice(leg)
    answer = send(caller, raw, signed("water", raw) | change)
    assert answer.status_code == 401
    assert code in (None, answer.json["code"])
    assert state(applicant, leg) != "accepted"


def b64(content):
    return base64.b64encode(content).decode()


def _by(key, content):
    return hmac.digest(key, content, "sha256")


OTHER_WAYS = {
    "the text of the secret as the key": lambda secret, whole, body: "v1," + b64(_by(secret.encode(), whole)),
    "hexadecimal": lambda secret, whole, body: "v1," + _by(secret_bytes(secret), whole).hex(),
    "over the body alone": lambda secret, whole, body: "v1," + b64(_by(secret_bytes(secret), body)),
    "without its version": lambda secret, whole, body: b64(_by(secret_bytes(secret), whole)),
}


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_a_signature_made_in_another_way_is_told_how_it_is_made(caller, house, leg, signed, way):
    raw, secret = notice(leg), house.deployment.bodies["water-office"].secrets[0]
    headers = signed("water", raw)
    whole = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), raw))
    refused = send(caller, raw, headers | {"webhook-signature": OTHER_WAYS[way](secret, whole, raw)})
    assert (refused.status_code, refused.json["code"], refused.json["title"]) == (401, "signature_wrong", "签名未通过")
    assert "whsec_ 之后部分 base64 解码后的字节" in refused.json["detail"]
    assert "前加 v1," in refused.json["detail"]
    assert ("不是十六进制" in refused.json["detail"]) == (way in {"hexadecimal", "without its version"})


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_notice_outside_of_five_minutes_is_refused(caller, house, leg, signed, seconds):
    raw = notice(leg)
    headers = signed("water", raw, at=house.clock.now() + timedelta(seconds=seconds))
    assert (answer := send(caller, raw, headers)).status_code == 401
    assert answer.json["code"] == "signature_window"


def test_a_body_changed_by_a_proxy_is_refused(caller, leg, signed):
    raw = notice(leg)
    assert send(caller, json.dumps(json.loads(raw), indent=1).encode(), signed("water", raw)).status_code == 401


def test_another_departments_leg_and_an_unknown_one_are_not_found_alike(caller, applicant, leg, signed):
    answers = []
    for one in (leg, "nothing-01", "x"):
        raw = notice(one)
        answer = send(caller, raw, signed("power", raw), "/api/departments/power-office/notices")
        answers.append((answer.status_code, {**answer.json, "request_id": ""}))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 404
    assert state(applicant, leg) != "accepted"


def test_an_unknown_department_is_not_found(caller, leg, signed):
    raw = notice(leg)
    answer = send(caller, raw, signed("water", raw), "/api/departments/nobody/notices")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert "推送里的 notices 地址" in answer.json["detail"]


@pytest.mark.parametrize("change", [str.lower, lambda leg: f" {leg}", lambda leg: leg.rpartition("-")[0]])
def test_a_leg_that_is_not_written_as_it_came_is_told_how_it_is_written(caller, leg, signed, change):
    raw = notice(change(leg))
    answer = send(caller, raw, signed("water", raw))
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_leg")
    assert "data.leg 原样写" in answer.json["detail"]


def test_one_sentence_says_what_is_wrong_with_a_notice(caller, leg, signed):
    raw = json.dumps({"type": "leg.in_review", "timestamp": "2026-11-22 09:00", "data": {"leg": leg}}).encode()
    answer = send(caller, raw, signed("water", raw))
    assert answer.json["errors"] == {"data": {"step": ["必填"]}, "timestamp": [answer.json["errors"]["timestamp"][0]]}
    assert answer.json["detail"] == f"回告需要修改：timestamp：{answer.json['errors']['timestamp'][0]}"


def test_a_result_file_in_a_form_is_told_to_come_as_it_is(caller, signed):
    raw = b"--x\r\nContent-Disposition: form-data; name=f; filename=a.pdf\r\n\r\n%PDF-1.4\r\n--x--\r\n"
    headers = signed("water", raw) | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = send(caller, raw, headers, "/api/departments/water-office/files")
    assert answer.status_code == 415
    assert "不用 multipart 表单" in answer.json["detail"]


@pytest.mark.parametrize("raw", [
    b"", b"[]", b"{}", b"null", b'{"type":"leg.accepted"}', b'{"type":"leg.accepted","type":"leg.refused","data":{}}',
    b'{"type":"leg.accepted","timestamp":"2026-11-22T09:00:00+08:00","data":[]}', b"[" * 5_000,
    b'{"type":"leg.accepted","timestamp":"x","data":{"leg":"\\ud800"}}', b'{"type":1,"timestamp":"x","data":{}}',
    b'{"type":"leg.accepted","timestamp":"x","data":{"seq":9223372036854775808}}',
])
def test_a_malformed_notice_is_400_with_its_place(caller, signed, raw):
    answer = send(caller, raw, signed("water", raw))
    assert answer.status_code == 400, answer.data
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("type_", ["text/plain", "multipart/form-data", ""])
def test_a_notice_is_json(caller, leg, signed, type_):
    raw = notice(leg)
    assert send(caller, raw, signed("water", raw) | {"Content-Type": type_}).status_code == 415


def test_a_contradiction_goes_to_quarantine(caller, applicant, leg, signed):
    for seq, (type_, data) in enumerate([("leg.refused", {"reason_code": "A1", "reason": "不符合条件"}),
                                         ("leg.granted", {"results": GRANTED})], 1):
        raw = notice(leg, type_, seq=seq, **data)
        answer = send(caller, raw, signed("water", raw))
    assert answer.status_code == 202, answer.data
    assert answer.json["code"] == "contradiction"
    assert "leg.corrected" in answer.json["reason"]
    assert state(applicant, leg) == "refused"


def test_a_result_file_is_kept_named_in_a_notice_and_fetched_by_the_applicant(caller, applicant, leg, signed, drawing):
    raw_headers = signed("water", drawing) | {
        "Content-Type": "image/png", "Content-Disposition": "attachment; filename*=UTF-8''%E5%8D%8F%E8%AE%AE.png"}
    kept = send(caller, drawing, raw_headers, "/api/departments/water-office/files")
    assert (kept.status_code, kept.json["name"]) == (201, "协议.png"), kept.data
    assert applicant.get(f"/api/files/{kept.json['file']}").status_code == 404
    raw = notice(leg, "leg.granted", results=[{"material": "agreement", "name": "供水协议", "number": "G-1",
                                               "files": [{"file": kept.json["file"]}]}])
    assert send(caller, raw, signed("water", raw)).status_code == 204
    fetched = applicant.get(f"/api/files/{kept.json['file']}")
    assert (fetched.status_code, fetched.data) == (200, drawing)
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert (fetched.headers["X-Content-Type-Options"],
            "sandbox" in fetched.headers["Content-Security-Policy"]) == ("nosniff", True)
    assert caller("applicant").get(f"/api/files/{kept.json['file']}").status_code == 404


def test_all_results_of_a_case_come_as_one_zip_and_what_was_revoked_does_not(caller, applicant, leg, signed, drawing):
    at = f"/cases/{leg.rpartition('-')[0]}"
    assert applicant.get(f"/api{at}/results").json["code"] == "unknown_file"
    same = {"name": "../协议.png", "type": "image/png", "base64": base64.b64encode(drawing).decode()}
    raw = notice(leg, "leg.granted", results=[{"name": "供水协议", "files": [same, same]}], files=[same])
    assert send(caller, raw, signed("water", raw)).status_code == 204
    fetched = applicant.get(f"/api{at}/results")
    with zipfile.ZipFile(io.BytesIO(fetched.data)) as package:
        assert package.testzip() is None
        assert {name: package.read(name) for name in package.namelist()} == {
            f"{leg[-2:]} 供水报装/协议{which}.png": drawing for which in ("", "(2)", "(3)")}
    assert fetched.headers["Content-Disposition"] == f'attachment; filename="{at[7:]}.zip"'
    assert caller("applicant").get(f"/api{at}/results").status_code == 404
    revoked = {"leg": "01", "name": "供水报装", "instance": None, "documents": [],
               "results": [{"void": True, "files": [{"file": "f", "name": "协议.png"}]}]}
    assert results_of({"legs": [revoked]}) == []


@pytest.mark.parametrize(("names", "paths"), [
    (["协议.png", "协议.PNG", "协议(2).png"], ["协议.png", "协议(2).PNG", "协议(2)(2).png"]),
    (["e\u0301.pdf", "\u00e9.pdf"], ["e\u0301.pdf", "\u00e9(2).pdf"]),
    (["附件", "附件"], ["附件", "附件(2)"]), (["", ".."], ["未命名", "未命名(2)"]),
    (["长" * 300 + ".pdf", "长" * 300], ["长" * 50 + ".pdf", "长" * 60]),
])
def test_results_are_unpacked_on_any_disk_and_none_takes_anothers_place(names, paths):
    files = [{"file": str(number), "name": name} for number, name in enumerate(names)]
    leg = {"leg": "01", "name": "v1.2 报装", "instance": None, "results": [{"void": False, "files": files}],
           "documents": []}
    assert results_of({"legs": [leg]}) == [(f"01 v1.2 报装/{path}", str(n)) for n, path in enumerate(paths)]


def test_a_result_file_of_a_forger_is_not_kept(caller, signed, drawing):
    headers = signed("power", drawing) | {"Content-Type": "image/png"}
    assert send(caller, drawing, headers, "/api/departments/water-office/files").status_code == 401


def test_a_department_that_pulls_reads_its_legs_in_order_and_says_so(applicant, office, other_office, filing, leg):
    page = office.get("/api/departments/water-office/legs?limit=200").json
    assert leg in [line["leg"] for line in page["legs"]]
    assert page["cursor"] == max(line["cursor"] for line in page["legs"])
    assert office.get(f"/api/departments/water-office/legs?after={page['cursor']}").json["legs"] == []
    path = f"/api/departments/water-office/legs/{leg}"
    message = office.get(path).json
    assert other_office.get(f"/api/departments/power-office/legs/{leg}").status_code == 404
    data = message.get("data", message)
    assert data["leg"] == leg
    assert office.post(f"{path}/received", {"read_code": "wrong"}).status_code == 422
    assert state(applicant, leg) != "received"
    assert office.post(f"{path}/received", {"read_code": data["read_code"]}).status_code == 204
    assert state(applicant, leg) == "received"


def read_feed(office, leg):
    return {line["type"]: line for line in office.get("/api/departments/water-office/legs?limit=200").json["legs"]
            if line["leg"] == leg}


def test_each_message_to_a_department_that_pulls_is_read_and_taken_singly(
        applicant, office, caller, leg, signed, house):
    path, reference = f"/api/departments/water-office/legs/{leg}", leg.rpartition("-")[0]
    filed = office.get(f"{path}?n={read_feed(office, leg)['leg.filed']['cursor']}").json
    assert (filed["type"], filed["key"]) == ("leg.filed", f"{leg}:leg.filed:1")
    assert office.get(path).json == filed["data"]
    assert filed["read_code"] == filed["data"]["read_code"]
    asked = notice(leg, "leg.supplement_required", ask="a1", reason="数据对不上", limit="5wd", fields=["area"])
    assert send(caller, asked, signed("water", asked)).status_code == 204
    answer = {"leg": leg, "ask": "a1", "fields": {"area": 40}}
    done = applicant.post(f"/api/cases/{reference}/supplement", answer, headers={"Idempotency-Key": "s1"})
    assert done.status_code in (200, 204), done.data
    applicant.post(f"/api/cases/{reference}/withdraw", {"legs": [leg], "reason": "改期"},
                   headers={"Idempotency-Key": "w1"})
    assert office.post(f"{path}/received", {"read_code": filed["read_code"]}).status_code == 204
    assert {type_ for type_, line in read_feed(office, leg).items() if line["taken"]} == {"leg.filed"}
    supplemented = office.get(f"{path}?n={read_feed(office, leg)['leg.supplemented']['cursor']}").json
    assert supplemented["data"]["fields"] == {"area": 40}
    withdrawn = office.get(f"{path}?n={read_feed(office, leg)['leg.withdrawn']['cursor']}").json
    assert withdrawn["data"]["reason"] == "改期"
    assert office.post(f"{path}/received", {"read_code": withdrawn["read_code"]}).status_code == 204
    assert {type_ for type_, line in read_feed(office, leg).items() if line["taken"]} == {"leg.filed", "leg.withdrawn"}
    with house.database.read() as tx:
        states = {message.type: message.state for message in messages.of_case(tx, reference) if message.leg == "01"}
    assert states == {"leg.filed": "done", "leg.supplemented": "due", "leg.withdrawn": "done"}


def test_a_message_that_was_not_offered_is_not_found(office, other_office, leg):
    path = f"/api/departments/water-office/legs/{leg}"
    assert [office.get(f"{path}?n={n}").status_code for n in (999_999, 0, "x", "")] == [404, 400, 400, 400]
    cursor = read_feed(office, leg)["leg.filed"]["cursor"]
    assert other_office.get(f"{path}?n={cursor}").status_code == 404


def test_a_filing_that_was_read_stays_as_it_was_read(office, applicant, leg, house):
    path = f"/api/departments/water-office/legs/{leg}"
    first = office.get(path).data
    assert state(applicant, leg) == "sending"
    assert [office.get(path).data for _ in range(2)] == [first, first]
    with house.database.read() as tx:
        assert message_of(tx, messages.MessageId(leg.rpartition("-")[0], "01", "leg.filed", 1)).attempts == 1


def test_a_department_fetches_the_papers_of_its_legs_and_no_others(office, other_office, filing, leg):
    file = filing["materials"]["drawing"][0]
    assert office.get(f"/api/files/{file}").status_code == 200
    refused, unknown = other_office.get(f"/api/files/{file}"), other_office.get(f"/api/files/{'0' * 32}")
    assert (refused.status_code, refused.json["code"]) == (404, "unknown_file")
    assert refused.json["detail"] == unknown.json["detail"]
    assert "上传" not in refused.json["detail"] and "url" in refused.json["detail"]


def test_each_office_gets_only_what_its_matter_declares(office, other_office, applicant, filing, leg):
    reference = leg.rpartition("-")[0]
    other = other_office.get(f"/api/departments/power-office/legs/{reference}-02").json
    assert filing["form"]["credit_code"] not in json.dumps(other)
    assert filing["form"]["phone"] in json.dumps(other)


INLINE = {"name": "协议.png", "type": "image/png"}


@pytest.mark.parametrize(("file", "says"), [
    ({**INLINE, "base64": "!!!"}, "不是有效的 base64"), ({**INLINE, "base64": "A" * 400_000}, "超过 256 kB"),
    ({**INLINE, "base64": base64.b64encode(b"hello").decode()}, "不能使用"), ({"file": "0" * 32}, "没有上传过"),
])
@pytest.mark.parametrize("corrects", [False, True])
def test_a_result_file_that_cannot_be_used_is_named_by_its_place(caller, leg, signed, file, says, corrects):
    results = [{"material": "agreement"}, {"name": "附件", "files": [file]}]
    data = {"what": {"state": "granted", "reason": "x", "results": results}, "authority": "x"} if corrects else {
        "results": results}
    raw = notice(leg, "leg.corrected" if corrects else "leg.granted", **data)
    answer = send(caller, raw, signed("water", raw))
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_notice")
    tree = answer.json["errors"]["data"]
    assert says in (tree["what"] if corrects else tree)["results"]["1"]["files"]["0"][0]
