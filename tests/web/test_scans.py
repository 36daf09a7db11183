"""An upload and the virus scanner, over HTTP: what it finds is refused at once; while it is away all is taken, and kept
from everybody."""

import base64
import io
import zipfile
from dataclasses import replace
from hashlib import sha256

import pytest

from connectors.clamd import Clamd
from connectors.scanners import place_of
from desk.uploads.papers import SPOILED
from desk.uploads.scanning import MOST_TORN
from store.uploads import uncleared
from tests.clamd import EICAR
from tests.clamd import Clamd as Stub
from tests.desk.test_pictures import PLACE, jpeg, seen
from tests.pages.client import Visitor
from tests.web.test_departments import NOTICES, leg, notice, send  # noqa: F401  # a fixture is used by its name
from web.packed import MISSING


@pytest.fixture
def scanner(house, monkeypatch):
    """A scanner, for the application of all these tests; nothing waits for it afterwards."""
    stub = Stub().start()
    premises = replace(house.desk._premises, scanner=Clamd(place_of(stub.setting)))
    for one in (house.desk, house.desk.scans, house.desk.late_scans, house.desk.notices._files):
        monkeypatch.setattr(one, "_premises", premises)
    monkeypatch.setattr(house.desk.scans, "_rests_until", None)
    yield stub
    house.database.write(lambda tx: tx.run("delete from uncleared"))
    stub.stop()


@pytest.fixture
def infected(drawing):
    """A picture that any viewer shows, with the test file of EICAR in a chunk of its own."""
    return drawing[:33] + len(EICAR).to_bytes(4, "big") + b"iCCP" + EICAR + b"\0\0\0\0" + drawing[33:]


def upload(caller, raw, type_="image/png", path="/api/files"):
    return caller.post(path, data=raw, content_type=type_)


def test_what_the_scanner_finds_something_in_is_refused_at_once_whoever_sends_it(
        scanner, applicant, caller, leg, signed, infected, house):  # noqa: F811
    refused = upload(applicant, infected)
    assert (refused.status_code, refused.json["code"]) == (422, "file_infected")
    assert "病毒" in refused.json["detail"] and "请用别的文件" in refused.json["detail"]
    headers = signed("water", infected) | {"Content-Type": "image/png"}
    sent = caller().post("/api/departments/water-office/files", data=infected, headers=headers)
    assert (sent.status_code, sent.json["code"]) == (422, "file_infected")
    inside = {"name": "协议.png", "base64": base64.b64encode(infected).decode()}
    raw = notice(leg, "leg.granted", results=[{"name": "附件", "files": [inside]}])
    answer = send(caller, raw, signed("water", raw))
    assert answer.status_code == 400
    assert "病毒" in answer.json["errors"]["data"]["results"]["0"]["files"]["0"][0]
    assert sum(EICAR in heard for heard in scanner.heard) == 3
    with house.database.read() as tx:
        assert not uncleared.any_(tx)


def test_while_the_scanner_is_away_uploads_are_taken_and_nobody_can_fetch_them(
        scanner, applicant, caller, leg, signed, drawing, house):  # noqa: F811
    scanner.stop()
    mine = upload(applicant, drawing)
    inside = {"name": "协议.png", "base64": base64.b64encode(drawing).decode()}
    raw = notice(leg, "leg.granted", results=[{"material": "agreement", "files": [inside]}])
    assert (mine.status_code, send(caller, raw, signed("water", raw)).status_code) == (201, 204)
    case = f"/api/cases/{leg.rpartition('-')[0]}"
    result, = applicant.get(case).json["legs"][0]["results"]
    alone = applicant.get(f"{case}/results")
    assert (alone.status_code, alone.json["code"]) == (409, "file_not_scanned")
    paths = [f"/api/files/{mine.json['file']}", f"/api/files/{result['files'][0]['file']}"]
    for path in paths:
        refused = applicant.get(path)
        assert (refused.status_code, refused.json["code"]) == (409, "file_not_scanned")
    told = caller().get("/metrics").text
    assert "yijianshi_scans_waiting 2.0" in told and "yijianshi_scans_infected 0.0" in told
    scanner.start()
    house.desk.late_scans.go_round(house.clock.now().replace(year=2100))
    assert [applicant.get(path).data for path in paths] == [drawing, drawing]


def test_a_result_that_waits_for_the_scanner_keeps_no_other_result_out_of_the_package(
        scanner, applicant, caller, leg, signed, drawing):  # noqa: F811
    at = f"/api/cases/{leg.rpartition('-')[0]}/results"
    headers = signed("water", drawing) | {"Content-Type": "image/png"}
    clean = caller().post("/api/departments/water-office/files", data=drawing, headers=headers).json
    scanner.stop()
    waits = {"name": "图纸.png", "base64": base64.b64encode(drawing).decode()}
    files = [waits, {"file": clean["file"]}]
    raw = notice(leg, "leg.granted", results=[{"material": "agreement", "files": files}])
    assert send(caller, raw, signed("water", raw)).status_code == 204
    with zipfile.ZipFile(io.BytesIO(applicant.get(at).data)) as package:
        assert package.namelist() == [f"{leg[-2:]} 供水报装/未命名.png", MISSING]
        assert package.read(MISSING).decode().startswith(f"{leg[-2:]} 供水报装/图纸.png：这个文件还在等病毒检查")


def test_what_is_found_in_an_upload_later_is_said_to_whoever_brought_it_who_can_remove_it(
        scanner, app, house, infected):
    who, now, desk, person = "sample-enterprise", house.clock.now(), house.desk, Visitor(app)
    person.sign_in(who)
    scanner.stop()
    draft = desk.drafts.open(who, "connect", {"services": ["water"]}, now).id
    file = desk.keep_file(who, ("图.png", "image/png"), [infected], now).file
    desk.drafts.save(who, draft, {"materials": {"drawing": [file]}}, now)
    page = f"/drafts/{draft}/materials"
    person.get(page)
    assert ("图.png" in person.text, "病毒" in person.text) == (True, False)
    scanner.start()
    desk.late_scans.go_round(now.replace(year=2100))
    person.get(page)
    assert ("图.png" in person.text, SPOILED in person.text) == (True, True)
    fetched = person.client.get(f"/api/files/{file}")
    assert (fetched.status_code, fetched.json["code"]) == (409, "file_quarantined")
    person.send(f"{page}/drawing/drop", ("file", file))
    assert (person.status, "图.png" in person.text, SPOILED in person.text) == (200, False, False)


def test_what_is_kept_of_a_persons_picture_tells_no_place_and_what_an_office_sends_stays_as_it_is(
        applicant, caller, signed):
    raw = jpeg()
    kept = upload(applicant, raw, "image/jpeg").json
    got = applicant.get(f"/api/files/{kept['file']}").data
    assert (kept["sha256"], kept["size"]) == (sha256(got).hexdigest(), len(got))
    assert PLACE in raw and PLACE not in got and seen(got) == seen(raw)
    headers = signed("water", raw) | {"Content-Type": "image/jpeg"}
    sent = caller().post("/api/departments/water-office/files", data=raw, headers=headers).json
    assert (sent["sha256"], sent["size"]) == (sha256(raw).hexdigest(), len(raw))


def test_an_answer_that_was_cut_over_one_file_keeps_no_other_file_waiting(scanner, applicant, house, drawing):
    scanner._says = b"stream: O"
    first = upload(applicant, drawing).json["file"]
    scanner._says = None
    second = upload(applicant, drawing).json["file"]
    assert [applicant.get(f"/api/files/{file}").status_code for file in (first, second)] == [409, 200]
    scanner._says = b"stream: O"
    now = house.clock.now()
    for _ in range(MOST_TORN):
        assert not house.desk.scans.rests(now)
        assert upload(applicant, drawing).status_code == 201
    assert house.desk.scans.rests(house.clock.now())
    scanner._says = None
    house.desk.late_scans.go_round(now.replace(year=2100))
    assert applicant.get(f"/api/files/{first}").status_code == 200
